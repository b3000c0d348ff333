/* Several recordings side by side; a press on one looks at it closely. */
import { Choices } from "./choices.js";
import { make, put } from "./portraits.js";

export class Rows {
  constructor(booth, durations, words, chosen) {
    Object.assign(this, { durations, words, chosen, group: booth.querySelector("#rows"), single: booth.querySelector(".voice-group") });
    this.show([]);
  }

  /* results: as the server gives them, with a name each; `session` is the one looked at. One alone needs no rows. */
  show(results, session) {
    const several = results.length > 1, place = this.group.querySelector(".rows");
    this.results = several ? results : [];
    this.group.hidden = !several;
    this.single.hidden = several;
    this.group.style.setProperty("--rows", results.length);
    place.replaceChildren(...this.results.map(result => this.row(result)));
    if (!several) return;
    new Choices(place, session, token => this.chosen(this.results.find(result => result.session === token)));
    place.querySelector("[aria-checked=true]").focus({ preventScroll: true });
  }

  row({ session, name, faces }) {
    const row = make(`<button class="row" role="radio" data-value="${session}"><span class="row-name"></span></button>`);
    row.firstElementChild.textContent = name;
    faces.forEach((face, i) => {
      const frame = make(`<span class="frame" style="--d:${i}"></span>`);
      put(frame, face, this.words.t("after", { n: this.durations[i] }));
      row.append(frame);
    });
    return row;
  }
}
