/* Recordings and the faces after some of their seconds, as v2f/pipeline has them. */
import { bridgeGaps, Detector, FRAME, keepSpeech, LEAST_SPEECH, RATE } from "./detector.js";

/* A recording, whole or in progress, and all that is known of it. */
export class Recording {
  constructor(library, seconds) {
    Object.assign(this, { detector: new Detector(library), most: Math.round(seconds * RATE), cache: new Map() });
    this.waveform = new Float32Array(0);
    this.decisions = new Uint8Array(0);
  }

  add(samples) {
    const part = samples.subarray(0, this.most - this.waveform.length);
    this.waveform = joined(Float32Array, this.waveform, part);
    this.decisions = joined(Uint8Array, this.decisions, this.detector.decide(this.waveform.subarray(this.decisions.length * FRAME)));
  }

  get seconds() {
    return this.waveform.length / RATE;
  }

  /* What a face is wanted of: each duration, and all of it. */
  prefixes(durations) {
    return new Prefixes(this.waveform, this.decisions, durations, this.cache);
  }

  /* Overwrite it: it is the visitor's. */
  forget() {
    this.waveform.fill(0);
    for (const vector of this.cache.values()) vector.fill(0);
    this.cache.clear();
    this.detector.forget();
  }
}

/* decisions: null where all of the sound is used, as of noise alone. */
export class Prefixes {
  constructor(waveform, decisions, durations, cache = new Map()) {
    Object.assign(this, { waveform, decisions, cache });
    this.stops = [...durations.map(seconds => Math.round(seconds * RATE)), waveform.length];
    this.speech = decisions && bridgeGaps(decisions);
  }

  /* Samples of speech in the first `stop` samples. */
  used(stop) {
    if (!this.decisions) return stop;
    return FRAME * bridgeGaps(this.decisions.subarray(0, Math.floor(stop / FRAME))).reduce((sum, one) => sum + one, 0);
  }

  get enough() {
    return this.used(this.waveform.length) >= LEAST_SPEECH;
  }
}

/* The strips of several recordings, computed together: of each a face for every stop, null where there is none. */
export async function strips(networks, recordings) {
  const asked = recordings.map(recording => {
    const stops = [...new Set(recording.stops)].filter(stop => stop <= recording.waveform.length && recording.used(stop) >= LEAST_SPEECH);
    const speech = recording.speech ? keepSpeech(recording.waveform, recording.speech) : recording.waveform;
    return { stops, speech, lengths: stops.map(stop => recording.used(stop)), cache: recording.cache };
  });
  if (!asked.some(({ stops }) => stops.length)) return recordings.map(({ stops }) => stops.map(() => null));
  const faces = await networks.faces(await networks.embed(asked));
  return recordings.map((recording, i) => {
    const { stops, lengths } = asked[i];
    const made = new Map(stops.map((stop, j) => [stop, { ...faces.shift(), seconds: lengths[j] / RATE, duration: stop / RATE }]));
    return recording.stops.map(stop => made.get(stop) ?? null);
  });
}

function joined(Kind, first, second) {
  const all = new Kind(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}
