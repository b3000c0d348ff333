/* What every press leads to, and what the visitor's session needs from the server for it.

attract -> recording -> result, or error; Forget, Esc and the idle countdown lead back to attract. A visitor's recording
is held by the server under a token; the page has the token, the pictures and the peaks of the waveform. */
import { NO_MICROPHONE } from "./alert.js";
import { Connection } from "./connection.js";
import { contactSheet, download } from "./contact-sheet.js";
import { Idle } from "./idle.js";
import { Level } from "./level.js";
import { closeMenus, closeWhenPressed, somethingOpen } from "./menus.js";
import { NoisePanel } from "./noise.js";
import { Progress, Recording } from "./recording.js";
import { Problem } from "./server.js";
import { Example, Microphone, MicrophoneMenu, microphone, RATE } from "./sources.js";

const EXAMPLES = ["298-126790-0000", "2002-139469-0000", "3526-175658-0000"];   // as the buttons ex1, ex2, ex3 name them
const MAX_FILES = 6;
const KEEP_ALIVE_SECONDS = 30;   // the server forgets what a page has not asked for in three times as long

export class Controller {
  constructor({ view, session, server, config, needRecorder }) {
    Object.assign(this, { view, session, server, config, needRecorder, busy: false });
    const { booth, words } = view, { timeline } = config, failed = problem => this.fail(problem);
    this.longest = timeline.seconds;
    this.menu = new MicrophoneMenu(this.$("#micsel"), words);
    this.noise = view.noise = new NoisePanel(booth, {
      session, server, words, failed, strip: view.noiseStrip,
      touched: () => view.look("noise"),
      shown: answer => view.showNoise(answer),
    });
    view.onRow = result => this.present(result, view.rows.results);
    this.lookInside();
    this.idle = new Idle(this.$("#idle"), config.idle, {
      waiting: () => this.somethingToForget() || !this.inProgress && this.somethingChosen,
      shown: () => session.tokens.length > 0, over: () => this.forget() });
    this.level = new Level(booth, words, failed, config.local ? server : null);
    this.connection = new Connection(booth, server, () => this.busy || this.forget());
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
    const { view } = this;
    const press = { rec: () => this.recordOrStop(), forget: () => this.forget(), save: () => this.save(),
      others: () => view.inside.open("others"), retry: () => this.retry(), useexample: () => this.playExample(0),
      drop: () => this.$("#files").click(), theme: () => view.theme.toggle() };
    closeWhenPressed(view.booth);
    for (const [id, action] of Object.entries(press)) this.$(`#${id}`).addEventListener("click", action);
    for (const clip of view.booth.querySelectorAll(".clip"))
      clip.addEventListener("click", () => this.playExample(Number(clip.dataset.example)));
    this.$("#languages").onchange = ({ target }) => this.setLanguage(target.value);
    this.$("#files").onchange = ({ target }) => { this.readFiles([...target.files]); target.value = ""; };
    addEventListener("keydown", event => this.key(event));
    const dragging = over => this.config.files && view.booth.classList.toggle("dragging", over);
    addEventListener("dragover", event => { event.preventDefault(); dragging(true); });
    addEventListener("dragleave", () => dragging(false));
    addEventListener("drop", event => {
      event.preventDefault();
      dragging(false);
      this.readFiles([...event.dataTransfer.files]);
    });
    if (this.config.kiosk) this.standAlone();
    if (!this.config.files)   // nothing is read from this machine's disk at a visitor's wish, or written to it
      for (const part of ["#save", "#drop", "#kinds [data-value=own]"]) this.$(part).hidden = true;
  }

  key(event) {
    if (somethingOpen(this.view.booth) || event.target.closest("select")) return;   // where both keys mean something else
    if (event.code === "Space" && !event.target.closest("button, input, a")) {
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
    this.$("#languages").value = language;
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
    const seconds = Number(this.$("#durations").value);
    if (!this.config.local && !Microphone.supported) return this.fallBack();
    return this.capture(microphone(this.config.local, seconds), seconds);
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
      token = await session.awaitTurn({ seconds, example: source instanceof Example }, signal, turn => view.showWaiting(turn));
      view.endWaiting();
      this.clearForNext();
      session.current = token;
      const { booth, words } = view, { durations } = this.config, prompt = name ? "listen" : "prompt";
      const progress = this.progress = new Progress(booth, { seconds, durations, words, prompt, say: text => view.say(text) });
      const heard = block => progress.add(block);
      const answered = answer => { progress.showHint(answer.speech); view.showProgress(answer, name); };
      const recording = this.recording = new Recording({ session, server, token, source, durations, heard, answered });
      this.level.stop();   // the recording opens the microphone for itself
      await recording.open(signal);
      this.menu.fill();
      view.go("recording");
      progress.paint();
      progress.showHint("");
      view.note(name);
      view.say(words.t("starts"));
      const result = await recording.result(signal);
      progress.clear();
      this.setBusy(false);
      await this.present({ ...result, name });
    } catch (problem) {
      source.stop();
      session.release([token]);
      view.endWaiting();
      if (signal.aborted) return;
      this.setBusy(false);
      this.fail(problem);
    } finally {
      this.level.follow();
    }
  }

  /* Without AudioWorklet Gradio's own recorder takes over; its recording is read as an upload is. */
  fallBack() {
    const place = this.$("#fallback-place");
    if (place.childElementCount) return;
    window.v2f = { readRecording: file => { if (file && !this.busy) this.readAll([{ name: "", path: async () => file.path }]); } };
    this.needRecorder();
    this.view.hint(this.view.words.t("fallback"));
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
    if (this.busy || !files.length || !this.config.files) return;
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
        results.push({ ...result, name: own(1), speakers });
        if (speakers) results.push({ ...await read(path, result.other), name: own(2), speakers });
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
    await Promise.all([this.noise.refresh(), this.view.showResult(result, together)]);   // asked first: it takes longest
  }

  /* What "Look inside" asks of the server, section by section. */
  lookInside() {
    const { inside, nearby, interpolation, logMel, critic, study, why } = this.view, { session } = this;
    const asked = (section, name, question, use) =>
      inside.on(section, () => this.ask(name, question(), use));
    const of = () => ({ session: session.current });
    inside.on("why", () => this.ask("why", of(), answer =>
      this.ask("log_mel", of(), ({ image }) => why.show(answer, image))));
    why.pitch.onclick = () => this.ask("pitched_faces", of(), ({ faces }) => why.showPitches(faces));
    asked("others", "nearby_faces", of, ({ faces }) => nearby.show(faces));
    asked("between", "interpolate", () => ({ first: session.current, second: session.earlier }),
      ({ faces }) => interpolation.show(faces, this.view.earlierName, !session.earlier));
    asked("hears", "log_mel", of, ({ image }) => logMel.show(image, this.view.result.seconds));
    asked("study", "noise_study", of, ({ rows }) => study.show(rows));
    asked("critic", "critic_scores", of, ({ scores }) => critic.show(scores));
  }

  /* Ask something about a result, and use the answer unless the visitor has left by then. */
  async ask(name, question, use) {
    const { signal } = this.session;
    try {
      await use(await this.session.ask(name, question));
    } catch (problem) {
      if (!signal.aborted) this.fail(problem);
    }
  }

  /* The faces that are shown; those in noise where the visitor has tried it. */
  async save() {
    const { words, booth, result, rows: { results }, noise, noiseFace, noiseStrip } = this.view;
    const rows = (results.length ? results : [result])
      .map(({ name, faces }) => ({ name: name || words.t("voiceface"), colour: "--voice", faces }));
    if (noiseFace && this.view.view === "noise") rows.push({ name: noise.caption, colour: "--noise", faces: noiseStrip.faces });
    const sheet = await contactSheet({ rows, durations: this.config.durations, words, style: getComputedStyle(booth) });
    download(sheet, `v2f-${new Date().toISOString().slice(0, 10)}.png`);
  }

  /* ---- problems and leaving ---- */

  /* Say what went wrong, and with which of several files; a result on the page stays. */
  fail(error, failed) {
    const problem = error instanceof Problem ? error : new Problem("trouble");
    if (problem !== error) console.error(error);
    if (problem.key === "gone") {
      this.forget();
      this.connection.ask();   // it may be the host who began anew
    }
    if (NO_MICROPHONE.includes(problem.key) && !this.config.local)   // for the host: the server cannot see it
      this.server.ask("report_problem", { problem: problem.key }).catch(() => {});
    this.view.inside.close();
    const stays = this.view.state !== "result";
    if (stays) {
      this.clear();
      this.view.go("error");
      this.view.note("");
    }
    this.view.alert.show(problem, stays, failed);
    this.view.label();
    if (problem.key !== "nomic") return;
    this.$("#rec").disabled = this.$("#micsel").disabled = true;
    this.menu.fill(true);
  }

  retry() {
    this.view.go("attract");
    this.menu.fill();
    (this.tryAgain ?? (() => this.record()))();
  }

  clear() {
    this.recording?.abandon();
    this.progress?.clear();
    this.recording = this.session.current = null;
    this.view.clear();
  }

  /* Make ready for a recording; the one before stays within reach of "Between two voices". */
  clearForNext() {
    this.session.advance(this.view.result?.name);
    this.clear();
    for (const mark of performance.getEntriesByType("mark"))
      if (/^v2f-(heard|shown|live|noise)/.test(mark.name)) performance.clearMarks(mark.name);
  }

  /* Wipe everything of the visitor here, on both sides. */
  forget() {
    const forgotten = this.session.end();
    this.setBusy(false);
    this.clear();
    closeMenus(this.view.booth);
    this.noise.reset();
    performance.clearMarks("v2f-live");
    this.view.go("attract");
    if (this.somethingChosen) this.beginAnew();
    if (forgotten) this.view.say(this.view.words.t("forgotten"));
  }

  /* Whether a visitor has changed what the next one is to find as it was. */
  get somethingChosen() {
    const { words, theme } = this.view;
    return words.language !== this.config.language || theme.now !== theme.first
      || Number(this.$("#durations").value) !== this.longest;
  }

  beginAnew() {
    this.setLanguage(this.config.language);
    this.view.theme.reset();
    this.$("#durations").value = this.longest;
  }

  get inProgress() {
    return this.busy || this.view.state === "recording" || Boolean(this.noise.player);
  }

  somethingToForget() {
    return !this.inProgress && ["result", "error"].includes(this.view.state);
  }
}
