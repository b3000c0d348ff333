/* The kiosk: which state it is in, and what every press leads to.

attract -> recording -> result, or error; Forget, Esc and the idle countdown lead back to attract. What a visitor said
is held by the server under a token; here are the token, the pictures and two hundred peaks of the waveform. */
import { Alert } from "./alert.js";
import { Choices } from "./choices.js";
import { contactSheet, download } from "./contact-sheet.js";
import { Idle } from "./idle.js";
import { LogMel } from "./log-mel.js";
import { NoisePanel } from "./noise.js";
import { Others, Walk } from "./play.js";
import { make, Portrait, put, SIZES, Strip } from "./portraits.js";
import { Rail } from "./rail.js";
import { Recording } from "./recording.js";
import { Rows } from "./rows.js";
import { Problem, Server } from "./server.js";
import { BoothMicrophone, Example, Microphone, MicrophoneMenu, RATE } from "./sources.js";
import { Study } from "./study.js";
import { Words } from "./words.js";

const EXAMPLES = ["298-126790-0000", "2002-139469-0000", "3526-175658-0000"];   // as the buttons ex1, ex2, ex3 name them
const MOST_ROWS = 6;
const STAY_SECONDS = 30;        // the server forgets what a page has not asked for in three times as long

export function start({ element, server, upload, config, needRecorder }) {
  return new Kiosk(element.querySelector(".booth"), new Server(server, upload), config, needRecorder);
}

class Kiosk {
  #busy = false;

  constructor(booth, server, config, needRecorder) {
    Object.assign(this, { booth, server, config, needRecorder });
    this.words = new Words(config.texts, config.languages, config.language);
    const { words } = this, durations = config.durations;
    this.rail = new Rail(booth, durations, words);
    this.voiceStrip = new Strip(this.$("#strip-voice"), "voice", durations, words);
    this.noiseStrip = new Strip(this.$("#strip-noise"), "mix", durations, words);
    this.voice = new Portrait("voice", durations, words);
    this.mix = new Portrait("mix", durations, words);
    this.second = new Portrait("voice", durations, words);
    this.alert = new Alert(booth, words);
    this.menu = new MicrophoneMenu(this.$("#micsel"), words);
    this.seconds = new Choices(this.$("#durations"), "10", () => {});
    this.languages = new Choices(this.$("#languages"), config.language, language => this.speak(language));
    const failed = problem => this.fail(problem), visit = () => this.visit ?? null;
    this.noise = new NoisePanel(booth, {
      server, words, strip: this.noiseStrip, visit, failed,
      touched: () => this.look(this.noise.question.visit || this.noise.alone.checked ? "noise" : "single"),
      shown: answer => this.noiseHeard(answer),
    });
    this.study = new Study(booth, { server, words, durations, visit, failed });
    this.rows = new Rows(booth, durations, words, result => this.present(result, this.rows.results));
    this.logMel = new LogMel(booth, words, use => this.attempt("log_mel", { visit: this.visit },
      ({ image }) => use(image, this.result.seconds)));
    this.others = new Others(booth, words, face => this.voice.show(face, this.result.seconds));
    this.walk = new Walk(booth, words, face => this.voice.show(face, this.result.seconds));
    this.idle = new Idle(this.$("#idle"), config.idle, () => this.somethingToForget(), () => this.forget());
    this.demo = this.makeDemo();
    setInterval(() => this.stay(), STAY_SECONDS * 1000);
    this.wire();
    this.forget();
    this.speak(config.language);
    this.menu.fill();
    performance.mark("v2f-usable");
  }

  $(selector) {
    return this.booth.querySelector(selector);
  }

  /* Whether a new result is on its way; what can be done with the one before would be gone when it comes. */
  get busy() {
    return this.#busy;
  }

  set busy(busy) {
    this.#busy = busy;
    for (const id of ["others", "between", "save", "logmel"]) this.$(`#${id}`).disabled = busy;
  }

  wire() {
    const press = { rec: () => this.recordOrStop(), forget: () => this.forget(), save: () => this.save(),
      others: () => this.showOthers(), between: () => this.showBetween(),
      retry: () => this.retry(), useexample: () => this.playExample(0), drop: () => this.$("#files").click(),
      theme: () => this.relight() };
    for (const [id, action] of Object.entries(press)) this.$(`#${id}`).addEventListener("click", action);
    for (const clip of this.booth.querySelectorAll(".clip"))
      clip.addEventListener("click", () => this.playExample(Number(clip.dataset.example)));
    this.$("#files").onchange = ({ target }) => { this.hearFiles([...target.files]); target.value = ""; };
    addEventListener("keydown", event => this.key(event));
    addEventListener("dragover", event => { event.preventDefault(); this.$("#drop").classList.add("over"); });
    addEventListener("dragleave", () => this.$("#drop").classList.remove("over"));
    addEventListener("drop", event => {
      event.preventDefault();
      this.$("#drop").classList.remove("over");
      this.hearFiles([...event.dataTransfer.files]);
    });
    if (this.config.kiosk) this.standAlone();
  }

  key(event) {
    if (this.study.page.open) return;
    if (event.code === "Space" && !event.target.closest("button, input, select, a")) {
      event.preventDefault();
      this.recordOrStop();
    }
    if (event.key === "Escape") this.forget();
  }

  /* A booth's manners: the whole screen, kept awake, no menus. */
  standAlone() {
    document.documentElement.classList.add("stand-alone");
    addEventListener("contextmenu", event => event.preventDefault());
    addEventListener("pointerdown", () => {
      if (!document.fullscreenElement) document.documentElement.requestFullscreen?.().catch(() => {});
    });
    const stayAwake = () => document.hidden || navigator.wakeLock?.request("screen").catch(() => {});
    addEventListener("visibilitychange", stayAwake);
    stayAwake();
  }

  /* ---- recording ---- */

  recordOrStop() {
    if (this.state === "recording") this.recording.stop();
    else this.record();
  }

  record() {
    this.tryAgain = () => this.record();
    if (this.$("#rec").disabled) return;
    const seconds = Number(this.seconds.value);
    if (this.config.local) return this.listen(new BoothMicrophone(seconds), seconds);
    if (!Microphone.works) return this.fallBack();
    return this.listen(new Microphone(seconds), seconds);
  }

  playExample(number) {
    const name = this.words.t(`ex${number + 1}`);
    const address = new URL(`../examples/${EXAMPLES[number]}.flac`, import.meta.url);
    this.tryAgain = () => this.playExample(number);
    return this.listen(new Example(10, address), 10, this.words.t("playing", { n: name }));
  }

  /* Hear a source from beginning to end, and show what it gives. */
  async listen(source, seconds, name = "") {
    if (this.busy) return;
    this.busy = true;
    const era = this.era;
    const over = () => era !== this.era;
    let token;
    try {
      const { visit } = token = await this.server.ask("begin", { seconds, example: source instanceof Example });
      if (over()) return;
      this.clearForNext();
      const { server, rail, words, config: { durations } } = this;
      const answered = answer => this.heardSoFar(answer, seconds, name);
      const recording = this.recording = new Recording(this.booth,
        { source, server, visit, seconds, durations, rail, words, answered, say: text => this.say(text) });
      this.visit = visit;
      await source.open();
      if (over()) return;
      this.menu.fill();
      this.go("recording");
      recording.paint();
      this.note(name);
      this.say(this.words.t("starts"));
      await recording.whole();
      if (over()) return;
      const result = await this.server.ask("finish", { visit });
      if (over()) return;
      this.busy = false;
      await this.present({ ...result, name, wanted: seconds });
    } catch (problem) {
      if (!over()) { this.busy = false; this.discard(token); this.fail(problem); }
    } finally {
      if (over()) { source.stop(); this.discard(token); }
    }
  }

  /* An answer while the visitor speaks. */
  heardSoFar({ heard, face, marks, speech }, seconds, name) {
    this.rail.speech = speech;
    if (face) {
      this.voice.show(face, heard / RATE, this.words.t("after", { n: this.words.seconds(heard / RATE) }), seconds)
        .then(() => requestAnimationFrame(() => performance.mark("v2f-live")));
      this.note(name || this.faceNote(face, heard / RATE));
    }
    for (const [d, marked] of marks) {
      const why = this.words.t("toolittle");
      this.voiceStrip.set(this.config.durations.indexOf(d), marked, why)
        .then(() => requestAnimationFrame(() => performance.mark(`v2f-shown-${d}`)));
    }
    const more = heard < seconds * RATE;   // at the end comes the result, and its noise with it
    if (marks.length && more && speech.includes("1")) this.noise.refresh();
  }

  discard(token) {
    if (token) this.server.ask("forget", { visits: [token.visit] }).catch(() => {});
  }

  /* ---- files ---- */

  async hearFiles(files) {
    if (this.busy || !files.length) return;
    this.tryAgain = () => this.$("#files").click();
    performance.mark("v2f-upload-asked");
    await this.hearAll(files.slice(0, MOST_ROWS).map(file => ({
      name: file.name, path: () => this.server.upload(file),
    })));
  }

  /* Recordings that lie on the server or are to be brought there; one is shown, several are set side by side. */
  async hearAll(recordings) {
    this.busy = true;
    const era = this.era;
    this.note(this.words.t("reading"));
    const results = [], problems = [];
    for (const { name, path } of recordings) {
      try {
        results.push({ ...await this.server.ask("hear", { path: await path() }), name, wanted: 10 });
      } catch (problem) {
        problems.push(problem);
      }
    }
    if (era !== this.era) {
      this.server.ask("forget", { visits: results.map(result => result.visit) }).catch(() => {});
      return;
    }
    this.busy = false;
    this.caption();
    if (results.length) {
      this.clearForNext();
      await this.present(results[0], results);
      requestAnimationFrame(() => performance.mark("v2f-upload-shown"));
    }
    if (problems.length) this.fail(problems[0]);
  }

  /* Without AudioWorklet Gradio's own recorder takes over; its recording is heard as an upload is. */
  async fallBack() {
    const place = this.$("#fallback-place");
    if (place.childElementCount) return;
    window.v2f = { hear: file => { if (file && !this.busy) this.hearAll([{ name: "", path: async () => file.path }]); } };
    this.needRecorder();
    this.$("#hint").textContent = this.words.t("fallback");
    const arrived = new MutationObserver(() => {
      const recorder = document.querySelector("#fallback");
      if (!recorder) return;
      arrived.disconnect();
      place.append(recorder);
    });
    arrived.observe(document.body, { childList: true, subtree: true });
  }

  /* ---- result ---- */

  /* Show a result; `rows` are all the recordings it is one of. */
  async present(result, rows = []) {
    this.result = result;
    this.visit = result.visit;
    this.kept = new Set([...this.kept, ...rows.map(row => row.visit), result.visit]);
    this.go("result");
    this.look("single");
    this.rail.set(result.peaks, result.speech, result.seconds);
    this.rail.settle(result.cosines);
    const whys = this.whys(result);
    this.rows.draw(rows, result.visit);
    const drawn = [this.voiceStrip.all(result.faces, whys), this.drawVoice()];
    this.say(this.words.t("ready", { n: this.words.seconds(result.seconds) }));
    await Promise.all(drawn);
    return this.noise.refresh();
  }

  whys({ faces, seconds }) {
    return faces.map((face, i) => face ? "" : this.words.t(seconds < this.config.durations[i] ? "shorter" : "toolittle"));
  }

  drawVoice() {
    const { whole, seconds, wanted } = this.result;
    const shown = this.voice.show(whole, seconds, this.words.t("whole", { n: this.words.seconds(seconds) }), wanted);
    this.caption();
    return shown;
  }

  faceNote(face, seconds) {
    const after = this.words.t("after", { n: this.words.seconds(seconds) });
    return typeof face.score === "number" ? `${after} · ${this.words.t("critic")} ${this.words.figure(face.score)}` : after;
  }

  noiseHeard(answer) {
    this.noiseFace = answer?.whole ?? null;
    this.rail.noise = answer?.peaks ?? null;
    this.rail.draw();
    const seconds = answer?.whole?.duration ?? 0;
    const shown = this.mix.show(this.noiseFace, seconds, this.noise.caption);
    this.caption();
    return shown;
  }

  async showOthers() {
    if (this.view === "others") return this.look("single");
    await this.attempt("others", { visit: this.visit }, ({ faces }) => {
      this.others.show(faces);
      this.look("others");
    });
  }

  async showBetween() {
    if (this.view === "between") return this.look("single");
    await this.attempt("between", { first: this.visit, second: this.earlier ?? null }, ({ faces }) => {
      this.look("between");
      this.walk.show(faces, !this.earlier);
      this.second.show(faces.at(-1), 10, this.words.t(this.earlier ? "earlier" : "example"));
      this.caption();
    });
  }

  /* Ask something about a result, and use the answer unless its visitor is gone by then. */
  async attempt(name, question, use) {
    const era = this.era;
    try {
      const answer = await this.server.ask(name, question);
      if (era === this.era) use(answer);
    } catch (problem) {
      if (era === this.era) this.fail(problem);
    }
  }

  async save() {
    const { words, config, result } = this;
    const voices = this.rows.results.length ? this.rows.results : [result];
    const rows = voices.map(({ name, faces }) => ({ name: name || words.t("voiceface"), colour: "--voice", faces }));
    if (this.noiseFace) rows.push({ name: this.noise.caption, colour: "--noise", faces: this.noiseStrip.faces });
    const style = getComputedStyle(this.booth);
    const sheet = await contactSheet({ rows, durations: config.durations, words, style });
    download(sheet, `v2f-${new Date().toISOString().slice(0, 10)}.png`);
  }

  /* ---- problems ---- */

  /* Say what went wrong; a result on the page stays. */
  fail(error) {
    const problem = error instanceof Problem ? error : new Problem("trouble");
    if (problem !== error) console.error(error);
    if (problem.key === "gone") this.forget();
    const stays = this.state !== "result";
    if (stays) {
      this.clearVoice();
      this.go("error");
      this.note("");
    }
    this.alert.show(problem.key, stays);
    this.label();
    if (problem.key !== "nomic") return;
    this.$("#rec").disabled = this.$("#micsel").disabled = true;
    this.menu.fill(true);
  }

  retry() {
    this.go("attract");
    this.menu.fill();
    (this.tryAgain ?? (() => this.record()))();
  }

  /* ---- states ---- */

  go(state) {
    this.state = this.booth.dataset.state = state;
    if (state !== "error") this.alert.dismiss();
    this.$("#rec").disabled = false;
    this.seconds.lock(state === "recording");
    this.$("#micsel").disabled = state === "recording" || this.config.local;
    this.arrange();
    this.label();
  }

  /* How a result is looked at: single, noise, others, between. */
  look(view) {
    if (this.view === "between" || this.view === "others") this.restore = true;
    this.view = this.booth.dataset.view = view;
    this.$("#others").setAttribute("aria-pressed", view === "others");
    this.$("#between").setAttribute("aria-pressed", view === "between");
    if (view !== "others") this.others.clear();
    if (view !== "between") this.walk.clear();
    if (this.restore && this.result) this.drawVoice();
    this.restore = false;
    this.arrange();
    this.caption();
  }

  /* Which portraits hang in the large place. */
  arrange() {
    const hero = this.$("#hero"), waiting = this.state === "attract";
    const hung = this.view === "noise" ? (this.visit && !waiting ? [this.voice, this.mix] : [this.mix]) :
      this.view === "between" ? [this.voice, this.second] : [this.voice];
    const elements = hung.map(portrait => portrait.element);
    if (elements.length !== hero.childElementCount || elements.some((element, i) => hero.children[i] !== element))
      hero.replaceChildren(...elements);
    const demo = waiting && this.view === "single";
    this.voice.element.classList.toggle("showing-demo", demo);
    if (demo) {
      this.voice.element.append(this.demo);
      this.voice.mark(10);
    } else if (this.demo.isConnected) {
      this.demo.remove();
      this.voice.mark(0);
    }
  }

  caption() {
    const figure = face => typeof face?.score === "number" ? ` · ${this.words.figure(face.score)}` : "";
    const pair = this.view === "noise", between = this.view === "between";
    this.voice.caps(pair && this.result ? this.words.t("voiceface") + figure(this.result.whole) :
      between ? this.words.t("voiceface") : "");
    this.mix.caps(this.noiseFace ? this.noise.caption + figure(this.noiseFace) : "");
    this.second.caps(between ? this.words.t(this.earlier ? "earlier" : "example") : "");
    if (this.state === "attract") this.note(this.view === "single" ? this.words.t("demo", { n: 10 }) : "");
    if (!this.result) return;
    const { whole, seconds, name, shortened } = this.result;
    const parts = [name, this.faceNote(whole, seconds), shortened ? this.words.t("shortened", { n: this.config.longest }) : ""];
    this.note(this.view === "single" ? parts.filter(Boolean).join(" · ") : "");
  }

  /* The place is made ready for a recording; the one before stays within reach of "Between two voices". */
  clearForNext() {
    const earlier = this.visit;
    const gone = [...this.kept].filter(visit => visit !== earlier);
    if (gone.length) this.server.ask("forget", { visits: gone }).catch(() => {});
    this.kept = new Set(earlier ? [earlier] : []);
    this.clearVoice();
    this.earlier = earlier;
    for (const mark of performance.getEntriesByType("mark"))
      if (/^v2f-(heard|shown|live|noise)/.test(mark.name)) performance.clearMarks(mark.name);
  }

  clearVoice() {
    this.recording?.abandon();
    this.recording = this.visit = this.result = this.noiseFace = null;
    this.rail.clear();
    this.voiceStrip.clear();
    this.noiseStrip.clear();
    for (const portrait of [this.voice, this.mix, this.second]) portrait.show(null, 0);
    this.logMel.hide();
    this.rows.draw([]);
    this.noise.hush();
    this.look("single");
  }

  /* Every token this page holds. */
  get visits() {
    return [...new Set([...this.kept ?? [], this.visit, this.noise.clip].filter(Boolean))];
  }

  /* Tell the server that someone is still here. */
  stay() {
    if (this.visits.length) this.server.ask("stay", { visits: this.visits }).catch(() => {});
  }

  /* Wipe everything of the visitors here, on both sides. */
  forget() {
    const { visits } = this;
    if (visits.length) this.server.ask("forget", { visits }).catch(() => {});
    this.era = Symbol("whatever is under way belongs to a visitor who is gone");
    this.busy = false;
    this.kept = new Set();
    this.earlier = null;
    this.clearVoice();
    this.noise.reset();
    if (this.study.page.open) this.study.page.close();
    performance.clearMarks("v2f-live");
    this.go("attract");
    this.look("single");
    if (this.config.kiosk && this.words.language !== this.config.language) this.languages.choose(this.config.language);
    if (visits.length) this.say(this.words.t("forgotten"));
  }

  somethingToForget() {
    if (this.busy || this.state === "recording" || this.noise.player) return false;
    return this.state !== "attract" || this.view !== "single" || this.study.page.open;
  }

  /* ---- words and light ---- */

  speak(language) {
    this.words.speak(language);
    document.documentElement.lang = this.words.tag;
    document.title = this.words.t("title");
    this.words.fill(this.booth);
    for (const part of [this.rail, this.voiceStrip, this.noiseStrip, this.voice, this.mix, this.second]) part.label();
    this.noise.label();
    this.menu.fill();
    this.alert.label();
    this.label();
    if (this.result) {
      this.voiceStrip.all(this.result.faces, this.whys(this.result));
      this.noiseStrip.all(this.noiseStrip.faces);
    }
    this.caption();
  }

  label() {
    const { state, words } = this;
    const name = words.t(state === "recording" ? "stop" : state === "result" ? "again" : "record");
    this.$("#rec-label").textContent = name;
    this.$("#hint").textContent = words.t(this.alert.deaf ? "e_hint" : "hint");
    this.$("#settledhelp").textContent = words.t(state === "recording" ? "settledwait" : "settledhelp");
    this.$("#prompt").dataset.hint = "";
    this.$("#prompt").textContent = words.t("prompt");
    if (state !== "recording") this.$(".rec .left").setAttribute("stroke-dasharray", "100 100");
    this.noise.label();
  }

  relight() {
    const root = document.documentElement;
    root.dataset.theme = root.dataset.theme === "light" ? "dark" : "light";
    this.rail.draw();
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
    this.config.durations.forEach((d, i) => {
      if (!this.config.welcome[i]) return;
      const oval = make(`<span class="oval f${i}" style="--k:${SIZES[d]}"></span>`);
      put(oval, this.config.welcome[i]);
      demo.append(oval);
    });
    return demo;
  }
}
