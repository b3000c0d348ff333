/* A recording in progress: its samples go to the server, and the page shows bars, a ring, a level and a hint. */
import { LocalMicrophone, RATE } from "./sources.js";
import { SamplePoller, SampleSender } from "./transfer.js";

const PAINT_MS = 80;
const CLIPPED_PEAK = .985, QUIET_PEAK = .01;
const HINT_SECONDS = 1.5;     // of sound, before a hint can be given
const FEW_FRAMES = 10;        // of 20 ms: less speech than that is the detector's doubt
const METER_DECADES = 2.5;    // 50 dB
const METER_DECAY = .93;      // a block

export class Recording {
  /* `answered(answer)` gets what the server makes of it so far, `say(text)` what should be read aloud. */
  constructor(booth, { source, server, token, seconds, durations, timeline, words, answered, say }) {
    Object.assign(this, { booth, source, seconds, durations, timeline, words, say });
    this.samples = this.loudest = this.clipped = this.meter = 0;
    const update = answer => { this.showHint(answer.speech); answered(answer); };
    this.transfer = source instanceof LocalMicrophone
      ? new SamplePoller(server, token, source, update)
      : new SampleSender(server, token, durations, update);
    source.onBlock = block => this.add(block);
    this.ended = new Promise((resolve, reject) => {
      source.onEnd = problem => problem ? reject(problem) : resolve();
    });
    this.ended.catch(() => {});   // `whole` throws it
  }

  /* Resolves once the source has ended and the server has all of it. Throws a Problem. */
  async whole() {
    await this.ended;
    await this.transfer.finish();
    this.clearMeter();
  }

  stop() {
    this.source.stop();
  }

  abandon() {
    this.source.stop();
    this.transfer.abandon();
    this.clearMeter();
  }

  add(block) {
    const before = this.samples;
    this.samples += block.length;
    for (const d of this.durations)
      if (before < d * RATE && this.samples >= d * RATE) performance.mark(`v2f-heard-${d}`);
    this.timeline.add(block);
    let peak = 0;
    for (const sample of block) peak = Math.max(peak, Math.abs(sample));
    this.loudest = Math.max(this.loudest, peak);
    this.clipped = peak >= CLIPPED_PEAK ? RATE : Math.max(0, this.clipped - block.length);   // for a second after it
    this.meter = Math.max(peak, this.meter * METER_DECAY);
    this.painting ??= setTimeout(() => { this.painting = null; this.paint(); }, PAINT_MS);
    this.transfer.add?.(block);
  }

  paint() {
    const seconds = this.samples / RATE, left = this.seconds - seconds;
    this.timeline.reach(seconds);
    this.timeline.draw();
    this.booth.querySelector("#count").textContent = Math.ceil(left);
    this.booth.querySelector(".rec .left").setAttribute("stroke-dasharray", `${100 * left / this.seconds} 100`);
    this.showLevel(this.meter);
  }

  showLevel(peak) {
    const share = peak ? Math.max(0, 1 + Math.log10(peak) / METER_DECADES) : 0;
    const meter = this.booth.querySelector("#meter");
    meter.setAttribute("aria-valuenow", Math.round(100 * share));
    meter.firstElementChild.style.width = `${100 * share}%`;
    meter.classList.toggle("clipping", this.clipped > 0);
  }

  clearMeter() {
    clearTimeout(this.painting);
    this.clipped = 0;
    this.showLevel(0);
  }

  /* A question to talk about, or what is wrong with the sound. */
  showHint(speech) {
    const enough = this.samples >= HINT_SECONDS * RATE;
    const hint = this.clipped ? "h_loud" : enough && this.loudest < QUIET_PEAK ? "h_quiet" :
      enough && speech.replaceAll("0", "").length < FEW_FRAMES ? "h_no_speech" : "prompt";
    const place = this.booth.querySelector("#prompt");
    place.classList.toggle("warning", hint !== "prompt");
    if (place.dataset.hint === hint) return;
    place.dataset.hint = hint;
    place.textContent = this.words.t(hint);
    if (hint !== "prompt") this.say(this.words.t(hint));
  }
}
