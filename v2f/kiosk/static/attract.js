/* One large face that changes through several, for whoever walks by. */
import { make, put } from "./portraits.js";

const SECONDS = 12;   // that each face stays

export class Attract {
  /* faces: those of the example voices, and of what lies between them. */
  constructor(faces) {
    this.element = make('<span class="demo" aria-hidden="true"></span>');
    this.frames = faces.map(face => {
      const frame = make('<span class="frame"></span>');
      put(frame, face);
      return frame;
    });
    this.element.append(...this.frames);
    this.show(0);
  }

  show(index) {
    this.index = index;
    this.frames.forEach((frame, i) => frame.classList.toggle("on", i === index));
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
