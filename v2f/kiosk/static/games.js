/* The games for groups, and the card to take home where there are cards. */
import { CardToTakeHome } from "./card.js";
import { FindMyVoice } from "./find-my-voice.js";
import { PutOnAVoice } from "./put-on-a-voice.js";
import { TwoOfYou } from "./two-of-you.js";

/* `face()` gives the face of the result that is shown. */
export function addGames(view, session, server, config) {
  const { booth, words } = view, face = () => view.result?.whole;
  const parts = { booth, words, session, server, config, face };
  for (const Game of [FindMyVoice, PutOnAVoice, TwoOfYou]) new Game(parts);
  if (config.cards) new CardToTakeHome(parts);
  else booth.querySelector("#open-card").remove();
}
