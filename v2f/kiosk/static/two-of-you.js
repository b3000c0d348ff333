/* The game "Two of you": the visitor's face, that of a second person who speaks now, and the walk from one to the other. */
import { make, put } from "./portraits.js";
import { Screen } from "./screen.js";
import { Take } from "./take.js";

const STEP_MS = 160;   // of the walk that goes by itself until somebody takes the slider

export class TwoOfYou extends Screen {
  constructor(parts) {
    super("two", '<p class="lede" data-t="twolede"></p><div class="takes three"></div>', parts);
    this.first = make('<figure class="take"><span class="frame"></span><figcaption data-t="firstvoice"></figcaption></figure>');
    this.middle = make(`<figure class="take middle"><span class="frame"></span><figcaption data-t="inbetween"></figcaption>
      <span class="walk"><input type="range" class="slider" min="0" value="0" data-t-label="inbetween"></span></figure>`);
    this.second = new Take(this, "secondvoice", () => this.walk(), is => is && this.rest());
    for (const part of [this.first, this.middle]) this.words.fill(part);
    this.$(".takes").append(this.first, this.middle, this.second.element);
    this.slider = this.$("input");
    this.slider.oninput = () => { clearInterval(this.walking); this.step(); };
    this.face = parts.face;
  }

  begin() {
    this.end();
    put(this.first.querySelector(".frame"), this.face(), this.words.t("firstvoice"));
  }

  /* Ask for the faces from one voice to the other, and go to and fro among them. */
  async walk() {
    await this.attempt(async () => {
      const question = { first: this.session.current, second: this.second.token };
      const { faces } = await this.session.ask("interpolate", question);
      if (this.second.token !== question.second) return;
      this.faces = faces;
      this.slider.max = faces.length - 1;
      this.slider.disabled = false;
      this.slider.value = Math.floor(faces.length / 2);
      await this.step();
      if (!matchMedia("(prefers-reduced-motion: reduce)").matches) this.stroll();
    });
  }

  stroll() {
    let way = 1;
    this.walking = setInterval(() => {
      if (this.slider.value === this.slider.max) way = -1;
      if (this.slider.value === this.slider.min) way = 1;
      this.slider.valueAsNumber += way;
      this.step();
    }, STEP_MS);
  }

  step() {
    this.slider.style.setProperty("--p", `${100 * this.slider.value / (this.slider.max || 1)}%`);
    return put(this.middle.querySelector(".frame"), this.faces[this.slider.value], this.words.t("inbetween"));
  }

  /* Back to two people of whom one has not spoken. */
  rest() {
    clearInterval(this.walking);
    this.faces = [];
    this.slider.disabled = true;
    this.slider.value = 0;
    this.step();
  }

  end() {
    this.second.clear();
    this.rest();
    put(this.first.querySelector(".frame"), null);
  }
}
