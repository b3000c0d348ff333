/* Ovals with faces in them. A picture has the generator's own size, and all are enlarged in the same way. */
import { portraitSize, RING_SIZES, STRIP_HEIGHTS } from "./proportions.js";

const WIDE = 4, TALL = 5;   // of an enlarged picture, for each pixel of its width before
const SILHOUETTE = '<svg class="sil" aria-hidden="true"><use href="#sil"/></svg>';

let rim, doubled;   // made once

export function make(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html.trim();
  return holder.content.firstElementChild;
}

/* Put a face, or the silhouette, into an oval; resolves once it is there. */
export async function put(oval, face, words = "") {
  oval.face = face;
  oval.classList.toggle("empty", !face);
  if (!face) return oval.replaceChildren(make(SILHOUETTE));
  const picture = await decode(face.image);
  if (oval.face !== face) return;   // a newer one has come meanwhile
  let canvas = oval.querySelector("canvas");
  if (!canvas) {
    const { width } = picture;
    canvas = make(`<canvas role="img" width="${WIDE * width}" height="${TALL * width}"></canvas>`);
    oval.replaceChildren(canvas);
  }
  canvas.ariaLabel = words;
  draw(canvas.getContext("2d"), picture);
}

async function decode(image) {
  const bytes = Uint8Array.from(atob(image.slice(image.indexOf(",") + 1)), letter => letter.charCodeAt(0));
  return createImageBitmap(new Blob([bytes], { type: "image/png" }));
}

/* The 4:5 middle of the square picture, enlarged by the browser's best filter in two steps: no pixel shows, even where
that filter is bilinear. */
function draw(pen, picture) {
  const { width, height } = pen.canvas;
  const side = 2 * picture.width, half = (doubled ??= new OffscreenCanvas(side, side)).getContext("2d");
  half.imageSmoothingQuality = pen.imageSmoothingQuality = "high";
  half.globalCompositeOperation = pen.globalCompositeOperation = "copy";
  half.drawImage(picture, 0, 0, side, side);
  pen.drawImage(doubled, side * .1, 0, side * .8, side, 0, 0, width, height);
  half.clearRect(0, 0, side, side);   // the canvas outlives the visitor
  pen.globalCompositeOperation = "destination-in";
  pen.drawImage(rim ??= softRim(width, height), 0, 0);
}

/* An oval whose rim fades, as a picture. */
function softRim(width, height) {
  const canvas = new OffscreenCanvas(width, height), pen = canvas.getContext("2d");
  const fading = pen.createRadialGradient(0, 0, 0, 0, 0, width / 2);
  fading.addColorStop(.74, "#000");
  fading.addColorStop(.9, "rgb(0 0 0 / .55)");
  fading.addColorStop(1, "transparent");
  pen.setTransform(1, 0, 0, height / width, width / 2, height / 2);
  pen.fillStyle = fading;
  pen.fillRect(-width / 2, -width / 2, width, width);
  return canvas;
}

/* The large face with its growth rings. */
export class Portrait {
  constructor(kind, durations, words) {
    Object.assign(this, { durations, words });
    const rings = durations.map((d, i) => ring("ring", RING_SIZES[i], d)).join("");
    const echoes = [1.14, 1.3, 1.48].map((size, i) => ring("echo", size, i)).join("");
    const tags = durations.map((d, i) => `<g class="tag" data-at="${d}" transform="translate(0 ${62.5 * RING_SIZES[i]})">
      <rect x="-6.5" y="-2.8" width="13" height="5.6" rx="2.8"/><text y="1.15"></text></g>`).join("");
    this.element = make(`<div class="portrait ${kind}">
      <svg class="rings" viewBox="-62.5 -75 125 150" aria-hidden="true">${echoes}${rings}${tags}</svg>
      <span class="oval"></span><p class="cap"></p></div>`);
    this.oval = this.element.querySelector(".oval");
    this.caption = this.element.querySelector(".cap");
    this.show(null, 0);
  }

  /* A face made of so many seconds, of `wanted` in all. */
  show(face, seconds, words = "", wanted = this.durations.at(-1)) {
    this.oval.style.setProperty("--k", face ? portraitSize(seconds, this.durations) : 1);
    this.markRings(seconds, wanted);
    return put(this.oval, face, words);
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

const ring = (name, size, at) => `<ellipse class="${name}" ${name === "ring" ? `data-at="${at}"` : `style="--i:${at}"`}
  rx="${50 * size}" ry="${62.5 * size}"/>`;

/* How much of its bar a score fills: a quarter for every power of ten above 0.0001. */
const scoreBar = score => score ? Math.max(0, 1 + Math.log10(score) / 4) : 0;

/* A row of faces that grow with the recording, one for each duration, connected to the timeline. */
export class Strip {
  constructor(place, kind, durations, words) {
    Object.assign(this, { place, durations, words });
    place.classList.add(kind);
    place.replaceChildren(...durations.map((d, i) => make(`<figure class="mini empty" data-seconds="${d}"
      style="--height:${STRIP_HEIGHTS[i]}"><span class="connector"></span><span class="oval"></span>
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
    return put(mini.querySelector(".oval"), face, this.words.t("after", { n: this.durations[i] }));
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
