/* A recording in progress, as told to the server: one question at a time, cut so that each duration's face is the
face of exactly that much sound. */
import { RATE } from "./sources.js";

const AT_LEAST = .15 * RATE;   // samples worth a question

export class Dialogue {
  /* answered(answer) after every question; durations in seconds. */
  constructor(server, visit, durations, answered) {
    Object.assign(this, { server, visit, answered });
    this.cuts = durations.map(seconds => seconds * RATE);
    this.waiting = [];      // blocks not yet told
    this.samples = 0;       // of them
    this.told = 0;
    this.asking = null;
  }

  add(block) {
    this.waiting.push(block.slice());
    this.samples += block.length;
    this.speak();
  }

  /* Tell what is waiting, if that is worth it or `rest` is wanted. */
  speak(rest = false) {
    if (this.asking || this.stopped || !this.samples) return;
    const cut = this.cuts.find(at => at > this.told) ?? Infinity;
    const reaches = this.told + this.samples >= cut;
    if (!rest && !reaches && this.samples < AT_LEAST) return;
    const all = this.join();
    const now = reaches ? all.subarray(0, cut - this.told) : all;
    const later = all.subarray(now.length);
    this.waiting = later.length ? [later] : [];
    this.samples = later.length;
    this.told += now.length;
    this.asking = this.server.ask("listen", { visit: this.visit, samples: encode(now) })
      .then(answer => { if (!this.stopped) this.answered(answer); })
      .catch(problem => { this.problem ??= problem; })
      .finally(() => { this.asking = null; this.speak(rest); });
  }

  /* Resolves once all is told; throws what went wrong on the way. */
  async finish() {
    do {
      this.speak(true);
      await this.asking;
    } while (!this.problem && (this.asking || this.samples));
    if (this.problem) throw this.problem;
  }

  abandon() {
    this.stopped = true;
    this.waiting = [];
    this.samples = 0;
  }

  join() {
    const all = new Float32Array(this.samples);
    let at = 0;
    for (const block of this.waiting) { all.set(block, at); at += block.length; }
    return all;
  }
}

/* The same for the booth's own microphone: the server hears, the page asks what there is. */
export class BoothDialogue {
  constructor(server, visit, source, answered) {
    Object.assign(this, { server, visit, source, answered });
    this.asking = this.follow();
  }

  async follow() {
    try {
      while (!this.stopped) {
        const answer = await this.server.ask("listen", { visit: this.visit });
        if (this.stopped) return;
        const block = decode(answer.samples);
        if (block.length) this.source.take(block);
        this.answered(answer);
        if (answer.done) this.source.close();
        if (answer.done || this.source.closed) return;
        await new Promise(resolve => setTimeout(resolve, 50));
      }
    } catch (problem) {
      this.problem = problem;
      this.source.close(problem);
    }
  }

  async finish() {
    await this.asking;
    if (this.problem) throw this.problem;
  }

  abandon() {
    this.stopped = true;
  }
}

/* Samples to base64 of 16-bit ones, and back. */
function encode(samples) {
  const bytes = new Uint8Array(samples.length * 2);
  const view = new DataView(bytes.buffer);
  samples.forEach((sample, i) => view.setInt16(2 * i, Math.max(-1, Math.min(1, sample)) * 32767, true));
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

function decode(text) {
  const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
  return Float32Array.from(new Int16Array(bytes.buffer), sample => sample / 32768);
}
