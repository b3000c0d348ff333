/* What can be tried with an embedding: other faces of the same voice, and the way from one voice to another. */
import { make, put } from "./portraits.js";

/* Six faces: the voice's own and others that it may have as well; a press makes one the large face. */
export class NearbyFaces {
  constructor(booth, words) {
    const find = selector => booth.querySelector(selector);
    Object.assign(this, { words, help: find("#others-help"), large: find("#others-large"), place: find("#others-row") });
  }

  show(faces) {
    const name = i => `${this.words.t("others")}, ${i + 1}`;
    this.help.textContent = this.words.t(faces.length > 1 ? "othershelp" : "othersunknown");
    this.place.replaceChildren(...faces.map((face, i) => {
      const button = make('<button class="other"><span class="frame"></span></button>');
      put(button.firstElementChild, face, name(i));
      button.onclick = () => this.choose(i, face, name(i));
      return button;
    }));
    this.choose(0, faces[0], name(0));
  }

  choose(i, face, name) {
    [...this.place.children].forEach((other, at) => other.setAttribute("aria-pressed", at === i));
    put(this.large, face, name);
  }

  clear() {
    this.place.replaceChildren();
    put(this.large, null);
  }
}

/* A slider over the faces between two voices, with one at each end. */
export class Interpolation {
  constructor(booth, words) {
    const find = selector => booth.querySelector(selector);
    Object.assign(this, { words, slider: find("#walk"), help: find("#walk-help"), place: find("#walk-faces") });
    this.slider.oninput = () => this.step();
    this.clear();
  }

  /* `other` names the voice at the far end; `toExample`: nobody spoke before. */
  show(faces, other, toExample) {
    this.faces = faces;
    this.slider.max = faces.length - 1;
    this.slider.value = 0;
    this.help.textContent = toExample ? this.words.t("betweenexample") : this.words.t("betweenhelp", { n: other });
    const names = [this.words.t("voiceface"), "", other];
    this.place.replaceChildren(...names.map(name => {
      const figure = make('<figure><span class="frame"></span><figcaption></figcaption></figure>');
      figure.lastElementChild.textContent = name;
      return figure;
    }));
    put(this.frame(0), faces[0], names[0]);
    put(this.frame(2), faces.at(-1), names[2]);
    this.step();
  }

  frame(i) {
    return this.place.children[i].firstElementChild;
  }

  step() {
    this.slider.style.setProperty("--p", `${100 * this.slider.value / this.slider.max}%`);
    put(this.frame(1), this.faces[this.slider.value], this.words.t("between"));
  }

  clear() {
    this.faces = [];
    this.place.replaceChildren();
  }
}
