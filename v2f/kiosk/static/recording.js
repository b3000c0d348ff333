/* A recording in progress: its samples go to the server, and the page shows a ring, a level and a hint of it. */
import { showLevel } from "./level.js";
import { LocalMicrophone, RATE } from "./sources.js";
import { SamplePoller, SampleSender } from "./transfer.js";

const PAINT_MS = 80;
const CLIPPED_PEAK = .985, QUIET_PEAK = .01;
const HINT_SECONDS = 1.5;     // of sound, before a hint can be given
const FEW_FRAMES = 10;        // of 20 ms: less speech than that is the detector's doubt
const HOLD_SECONDS = 1;       // before the end, for which the face is held back
const METER_DECAY = .93;      // a block

export class Recording {
  /* `heard(block)` gets the sound, `answered(answer)` what the server makes of it so far; durations in seconds. */
  constructor({ session, server, token, source, durations, heard, answered }) {
    Object.assign(this, { session, token, source });
    const Transfer = source instanceof LocalMicrophone ? SamplePoller : SampleSender;
    this.transfer = new Transfer(server, token, source, answered, durations);
    source.onBlock = block => { heard(block); this.transfer.add?.(block); };
    this.ended = new Promise((resolve, reject) => {
      source.onEnd = problem => problem ? reject(problem) : resolve();
    });
    this.ended.catch(() => {});   // `result` throws it
  }

  /* Throws a Problem; or an AbortError if the visitor has left, as `result` does. */
  async open(signal) {
    await this.source.open();
    if (this.source.closed) this.source.release();   // it was stopped before it was open
    signal.throwIfAborted();
  }

  /* What `finish_recording` answers, once the source has ended and the server has all of it. */
  async result(signal) {
    await this.ended;
    signal.throwIfAborted();
    await this.transfer.finish();
    return this.session.ask("finish_recording", { session: this.token }, signal);
  }

  stop() {
    this.source.stop();
  }

  abandon() {
    this.source.stop();
    this.transfer.abandon();
  }
}

/* What the page shows of a recording of `seconds`; `prompt` names the words shown while all is well, `say(text)` gets what
should be read aloud. */
export class Progress {
  constructor(booth, { seconds, durations, words, prompt, say }) {
    Object.assign(this, { booth, seconds, durations, words, prompt, say });
    this.samples = this.loudest = this.clipped = this.meter = 0;
  }

  add(block) {
    const before = this.samples;
    this.samples += block.length;
    for (const d of this.durations)
      if (before < d * RATE && this.samples >= d * RATE) performance.mark(`v2f-heard-${d}`);
    let peak = 0;
    for (const sample of block) peak = Math.max(peak, Math.abs(sample));
    this.loudest = Math.max(this.loudest, peak);
    this.clipped = peak >= CLIPPED_PEAK ? RATE : Math.max(0, this.clipped - block.length);   // for a second after it
    this.meter = Math.max(peak, this.meter * METER_DECAY);
    this.painting ??= setTimeout(() => { this.painting = null; this.paint(); }, PAINT_MS);
  }

  paint() {
    const seconds = this.samples / RATE, left = this.seconds - seconds;
    this.booth.querySelector("#count").textContent = Math.ceil(left);
    this.booth.querySelector(".rec .left").setAttribute("stroke-dasharray", `${100 * left / this.seconds} 100`);
    this.booth.classList.toggle("holding", left <= HOLD_SECONDS && this.seconds > 2 * HOLD_SECONDS);
    showLevel(this.booth, this.meter, this.clipped > 0);
  }

  clear() {
    clearTimeout(this.painting);
    this.clipped = 0;
    showLevel(this.booth, 0);
  }

  /* What is wrong with the sound, or the prompt. */
  showHint(speech) {
    const enough = this.samples >= HINT_SECONDS * RATE;
    const hint = this.clipped ? "h_loud" : enough && this.loudest < QUIET_PEAK ? "h_quiet" :
      enough && speech.replaceAll("0", "").length < FEW_FRAMES ? "h_no_speech" : this.prompt;
    const place = this.booth.querySelector("#prompt");
    place.classList.toggle("warning", hint !== this.prompt);
    if (place.dataset.hint === hint) return;
    place.dataset.hint = hint;
    place.textContent = this.words.t(hint);
    if (hint !== this.prompt) this.say(this.words.t(hint));
  }
}
