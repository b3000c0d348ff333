/* How the samples of a recording in progress get from the browser to the server, or from there to the browser. */
import { RATE } from "./sources.js";

const MIN_SAMPLES = .15 * RATE;   // worth a question
const POLL_MS = 50;

/* Sends samples, one question at a time, cut so that each duration's face is the face of exactly that much sound. */
export class SampleSender {
  /* `answered(answer)` after every question; durations in seconds; what goes wrong ends the source. */
  constructor(server, token, source, answered, durations) {
    Object.assign(this, { server, token, source, answered });
    this.cuts = durations.map(seconds => seconds * RATE);
    this.blocks = [];      // not sent yet
    this.unsent = 0;       // samples in them
    this.sent = 0;
    this.asking = null;
    this.took = 0;         // the last answer, in seconds
  }

  add(block) {
    this.blocks.push(block.slice());
    this.unsent += block.length;
    this.send();
  }

  /* Send what there is, if that is worth a question or `rest` is wanted. */
  send(rest = false) {
    if (this.asking || this.abandoned || !this.unsent) return;
    const cut = this.cuts.find(at => at > this.sent) ?? Infinity;
    const reaches = this.sent + this.unsent >= cut;
    const left = cut - this.sent - this.unsent;   // until a duration's face, which is not to wait for a live one
    if (!rest && !reaches && (this.unsent < MIN_SAMPLES || left < this.took * RATE)) return;
    const all = this.join();
    const now = reaches ? all.subarray(0, cut - this.sent) : all;
    const later = all.subarray(now.length);
    this.blocks = later.length ? [later] : [];
    this.unsent = later.length;
    this.sent += now.length;
    const asked = performance.now();
    this.asking = this.server.ask("update_recording", { session: this.token, samples: encode(now) })
      .then(answer => { if (!this.abandoned) this.answered(answer); })
      .catch(problem => { this.problem ??= problem; this.source.close(problem); })
      .finally(() => {
        this.took = (performance.now() - asked) / 1000;
        this.asking = null;
        this.send(rest);
      });
  }

  /* Resolves once all is sent; throws what went wrong on the way. */
  async finish() {
    do {
      this.send(true);
      await this.asking;
    } while (!this.problem && (this.asking || this.unsent));
    if (this.problem) throw this.problem;
  }

  abandon() {
    this.abandoned = true;
    this.blocks = [];
    this.unsent = 0;
  }

  join() {
    const all = new Float32Array(this.unsent);
    let at = 0;
    for (const block of this.blocks) { all.set(block, at); at += block.length; }
    return all;
  }
}

/* The same for the server machine's own microphone: the server records, the page asks what there is. */
export class SamplePoller {
  constructor(server, token, source, answered) {
    Object.assign(this, { server, token, source, answered });
    this.polling = this.poll();
  }

  async poll() {
    try {
      while (!this.abandoned) {
        const answer = await this.server.ask("update_recording", { session: this.token });
        if (this.abandoned) return;
        const block = decode(answer.samples);
        if (block.length) this.source.take(block);
        this.answered(answer);
        if (answer.done) this.source.close();
        if (answer.done || this.source.closed) return;
        await new Promise(resolve => setTimeout(resolve, POLL_MS));
      }
    } catch (problem) {
      this.problem = problem;
      this.source.close(problem);
    }
  }

  async finish() {
    await this.polling;
    if (this.problem) throw this.problem;
  }

  abandon() {
    this.abandoned = true;
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
