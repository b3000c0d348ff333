/* The game "Find my voice": four faces, one voice; people choose, the model chooses, and both are counted. */
import { make, put } from "./portraits.js";
import { Screen } from "./screen.js";

const ROUNDS = 5;
const FACES = 4;

export class FindMyVoice extends Screen {
  constructor(parts) {
    const pick = n => `<button class="pick" data-place="${n}"><span class="frame"></span><b class="number num">${n + 1}</b><span class="tags"></span></button>`;
    super("find", `
      <section data-part="intro" class="intro">
        <div class="silhouettes" aria-hidden="true">${'<span class="frame"><svg class="sil"><use href="#sil"/></svg></span>'.repeat(FACES)}</div>
        <p class="lede" data-t="findlede"></p><p data-t="findfair"></p>
        <label class="switch"><input type="checkbox" id="find-mine"><i></i><span data-t="findmine"></span></label>
        <button class="btn solid large" id="find-start" data-t="start"></button>
        <p class="credit" data-t="findcredit"></p>
      </section>
      <section data-part="round" class="round" hidden>
        <p class="score-line"><span class="round-number"></span><span class="scores num"></span></p>
        <div class="picks">${[...Array(FACES).keys()].map(pick).join("")}</div>
        <div class="below">
          <figure class="drawn" hidden><span class="frame"></span><figcaption data-t="howmodel"></figcaption></figure>
          <div class="telling"><p class="question" role="status"></p><p class="hint" data-t="pressface"></p>
          <div class="game-buttons"><button class="btn" id="find-hear"><svg aria-hidden="true"><use href="#i-play"/></svg><span data-t="hearagain"></span></button>
            <button class="btn solid" id="find-next" hidden></button></div></div>
        </div>
      </section>
      <section data-part="score" class="intro final" hidden>
        <dl class="num"><div><dt data-t="people"></dt><dd id="find-people"></dd></div><div><dt data-t="themodel"></dt><dd id="find-model"></dd></div></dl>
        <p class="of-voices"></p><p class="lede" data-t="findend"></p>
        <button class="btn solid large" id="find-again" data-t="playagain"></button>
        <p class="credit" data-t="findcredit"></p>
      </section>`, parts);
    this.$("#find-start").onclick = () => this.play();
    this.$("#find-again").onclick = () => this.begin();
    this.$("#find-hear").onclick = () => this.hear();
    this.$("#find-next").onclick = () => this.rounds.length < ROUNDS ? this.deal() : this.count();
    for (const button of this.$$(".pick")) button.onclick = () => this.choose(Number(button.dataset.place));
  }

  begin() {
    this.end();
    const mine = this.$("#find-mine");
    mine.checked = false;
    mine.closest("label").hidden = !this.session.current;
    this.part("intro");
  }

  async play() {
    this.rounds = [];
    this.mine = this.$("#find-mine").checked;
    this.turn = Math.floor(Math.random() * ROUNDS);   // in which the visitor's voice plays
    await this.deal();
  }

  /* The next round. */
  async deal() {
    const { session, words, rounds } = this;
    this.silence();
    this.part("round");
    this.page.dataset.shown = "waiting";
    this.$(".round-number").textContent = words.t("round", { n: rounds.length + 1, m: ROUNDS });
    this.$(".question").textContent = words.t("dealing");
    this.$("#find-next").hidden = this.$(".drawn").hidden = true;
    for (const button of this.$$(".pick")) this.clear(button);
    this.showScores();
    const dealt = await this.attempt(async () => {
      const played = rounds.map(round => round.person), visitor = this.mine ? session.current : null;
      const round = await session.ask("find_voice", { played, session: visitor, mine: rounds.length === this.turn });
      if (this.rounds === rounds) await this.show(round);   // nobody has left or begun anew meanwhile
    });
    if (!dealt && this.rounds === rounds) this.begin();
  }

  async show(round) {
    this.round = round;
    await Promise.all(this.$$(".pick").map((button, i) => {
      const name = this.words.t("facenumber", { n: i + 1 });
      button.ariaLabel = name;
      return put(button.querySelector(".frame"), round.faces[i], name);
    }));
    this.page.dataset.shown = "question";
    this.$(".question").textContent = this.words.t("whose");
    for (const button of this.$$(".pick")) button.disabled = false;
    this.hear();
  }

  hear() {
    this.silence();
    this.player = new Audio(`data:audio/wav;base64,${this.round.wav}`);
    this.player.play().catch(() => {});   // it was stopped, or there is no loudspeaker: the button is still there
  }

  silence() {
    this.player?.pause();
    this.player?.removeAttribute("src");
    this.player = null;
  }

  /* What people chose; then the model's choice, and whose voice it was. */
  choose(place) {
    const { round, words, rounds } = this, { answer, model } = round;
    rounds.push({ person: round.person, people: place === answer, model: model === answer });
    this.page.dataset.shown = "answer";
    for (const [i, button] of this.$$(".pick").entries()) {
      button.disabled = true;
      button.classList.toggle("right", i === answer);
      const tags = [[i === answer, "isvoice"], [i === place, "people"], [i === model, "themodel"]];
      const texts = tags.filter(([there]) => there).map(([, key]) => words.t(key));
      button.querySelector(".tags").replaceChildren(...texts.map(text => Object.assign(make("<span></span>"), { textContent: text })));
      button.ariaLabel = [words.t("facenumber", { n: i + 1 }), ...texts].join(", ");
    }
    const verdict = place === answer ? (model === answer ? "bothright" : "peopleright") : model === answer ? "modelright" : "noneright";
    this.$(".question").textContent = words.t(verdict);
    this.$(".drawn").hidden = this.$("#find-next").hidden = false;
    put(this.$(".drawn .frame"), round.drawn, words.t("howmodel"));
    this.$("#find-next").textContent = words.t(rounds.length < ROUNDS ? "nextvoice" : "showscore");
    this.showScores();
    this.$("#find-next").focus();
  }

  score(who) {
    return this.rounds.filter(round => round[who]).length;
  }

  showScores() {
    const { words } = this;
    this.$(".scores").textContent = `${words.t("people")} ${this.score("people")} · ${words.t("themodel")} ${this.score("model")}`;
  }

  count() {
    this.silence();
    this.part("score");
    this.$("#find-people").textContent = this.score("people");
    this.$("#find-model").textContent = this.score("model");
    this.$(".of-voices").textContent = this.words.t("ofvoices", { n: ROUNDS });
    this.$("#find-again").focus();
  }

  clear(button) {
    button.disabled = true;
    button.classList.remove("right");
    button.querySelector(".tags").replaceChildren();
    put(button.querySelector(".frame"), null);
  }

  end() {
    this.silence();
    this.round = null;
    this.rounds = [];
    for (const button of this.$$(".pick")) this.clear(button);
    put(this.$(".drawn .frame"), null);
  }
}
