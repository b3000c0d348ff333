/* Light or dark: a booth is dark, elsewhere the page follows the system until its visitor chooses. */

export class Theme {
  /* `changed()` is called after every change. */
  constructor(booth, changed) {
    Object.assign(this, { booth, changed, system: matchMedia("(prefers-color-scheme: light)") });
    this.system.addEventListener("change", () => this.reset());
    this.set(this.first);
  }

  get first() {
    return this.system.matches && !this.booth ? "light" : "dark";
  }

  set(theme) {
    document.documentElement.dataset.theme = this.now = theme;
  }

  toggle() {
    this.set(this.now === "light" ? "dark" : "light");
    this.changed();
  }

  /* Back to how the next visitor finds it. */
  reset() {
    this.set(this.first);
    this.changed();
  }
}
