/* What the page shows: in which state (attract, recording, result, error) and view (single, or in noise: noise). */
import { Alert } from "./alert.js";
import { Attract } from "./attract.js";
import { Critic } from "./critic.js";
import { Inside } from "./inside.js";
import { LogMel } from "./log-mel.js";
import { Portrait, Strip } from "./portraits.js";
import { apply } from "./proportions.js";
import { Rows } from "./rows.js";
import { Settling } from "./settling.js";
import { RATE } from "./sources.js";
import { Study } from "./study.js";
import { Theme } from "./theme.js";
import { Timeline } from "./timeline.js";
import { Interpolation, NearbyFaces } from "./variations.js";
import { Why } from "./why.js";
import { Words } from "./words.js";

export class View {
  constructor(booth, config, session) {
    Object.assign(this, { booth, config, session });
    const { durations } = config;
    const words = this.words = new Words(config.texts, config.languages, config.language);
    apply(booth);
    this.theme = new Theme(config.kiosk, () => this.timeline.draw());
    this.timeline = new Timeline(booth, config.timeline, durations, words);
    this.voiceStrip = new Strip(this.$("#strip-voice"), "voice", durations, words);
    this.noiseStrip = new Strip(this.$("#strip-noise"), "mix", durations, words);
    this.voice = new Portrait("voice", durations);
    this.mix = new Portrait("mix", durations);
    this.attract = new Attract(config.example_faces);
    this.alert = new Alert(booth, words);
    this.rows = new Rows(booth, durations, words, result => this.onRow(result));
    if (!config.typical_scores) this.$("[data-inside=critic]").remove();
    this.inside = new Inside(booth);
    this.nearby = new NearbyFaces(booth, words);
    this.interpolation = new Interpolation(booth, words);
    this.logMel = new LogMel(booth, words, config.timeline.seconds);
    this.critic = new Critic(booth, durations, config, words);
    this.settling = new Settling(booth, words);
    this.study = new Study(booth, durations, words);
    this.why = new Why(booth, words);
  }

  $(selector) {
    return this.booth.querySelector(selector);
  }

  /* ---- states and views ---- */

  go(state) {
    this.state = this.booth.dataset.state = state;
    if (state !== "error") this.alert.dismiss();
    this.$("#rec").disabled = false;
    this.$("#micsel").disabled = this.config.local;
    this.arrange();
    this.label();
  }

  /* Look at a result alone, or beside the same voice in noise. */
  look(view) {
    this.view = this.booth.dataset.view = view;
    this.arrange();
    this.caption();
  }

  /* Put the portraits of this state and view into the large place. */
  arrange() {
    const hero = this.$("#hero"), waiting = ["attract", "error"].includes(this.state);
    if (!this.voice.element.isConnected) hero.append(this.voice.element);   // once: it would be revealed anew
    if (this.view !== "noise") this.mix.element.remove();
    else if (!this.mix.element.isConnected) {
      hero.append(this.mix.element);
      this.showMix();
    }
    if (waiting) {
      this.voice.mat.append(this.attract.element);
      this.attract.start();
    } else {
      this.attract.element.remove();
      this.attract.stop();
    }
  }

  /* Whether a new result is on its way; what can be done with the one before would be gone when it comes. */
  setBusy(busy) {
    for (const id of ["others", "save", "look-inside"]) this.$(`#${id}`).disabled = busy;
    if (busy) this.inside.close();
  }

  /* Back to a page without faces. */
  clear() {
    this.result = this.noiseFace = null;
    for (const part of [this.timeline, this.voiceStrip, this.noiseStrip, this.nearby, this.interpolation, this.logMel, this.critic,
      this.settling, this.study, this.why])
      part.clear();
    for (const portrait of [this.voice, this.mix]) portrait.show(null);
    this.inside.reset();
    this.rows.show([]);
    this.noise.stopPlayback();
    this.look("single");
    scrollTo(0, 0);   // where a phone's visitor sees what comes next
  }

  /* ---- faces ---- */

  /* How long it is until the visitor may speak. */
  showWaiting({ ahead, seconds }) {
    const words = this.words.t(ahead ? "queue" : "next", { n: ahead, s: seconds });
    this.hint(words);
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
  showProgress({ received, face, strip }, name) {
    if (face) {
      this.voice.show(face, this.after(received / RATE), received / RATE)
        .then(() => requestAnimationFrame(() => performance.mark("v2f-live")));
      this.note(name || this.after(received / RATE));
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
    this.settling.show(result.settling);
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
    const { whole, seconds } = this.result;
    this.caption();
    return this.voice.show(whole, this.words.t("whole", { n: this.words.seconds(seconds) }));
  }

  /* The noise panel's answer, or null. */
  showNoise(answer) {
    this.noiseFace = answer?.whole ?? null;
    this.timeline.noise = answer?.peaks ?? null;
    this.timeline.draw();
    this.caption();
    return this.mix.element.isConnected && this.showMix();
  }

  showMix() {
    return this.mix.show(this.noiseFace, this.noise.caption);
  }

  /* ---- words ---- */

  after(seconds) {
    return this.words.t("after", { n: this.words.seconds(seconds) });
  }

  /* What a recording is called: a file by its name, the visitor's own by what it is. */
  get earlierName() {
    const { earlier, earlierName } = this.session;
    return earlier ? earlierName || this.words.t("earlier") : this.words.t("example");
  }

  caption() {
    const { words, result, view } = this;
    this.voice.setCaption(view === "noise" ? words.t("voiceface") : "");
    this.mix.setCaption(this.noiseFace ? this.noise.caption : "");
    if (this.state === "attract") this.note("");
    if (!result) return;
    const { seconds, name, shortened, start, cut, speakers } = result, round = Math.round;
    const limits = [
      start ? words.t("later", { n: round(seconds), s: round(start) })
        : shortened && words.t("shortened", { n: this.config.max_upload_seconds }),
      cut && words.t("cut", { n: words.seconds(cut[0]), s: words.seconds(cut[1]) }),
      speakers && words.t("speakers"),
    ];
    this.note(view === "single" ? [name, this.after(seconds), ...limits].filter(Boolean).join(" · ") : "");
  }

  setLanguage(language) {
    const { words } = this;
    words.setLanguage(language);
    document.documentElement.lang = words.tag;
    document.title = words.t("title");
    this.labelDurations();
    words.fill(this.booth);
    for (const part of [this.timeline, this.settling, this.voiceStrip, this.noiseStrip]) part.label();
    this.alert.label();
    this.label();
    if (this.result) {
      this.showStrip();
      this.noiseStrip.setAll(this.noiseStrip.faces);
    }
    this.caption();
  }

  labelDurations() {
    const menu = this.$("#durations"), { words } = this;
    const chosen = menu.value || String(this.config.durations.at(-1));
    menu.replaceChildren(...this.config.durations.map(d =>
      new Option(words.t(d === 1 ? "onesecond" : "seconds", { n: d }), d, false, String(d) === chosen)));
  }

  label() {
    const { state, words } = this;
    this.$("#rec-label").textContent = words.t(state === "recording" ? "stop" : state === "result" ? "again" : "record");
    this.hint(this.alert.noMicrophone ? words.t("e_hint") : "");
    this.$("#prompt").dataset.hint = "";
    if (state !== "recording") this.$(".rec .left").setAttribute("stroke-dasharray", "100 100");
    this.noise.label();
  }

  hint(text) {
    this.$("#hint").textContent = text;
  }

  note(text) {
    this.$("#note").textContent = text;
  }

  say(text) {
    this.$("#say").textContent = text;
  }
}
