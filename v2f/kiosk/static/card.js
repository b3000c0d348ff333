/* Take it home: after a yes the server draws a card, which is printed here or fetched with a phone. */
import { Screen } from "./screen.js";

export class CardToTakeHome extends Screen {
  constructor(parts) {
    super("card", `
      <section data-part="ask" class="intro">
        <p class="question" data-t="cardask"></p><p class="lede" data-t="cardaskhelp"></p>
        <div class="game-buttons"><button class="btn solid large" id="card-yes" data-t="cardyes"></button><button class="btn large" id="card-no" data-t="cardno"></button></div>
      </section>
      <section data-part="made" class="card-made" hidden>
        <img id="card-picture" alt="">
        <div class="card-ways"><img id="card-code" alt=""><p data-t="cardscan"></p>
          <div class="game-buttons"><button class="btn solid" id="card-print" data-t="cardprint"></button><button class="btn" id="card-drop" data-t="carddrop"></button></div></div>
      </section>`, parts);
    this.$("#card-yes").onclick = () => this.make();
    this.$("#card-no").onclick = () => this.page.close();
    this.$("#card-print").onclick = () => print();
    this.$("#card-drop").onclick = () => this.drop();
  }

  begin() {
    this.clear();
    this.part("ask");
  }

  async make() {
    const { session, words } = this;
    this.$("#card-yes").disabled = true;
    await this.attempt(async () => {
      const { picture, code } = await session.ask("make_card", { session: session.current, language: words.language });
      if (!this.page.open) return;
      const shown = { "#card-picture": ["cardpicture", picture], "#card-code": ["cardcode", code] };
      for (const [image, [key, address]] of Object.entries(shown))
        Object.assign(this.$(image), { src: address, alt: words.t(key) });
      this.part("made");
      this.$("#card-print").focus();
    });
    this.$("#card-yes").disabled = false;
  }

  async drop() {
    const dropped = await this.attempt(() => this.session.ask("drop_card", { session: this.session.current }));
    if (dropped) this.page.close();
  }

  clear() {
    for (const image of this.$$("img")) image.removeAttribute("src");
  }

  end() {
    this.clear();
  }
}
