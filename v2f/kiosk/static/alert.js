/* What went wrong, in words, where the headline was; beside a result it goes by itself. */
export const NO_MICROPHONE = ["nomic", "permission", "insecure", "mic_lost"];
const NO_VOICE = ["quiet", "no_speech", "mic_busy"];
const SECONDS = 8;

export class Alert {
  constructor(booth, words) {
    const find = selector => booth.querySelector(selector);
    Object.assign(this, { booth, words, icon: find("#alert use"), title: find("#err-title"), text: find("#err-text") });
  }

  get problem() {
    return this.booth.dataset.problem;
  }

  /* Whether the examples are all that a visitor can try. */
  get noMicrophone() {
    return NO_MICROPHONE.includes(this.problem);
  }

  /* `failed`: where several files were dropped, those that cannot be used, each with its name and problem. */
  show({ key, seconds }, stays, failed = []) {
    this.booth.dataset.problem = this.words.has(`e_${key}`) ? key : "trouble";
    Object.assign(this, { seconds, failed });
    clearTimeout(this.end);
    if (!stays) this.end = setTimeout(() => this.dismiss(), SECONDS * 1000 * Math.max(1, failed.length));
    this.label();
  }

  dismiss() {
    clearTimeout(this.end);
    delete this.booth.dataset.problem;
  }

  label() {
    if (!this.problem) return;
    const icon = this.noMicrophone ? "#i-nomic" : NO_VOICE.includes(this.problem) ? "#i-mic" : "#i-alert";
    this.icon.setAttribute("href", icon);
    const { failed, words } = this, title = key => words.t(words.has(`e_${key}`) ? `e_${key}` : "e_trouble");
    this.title.textContent = failed.length ? words.t("e_several", { n: failed.length }) : title(this.problem);
    this.text.textContent = failed.map(({ name, problem }) => `${name}: ${title(problem.key)}`).join(" · ")
      || words.t(`e_${this.problem}2`, { n: this.seconds });
  }
}
