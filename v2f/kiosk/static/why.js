/* "Why this face?": voice, numbers and portraits, how often the model is right, whom it learned from, and a try. */
import { make, put } from "./portraits.js";

const PARTS = `<div class="why">
  <div class="why-pictures">
    <figure><div class="why-voice" role="img"></div><figcaption data-t="whyvoice"></figcaption></figure>
    <figure><div class="why-numbers" role="img"></div><figcaption data-t="whynumbers"></figcaption></figure>
    <figure><div class="why-steps"></div><figcaption></figcaption></figure>
  </div>
  <h3 data-t="whyright"></h3><p class="why-right"></p>
  <h3 class="why-learned" data-t="whylearned"></h3><p class="why-learned"></p>
  <h3 data-t="whytry"></h3><p data-t="whychange"></p>
  <button class="btn why-pitch" data-t="whypitch"></button><div class="why-tries" aria-live="polite"></div>
</div>`;
const PLAYED = ["whyslower", "whyasis", "whyfaster"];   // as the server orders them

/* A section of "Look inside". */
export class Why {
  constructor(booth, words) {
    Object.assign(this, { words, section: booth.querySelector("[data-inside=why]") });
    this.section.append(make(PARTS));
    this.pitch = this.$(".why-pitch");
  }

  $(selector) {
    return this.section.querySelector(selector);
  }

  /* As the server answers "why"; `mel` is the picture of what the network hears. */
  show({ numbers, steps, whole, right, learned }, mel) {
    const { words } = this;
    this.picture(".why-voice", "whyvoice").style.setProperty("--picture", `url("${mel}")`);
    const most = Math.max(...numbers.map(Math.abs));
    this.picture(".why-numbers", "whynumbers").replaceChildren(...numbers.map(number => {
      const cell = document.createElement("i");
      cell.style.setProperty("--size", Math.abs(number) / most);
      cell.classList.toggle("minus", number < 0);
      return cell;
    }));
    this.$(".why-steps").replaceChildren(...steps.length ? steps.map(step => this.face(step, `${step.count}`)) : [this.face(whole, words.t("voiceface"))]);
    this.$(".why-steps + figcaption").textContent = steps.length ? `${words.t("whyportraits")} ${words.t("whynobody")}` : words.t("whydrawn");
    this.$(".why-right").textContent = this.rightness(right);
    this.tell("why-learned", learned && this.origins(learned));
  }

  /* A heading and its text, which are there if the model knows something. */
  tell(name, text) {
    for (const part of this.section.querySelectorAll(`.${name}`)) part.hidden = !text;
    this.$(`p.${name}`).textContent = text || "";
  }

  picture(selector, key) {
    const place = this.$(selector);
    place.setAttribute("aria-label", this.words.t(key));
    return place;
  }

  face(face, caption) {
    const figure = make(`<figure><span class="frame"></span><figcaption class="num"></figcaption></figure>`);
    put(figure.firstElementChild, face, caption);
    figure.lastElementChild.textContent = caption;
    return figure;
  }

  /* How often the model is right, in words; numbers are of 100. */
  rightness(right) {
    const { words } = this, of100 = share => Math.round(100 * share), sentences = [];
    const anyone = right?.anyone, alike = right?.["same sex"], sex = right?.sex;
    if (anyone && alike) {
      sentences.push(words.t("whymatch", { n: of100(anyone.value), m: of100(alike.value) }),
        words.t(anyone.fitted === false ? "whyjudge" : "whyjudgefitted", { judge: anyone.judge }));
    }
    if (sex) sentences.push(words.t("whysex", { n: of100(sex.value), m: of100(sex.chance) }));
    return sentences.join(" ") || words.t("whyunknown");
  }

  /* Whom it learned from. */
  origins({ portraits, voices, pairs, ...share }) {
    const { words } = this, count = number => number.toLocaleString(words.language);
    const of100 = part => Math.round(100 * share[part] / portraits);
    const places = { portraits: count(portraits), voices: count(voices), pairs: count(pairs), men: of100("of men"), politicians: of100("of politicians") };
    return `${words.t("whycounts", places)} ${words.t("whypairs", places)}`;
  }

  /* Faces of the voice played slower, as it is, and faster, each with its pitch. */
  showPitches(faces) {
    this.$(".why-tries").replaceChildren(...faces.map(([, face], i) => this.face(face, this.words.t(PLAYED[i]))));
  }

  /* Nothing of a visitor is left in it. */
  clear() {
    for (const place of [".why-numbers", ".why-steps", ".why-tries"]) this.$(place).replaceChildren();
    this.$(".why-voice").style.removeProperty("--picture");
  }
}
