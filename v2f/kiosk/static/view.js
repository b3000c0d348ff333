/* What the page shows: in which state (attract, recording, result, error) and view (single, noise, others, between). */
import { Alert } from "./alert.js";
import { make, Portrait, put, Strip } from "./portraits.js";
import { apply, RING_SIZES } from "./proportions.js";
import { Rows } from "./rows.js";
import { RATE } from "./sources.js";
import { Timeline } from "./timeline.js";
import { Interpolation, NearbyFaces } from "./variations.js";
import { Words } from "./words.js";

export class View {
  constructor(booth, config, session) {
    Object.assign(this, { booth, config, session });
    const { durations } = config;
    const words = this.words = new Words(config.texts, config.languages, config.language);
    apply(booth);
    this.$("#durations").replaceChildren(...durations.map(d => make(`<button role="radio" data-value="${d}">${d}</button>`)));
    this.$("#durations").lastElementChild.append(make('<small data-t="sec"></small>'));
    this.timeline = new Timeline(booth, config.timeline, durations, words);
    this.voiceStrip = new Strip(this.$("#strip-voice"), "voice", durations, words);
    this.noiseStrip = new Strip(this.$("#strip-noise"), "mix", durations, words);
    this.voice = new Portrait("voice", durations, words);
    this.mix = new Portrait("mix", durations, words);
    this.second = new Portrait("voice", durations, words);
    this.alert = new Alert(booth, words);
    this.rows = new Rows(booth, durations, words, result => this.onRow(result));
    const show = face => this.voice.show(face, this.result.seconds);
    this.nearby = new NearbyFaces(booth, words, show);
    this.interpolation = new Interpolation(booth, words, show);
    this.demo = this.makeDemo();
  }

  $(selector) {
    return this.booth.querySelector(selector);
  }

  /* ---- states and views ---- */

  go(state) {
    this.state = this.booth.dataset.state = state;
    if (state !== "error") this.alert.dismiss();
    this.$("#rec").disabled = false;
    this.$("#micsel").disabled = state === "recording" || this.config.local;
    this.arrange();
    this.label();
  }

  /* Look at a result in another way. */
  look(view) {
    const restore = this.result && ["between", "others"].includes(this.view);
    this.view = this.booth.dataset.view = view;
    this.$("#others").setAttribute("aria-pressed", view === "others");
    this.$("#between").setAttribute("aria-pressed", view === "between");
    if (view !== "others") this.nearby.clear();
    if (view !== "between") this.interpolation.clear();
    if (restore) this.showVoice();
    this.arrange();
    this.caption();
  }

  /* Put the portraits of this state and view into the large place. */
  arrange() {
    const hero = this.$("#hero"), waiting = this.state === "attract";
    const portraits = this.view === "noise" ? (this.session.current && !waiting ? [this.voice, this.mix] : [this.mix]) :
      this.view === "between" ? [this.voice, this.second] : [this.voice];
    const elements = portraits.map(portrait => portrait.element);
    if (elements.length !== hero.childElementCount || elements.some((element, i) => hero.children[i] !== element))
      hero.replaceChildren(...elements);
    const demo = waiting && this.view === "single";
    this.voice.element.classList.toggle("showing-demo", demo);
    if (demo) {
      this.voice.element.append(this.demo);
      this.voice.markRings(this.config.durations.at(-1));
    } else if (this.demo.isConnected) {
      this.demo.remove();
      this.voice.markRings(0);
    }
  }

  /* Whether a new result is on its way; what can be done with the one before would be gone when it comes. */
  setBusy(busy) {
    for (const id of ["others", "between", "save", "logmel"]) this.$(`#${id}`).disabled = busy;
  }

  /* Back to a page without faces. */
  clear() {
    this.result = this.noiseFace = null;
    this.timeline.clear();
    this.voiceStrip.clear();
    this.noiseStrip.clear();
    for (const portrait of [this.voice, this.mix, this.second]) portrait.show(null, 0);
    this.logMel.hide();
    this.rows.show([]);
    this.noise.stopPlayback();
    this.look("single");
    scrollTo(0, 0);   // where a phone's visitor sees what comes next
  }

  /* ---- faces ---- */

  /* How long it is until the visitor may speak. */
  showWaiting({ ahead, seconds }) {
    const words = this.words.t(ahead ? "queue" : "next", { n: ahead, s: seconds });
    this.$("#hint").textContent = words;
    this.booth.classList.add("waiting");
    this.$("#rec").disabled = true;
    if (ahead !== this.ahead) this.say(words);   // the seconds are not read aloud one by one
    this.ahead = ahead;
  }

  endWaiting() {
    if (!this.booth.classList.contains("waiting")) return;
    this.ahead = null;
    this.booth.classList.remove("waiting");
    this.$("#rec").disabled = false;
    this.label();
  }

  /* An answer while the visitor speaks. */
  showProgress({ received, face, strip, speech }, seconds, name) {
    this.timeline.speech = speech;
    if (face) {
      this.voice.show(face, received / RATE, this.after(received / RATE), seconds)
        .then(() => requestAnimationFrame(() => performance.mark("v2f-live")));
      this.note(name || this.faceNote(face, received / RATE));
    }
    for (const [d, faceOfDuration] of strip)
      this.voiceStrip.set(this.config.durations.indexOf(d), faceOfDuration, this.words.t("toolittle"))
        .then(() => requestAnimationFrame(() => performance.mark(`v2f-shown-${d}`)));
  }

  /* A result; `together` are the recordings that were uploaded with it. */
  showResult(result, together) {
    this.result = result;
    this.go("result");
    this.look("single");
    this.timeline.set(result.peaks, result.speech, result.seconds);
    this.timeline.plotConvergence(result.cosines);
    const painted = [this.showStrip(), this.showVoice()];
    this.rows.show(together, result.session);
    this.say(this.words.t("ready", { n: this.words.seconds(result.seconds) }));
    return Promise.all(painted);
  }

  showStrip() {
    const { faces, seconds } = this.result;
    const reason = i => this.words.t(seconds < this.config.durations[i] ? "shorter" : "toolittle");
    return this.voiceStrip.setAll(faces, faces.map((face, i) => face ? "" : reason(i)));
  }

  showVoice() {
    const { whole, seconds, wanted } = this.result;
    const painted = this.voice.show(whole, seconds, this.words.t("whole", { n: this.words.seconds(seconds) }), wanted);
    this.caption();
    return painted;
  }

  /* The noise panel's answer, or null. */
  showNoise(answer) {
    this.noiseFace = answer?.whole ?? null;
    this.timeline.noise = answer?.peaks ?? null;
    this.timeline.draw();
    const painted = this.mix.show(this.noiseFace, this.noiseFace?.duration ?? 0, this.noise.caption);
    this.caption();
    return painted;
  }

  showNearby(faces) {
    this.nearby.show(faces);
    this.look("others");
  }

  showInterpolation(faces) {
    this.look("between");
    this.interpolation.show(faces, !this.session.earlier);
    this.second.show(faces.at(-1), this.config.durations.at(-1), this.otherVoice);
    this.caption();
  }

  /* ---- words ---- */

  get otherVoice() {
    return this.words.t(this.session.earlier ? "earlier" : "example");
  }

  after(seconds) {
    return this.words.t("after", { n: this.words.seconds(seconds) });
  }

  faceNote(face, seconds) {
    const score = typeof face.score === "number" ? `${this.words.t("critic")} ${this.words.score(face.score)}` : "";
    return [this.after(seconds), score].filter(Boolean).join(" · ");
  }

  caption() {
    const { words, result, view } = this;
    const score = face => typeof face?.score === "number" ? ` · ${words.score(face.score)}` : "";
    const own = words.t("voiceface");
    this.voice.setCaption(view === "noise" && result ? own + score(result.whole) : view === "between" ? own : "");
    this.mix.setCaption(this.noiseFace ? this.noise.caption + score(this.noiseFace) : "");
    this.second.setCaption(view === "between" ? this.otherVoice : "");
    if (this.state === "attract") this.note(view === "single" ? words.t("demo", { n: this.config.timeline.seconds }) : "");
    if (!result) return;
    const { whole, seconds, name, shortened, start, cut, speakers } = result, round = Math.round;
    const limits = [
      start ? words.t("later", { n: round(seconds), s: round(start) })
        : shortened && words.t("shortened", { n: this.config.max_upload_seconds }),
      cut && words.t("cut", { n: words.seconds(cut[0]), s: words.seconds(cut[1]) }),
      speakers && words.t("speakers"),
    ];
    this.note(view === "single" ? [name, this.faceNote(whole, seconds), ...limits].filter(Boolean).join(" · ") : "");
  }

  setLanguage(language) {
    const { words } = this;
    words.setLanguage(language);
    document.documentElement.lang = words.tag;
    document.title = words.t("title");
    words.fill(this.booth);
    for (const part of [this.timeline, this.voiceStrip, this.noiseStrip, this.voice, this.mix, this.second]) part.label();
    this.alert.label();
    this.label();
    if (this.result) {
      this.showStrip();
      this.noiseStrip.setAll(this.noiseStrip.faces);
    }
    this.caption();
  }

  label() {
    const { state, words } = this;
    this.$("#rec-label").textContent = words.t(state === "recording" ? "stop" : state === "result" ? "again" : "record");
    this.$("#hint").textContent = words.t(this.alert.noMicrophone ? "e_hint" : "hint");
    this.$("#settledhelp").textContent = words.t(state === "recording" ? "settledwait" : "settledhelp");
    this.$("#prompt").dataset.hint = "";
    this.$("#prompt").textContent = words.t("prompt");
    if (state !== "recording") this.$(".rec .left").setAttribute("stroke-dasharray", "100 100");
    this.noise.label();
  }

  toggleTheme() {
    const root = document.documentElement;
    root.dataset.theme = root.dataset.theme === "light" ? "dark" : "light";
    this.timeline.draw();
  }

  note(text) {
    this.$("#note").textContent = text;
  }

  say(text) {
    this.$("#say").textContent = text;
  }

  /* The example's faces one after the other, for whoever walks by. */
  makeDemo() {
    const demo = make('<span class="demo"></span>');
    this.config.example_strip.forEach((face, i) => {
      if (!face) return;
      const frame = make(`<span class="frame f${i}" style="--k:${RING_SIZES[i]}"></span>`);
      put(frame, face);
      demo.append(frame);
    });
    return demo;
  }
}
