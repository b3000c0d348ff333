/* The page's texts in the language that was chosen. */

export class Words {
  constructor(texts, languages, language) {
    Object.assign(this, { texts, languages });
    this.setLanguage(language);
  }

  setLanguage(language) {
    this.language = language;
    this.column = this.languages.indexOf(language);
    this.tag = language === "zh" ? "zh-Hans" : language;
  }

  has(key) {
    return key in this.texts;
  }

  /* The text of a key, its {places} filled. */
  t(key, places = {}) {
    return this.texts[key][this.column].replace(/{(\w+)}/g, (_, name) => places[name]);
  }

  /* A figure as the language writes it: 0.83 or 0,83. */
  figure(value, digits = 2) {
    const places = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    return value.toLocaleString(this.language, places).replace("-", "−");
  }

  /* A critic's score, often far below 1, with what differs between faces: 0.52, 0.015, 0.0002. */
  score(value) {
    return this.figure(value, Math.min(4, Math.max(2, 1 - Math.floor(Math.log10(value || 1)))));
  }

  /* 10, or 7.4 for what is no whole number of seconds. */
  seconds(value) {
    return this.figure(value, Math.abs(value - Math.round(value)) < .05 ? 0 : 1);
  }

  ratio(db) {
    return (db < 0 ? "−" : "+") + Math.abs(db);
  }

  /* Fill every element below `root` that names its text. */
  fill(root) {
    for (const element of root.querySelectorAll("[data-t]")) element.textContent = this.t(element.dataset.t);
    for (const element of root.querySelectorAll("[data-t-label]"))
      element.setAttribute("aria-label", this.t(element.dataset.tLabel));
  }
}
