/* On request, log-mel features in place of the waveform. Their picture is a mask, so it has the voice's colour. */

export class LogMel {
  /* `ask(use)` calls use(image, seconds) once there is a picture. */
  constructor(booth, words, timelineSeconds, ask) {
    Object.assign(this, { words, timelineSeconds });
    this.button = booth.querySelector("#logmel");
    this.picture = booth.querySelector("#logmel-picture");
    this.timeline = booth.querySelector(".timeline");
    this.button.onclick = () => {
      if (this.timeline.classList.contains("mel")) this.hide();
      else ask((image, seconds) => this.show(image, seconds));
    };
  }

  show(image, seconds) {
    this.picture.style.setProperty("--picture", `url("${image}")`);
    this.picture.style.width = `${100 * Math.min(1, seconds / this.timelineSeconds)}%`;
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
    this.timeline.classList.toggle("mel", on);
  }
}
