/* One visitor's session: what the server keeps for them, by token, and an end to all that is under way when they leave. */

const TURN_MS = 1000;   // between two times that a page which waits asks for its turn

export class Session {
  constructor(server) {
    this.server = server;
    this.begin();
  }

  begin() {
    this.controller = new AbortController();
    this.counted = false;     // as a visit, for the host
    this.current = null;      // token of the recording that is shown or in progress
    this.earlier = null;      // of the one before, if it may still be compared with
    this.earlierName = "";    // what that one is called, "" for the visitor's own recording
    this.clip = null;         // of the visitor's own noise
    this.kept = new Set();    // of all recordings that can still be shown
  }

  /* Aborted when the visitor leaves. */
  get signal() {
    return this.controller.signal;
  }

  get tokens() {
    return [...new Set([...this.kept, this.current, this.clip])].filter(Boolean);
  }

  /* The server's answer. Throws a Problem; or an AbortError if the visitor has left, whose new token is then forgotten.
  A `signal` kept from before an `await` says whose question it is. */
  async ask(name, question, signal = this.signal) {
    this.count();
    try {
      const answer = await this.server.ask(name, question);
      if (signal.aborted) this.release([answer.session, answer.clip]);
      return answer;
    } finally {
      signal.throwIfAborted();
    }
  }

  /* A visit begins with a visitor's first question; that there was one is all that is told. */
  count() {
    if (!this.counted) this.server.ask("count_visit").catch(() => {});
    this.counted = true;
  }

  /* Ask to record, again and again while too many others speak, and tell `waiting` of each answer. The new token. */
  async awaitTurn(question, signal, waiting) {
    for (let ticket; ;) {
      const answer = await this.ask("start_recording", { ...question, ticket }, signal);
      if (answer.session) return answer.session;
      ticket = answer.waiting.ticket;
      waiting(answer.waiting);
      await new Promise(resolve => setTimeout(resolve, TURN_MS));
      signal.throwIfAborted();
    }
  }

  /* A recording begins: the one before, called so, stays to be compared with; those before it are forgotten. */
  advance(name = "") {
    this.release([...this.kept].filter(token => token !== this.current));
    this.earlier = this.current;
    this.earlierName = name;
    this.kept = new Set(this.earlier ? [this.earlier] : []);
    this.current = null;
  }

  /* Show a result, one of several that were uploaded together. */
  show(result, together = []) {
    this.current = result.session;
    for (const { session } of [...together, result]) this.kept.add(session);
  }

  /* The visitor leaves; tells whether there was something to forget. */
  end() {
    const { tokens } = this;
    this.release(tokens);
    this.controller.abort();
    this.begin();
    return tokens.length > 0;
  }

  release(tokens) {
    const sessions = tokens.filter(Boolean);
    if (sessions.length) this.server.ask("forget", { sessions }).catch(() => {});
  }

  /* Forget one of the recordings that are kept. */
  drop(token) {
    this.kept.delete(token);
    this.release([token]);
  }

  /* Tell the server that someone is still here. */
  keepAlive() {
    if (this.tokens.length) this.server.ask("keep_alive", { sessions: this.tokens }).catch(() => {});
  }
}
