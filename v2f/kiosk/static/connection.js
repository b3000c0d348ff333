/* Whether the server answers, and whether its host has sent every page back to the beginning. */
import { Problem } from "./server.js";

const PAUSE_MS = 2000;      // between two questions
const PATIENCE_MS = 2500;   // for an answer: together less than the five seconds in which a dead server is to show

export class Connection {
  /* `begun()` is called where the server was started or reset since it last answered. */
  constructor(booth, server, begun) {
    Object.assign(this, { server, begun, sign: booth.querySelector("#offline") });
    this.watch();
  }

  async watch() {
    for (;;) {
      if (!document.hidden) await this.ask();
      await new Promise(resolve => setTimeout(resolve, PAUSE_MS));
    }
  }

  async ask() {
    const late = new Promise((_, reject) => setTimeout(reject, PATIENCE_MS, new Problem("offline")));
    try {
      const { beginning } = await Promise.race([this.server.ask("alive"), late]);
      this.sign.hidden = true;
      if (this.beginning && this.beginning !== beginning) this.begun();
      this.beginning = beginning;
    } catch {
      this.sign.hidden = false;
    }
  }
}
