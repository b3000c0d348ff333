/* What went wrong, in words, where the headline was; beside a result it goes by itself. */
const NO_MICROPHONE = ["nomic", "permission", "insecure", "mic_lost"];
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

  show(key, stays) {
    this.booth.dataset.problem = this.words.has(`e_${key}`) ? key : "trouble";
    clearTimeout(this.end);
    if (!stays) this.end = setTimeout(() => this.dismiss(), SECONDS * 1000);
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
    this.title.textContent = this.words.t(`e_${this.problem}`);
    this.text.textContent = this.words.t(`e_${this.problem}2`);
  }
}
