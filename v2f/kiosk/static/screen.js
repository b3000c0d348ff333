/* A game or a card: a dialog over the whole page, which closes when the visitor leaves. */
import { make } from "./portraits.js";
import { Problem } from "./server.js";

export class Screen {
  /* `name`: its id, that of the button that opens it with "open-" before, and the key of its title. */
  constructor(name, body, { booth, words, session, server, config }) {
    Object.assign(this, { booth, words, session, server, config });
    this.page = make(`<dialog class="screen" id="${name}" aria-labelledby="${name}-title">
      <header><h2 id="${name}-title" data-t="${name}"></h2><span class="countdown"></span>
        <button class="icon-btn leave" data-t-label="close"><svg aria-hidden="true"><use href="#i-close"/></svg></button></header>
      ${body}
      <p class="trouble" role="alert" hidden></p></dialog>`);
    words.fill(this.page);
    booth.append(this.page);
    this.$(".leave").onclick = () => this.page.close();
    this.page.onclose = () => this.closed();
    this.button = booth.querySelector(`#open-${name}`);
    this.button.onclick = () => this.open();
  }

  $(selector) {
    return this.page.querySelector(selector);
  }

  $$(selector) {
    return [...this.page.querySelectorAll(selector)];
  }

  open() {
    this.session.signal.addEventListener("abort", () => this.page.close(), { once: true });
    this.idle = this.booth.querySelector("#idle");   // the countdown to forgetting comes along
    this.idlePlace = document.createComment("idle");
    this.idle.replaceWith(this.idlePlace);
    this.$(".countdown").append(this.idle);
    this.troubled("");
    this.begin();
    this.page.showModal();
  }

  closed() {
    this.idlePlace.replaceWith(this.idle);
    this.end();
  }

  begin() {}

  end() {}

  /* Show one part of the screen, of those that a `data-part` names. */
  part(name) {
    for (const part of this.$$("[data-part]")) part.hidden = part.dataset.part !== name;
  }

  /* Do something that may fail; what went wrong is said, unless the visitor has left. Tells whether it went well. */
  async attempt(task) {
    this.troubled("");
    try {
      await task();
      return true;
    } catch (problem) {
      if (problem.name === "AbortError") return false;
      if (!(problem instanceof Problem)) console.error(problem);
      const key = this.words.has(`e_${problem.key}`) ? problem.key : "trouble";
      this.troubled(`${this.words.t(`e_${key}`)}. ${this.words.t(`e_${key}2`, { n: problem.seconds })}`);
      return false;
    }
  }

  troubled(sentence) {
    this.$(".trouble").textContent = sentence;
    this.$(".trouble").hidden = !sentence;
  }
}
