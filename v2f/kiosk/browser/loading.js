/* What is shown while the model is fetched, once; and why the page cannot begin, where it cannot. */

const BYTES = 1e6;   // of a MB

export class Loading {
  constructor(element, words, { kiosk }) {
    Object.assign(this, { element, words, bar: element.querySelector("progress"), text: element.querySelector("[role=status]") });
    document.documentElement.lang = words.tag;
    if (!kiosk && matchMedia("(prefers-color-scheme: light)").matches) document.documentElement.dataset.theme = "light";
    words.fill(element);
    element.querySelector("button").onclick = () => location.reload();
    this.text.textContent = words.t("loading");
  }

  /* So many bytes are there, of so many. */
  show(there, wanted) {
    if ("failed" in this.element.dataset) return;   // what was on its way still comes
    this.bar.max = wanted;
    this.bar.value = there;
    const places = { n: Math.round(there / BYTES), m: Math.round(wanted / BYTES) };
    this.text.textContent = this.words.t(there < wanted ? "fetching" : "preparing", places);
  }

  fail() {
    this.element.dataset.failed = "";
    this.text.textContent = this.words.t("notloaded");
  }

  end() {
    this.element.remove();
  }
}
