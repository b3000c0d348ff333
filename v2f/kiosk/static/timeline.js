/* The timeline: the waveform with its speech marked, and ticks at the durations. */
import { make } from "./portraits.js";
import { COLUMN_CENTRES } from "./proportions.js";
import { RATE } from "./sources.js";

const FRAME = .02 * RATE;     // samples of a speech decision
const FULL_PEAK = .12;        // a full bar until something louder comes

export class Timeline {
  /* It shows so many `seconds` in so many `bars`. */
  constructor(booth, { seconds, bars }, durations, words) {
    const find = selector => booth.querySelector(selector);
    Object.assign(this, { booth, seconds, bars, durations, words });
    Object.assign(this, { canvas: find("#bars"), ticks: find("#ticks") });
    this.samplesPerBar = seconds * RATE / bars;
    this.ticks.replaceChildren(...durations.map(d => make(`<span style="left:${100 * d / seconds}%" data-at="${d}"></span>`)));
    find("#connectors").innerHTML = durations.map((d, i) => {
      const from = Math.min(1000 * d / seconds, 999), to = 10 * COLUMN_CENTRES[i];
      return `<path data-at="${d}" d="M${from} 0C${from} 22 ${to} 8 ${to} 30"/>`;
    }).join("");
    new ResizeObserver(([{ contentRect }]) => { this.box = contentRect; this.draw(); }).observe(this.canvas);
    this.clear();
  }

  clear() {
    this.peaks = new Float32Array(this.bars);
    this.noise = null;
    this.speech = "";
    this.samples = 0;
    this.reach(0);
    this.draw();
  }

  /* A whole recording. */
  set(peaks, speech, seconds) {
    this.peaks = Float32Array.from(peaks);
    this.speech = speech;
    this.samples = Math.min(seconds, this.seconds) * RATE;
    this.reach(seconds);
    this.draw();
  }

  /* Light up the ticks and connectors of the durations reached. */
  reach(seconds) {
    for (const mark of this.booth.querySelectorAll(".voice-group [data-at]"))
      mark.classList.toggle("on", Number(mark.dataset.at) <= seconds + 1e-3);
  }

  draw() {
    const { canvas, bars, box } = this;
    if (!box?.width) return;
    const scale = devicePixelRatio;
    const width = canvas.width = Math.round(box.width * scale), height = canvas.height = Math.round(box.height * scale);
    const pen = canvas.getContext("2d"), style = getComputedStyle(this.booth);
    const [noise, line, voice, ring] = ["noise", "line", "voice", "ring"].map(name => style.getPropertyValue(`--${name}`));
    const loudest = Math.max(FULL_PEAK, ...this.peaks, ...(this.noise ?? []));
    const full = this.samples / this.samplesPerBar, framesPerBar = this.samplesPerBar / FRAME;
    const bar = (i, peak, fill, alpha = 1) => {
      const tall = Math.max(2 * scale, .94 * height * Math.sqrt(peak / loudest));   // the root lets quiet syllables show
      pen.globalAlpha = alpha;
      pen.fillStyle = fill;
      pen.fillRect((i + .2) * width / bars, (height - tall) / 2, .6 * width / bars, tall);
    };
    for (let i = 0; i < bars; i++) {
      if (this.noise && i < full) bar(i, this.noise[i], noise, .38);
      const spoken = this.speech.slice(i * framesPerBar, (i + 1) * framesPerBar).includes("1");
      if (i >= full) bar(i, 0, line);
      else bar(i, this.peaks[i], spoken ? voice : ring);
    }
  }

  label() {
    for (const tick of this.ticks.children)
      tick.textContent = Number(tick.dataset.at) === this.seconds ? `${this.seconds} ${this.words.t("sec")}` : tick.dataset.at;
  }
}
