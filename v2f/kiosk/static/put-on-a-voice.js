/* The game "Put on a voice": the visitor's face beside those of the same person as a giant, in a whisper, as a child. */
import { make, put } from "./portraits.js";
import { Screen } from "./screen.js";
import { Take } from "./take.js";

const VOICES = ["giant", "whisper", "child"];

export class PutOnAVoice extends Screen {
  constructor(parts) {
    super("puton", '<p class="lede" data-t="putonlede"></p><div class="takes four"></div>', parts);
    this.own = make('<figure class="take"><span class="frame"></span><figcaption data-t="voiceface"></figcaption></figure>');
    const alone = speaker => is => { for (const take of this.takes) take.button.disabled = is && take.name !== speaker; };
    this.takes = VOICES.map(name => new Take(this, name, () => {}, alone(name)));
    this.words.fill(this.own);
    this.$(".takes").append(this.own, ...this.takes.map(take => take.element));
    this.face = parts.face;
  }

  begin() {
    put(this.own.querySelector(".frame"), this.face(), this.words.t("voiceface"));
    for (const take of this.takes) take.clear();
  }

  end() {
    for (const take of this.takes) take.clear();
    put(this.own.querySelector(".frame"), null);
  }
}
