/* What every press leads to, and what the visitor's session needs from the server for it.

attract -> recording -> result, or error; Forget, Esc and the idle countdown lead back to attract. A visitor's recording
is held by the server under a token; the page has the token, the pictures and the peaks of the waveform. */
import { Choices } from "./choices.js";
import { contactSheet, download } from "./contact-sheet.js";
import { Idle } from "./idle.js";
import { LogMel } from "./log-mel.js";
import { NoisePanel } from "./noise.js";
import { Recording } from "./recording.js";
import { Problem } from "./server.js";
import { Example, LocalMicrophone, Microphone, MicrophoneMenu, RATE } from "./sources.js";
import { Study } from "./study.js";

const EXAMPLES = ["298-126790-0000", "2002-139469-0000", "3526-175658-0000"];   // as the buttons ex1, ex2, ex3 name them
const MAX_FILES = 6;
const TURN_MS = 1000;   // between two times that a page which waits asks for its turn
const KEEP_ALIVE_SECONDS = 30;   // the server forgets what a page has not asked for in three times as long

export class Controller {
  constructor({ view, session, server, config, needRecorder }) {
    Object.assign(this, { view, session, server, config, needRecorder, busy: false });
    const { booth, words } = view, { durations, timeline } = config, failed = problem => this.fail(problem);
    this.longest = timeline.seconds;
    this.seconds = new Choices(this.$("#durations"), String(this.longest), () => {});
    this.languages = new Choices(this.$("#languages"), config.language, language => this.setLanguage(language));
    this.menu = new MicrophoneMenu(this.$("#micsel"), words);
    this.noise = view.noise = new NoisePanel(booth, {
      session, server, words, failed, strip: view.noiseStrip,
      touched: () => view.look(session.current || this.noise.alone.checked ? "noise" : "single"),
      shown: answer => view.showNoise(answer),
    });
    view.logMel = new LogMel(booth, words, this.longest, use => this.ask("log_mel", { session: session.current },
      ({ image }) => use(image, view.result.seconds)));
    view.onRow = result => this.present(result, view.rows.results);
    this.study = new Study(booth, { session, words, durations, failed });
    this.idle = new Idle(this.$("#idle"), config.idle, () => this.somethingToForget(), () => this.forget());
    setInterval(() => session.keepAlive(), KEEP_ALIVE_SECONDS * 1000);
    this.connect();
    this.forget();
    this.setLanguage(config.language);
    performance.mark("v2f-usable");
  }

  $(selector) {
    return this.view.$(selector);
  }

  setBusy(busy) {
    this.busy = busy;
    this.view.setBusy(busy);
  }

  connect() {
    const press = { rec: () => this.recordOrStop(), forget: () => this.forget(), save: () => this.save(),
      others: () => this.showNearby(), between: () => this.showInterpolation(),
      retry: () => this.retry(), useexample: () => this.playExample(0), drop: () => this.$("#files").click(),
      theme: () => this.view.toggleTheme() };
    for (const [id, action] of Object.entries(press)) this.$(`#${id}`).addEventListener("click", action);
    for (const clip of this.view.booth.querySelectorAll(".clip"))
      clip.addEventListener("click", () => this.playExample(Number(clip.dataset.example)));
    this.$("#files").onchange = ({ target }) => { this.readFiles([...target.files]); target.value = ""; };
    addEventListener("keydown", event => this.key(event));
    addEventListener("dragover", event => { event.preventDefault(); this.$("#drop").classList.add("over"); });
    addEventListener("dragleave", () => this.$("#drop").classList.remove("over"));
    addEventListener("drop", event => {
      event.preventDefault();
      this.$("#drop").classList.remove("over");
      this.readFiles([...event.dataTransfer.files]);
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

  /* As a booth needs it: the whole screen, awake, no menus. */
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

  setLanguage(language) {
    this.view.setLanguage(language);
    this.menu.fill();
  }

  /* ---- recording ---- */

  recordOrStop() {
    if (this.view.state === "recording") this.recording.stop();
    else this.record();
  }

  record() {
    this.tryAgain = () => this.record();
    if (this.$("#rec").disabled) return;
    const seconds = Number(this.seconds.value);
    if (this.config.local) return this.capture(new LocalMicrophone(seconds), seconds);
    if (!Microphone.supported) return this.fallBack();
    return this.capture(new Microphone(seconds), seconds);
  }

  playExample(number) {
    const name = this.view.words.t(`ex${number + 1}`);
    const address = new URL(`../examples/${EXAMPLES[number]}.flac`, import.meta.url);
    this.tryAgain = () => this.playExample(number);
    return this.capture(new Example(this.longest, address), this.longest, this.view.words.t("playing", { n: name }));
  }

  /* Record from a source until it ends, and show the result. */
  async capture(source, seconds, name = "") {
    if (this.busy) return;
    this.setBusy(true);
    const { view, server, session, session: { signal } } = this;
    let token;
    try {
      token = await this.awaitTurn({ seconds, example: source instanceof Example }, signal);
      this.clearForNext();
      session.current = token;
      const { booth, timeline, words } = view, { durations } = this.config;
      const answered = answer => this.showProgress(answer, seconds, name), say = text => view.say(text);
      const recording = this.recording = new Recording(booth,
        { source, server, token, seconds, durations, timeline, words, answered, say });
      await source.open();
      signal.throwIfAborted();
      this.menu.fill();
      this.go("recording");
      recording.paint();
      view.note(name);
      view.say(words.t("starts"));
      await recording.whole();
      const result = await session.ask("finish_recording", { session: token }, signal);
      this.setBusy(false);
      await this.present({ ...result, name, wanted: seconds });
    } catch (problem) {
      source.stop();
      session.release([token]);
      if (signal.aborted) return;
      this.setBusy(false);
      this.fail(problem);
    }
  }

  /* Ask to record, again and again while too many others speak. The new session's token. */
  async awaitTurn(question, signal) {
    try {
      for (let ticket; ;) {
        const { session, waiting } = await this.session.ask("start_recording", { ...question, ticket }, signal);
        if (session) return session;
        ticket = waiting.ticket;
        this.view.showWaiting(waiting);
        await new Promise(resolve => setTimeout(resolve, TURN_MS));
        signal.throwIfAborted();
      }
    } finally {
      this.view.endWaiting();
    }
  }

  /* An answer while the visitor speaks. */
  showProgress(answer, seconds, name) {
    this.view.showProgress(answer, seconds, name);
    const { received, strip, speech } = answer;
    const more = received < seconds * RATE;   // at the end comes the result, and its noise with it
    if (strip.length && more && speech.includes("1")) this.noise.refresh();
  }

  /* Without AudioWorklet Gradio's own recorder takes over; its recording is read as an upload is. */
  fallBack() {
    const place = this.$("#fallback-place");
    if (place.childElementCount) return;
    window.v2f = { readRecording: file => { if (file && !this.busy) this.readAll([{ name: "", path: async () => file.path }]); } };
    this.needRecorder();
    this.$("#hint").textContent = this.view.words.t("fallback");
    const arrived = new MutationObserver(() => {
      const recorder = document.querySelector("#fallback");
      if (!recorder) return;
      arrived.disconnect();
      place.append(recorder);
    });
    arrived.observe(document.body, { childList: true, subtree: true });
  }

  /* ---- files ---- */

  async readFiles(files) {
    if (this.busy || !files.length) return;
    this.tryAgain = () => this.$("#files").click();
    performance.mark("v2f-upload-asked");
    await this.readAll(files.map(file => ({ name: file.name, path: () => this.server.upload(file) })));
  }

  /* Recordings on the server, or to be brought there; one is shown, several are set side by side, as are two people who
  speak in a channel each. */
  async readAll(recordings) {
    this.setBusy(true);
    const { view, session, session: { signal } } = this;
    view.note(view.words.t("reading"));
    const results = [];
    const failed = recordings.slice(MAX_FILES).map(({ name }) => ({ name, problem: new Problem("many") }));
    const read = async (path, channel) => session.ask("read_upload", { path: await path(), channel }, signal);
    for (const { name, path } of recordings.slice(0, MAX_FILES)) {
      try {
        const result = await read(path), speakers = Boolean(result.other);
        const own = n => speakers ? `${name} · ${view.words.t("speaker", { n })}` : name;
        results.push({ ...result, name: own(1), wanted: this.longest, speakers });
        if (speakers) results.push({ ...await read(path, result.other), name: own(2), wanted: this.longest, speakers });
      } catch (problem) {
        failed.push({ name, problem });
      }
      if (signal.aborted) return session.release(results.map(result => result.session));
    }
    this.setBusy(false);
    view.caption();
    if (results.length) {
      this.clearForNext();
      await this.present(results[0], results);
      requestAnimationFrame(() => performance.mark("v2f-upload-shown"));
    }
    if (failed.length) this.fail(failed[0].problem, recordings.length > 1 ? failed : []);
  }

  /* ---- result ---- */

  /* Show a result; `together` are all the recordings it is one of. */
  async present(result, together = []) {
    this.session.show(result, together);
    this.seconds.lock(false);
    await this.view.showResult(result, together);
    return this.noise.refresh();
  }

  async showNearby() {
    if (this.view.view === "others") return this.view.look("single");
    await this.ask("nearby_faces", { session: this.session.current }, ({ faces }) => this.view.showNearby(faces));
  }

  async showInterpolation() {
    if (this.view.view === "between") return this.view.look("single");
    const { current, earlier } = this.session;
    await this.ask("interpolate", { first: current, second: earlier }, ({ faces }) => this.view.showInterpolation(faces));
  }

  /* Ask something about a result, and use the answer unless the visitor has left by then. */
  async ask(name, question, use) {
    const { signal } = this.session;
    try {
      use(await this.session.ask(name, question));
    } catch (problem) {
      if (!signal.aborted) this.fail(problem);
    }
  }

  async save() {
    const { words, booth, result, rows: { results }, noise, noiseFace, noiseStrip } = this.view;
    const rows = (results.length ? results : [result])
      .map(({ name, faces }) => ({ name: name || words.t("voiceface"), colour: "--voice", faces }));
    if (noiseFace) rows.push({ name: noise.caption, colour: "--noise", faces: noiseStrip.faces });
    const sheet = await contactSheet({ rows, durations: this.config.durations, words, style: getComputedStyle(booth) });
    download(sheet, `v2f-${new Date().toISOString().slice(0, 10)}.png`);
  }

  /* ---- problems and leaving ---- */

  /* Say what went wrong, and with which of several files; a result on the page stays. */
  fail(error, failed) {
    const problem = error instanceof Problem ? error : new Problem("trouble");
    if (problem !== error) console.error(error);
    if (problem.key === "gone") this.forget();
    const stays = this.view.state !== "result";
    if (stays) {
      this.clear();
      this.go("error");
      this.view.note("");
    }
    this.view.alert.show(problem, stays, failed);
    this.view.label();
    if (problem.key !== "nomic") return;
    this.$("#rec").disabled = this.$("#micsel").disabled = true;
    this.menu.fill(true);
  }

  retry() {
    this.go("attract");
    this.menu.fill();
    (this.tryAgain ?? (() => this.record()))();
  }

  go(state) {
    this.seconds.lock(state === "recording");
    this.view.go(state);
  }

  clear() {
    this.recording?.abandon();
    this.recording = this.session.current = null;
    this.view.clear();
  }

  /* Make ready for a recording; the one before stays within reach of "Between two voices". */
  clearForNext() {
    this.session.advance();
    this.clear();
    for (const mark of performance.getEntriesByType("mark"))
      if (/^v2f-(heard|shown|live|noise)/.test(mark.name)) performance.clearMarks(mark.name);
  }

  /* Wipe everything of the visitor here, on both sides. */
  forget() {
    const forgotten = this.session.end();
    this.setBusy(false);
    this.clear();
    this.noise.reset();
    if (this.study.page.open) this.study.page.close();
    performance.clearMarks("v2f-live");
    this.go("attract");
    this.view.look("single");
    const { kiosk, language } = this.config;
    if (kiosk && this.view.words.language !== language) this.languages.choose(language);
    if (forgotten) this.view.say(this.view.words.t("forgotten"));
  }

  somethingToForget() {
    const { state, view } = this.view;
    if (this.busy || state === "recording" || this.noise.player) return false;
    return state !== "attract" || view !== "single" || this.study.page.open;
  }
}
