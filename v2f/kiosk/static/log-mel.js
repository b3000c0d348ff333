/* What the network hears: log-mel features. Their picture is a mask, so it has the voice's colour. */

export class LogMel {
  constructor(booth, words, timelineSeconds) {
    Object.assign(this, { words, timelineSeconds });
    this.picture = booth.querySelector("#logmel-picture");
    this.axis = booth.querySelector("#logmel-axis");
  }

  /* An image of the first `seconds` of a recording, as far as the timeline shows them. */
  show(image, seconds) {
    const shown = Math.min(seconds, this.timelineSeconds);
    this.picture.style.setProperty("--picture", `url("${image}")`);
    this.axis.textContent = `${this.words.seconds(shown)} ${this.words.t("sec")}`;
  }

  clear() {
    this.picture.style.removeProperty("--picture");
    this.axis.textContent = "";
  }
}
