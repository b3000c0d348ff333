/* Which frames of 20 ms are speech, as v2f/audio/vad.py decides: WebRTC's detector, on sound brought to one level. */

export const RATE = 16000, FRAME = 320;       // Hz; samples of a decision
const MODE = 2;                                // of aggressiveness, 0 to 3
const FULL_SCALE = 32768, LEVEL_DB = -30, FAINTEST_DB = -60;
const FALL_DB = FRAME / RATE;                  // a frame, by which what was loud is forgotten: 1 dB a second
const LONGEST_GAP = 10;                        // frames of a pause that belongs to the speech around it
export const LEAST_SPEECH = RATE / 2;          // samples, below which there is no face

/* libfvad, WebRTC's detector as a WebAssembly module without imports: its exports. */
export async function loadDetector(bytes) {
  const { instance } = await WebAssembly.instantiate(bytes);
  instance.exports._initialize();
  return instance.exports;
}

/* The detector for one recording, which may come in pieces. */
export class Detector {
  constructor(library) {
    Object.assign(this, { library, loudest: FAINTEST_DB, decided: 0, handle: library.fvad_new() });
    library.fvad_set_mode(this.handle, MODE);
    library.fvad_set_sample_rate(this.handle, RATE);
    this.place = library.malloc(2 * FRAME);
  }

  /* A digit, 0 or 1, for each whole frame of the next samples. */
  decide(samples) {
    const { library } = this, decisions = new Uint8Array(Math.floor(samples.length / FRAME));
    for (let i = 0; i < decisions.length; i++) {
      const frame = samples.subarray(i * FRAME, (i + 1) * FRAME), gain = this.gain(frame) * FULL_SCALE;
      const place = new Int16Array(library.memory.buffer, this.place, FRAME);
      for (let j = 0; j < FRAME; j++) place[j] = Math.max(-FULL_SCALE, Math.min(FULL_SCALE - 1, frame[j] * gain));
      decisions[i] = library.fvad_process(this.handle, this.place, FRAME);
    }
    return decisions;
  }

  /* What brings the loudest frame so far, as far as it is remembered, to LEVEL_DB. */
  gain(frame) {
    let power = 0;
    for (const sample of frame) power += sample * sample;
    const loudness = 10 * Math.log10(power / FRAME + 1e-12), forgotten = this.decided * FALL_DB;
    this.loudest = Math.max(this.loudest, Math.max(loudness, FAINTEST_DB) + forgotten);
    this.decided += 1;
    return 10 ** ((LEVEL_DB - (this.loudest - forgotten)) / 20);
  }

  /* Free what it holds, which is of the recording; it decides nothing afterwards. */
  forget() {
    new Uint8Array(this.library.memory.buffer, this.place, 2 * FRAME).fill(0);
    this.library.fvad_reset(this.handle);
    this.library.fvad_free(this.handle);
    this.library.free(this.place);
  }
}

/* Decisions with pauses of up to 200 ms between two speech frames filled. */
export function bridgeGaps(decisions) {
  const bridged = decisions.slice();
  for (let i = 0, last = -Infinity; i < bridged.length; i++) {
    if (!decisions[i]) continue;
    if (i - last - 1 <= LONGEST_GAP) bridged.fill(1, last + 1, i);
    last = i;
  }
  return bridged;
}

/* The speech frames of samples, joined. */
export function keepSpeech(samples, speech) {
  const kept = new Float32Array(FRAME * speech.reduce((sum, one) => sum + one, 0));
  let at = 0;
  for (let i = 0; i < speech.length; i++)
    if (speech[i]) { kept.set(samples.subarray(i * FRAME, (i + 1) * FRAME), at); at += FRAME; }
  return kept;
}
