/* "Look inside": a dialog for teachers and the curious, a tab for each <section data-inside> of it. */
import { Choices } from "./choices.js";
import { make } from "./portraits.js";

export class Inside {
  constructor(booth) {
    this.page = booth.querySelector("#inside");
    this.sections = [...this.page.querySelectorAll("[data-inside]")];
    this.fillers = {};
    const tabs = this.page.querySelector("[role=tablist]");
    tabs.replaceChildren(...this.sections.map(section => {
      const { inside: name, title } = section.dataset;
      section.id = `inside-${name}`;
      section.role = "tabpanel";
      section.tabIndex = 0;
      section.setAttribute("aria-labelledby", `tab-${name}`);
      return make(`<button role="tab" id="tab-${name}" data-value="${name}" data-t="${title}" aria-controls="inside-${name}"></button>`);
    }));
    this.tabs = new Choices(tabs, this.sections[0].dataset.inside, name => this.look(name), "tab");
    booth.querySelector("#look-inside").onclick = () => this.open();
    booth.querySelector("#inside-close").onclick = () => this.close();
  }

  /* `fill()` is called whenever the section comes into view, and may be awaited. */
  on(name, fill) {
    this.fillers[name] = fill;
  }

  get shown() {
    return this.page.open;
  }

  /* Open it at a section, by default at the one that was looked at last. */
  open(name = this.tabs.value) {
    if (!this.page.open) this.page.showModal();
    this.tabs.set(name);
    this.look(name);
  }

  look(name) {
    for (const section of this.sections) section.hidden = section.dataset.inside !== name;
    this.fill(this.sections.find(section => !section.hidden), this.fillers[name]);
  }

  async fill(section, filler) {
    section.ariaBusy = "true";
    await filler?.();
    section.ariaBusy = null;
  }

  close() {
    if (this.page.open) this.page.close();
  }

  /* Back to the first section, closed. */
  reset() {
    this.close();
    this.tabs.set(this.sections[0].dataset.inside);
  }
}
