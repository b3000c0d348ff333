/* Deals rounds of the game "Find my voice", as v2f/kiosk/find_my_voice.py does. */
import { Problem, told } from "./answers.js";
import { RATE } from "./detector.js";
import { wav } from "./noise.js";

const FACES = 4;
const VISITOR = -1;          // the number of the person who plays; readers count from 0
const VOICE_SECONDS = 4;     // of a visitor's recording that play
const PEAK = .7;             // of what plays: all are about as loud

export class FindMyVoice {
  /* clips: of each reader the samples { face, voice } of which a face is drawn, and which play; draw(samples): the face. */
  constructor(service, clips, draw) {
    Object.assign(this, { service, clips, draw, readers: new Map() });
  }

  /* A round, as the page's game takes it. */
  async deal({ played, session, mine }) {
    const visitor = session ? this.visitor(session) : null;
    const readers = shuffled([...this.clips.keys()]).sort((one, other) => played.includes(one) - played.includes(other));
    const people = shuffled([...readers.slice(0, FACES - 1), visitor ? VISITOR : readers[FACES - 1]]), four = [];
    for (const one of people) four.push(one === VISITOR ? visitor : await this.reader(one));
    const person = visitor && mine ? VISITOR : readers[0], answer = people.indexOf(person);
    const { voice } = four[answer], drawn = await this.draw(voice), faces = four.map(one => one.face);
    return { person, wav: wav(voice), faces: faces.map(told), answer, drawn: told(drawn), model: nearest(drawn, faces) };
  }

  async reader(number) {
    if (!this.readers.has(number)) {
      const { face, voice } = this.clips[number];
      this.readers.set(number, { face: await this.draw(face), voice: levelled(voice) });
    }
    return this.readers.get(number);
  }

  /* The face of the longest duration in the first half of a visitor's recording, and the voice that comes after it. */
  visitor(session) {
    this.service.whole(session);
    const { recording: { waveform }, faces } = this.service.at(session);
    const i = this.service.durations.findLastIndex((seconds, at) => faces[at] && 2 * seconds * RATE <= waveform.length);
    if (i < 0) throw new Problem("short");
    const start = this.service.durations[i] * RATE;
    return { face: faces[i], voice: levelled(waveform.slice(start, start + VOICE_SECONDS * RATE)) };
  }
}

/* The place of the face whose pixels differ least from those of another. */
function nearest({ image }, faces) {
  const far = faces.map(face => face.image.data.reduce((sum, value, i) => sum + (value - image.data[i]) ** 2, 0));
  return far.indexOf(Math.min(...far));
}

function levelled(samples) {
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 1e-3);
  return samples.map(sample => sample * PEAK / peak);
}

function shuffled(things) {
  return things.map(thing => [Math.random(), thing]).sort(([one], [other]) => one - other).map(([, thing]) => thing);
}
