/* The panel under the voice: which noise, how much of it up to noise alone; and the strip of faces that it gives. */
import { Choices } from "./choices.js";
import { Problem } from "./server.js";

// The slider is minus the ratio in dB, clean at the left; a step behind the least ratio is noise alone.
const FIRST = { kind: "pink", slider: -5 }, LEAST = 10, ALONE = 14;

export class NoisePanel {
  /* `shown(answer)` is called with every new answer, null for none; `touched()` when the visitor changes something. */
  constructor(booth, { session, server, strip, words, touched, shown, failed }) {
    Object.assign(this, { session, server, strip, words, touched, shown, failed });
    const find = selector => booth.querySelector(selector);
    Object.assign(this, { slider: find("#snr"), figure: find("#snr-out"), button: find("#play") });
    Object.assign(this, { title: find("#noise-title"), help: find("#noise-help"), file: find("#own-file") });
    this.kinds = new Choices(find("#kinds"), FIRST.kind, () => this.choose());
    find("#kinds [data-value=own]").addEventListener("click", () => this.file.click());
    this.file.onchange = () => this.readClip(this.file.files[0]);
    this.slider.oninput = () => this.slide();
    this.button.onclick = () => this.player ? this.stopPlayback() : this.play();
    this.reset();
  }

  get question() {
    const { current, clip } = this.session;
    return { kind: this.kinds.value, snr: this.alone ? null : this.ratio, session: current, clip };
  }

  get ratio() {
    return -this.slider.valueAsNumber;
  }

  get alone() {
    return this.slider.valueAsNumber > LEAST;
  }

  /* What the strip shows now, in words. */
  get caption() {
    const noise = this.words.t(`${this.kinds.value}_noise`);
    return this.alone ? noise : this.words.t("mixface", { noise, n: this.words.ratio(this.ratio) });
  }

  choose() {
    if (this.kinds.value !== "own" || this.session.clip) this.change();
  }

  /* There is nothing between the least ratio and noise alone. */
  slide() {
    const { slider, was } = this, at = slider.valueAsNumber;
    if (at > LEAST && at < ALONE) slider.value = was > LEAST ? LEAST : ALONE;
    this.was = slider.valueAsNumber;
    this.change();
  }

  change() {
    this.label();
    this.touched();
    performance.mark("v2f-noise-asked");
    this.refresh(true);
  }

  async readClip(file) {
    this.file.value = "";
    if (!file) return;
    const { session } = this, { signal } = session;
    try {
      session.clip = (await session.ask("read_noise_clip", { path: await this.server.upload(file) }, signal)).clip;
      this.kinds.set("own");
      this.change();
    } catch (problem) {
      if (signal.aborted) return;
      this.kinds.set(FIRST.kind);
      this.failed(problem);
    }
  }

  /* Ask for the faces: where a hand is at the slider first for the large one, and for the strip once it rests. Of the
  changes made while an answer is awaited, only the last is asked for next. */
  async refresh(largeFirst = false) {
    this.stopPlayback();
    if (this.asking) { this.stale = true; return this.asking; }
    this.asking = this.ask(largeFirst);
    await this.asking;
    this.asking = null;
    if (this.stale) { this.stale = false; await this.refresh(largeFirst); }
  }

  async ask(largeFirst) {
    const { classList } = this.strip.place;
    classList.toggle("stale", largeFirst);
    const goOn = !largeFirst || await this.askFor(false);
    if (goOn && !this.stale) await this.askFor(true);
    if (!this.stale) classList.remove("stale");
  }

  /* With faces after each duration, or without; whether there was an answer. */
  async askFor(durations) {
    const { question, session, strip } = this, { signal } = session;
    if (question.kind === "own" && !question.clip) question.kind = FIRST.kind;
    if (!question.session) {
      strip.clear();
      return this.shown(null);
    }
    try {
      const answer = await session.ask("noise_strip", { ...question, durations });
      await Promise.all([durations && strip.setAll(answer.faces), this.shown(answer)]);
      requestAnimationFrame(() => performance.mark(durations ? "v2f-noise-strip" : "v2f-noise-shown"));
      return true;
    } catch (problem) {
      if (!signal.aborted) this.failed(problem);
    }
  }

  async play() {
    const { signal } = this.session;
    try {
      const { wav } = await this.session.ask("noise_mix", this.question);
      this.player = new Audio(`data:audio/wav;base64,${wav}`);
      this.player.onended = () => this.stopPlayback();
      await this.player.play();
    } catch (problem) {
      this.stopPlayback();
      if (problem instanceof Problem && !signal.aborted) this.failed(problem);
    }
    this.label();
  }

  stopPlayback() {
    this.player?.pause();
    this.player?.removeAttribute("src");
    this.player = null;
    this.label();
  }

  /* Back to the beginning. */
  reset() {
    this.slider.value = this.was = FIRST.slider;
    this.kinds.set(FIRST.kind);
    this.strip.clear();
    this.stopPlayback();
  }

  label() {
    const { alone, words, slider } = this, ratio = `${words.ratio(this.ratio)} dB`, amount = alone ? words.t("only") : ratio;
    this.title.textContent = words.t(alone ? "noisealone" : "noise");
    this.help.textContent = this.kinds.value === "babble" ? words.t("babblehelp") : alone ? words.t("noisealonehelp") : "";
    slider.style.setProperty("--p", `${100 * (slider.valueAsNumber - slider.min) / (slider.max - slider.min)}%`);
    slider.setAttribute("aria-valuetext", amount);
    this.figure.textContent = alone ? "" : ratio;
    this.button.querySelector("use").setAttribute("href", this.player ? "#i-stop" : "#i-play");
    this.button.querySelector("span").textContent = words.t(this.player ? "stopplay" : "play");
  }
}
