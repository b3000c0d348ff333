/* A group of buttons of which one is chosen, by press or by arrow keys, as radio buttons and tabs are. */

export class Choices {
  constructor(group, chosen, changed, role = "radio") {
    this.buttons = [...group.querySelectorAll(`[role=${role}]`)];
    this.mark = role === "tab" ? "aria-selected" : "aria-checked";
    this.changed = changed;
    for (const button of this.buttons) button.addEventListener("click", () => this.choose(button.dataset.value));
    group.addEventListener("keydown", event => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const shown = this.buttons.filter(button => !button.hidden);
      const here = shown.findIndex(button => button.dataset.value === this.value);
      const next = shown.at((here + step) % shown.length);
      next.focus();
      this.choose(next.dataset.value);
    });
    this.set(chosen);
  }

  choose(value) {
    this.set(value);
    this.changed(value);
  }

  set(value) {
    this.value = value;
    for (const button of this.buttons) {
      const chosen = button.dataset.value === value;
      button.setAttribute(this.mark, chosen);
      button.tabIndex = chosen ? 0 : -1;
    }
  }
}
