/* One large face that changes through several, for whoever walks by. */
import { make, put } from "./portraits.js";

const SECONDS = 12;   // that each face stays

export class Attract {
  /* faces: those of the example voices, and of what lies between them. */
  constructor(faces) {
    this.faces = faces;
    this.element = make('<span class="demo" aria-hidden="true"></span>');
    this.frames = faces.map(() => make('<span class="frame"></span>'));
    this.element.append(...this.frames);
    this.show(0);
  }

  async show(index) {
    const { frames, faces } = this;
    this.index = index;
    if (!frames[index].face) await put(frames[index], faces[index]);   // drawn when its turn comes
    frames.forEach((frame, i) => frame.classList.toggle("on", i === this.index));
  }

  start() {
    this.timer ??= setInterval(() => this.next(), SECONDS * 1000);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
  }

  /* The next face, unless nobody could see it change or the visitor wants none to move. */
  next() {
    if (document.hidden || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    this.show((this.index + 1) % this.frames.length);
  }
}
