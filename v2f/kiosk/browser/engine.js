/* The thread that computes, as functions that answer questions. */

const AT_ONCE = {   // what the page asks a server to see whether it is there, or tells it
  alive: () => ({ beginning: "here" }), keep_alive: () => ({}), count_visit: () => ({}), report_problem: () => ({}) };

export class Engine {
  /* `arrived(there, wanted)` while the model is fetched, in bytes. */
  constructor(arrived) {
    this.worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    this.waiting = new Map();
    this.number = 0;
    this.worker.onmessage = ({ data: { id, answer, failed, there, wanted } }) => {
      if (!id) return arrived(there, wanted);
      const { resolve, reject } = this.waiting.get(id);
      this.waiting.delete(id);
      if (failed) reject(new Error(failed));
      else resolve(answer);
    };
    this.worker.onerror = event => {
      event.preventDefault();
      for (const { reject } of this.waiting.values()) reject(new Error(event.message));
      this.waiting.clear();
    };
  }

  ask(name, question) {
    const id = ++this.number, answered = new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
    this.worker.postMessage({ id, name, question });
    return answered;
  }

  /* A function for each question, as a server has them; `others` are answered otherwise than by asking that thread. */
  functions(others) {
    return new Proxy({ ...AT_ONCE, ...others }, { get: (own, name) => async question => own[name]?.(question) ?? this.ask(name, question) });
  }
}
