/* A group of buttons of which one is chosen, by press or by arrow keys, as radio buttons are. */

export class Choices {
  constructor(group, chosen, changed) {
    this.buttons = [...group.querySelectorAll("[role=radio]")];
    this.changed = changed;
    for (const button of this.buttons) button.addEventListener("click", () => this.choose(button.dataset.value));
    group.addEventListener("keydown", event => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const here = this.buttons.findIndex(button => button.dataset.value === this.value);
      const next = this.buttons.at((here + step) % this.buttons.length);
      next.focus();
      this.choose(next.dataset.value);
    });
    this.set(chosen);
  }

  choose(value) {
    if (this.locked) return;
    this.set(value);
    this.changed(value);
  }

  set(value) {
    this.value = value;
    for (const button of this.buttons) {
      const chosen = button.dataset.value === value;
      button.setAttribute("aria-checked", chosen);
      button.tabIndex = chosen ? 0 : -1;
    }
  }

  lock(locked) {
    this.locked = locked;
    for (const button of this.buttons) button.setAttribute("aria-disabled", locked);
  }
}
