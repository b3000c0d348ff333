/* How loud the microphone is before a recording, so that one sees whether it works.

The sound is looked at ten times a second, is not kept, and never leaves the page; of the server machine's microphone the
level alone comes to it. The microphone is opened where that needs no question, else once a visitor presses the button
that checks it; and it is closed while nobody is there. */
import { Problem } from "./server.js";
import { openMicrophone, RATE } from "./sources.js";

const LOOK_MS = 100;
const CLIPPED_PEAK = .985;
const METER_DECADES = 2.5;   // 50 dB
const METER_STEPS = 32;      // as the style sheet draws them
const HEARD_PEAK = .03;
const LEFT_SECONDS = 60;     // since anybody touched the screen, a key or the mouse: nobody is there
const DEAD_SECONDS = 3;      // of nothing at all, not even noise: a microphone that is switched off

/* Show a peak, 0 to 1, on the meter. */
export function showLevel(booth, peak, clipping = false) {
  const meter = booth.querySelector("#meter");
  const steps = Math.round(METER_STEPS * (peak && Math.max(0, 1 + Math.log10(peak) / METER_DECADES)));
  const share = String(Math.round(100 * steps / METER_STEPS));
  if (meter.getAttribute("aria-valuenow") !== share) {   // nothing is painted while nothing changes
    meter.setAttribute("aria-valuenow", share);
    meter.firstElementChild.style.width = `${steps / METER_STEPS * 100}%`;
  }
  meter.classList.toggle("clipping", clipping);
}

/* The browser's microphone: opened, which may throw a Problem; its peak now, null while it is not heard; closed. */
class BrowsersEar {
  async open() {
    const stream = this.stream = await openMicrophone();
    this.context = new AudioContext({ sampleRate: RATE, latencyHint: "playback" });   // in few large blocks
    this.analyser = new AnalyserNode(this.context, { fftSize: 2048 });   // 128 ms
    this.context.createMediaStreamSource(stream).connect(this.analyser);
    this.block = new Float32Array(this.analyser.fftSize);
  }

  peak() {
    if (!this.stream.active) throw new Problem("mic_lost");
    if (this.context.state !== "running") return null;
    this.analyser.getFloatTimeDomainData(this.block);
    const peak = this.block.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    this.block.fill(0);   // nobody has pressed anything yet: no sound is to be left in memory
    return peak;
  }

  close() {
    this.stream?.getTracks().forEach(track => track.stop());
    this.context?.close();
  }
}

/* The server machine's, which the server closes once nobody asks. */
class ServersEar {
  constructor(server) {
    this.server = server;
  }

  open() {
    return this.peak();
  }

  async peak() {
    return (await this.server.ask("microphone_level")).level;
  }

  close() {}
}

export class Level {
  /* `failed(problem)` where the visitor asked for a check and the microphone cannot be opened; `server`: whose machine's
  microphone is heard, null for the browser's. */
  constructor(booth, words, failed, server) {
    const find = selector => booth.querySelector(selector);
    Object.assign(this, { booth, words, failed, server, note: find("#level-note"), button: find("#check") });
    this.button.onclick = () => this.check();
    new MutationObserver(() => this.follow()).observe(booth, { attributeFilter: ["data-state"] });
    document.addEventListener("visibilitychange", () => this.follow());
    addEventListener("pointerdown", () => this.ear?.context?.resume());   // a browser may hold sound back until it is touched
    for (const sign of ["pointerdown", "pointermove", "keydown"]) addEventListener(sign, () => this.somebody());
    this.somebody();
    const again = () => { this.stop(); this.follow(); };
    find("#micsel").addEventListener("change", again);
    navigator.mediaDevices?.addEventListener?.("devicechange", again);
    if (server) this.allow(true);
    else this.askBrowser();
  }

  /* Whether the microphone may be opened without a question. */
  async askBrowser() {
    const permission = await navigator.permissions?.query({ name: "microphone" }).catch(() => null);
    const changed = () => this.allow(permission?.state === "granted");
    permission?.addEventListener("change", changed);
    changed();
  }

  allow(allowed) {
    this.allowed = allowed;
    this.button.hidden = allowed || !navigator.mediaDevices?.getUserMedia;
    this.follow();
  }

  somebody() {
    clearTimeout(this.leaving);
    this.leaving = setTimeout(() => { this.left = true; this.follow(); }, 1000 * LEFT_SECONDS);
    if (!this.left) return;
    this.left = false;
    this.follow();
  }

  async check() {
    this.checking = true;
    try {
      await this.start();
      this.allowed = this.button.hidden = true;
    } catch (problem) {
      this.checking = false;
      this.failed(problem);
    }
  }

  /* Listen where somebody may record next and can see it; a recording has the microphone to itself. */
  follow() {
    const before = ["attract", "error"].includes(this.booth.dataset.state);
    if (!this.allowed || !before || this.left || document.hidden) this.stop();
    else this.start().catch(() => {});   // what is wrong is said once somebody records
  }

  async start() {
    if (this.ear) return;
    const ear = this.ear = this.server ? new ServersEar(this.server) : new BrowsersEar();
    try {
      await ear.open();
    } catch (problem) {
      if (this.ear === ear) this.stop();
      throw problem;
    }
    if (this.ear !== ear) return ear.close();   // it was stopped meanwhile
    this.dead = 0;
    this.look(ear);
  }

  /* Again and again while it listens. */
  async look(ear) {
    try {
      const peak = await ear.peak();
      if (this.ear !== ear) return;
      if (peak !== null) this.show(peak);
      this.timer = setTimeout(() => this.look(ear), LOOK_MS);
    } catch {
      if (this.ear === ear) this.stop();
    }
  }

  show(peak) {
    showLevel(this.booth, Math.min(peak, 1), peak >= CLIPPED_PEAK);
    this.dead = peak ? 0 : this.dead + LOOK_MS / 1000;
    if (this.dead > DEAD_SECONDS) this.say("hearsnothing");
    else if (this.checking && peak > HEARD_PEAK) this.say("hearsyou");
    else if (this.note.dataset.t === "hearsnothing" && peak) this.say("");
  }

  /* Show the text of a key, "" for none, in whichever language is chosen later too. */
  say(key) {
    if ((this.note.dataset.t ?? "") === key) return;
    if (key) this.note.dataset.t = key;
    else delete this.note.dataset.t;
    this.note.textContent = key ? this.words.t(key) : "";
  }

  stop() {
    clearTimeout(this.timer);
    this.ear?.close();
    this.ear = null;
    showLevel(this.booth, 0);
    this.say("");
  }
}
