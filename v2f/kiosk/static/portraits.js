/* Frames with faces in them. A picture is square, of the model's own size, and shown whole. */
import { portraitSize, RING_SIZES, ROUND, STRIP_HEIGHTS } from "./proportions.js";

const ENLARGED = 4;   // pixels of an enlarged picture for each of its own, along a side
const RIM = .03;    // of the side, in which a picture fades
const SILHOUETTE = '<svg class="sil" aria-hidden="true"><use href="#sil"/></svg>';

let rim;   // made once

export function make(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html.trim();
  return holder.content.firstElementChild;
}

/* Put a face, or the silhouette, into a frame; resolves once it is there. */
export async function put(frame, face, words = "") {
  frame.face = face;
  frame.classList.toggle("empty", !face);
  if (!face) return frame.replaceChildren(make(SILHOUETTE));
  const picture = await decode(face.image);
  if (frame.face !== face) return;   // a newer one has come meanwhile
  let canvas = frame.querySelector("canvas");
  if (!canvas) frame.replaceChildren(canvas = make('<canvas role="img"></canvas>'));
  canvas.ariaLabel = words;
  draw(canvas, picture);
}

async function decode(image) {
  const bytes = Uint8Array.from(atob(image.slice(image.indexOf(",") + 1)), letter => letter.charCodeAt(0));
  return createImageBitmap(new Blob([bytes], { type: "image/png" }));
}

/* The whole picture, however many pixels it has, enlarged smoothly, with a rim that fades. */
function draw(canvas, picture) {
  const side = ENLARGED * picture.width, pen = canvas.getContext("2d");
  if (canvas.width !== side) canvas.width = canvas.height = side;
  pen.imageSmoothingQuality = "high";
  pen.globalCompositeOperation = "copy";
  pen.drawImage(picture, 0, 0, side, side);
  pen.globalCompositeOperation = "destination-in";
  pen.drawImage(softRim(side), 0, 0);
}

/* A square with round corners whose rim fades, as a picture. */
function softRim(side) {
  if (rim?.width === side) return rim;
  rim = new OffscreenCanvas(side, side);
  const pen = rim.getContext("2d"), pixels = pen.createImageData(side, side);
  const round = ROUND * side, beyond = i => Math.max(0, Math.abs(i + .5 - side / 2) - side / 2 + round);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      pixels.data[4 * (y * side + x) + 3] = 255 * (round - Math.hypot(beyond(x), beyond(y))) / (RIM * side);
  pen.putImageData(pixels, 0, 0);
  return rim;
}

/* The large face with its growth rings. */
export class Portrait {
  constructor(kind, durations, words) {
    Object.assign(this, { durations, words });
    const rings = durations.map((d, i) => ring("ring", RING_SIZES[i], d)).join("");
    const echoes = [1.09, 1.18, 1.28].map((size, i) => ring("echo", size, i)).join("");
    const tags = durations.map((d, i) => `<g class="tag" data-at="${d}" transform="translate(0 ${50 * RING_SIZES[i]}) scale(.8)">
      <rect x="-6.5" y="-2.8" width="13" height="5.6" rx="2.8"/><text y="1.15"></text></g>`).join("");
    this.element = make(`<div class="portrait ${kind}">
      <svg class="rings" viewBox="-62.5 -62.5 125 125" aria-hidden="true">${echoes}${rings}${tags}</svg>
      <span class="frame"></span><p class="cap"></p></div>`);
    this.frame = this.element.querySelector(".frame");
    this.caption = this.element.querySelector(".cap");
    this.show(null, 0);
  }

  /* A face made of so many seconds, of `wanted` in all. */
  show(face, seconds, words = "", wanted = this.durations.at(-1)) {
    this.frame.style.setProperty("--k", face ? portraitSize(seconds, this.durations) : 1);
    this.markRings(seconds, wanted);
    return put(this.frame, face, words);
  }

  /* Show rings and tags still to come, up to the one wanted; the tag of one just reached stays for a moment. */
  markRings(seconds, wanted = this.durations.at(-1)) {
    for (const element of this.element.querySelectorAll("[data-at]")) {
      const at = Number(element.dataset.at), tag = element.matches(".tag");
      element.classList.toggle("reached", at <= seconds + 1e-3);
      element.toggleAttribute("hidden", at > wanted || (tag ? at < seconds - .3 && at < wanted : at <= seconds + 1e-3));
    }
  }

  setCaption(text) {
    this.caption.textContent = text;
  }

  label() {
    for (const tag of this.element.querySelectorAll(".tag"))
      tag.querySelector("text").textContent = `${tag.dataset.at} ${this.words.t("sec")}`;
  }
}

const ring = (name, size, at) => `<rect class="${name}" ${name === "ring" ? `data-at="${at}"` : `style="--i:${at}"`}
  x="${-50 * size}" y="${-50 * size}" width="${100 * size}" height="${100 * size}" rx="${100 * ROUND * size}"/>`;

/* How much of its bar a score fills: a quarter for every power of ten above 0.0001. */
const scoreBar = score => score ? Math.max(0, 1 + Math.log10(score) / 4) : 0;

/* A row of faces that grow with the recording, one for each duration, connected to the timeline. */
export class Strip {
  constructor(place, kind, durations, words) {
    Object.assign(this, { place, durations, words });
    place.classList.add(kind);
    place.replaceChildren(...durations.map((d, i) => make(`<figure class="mini empty" data-seconds="${d}"
      style="--height:${STRIP_HEIGHTS[i]}"><span class="connector"></span><span class="frame"></span>
      <figcaption><b></b><span class="score"><i></i><span class="num"></span></span></figcaption></figure>`)));
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
    const score = mini.querySelector(".score");
    score.classList.toggle("scored", typeof face?.score === "number");
    score.classList.toggle("reason", !face && Boolean(reason));
    score.querySelector("i").style.setProperty("--v", scoreBar(face?.score));
    score.querySelector(".num").textContent = face ? (face.score === null ? "" : this.words.score(face.score)) : reason;
    return put(mini.querySelector(".frame"), face, this.words.t("after", { n: this.durations[i] }));
  }

  setAll(faces, reasons = []) {
    return Promise.all(faces.map((face, i) => this.set(i, face, reasons[i])));
  }

  label() {
    for (const mini of this.place.children) {
      mini.querySelector("b").textContent = `${mini.dataset.seconds} ${this.words.t("sec")}`;
      mini.querySelector(".score").title = this.words.t("critichelp");
    }
  }
}
