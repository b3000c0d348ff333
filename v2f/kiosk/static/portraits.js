/* Frames with faces in them. A picture is square, of the model's own size, and shown whole. */
import { enlarge } from "./enlarge.js";
import { liveSize, STRIP_HEIGHTS } from "./proportions.js";

const SILHOUETTE = '<svg class="sil" aria-hidden="true"><use href="#sil"/></svg>';

export function make(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html.trim();
  return holder.content.firstElementChild;
}

/* Put a face, or the silhouette, into a frame; resolves once it is there. A face without words is decoration. `shown`:
pixels of the screen along the frame's side, if they are known. */
export async function put(frame, face, words = "", shown) {
  frame.face = face;
  frame.classList.toggle("empty", !face);
  if (!face) {
    await null;
    if (!frame.face) frame.replaceChildren(make(SILHOUETTE));   // else the next face has come at once
    return;
  }
  const picture = await decode(face.image);
  if (frame.face !== face) return;   // a newer one has come meanwhile
  let canvas = frame.querySelector("canvas");
  if (!canvas) frame.replaceChildren(canvas = make("<canvas></canvas>"));
  canvas.role = words ? "img" : "presentation";
  canvas.ariaLabel = words || null;
  enlarge(picture, canvas, shown);
}

/* An image as a server sends it, in a data URL, or as this browser has drawn it. */
async function decode(image) {
  if (image instanceof ImageData) return createImageBitmap(image);
  const picture = Object.assign(new Image(), { src: image });
  await picture.decode();
  return picture;
}

/* The large face. */
export class Portrait {
  constructor(kind, durations) {
    this.durations = durations;
    this.element = make(`<figure class="portrait ${kind}"><span class="mat"><span class="frame"></span></span><figcaption class="cap"></figcaption></figure>`);
    this.frame = this.element.querySelector(".frame");
    this.mat = this.element.querySelector(".mat");
    this.caption = this.element.querySelector(".cap");
    this.show(null);
  }

  /* A face; `seconds`: of how much of a recording in progress it is, and so how much of the frame it fills. */
  show(face, words = "", seconds = Infinity) {
    this.frame.style.setProperty("--k", face ? liveSize(seconds, this.durations) : 1);
    if (!face) this.frame.replaceChildren();   // so that the next one is revealed
    return put(this.frame, face, words);
  }

  setCaption(text) {
    this.caption.textContent = text;
  }
}

/* A row of faces that grow with the recording, one for each duration, connected to the timeline. */
export class Strip {
  constructor(place, kind, durations, words) {
    Object.assign(this, { place, durations, words });
    place.classList.add(kind);
    place.replaceChildren(...durations.map((d, i) => make(`<figure class="mini empty" data-seconds="${d}"
      style="--height:${STRIP_HEIGHTS[i]};--i:${i}"><span class="connector"></span><span class="frame"></span>
      <figcaption><b></b><span class="reason"></span></figcaption></figure>`)));
    this.shown = Infinity;
    const largest = place.lastElementChild.querySelector(".frame");
    new ResizeObserver(([{ contentRect: { width } }]) => { if (width) this.shown = width * devicePixelRatio; }).observe(largest);
    this.clear();
  }

  clear() {
    this.faces = this.durations.map(() => null);
    this.durations.forEach((_, i) => this.set(i, null));
  }

  /* A face in its place, or why there is none. */
  set(i, face, reason = "") {
    this.faces[i] = face;
    const mini = this.place.children[i];
    mini.classList.toggle("seen", Boolean(face));
    mini.classList.toggle("empty", !face);
    mini.querySelector(".reason").textContent = face ? "" : reason;
    return put(mini.querySelector(".frame"), face, this.words.t("after", { n: this.durations[i] }), this.shown * STRIP_HEIGHTS[i]);
  }

  setAll(faces, reasons = []) {
    return Promise.all(faces.map((face, i) => this.set(i, face, reasons[i])));
  }

  label() {
    for (const mini of this.place.children)
      mini.querySelector("b").textContent = `${mini.dataset.seconds} ${this.words.t("sec")}`;
  }
}
