/* The noise study: Figure 2 of the paper, with faces of the model that is loaded. */
import { make, put } from "./portraits.js";

export class Study {
  constructor(booth, durations, words) {
    Object.assign(this, { durations, words, grid: booth.querySelector("#study-grid") });
  }

  /* rows: pairs of a kind of noise, or "voice", and its faces. */
  show(rows) {
    const { words } = this;
    const heads = this.durations.map(d => `<th scope="col">${d} ${words.t("sec")}</th>`).join("");
    const table = make(`<table><thead><tr><td></td>${heads}</tr></thead><tbody></tbody></table>`);
    for (const [kind, faces] of rows) {
      const name = words.t(kind === "voice" ? "voiceface" : `${kind}_noise`);
      const row = make(`<table><tr class="${kind === "voice" ? "voice" : "noise"}"><th scope="row">${name}</th></tr></table>`).querySelector("tr");
      faces.forEach((face, i) => {
        const cell = make('<table><tr><td><span class="frame"></span></td></tr></table>').querySelector("td");
        put(cell.firstElementChild, face, `${name}, ${words.t("after", { n: this.durations[i] })}`);
        row.append(cell);
      });
      table.querySelector("tbody").append(row);
    }
    this.grid.replaceChildren(table);
  }

  clear() {
    this.grid.replaceChildren();
  }
}
