/* The dialog "noise study": Figure 2 of the paper, with faces of the model that is loaded. */
import { make, put } from "./portraits.js";

export class Study {
  constructor(booth, { session, words, durations, failed }) {
    Object.assign(this, { session, words, durations, failed, page: booth.querySelector("#study-page"), grid: booth.querySelector("#study-grid") });
    booth.querySelector("#study").onclick = () => this.open();
    booth.querySelector("#study-close").onclick = () => this.page.close();
    this.page.onclose = () => this.grid.replaceChildren();
  }

  async open() {
    try {
      const { rows } = await this.session.ask("noise_study", { session: this.session.current });
      this.show(rows);
      if (!this.page.open) this.page.showModal();
    } catch (problem) {
      this.failed(problem);
    }
  }

  show(rows) {
    const { words } = this;
    const heads = this.durations.map(d => `<th scope="col">${d} ${words.t("sec")}</th>`).join("");
    const table = make(`<table><thead><tr><td></td>${heads}</tr></thead><tbody></tbody></table>`);
    for (const [kind, faces] of rows) {
      const name = words.t(kind === "voice" ? "voiceface" : `${kind}_noise`);
      const row = make(`<table><tr class="${kind === "voice" ? "voice" : "noise"}"><th scope="row">${name}</th></tr></table>`).querySelector("tr");
      faces.forEach((face, i) => {
        const cell = make(`<table><tr><td><span class="frame"></span><span class="num"></span></td></tr></table>`).querySelector("td");
        put(cell.querySelector(".frame"), face, `${name}, ${words.t("after", { n: this.durations[i] })}`);
        cell.querySelector(".num").textContent = typeof face?.score === "number" ? words.score(face.score) : "";
        row.append(cell);
      });
      table.querySelector("tbody").append(row);
    }
    this.grid.replaceChildren(table);
  }
}
