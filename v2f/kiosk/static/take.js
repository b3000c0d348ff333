/* A portrait of a game that a visitor speaks into: its button records a few seconds, and the face grows in its frame. */
import { make, put } from "./portraits.js";
import { Recording } from "./recording.js";
import { microphone, RATE } from "./sources.js";

const SECONDS = 5;

export class Take {
  /* `name`: the key of its caption. `done()` is called when it has a face; `busy(is)` when it begins and ends to record. */
  constructor(screen, name, done, busy) {
    Object.assign(this, { screen, name, done, busy });
    this.element = make(`<figure class="take"><span class="frame"></span><figcaption data-t="${name}"></figcaption>
      <button class="btn solid" data-take="${name}"><svg aria-hidden="true"><use href="#i-mic"/></svg><span></span></button>
      <span class="take-level" aria-hidden="true"><i></i></span></figure>`);
    this.frame = this.element.querySelector(".frame");
    this.button = this.element.querySelector("button");
    this.button.onclick = () => this.source ? this.source.stop() : this.record();
    screen.words.fill(this.element);
  }

  clear() {
    this.leaving?.abort();
    this.forget();
    put(this.frame, null);
    this.label(this.screen.words.t("speak"));
    this.level(0);
  }

  /* Drop its recording, here and on the server. */
  forget() {
    if (this.token) this.screen.session.drop(this.token);
    this.token = null;
  }

  async record() {
    const { screen } = this, { words } = screen;
    this.forget();
    put(this.frame, null);
    this.busy(true);
    this.leaving = new AbortController();
    const signal = AbortSignal.any([screen.session.signal, this.leaving.signal]);
    const worked = await screen.attempt(async () => {
      this.label(words.t("secondsleft", { n: SECONDS }));
      const { session, whole } = await this.hear(signal);
      this.token = session;
      await put(this.frame, whole, words.t(this.name));
    });
    this.source = null;
    this.busy(false);
    this.level(0);
    if (signal.aborted) return;
    this.label(words.t("speakagain"));
    if (worked) await this.done();
    else put(this.frame, null);
  }

  /* Record, and answer what `finish_recording` does. Throws a Problem, or an AbortError where the visitor has left. */
  async hear(signal) {
    const { session, server, config, words } = this.screen;
    const waiting = ({ ahead, seconds }) => this.label(words.t(ahead ? "queue" : "next", { n: ahead, s: seconds }));
    const token = await session.awaitTurn({ seconds: SECONDS }, signal, waiting);
    const answered = ({ face }) => face && !signal.aborted && put(this.frame, face, words.t(this.name));
    const source = this.source = microphone(config.local, SECONDS), heard = block => this.show(block);
    const recording = new Recording({ session, server, token, source, durations: config.durations, heard, answered });
    signal.addEventListener("abort", () => recording.abandon());
    session.kept.add(token);
    this.samples = 0;
    try {
      await recording.open(signal);
      return await recording.result(signal);
    } catch (problem) {
      recording.abandon();
      session.drop(token);
      throw problem;
    }
  }

  show(block) {
    this.samples += block.length;
    this.label(this.screen.words.t("secondsleft", { n: Math.max(0, Math.ceil(SECONDS - this.samples / RATE)) }));
    this.level(Math.sqrt(block.reduce((loudest, sample) => Math.max(loudest, Math.abs(sample)), 0)));
  }

  level(share) {
    this.element.querySelector(".take-level i").style.width = `${100 * share}%`;
  }

  label(text) {
    const place = this.button.querySelector("span");
    if (place.textContent !== text) place.textContent = text;
  }
}
