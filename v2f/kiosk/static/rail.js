/* The picture rail: the waveform with its speech marked, the ticks and wires of the durations, how the voice settles. */
import { make } from "./portraits.js";
import { RATE } from "./sources.js";

export const BARS = 200;
export const COLUMNS = [7.85, 24.35, 42.6, 63.15, 87.05];   // centres of the strip's columns, in % of its width
const SECONDS = 10;
const PER_BAR = SECONDS * RATE / BARS;
const FRAMES_PER_BAR = PER_BAR / 320;   // a speech decision is 20 ms
const LOUD = .12;   // a full bar until something louder comes

export class Rail {
  constructor(booth, durations, words) {
    const find = selector => booth.querySelector(selector);
    Object.assign(this, { booth, durations, words, canvas: find("#bars"), ticks: find("#ticks"), plot: find("#plot"), dots: find("#dots") });
    this.ticks.replaceChildren(...durations.map(d => make(`<span style="left:${d / SECONDS * 100}%" data-at="${d}"></span>`)));
    const path = (d, i) => { const x = Math.min(d / SECONDS * 1000, 999); return `<path data-at="${d}" d="M${x} 0C${x} 22 ${COLUMNS[i] * 10} 8 ${COLUMNS[i] * 10} 30"/>`; };
    find("#wires").innerHTML = durations.map(path).join("");
    this.dots.replaceChildren(...durations.map(() => make("<span><b class='num'></b></span>")));
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    this.clear();
  }

  clear() {
    this.peaks = new Float32Array(BARS);
    this.noise = null;
    this.speech = "";
    this.samples = 0;      // on the rail
    this.settle(null);
    this.reach(0);
    this.draw();
  }

  /* Samples of a recording in progress; `draw` shows them. */
  add(block) {
    for (const sample of block) {
      const bar = Math.floor(this.samples++ / PER_BAR);
      if (bar < BARS && Math.abs(sample) > this.peaks[bar]) this.peaks[bar] = Math.abs(sample);
    }
    this.running = true;
  }

  /* A whole recording. */
  set(peaks, speech, seconds) {
    this.peaks = Float32Array.from(peaks);
    this.speech = speech;
    this.samples = Math.min(seconds, SECONDS) * RATE;
    this.running = false;
    this.reach(seconds);
    this.draw();
  }

  reach(seconds) {
    for (const mark of this.booth.querySelectorAll(".wave [data-at]"))
      mark.classList.toggle("on", Number(mark.dataset.at) <= seconds + 1e-3);
  }

  draw() {
    const { canvas } = this, box = canvas.getBoundingClientRect();
    if (!box.width) return;
    const scale = devicePixelRatio, width = canvas.width = Math.round(box.width * scale), height = canvas.height = Math.round(box.height * scale);
    const pen = canvas.getContext("2d"), colours = getComputedStyle(this.booth), colour = name => colours.getPropertyValue(name);
    const loudest = Math.max(LOUD, ...this.peaks, ...(this.noise ?? [])), full = this.samples / PER_BAR;
    const bar = (i, peak, fill, alpha = 1) => {
      const tall = Math.max(2 * scale, .94 * height * Math.sqrt(peak / loudest));   // the root lets quiet syllables show
      pen.globalAlpha = alpha;
      pen.fillStyle = fill;
      pen.fillRect((i + .2) * width / BARS, (height - tall) / 2, .6 * width / BARS, tall);
    };
    for (let i = 0; i < BARS; i++) {
      if (this.noise && i < full) bar(i, this.noise[i], colour("--noise"), .38);
      const spoken = this.speech.slice(i * FRAMES_PER_BAR, (i + 1) * FRAMES_PER_BAR).includes("1");
      if (i >= full) bar(i, 0, colour("--line"));
      else bar(i, this.peaks[i], colour(spoken ? "--voice" : "--ring"));
    }
    pen.globalAlpha = 1;
    pen.fillStyle = colour("--ink");
    if (this.running) pen.fillRect(Math.min(full * width / BARS, width - 2 * scale), 0, 2 * scale, height);
  }

  /* Cosines to the final embedding after each duration, null where there was no face; null before the end. */
  settle(cosines) {
    this.cosines = cosines;
    const known = (cosines ?? []).map((cosine, i) => ({ cosine, i })).filter(point => point.cosine !== null);
    const lowest = Math.min(.5, ...known.map(point => point.cosine));
    const y = cosine => 56 - (cosine - lowest) / (1 - lowest) * 50;
    this.plot.innerHTML = `<path class="goal" d="M0 ${y(1)}H1000"/>` +
      (known.length ? `<path class="curve" d="M${known.map(p => `${COLUMNS[p.i] * 10} ${y(p.cosine)}`).join("L")}"/>` : "");
    [...this.dots.children].forEach((dot, i) => {
      const cosine = cosines?.[i] ?? null;
      dot.classList.toggle("on", cosine !== null);
      dot.style.left = `${COLUMNS[i]}%`;
      dot.style.top = `${(cosine === null ? 30 : y(cosine)) / 62 * 100}%`;
      dot.firstElementChild.textContent = cosine === null ? "" : this.words.figure(cosine);
    });
  }

  label() {
    for (const tick of this.ticks.children)
      tick.textContent = tick.dataset.at === String(SECONDS) ? `${SECONDS} ${this.words.t("sec")}` : tick.dataset.at;
    this.settle(this.cosines);
  }
}
