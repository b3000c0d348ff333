/* What can be tried with an embedding: other faces of the same voice, and the way from one voice to another. */
import { make, put } from "./portraits.js";

/* Six faces: the voice's own face and those of embeddings near it; a press makes one the large face. */
export class NearbyFaces {
  constructor(booth, words, chosen) {
    Object.assign(this, { words, chosen, help: booth.querySelector("#others-help"), place: booth.querySelector("#others-row") });
  }

  show(faces) {
    this.help.textContent = this.words.t("othershelp");
    this.place.replaceChildren(...faces.map((face, i) => {
      const button = make(`<button class="other" aria-pressed="${i === 0}"><span class="frame"></span></button>`);
      put(button.firstElementChild, face, `${this.words.t("others")}, ${i + 1}`);
      button.onclick = () => {
        for (const other of this.place.children) other.setAttribute("aria-pressed", other === button);
        this.chosen(face);
      };
      return button;
    }));
  }

  clear() {
    this.place.replaceChildren();
  }
}

/* A slider over the faces between two voices. */
export class Interpolation {
  constructor(booth, words, moved) {
    Object.assign(this, { words, moved, slider: booth.querySelector("#walk"), help: booth.querySelector("#walk-help") });
    this.slider.oninput = () => this.step();
    this.clear();
  }

  show(faces, toExample) {
    this.faces = faces;
    this.slider.max = faces.length - 1;
    this.slider.value = 0;
    this.help.textContent = this.words.t(toExample ? "betweenexample" : "betweenhelp");
    this.step();
  }

  step() {
    this.slider.style.setProperty("--p", `${100 * this.slider.value / this.slider.max}%`);
    this.moved(this.faces[this.slider.value]);
  }

  clear() {
    this.faces = [];
  }
}
