/* The critic's scores of the visitor's faces, on a scale that says what voices and noises get. */
import { make } from "./portraits.js";

const LOWEST = -4;   // the power of ten at which the scale begins; it ends at 1

/* Where a score lies on the scale, in %. */
const place = score => 100 * Math.min(1, Math.max(0, 1 - Math.log10(score || 1e-9) / LOWEST));

export class Critic {
  /* typical: {voices: [lowest, highest], noises: the same}, of the model that is loaded; null where it has no critic.
     measured: {voices, sounds}, of each three quantiles; null where they were not measured. */
  constructor(booth, durations, { typical_scores: typical, critic_scale: measured }, words) {
    Object.assign(this, { durations, typical, measured, words });
    Object.assign(this, { scale: booth.querySelector("#critic-scale"), help: booth.querySelector("#critic-help") });
  }

  /* Scores of the faces after each duration, null where there is none, and of the face of all of it. */
  show(scores) {
    const { words, typical, measured } = this, span = ([low, high]) => `left:${place(low)}%;right:${100 - place(high)}%`;
    const range = (name, key) => `<div class="critic-row"><span>${words.t(key)}</span><i class="range ${name}" style="${span(typical[name])}"></i></div>`;
    const own = this.durations.map((seconds, i) => scores[i] !== null && `<div class="critic-row own"><span>${words.t("after", { n: seconds })}</span>
      <i class="point" style="left:${place(scores[i])}%"></i><b class="num" style="left:${place(scores[i])}%">${words.score(scores[i])}</b></div>`);
    const ticks = [0, 1, 2, 3, 4].map(i => `<span style="left:${25 * i}%">${words.figure(10 ** (i + LOWEST), -LOWEST - i)}</span>`).join("");
    const { voices, sounds } = measured ?? {}, places = measured && { a: words.score(voices[0]), b: words.score(voices[2]), c: words.score(sounds[2]) };
    this.help.textContent = words.t("critichelp") + (measured ? ` ${words.t("criticscale", places)}` : "");
    this.scale.replaceChildren(make(`<div class="critic">${range("voices", "criticvoices")}${range("noises", "criticnoises")}
      ${own.filter(Boolean).join("")}<div class="axis-ticks num" aria-hidden="true">${ticks}</div></div>`));
  }

  clear() {
    this.scale.replaceChildren();
  }
}
