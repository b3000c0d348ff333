/* The timeline: the waveform with its speech marked, ticks at the durations, and how the embedding converges. */
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
    Object.assign(this, { canvas: find("#bars"), ticks: find("#ticks"), plot: find("#plot"), dots: find("#dots") });
    this.samplesPerBar = seconds * RATE / bars;
    this.ticks.replaceChildren(...durations.map(d => make(`<span style="left:${100 * d / seconds}%" data-at="${d}"></span>`)));
    find("#connectors").innerHTML = durations.map((d, i) => {
      const from = Math.min(1000 * d / seconds, 999), to = 10 * COLUMN_CENTRES[i];
      return `<path data-at="${d}" d="M${from} 0C${from} 22 ${to} 8 ${to} 30"/>`;
    }).join("");
    this.dots.replaceChildren(...durations.map(() => make("<span><b class='num'></b></span>")));
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    this.clear();
  }

  clear() {
    this.peaks = new Float32Array(this.bars);
    this.noise = null;
    this.speech = "";
    this.samples = 0;
    this.plotConvergence(null);
    this.reach(0);
    this.draw();
  }

  /* Samples of a recording in progress; `draw` shows them. */
  add(block) {
    for (const sample of block) {
      const bar = Math.floor(this.samples++ / this.samplesPerBar);
      if (bar < this.bars && Math.abs(sample) > this.peaks[bar]) this.peaks[bar] = Math.abs(sample);
    }
    this.running = true;
  }

  /* A whole recording. */
  set(peaks, speech, seconds) {
    this.peaks = Float32Array.from(peaks);
    this.speech = speech;
    this.samples = Math.min(seconds, this.seconds) * RATE;
    this.running = false;
    this.reach(seconds);
    this.draw();
  }

  /* Light up the ticks and connectors of the durations reached. */
  reach(seconds) {
    for (const mark of this.booth.querySelectorAll(".wave [data-at]"))
      mark.classList.toggle("on", Number(mark.dataset.at) <= seconds + 1e-3);
  }

  draw() {
    const { canvas, bars } = this, box = canvas.getBoundingClientRect();
    if (!box.width) return;
    const scale = devicePixelRatio;
    const width = canvas.width = Math.round(box.width * scale), height = canvas.height = Math.round(box.height * scale);
    const pen = canvas.getContext("2d"), style = getComputedStyle(this.booth);
    const colour = name => style.getPropertyValue(name);
    const loudest = Math.max(FULL_PEAK, ...this.peaks, ...(this.noise ?? []));
    const full = this.samples / this.samplesPerBar, framesPerBar = this.samplesPerBar / FRAME;
    const bar = (i, peak, fill, alpha = 1) => {
      const tall = Math.max(2 * scale, .94 * height * Math.sqrt(peak / loudest));   // the root lets quiet syllables show
      pen.globalAlpha = alpha;
      pen.fillStyle = fill;
      pen.fillRect((i + .2) * width / bars, (height - tall) / 2, .6 * width / bars, tall);
    };
    for (let i = 0; i < bars; i++) {
      if (this.noise && i < full) bar(i, this.noise[i], colour("--noise"), .38);
      const spoken = this.speech.slice(i * framesPerBar, (i + 1) * framesPerBar).includes("1");
      if (i >= full) bar(i, 0, colour("--line"));
      else bar(i, this.peaks[i], colour(spoken ? "--voice" : "--ring"));
    }
    pen.globalAlpha = 1;
    pen.fillStyle = colour("--ink");
    if (this.running) pen.fillRect(Math.min(full * width / bars, width - 2 * scale), 0, 2 * scale, height);
  }

  /* Cosines to the final embedding after each duration, null where there was no face; null before the end. */
  plotConvergence(cosines) {
    this.cosines = cosines;
    const points = (cosines ?? []).map((cosine, i) => ({ cosine, i })).filter(point => point.cosine !== null);
    const lowest = Math.min(.5, ...points.map(point => point.cosine));
    const y = cosine => 56 - (cosine - lowest) / (1 - lowest) * 50;
    this.plot.innerHTML = `<path class="goal" d="M0 ${y(1)}H1000"/>` +
      (points.length ? `<path class="curve" d="M${points.map(p => `${10 * COLUMN_CENTRES[p.i]} ${y(p.cosine)}`).join("L")}"/>` : "");
    [...this.dots.children].forEach((dot, i) => {
      const cosine = cosines?.[i] ?? null;
      dot.classList.toggle("on", cosine !== null);
      dot.style.left = `${COLUMN_CENTRES[i]}%`;
      dot.style.top = `${(cosine === null ? 30 : y(cosine)) / 62 * 100}%`;
      dot.firstElementChild.textContent = cosine === null ? "" : this.words.figure(cosine);
    });
  }

  label() {
    for (const tick of this.ticks.children)
      tick.textContent = Number(tick.dataset.at) === this.seconds ? `${this.seconds} ${this.words.t("sec")}` : tick.dataset.at;
    this.plotConvergence(this.cosines);
  }
}
