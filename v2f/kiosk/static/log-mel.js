/* On request, what the network hears in place of the waveform. Its picture is a mask, so it has the voice's colour. */

export class LogMel {
  /* `ask()` resolves to { image, seconds }. */
  constructor(booth, words, ask) {
    Object.assign(this, { words, ask });
    this.button = booth.querySelector("#logmel");
    this.picture = booth.querySelector("#logmel-picture");
    this.rail = booth.querySelector(".rail");
    this.button.onclick = () => this.rail.classList.contains("mel") ? this.hide() : this.show();
  }

  async show() {
    const answer = await this.ask();
    if (!answer) return;
    this.picture.style.setProperty("--picture", `url("${answer.image}")`);
    this.picture.style.width = `${Math.min(answer.seconds, 10) * 10}%`;
    this.picture.ariaLabel = this.words.t("logmelhelp");
    this.turn(true);
  }

  hide() {
    this.picture.style.removeProperty("--picture");
    this.turn(false);
  }

  turn(on) {
    this.picture.hidden = !on;
    this.button.setAttribute("aria-pressed", on);
    this.rail.classList.toggle("mel", on);
  }
}
