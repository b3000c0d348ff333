/* On request, what the network hears in place of the waveform. Its picture is a mask, so it has the voice's colour. */

export class LogMel {
  /* `ask(use)` calls use(image, seconds) once there is a picture. */
  constructor(booth, words, ask) {
    this.words = words;
    this.button = booth.querySelector("#logmel");
    this.picture = booth.querySelector("#logmel-picture");
    this.rail = booth.querySelector(".rail");
    this.button.onclick = () => {
      if (this.rail.classList.contains("mel")) this.hide();
      else ask((image, seconds) => this.show(image, seconds));
    };
  }

  show(image, seconds) {
    this.picture.style.setProperty("--picture", `url("${image}")`);
    this.picture.style.width = `${Math.min(seconds, 10) * 10}%`;
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
