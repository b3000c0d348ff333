/* A recording in progress: it is told to the server, and seen on the page as bars, a ring, a level and a word of advice. */
import { BoothDialogue, Dialogue } from "./dialogue.js";
import { BoothMicrophone, RATE } from "./sources.js";

const PAINT_MS = 80;
const CLIPPED = .985, QUIET = .01;   // peaks
const HINT_SECONDS = 1.5;   // of sound, before it is judged
const FEW_FRAMES = 10;      // of 20 ms: less speech than that is the detector's doubt
const METER_DECADES = 2.5;  // 50 dB

export class Recording {
  /* `answered(answer)` gets what the server makes of it so far, `say(text)` what should be read aloud. */
  constructor(booth, { source, server, visit, seconds, durations, rail, words, answered, say }) {
    Object.assign(this, { booth, source, seconds, durations, rail, words, say });
    this.heard = this.loudest = this.clipped = this.meter = 0;
    const told = answer => { this.advise(answer.speech); answered(answer); };
    this.dialogue = source instanceof BoothMicrophone
      ? new BoothDialogue(server, visit, source, told)
      : new Dialogue(server, visit, durations, told);
    source.heard = block => this.hear(block);
    this.ended = new Promise((resolve, reject) => {
      source.ended = problem => problem ? reject(problem) : resolve();
    });
    this.ended.catch(() => {});   // whoever waits for `whole` hears of it
  }

  /* Resolves once the source has ended and all of it is told. Throws a Problem. */
  async whole() {
    await this.ended;
    await this.dialogue.finish();
    this.hush();
  }

  stop() {
    this.source.stop();
  }

  abandon() {
    this.source.stop();
    this.dialogue.abandon();
    this.hush();
  }

  hear(block) {
    const before = this.heard;
    this.heard += block.length;
    for (const d of this.durations)
      if (before < d * RATE && this.heard >= d * RATE) performance.mark(`v2f-heard-${d}`);
    this.rail.add(block);
    let peak = 0;
    for (const sample of block) peak = Math.max(peak, Math.abs(sample));
    this.loudest = Math.max(this.loudest, peak);
    this.clipped = peak >= CLIPPED ? RATE : Math.max(0, this.clipped - block.length);   // for a second after it
    this.meter = Math.max(peak, this.meter * .93);
    this.painting ??= setTimeout(() => { this.painting = null; this.paint(); }, PAINT_MS);
    this.dialogue.add?.(block);
  }

  paint() {
    const heard = this.heard / RATE, left = this.seconds - heard;
    this.rail.reach(heard);
    this.rail.draw();
    this.booth.querySelector("#count").textContent = Math.ceil(left);
    this.booth.querySelector(".rec .left").setAttribute("stroke-dasharray", `${100 * left / this.seconds} 100`);
    this.level(this.meter);
  }

  level(peak) {
    const share = peak ? Math.max(0, 1 + Math.log10(peak) / METER_DECADES) : 0;
    const meter = this.booth.querySelector("#meter");
    meter.setAttribute("aria-valuenow", Math.round(100 * share));
    meter.firstElementChild.style.width = `${100 * share}%`;
    meter.classList.toggle("clipping", this.clipped > 0);
  }

  hush() {
    clearTimeout(this.painting);
    this.clipped = 0;
    this.level(0);
  }

  /* A question to talk about, or what is wrong with the sound. */
  advise(speech) {
    const judged = this.heard >= HINT_SECONDS * RATE;
    const hint = this.clipped ? "h_loud" : judged && this.loudest < QUIET ? "h_quiet" :
      judged && speech.replaceAll("0", "").length < FEW_FRAMES ? "h_no_speech" : "prompt";
    const place = this.booth.querySelector("#prompt");
    place.classList.toggle("warning", hint !== "prompt");
    if (place.dataset.hint === hint) return;
    place.dataset.hint = hint;
    place.textContent = this.words.t(hint);
    if (hint !== "prompt") this.say(this.words.t(hint));
  }
}
