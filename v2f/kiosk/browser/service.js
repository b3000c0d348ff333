/* Answers what the page asks, as v2f/kiosk/booth_service.py does on a server: the same questions and answers, but that a
face's image is ImageData. Recordings are kept here, in this tab's memory, under numbers that the page calls tokens. */
import { Problem, told } from "./answers.js";
import { Chances } from "./chances.js";
import { bridgeGaps, FRAME, RATE } from "./detector.js";
import { FindMyVoice } from "./find-my-voice.js";
import { hearing, normalised, shaded } from "./filter-banks.js";
import { between } from "./latent.js";
import { mix, repeated, wav } from "./noise.js";
import { Prefixes, Recording, strips } from "./recordings.js";
import { resampled } from "./resample.js";
import { part } from "./window.js";

const QUIET_PEAK = .01;         // below it nobody can have spoken near the microphone
const OTHER_FACES = 5, INTERPOLATION_STEPS = 21;
const STEPS = [0, 4, 16, 64];   // components of a place that are drawn, the strongest first
const PITCHES = [.8, 1, 1.25];  // of the voice as it was
const STUDY_NOISES = ["white", "pink", "brown", "hum"];

export class Service {
  /* library: the speech detector's; noises: Float32Array by kind; config: what the page is told. */
  constructor({ networks, library, noises, config }) {
    Object.assign(this, { networks, library, noises, config, sessions: new Map(), files: new Map(), number: 0 });
    const { durations, timeline, model } = config;
    Object.assign(this, { durations, timeline, model, longest: config.max_upload_seconds });
    this.chances = model.uncertainty && new Chances(model.uncertainty);
  }

  /* A number for something that is kept. */
  keep(things, thing) {
    const token = `${++this.number}`;
    things.set(token, thing);
    return token;
  }

  at(token) {
    const session = this.sessions.get(token);
    if (!session) throw new Problem("gone");
    return session;
  }

  whole(token) {
    const whole = this.at(token).faces?.at(-1);
    if (!whole) throw new Problem("gone");
    return whole;
  }

  /* What the timeline shows of a whole recording. */
  shown(token) {
    this.whole(token);
    return this.at(token).recording.waveform.subarray(0, this.timeline.seconds * RATE);
  }

  /* ---- recordings ---- */

  start_recording({ seconds }) {
    return { session: this.keep(this.sessions, { recording: new Recording(this.library, seconds), sent: new Set() }) };
  }

  async update_recording({ session, samples }) {
    const { recording, sent } = this.at(session);
    if (samples) recording.add(decoded(samples));
    const reached = this.durations.filter(seconds => !sent.has(seconds) && seconds <= recording.seconds);
    for (const seconds of reached) sent.add(seconds);
    const asked = recording.prefixes(reached), [strip] = await strips(this.networks, [asked]), face = strip.pop();
    return { received: asked.waveform.length, face: told(face), strip: reached.map((seconds, i) => [seconds, told(strip[i])]),
      speech: asked.speech.join("") };
  }

  async finish_recording({ session }) {
    const kept = this.at(session), { waveform } = kept.recording;
    try {
      return await this.result(session, kept, { shortened: false, start: 0, cut: null, other: null });
    } catch (problem) {
      this.forget({ sessions: [session] });
      const quiet = waveform.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0) < QUIET_PEAK;
      throw problem.key === "no_speech" ? new Problem(quiet ? "quiet" : "no_speech") : problem;
    }
  }

  /* Take a file that the page has decoded: its channels and their rate, or what is wrong with it. */
  bring({ channels, rate, problem }) {
    return { path: this.keep(this.files, { channels: channels?.map(channel => resampled(channel, rate, RATE)), problem }) };
  }

  async read_upload({ path, channel }) {
    const used = part(this.brought(path), this.longest, channel, this.library), kept = { recording: this.recordingOf(used.waveform) };
    const { start, shortened, other } = used;
    try {
      return await this.result(null, kept, { shortened, start, cut: null, other });
    } catch (problem) {
      kept.recording.forget();
      throw problem.key === "no_speech" && shortened ? new Problem("no_speech_in", this.longest) : problem;
    }
  }

  brought(path) {
    const { channels, problem } = this.files.get(path) ?? { problem: "gone" };
    this.files.delete(path);
    if (problem) throw new Problem(problem);
    return channels;
  }

  recordingOf(waveform) {
    const recording = new Recording(this.library, this.longest);
    recording.add(waveform);
    return recording;
  }

  /* The faces of a whole recording, which is kept from now on. */
  async result(token, kept, source) {
    const asked = kept.recording.prefixes(this.durations);
    if (!asked.enough) throw new Problem("no_speech");
    const [strip] = await strips(this.networks, [asked]);
    kept.faces = strip;
    const faces = strip.map(told), whole = faces.pop();
    return { session: token ?? this.keep(this.sessions, kept), seconds: kept.recording.seconds, ...source,
      peaks: this.peaks(asked.waveform), speech: asked.speech.subarray(0, this.timeline.seconds * RATE / FRAME).join(""),
      faces, whole, settling: await this.settling(kept.faces) };
  }

  async settling(strip) {
    if (!this.chances) return null;
    const faces = strip.filter(Boolean), places = await this.networks.places(flat(faces.map(face => face.embedding)));
    const path = this.chances.path(places, faces.at(-1).seconds);
    return { ...this.chances.curve, path: strip.map(face => face && [face.seconds, path.shift()]) };
  }

  /* The loudest sample of each of the timeline's bars. */
  peaks(waveform) {
    const { seconds, bars } = this.timeline, size = seconds * RATE / bars;
    return Array.from({ length: bars }, (_, i) =>
      waveform.subarray(i * size, (i + 1) * size).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0));
  }

  /* ---- noise ---- */

  read_noise_clip({ path }) {
    const { waveform } = part(this.brought(path), this.longest, null, null);
    return { clip: this.keep(this.sessions, { recording: this.recordingOf(waveform) }) };
  }

  async noise_strip(question) {
    const { sound, decisions } = this.noisy(question);
    const wanted = question.durations === false ? [] : this.durations;
    const [strip] = await strips(this.networks, [new Prefixes(sound, decisions, wanted)]), faces = strip.map(told);
    return { whole: faces.pop(), faces, peaks: this.peaks(sound) };
  }

  noise_mix(question) {
    return { wav: wav(this.noisy(question).sound) };
  }

  /* A voice in noise, with what was decided of the voice; the noise alone where there is no voice, or no ratio. */
  noisy({ kind, snr, session, clip }) {
    const voice = session && this.at(session).recording;
    const samples = voice ? voice.waveform.length : this.timeline.seconds * RATE;
    const noise = repeated(kind === "own" ? this.at(clip).recording.waveform : this.noises[kind], samples);
    if (!voice || snr === null) return { sound: noise, decisions: null };
    return { sound: mix(voice.waveform, noise, snr, bridgeGaps(voice.decisions)), decisions: voice.decisions };
  }

  async noise_study({ session }) {
    const alone = kind => new Prefixes(this.noises[kind], null, this.durations);
    this.study ??= strips(this.networks, STUDY_NOISES.map(alone)).then(rows => rows.map((row, i) => [STUDY_NOISES[i], row.slice(0, -1).map(told)]));
    const rows = await this.study, faces = session && this.at(session).faces;
    return { rows: faces ? [["voice", faces.slice(0, -1).map(told)], ...rows] : rows };
  }

  /* ---- what can be asked about a result ---- */

  async nearby_faces({ session }) {
    const own = this.whole(session), faces = [told(own)];
    if (!this.chances) return { faces };
    const places = this.chances.draw(await this.networks.places(own.embedding), OTHER_FACES);
    return { faces: [...faces, ...await this.drawn(Array(OTHER_FACES).fill(own.embedding), places)] };
  }

  async interpolate({ first, second }) {
    const end = second ? this.whole(second).embedding : Float32Array.from(this.model.example);
    return { faces: await this.drawn(between(this.whole(first).embedding, end, INTERPOLATION_STEPS)) };
  }

  async log_mel({ session }) {
    return { image: await dataAddress(shaded(normalised(hearing(this.shown(session))))) };
  }

  async why({ session }) {
    const own = this.whole(session), place = await this.networks.places(own.embedding);
    const rank = [...place.keys()].sort((one, other) => Math.abs(place[other]) - Math.abs(place[one]));
    const places = STEPS.map(count => { const some = rank.slice(0, count); return place.map((number, i) => some.includes(i) ? number : 0); });
    const images = await this.drawn(STEPS.map(() => own.embedding), flat(places));
    return { numbers: [...own.embedding], steps: images.map(({ image }, i) => ({ count: STEPS[i], image })), whole: told(own), ...this.model.about };
  }

  async pitched_faces({ session }) {
    const heard = this.shown(session), faces = [];
    for (const pitch of PITCHES) faces.push([pitch, told(await this.faceOf(resampled(heard, RATE * pitch, RATE)).catch(() => null))]);
    return { faces };
  }

  async critic_scores({ session }) {
    this.whole(session);
    const faces = await this.networks.judged(this.at(session).faces);
    return { scores: faces.map(face => face && face.score) };
  }

  /* ---- the game "Find my voice" ---- */

  /* readers: of each the clips { face, voice }, as `bring` takes a file. */
  bring_readers({ readers }) {
    const mono = ({ channels, rate }) => resampled(channels[0], rate, RATE);
    const clips = readers.map(({ face, voice }) => ({ face: mono(face), voice: mono(voice) }));
    this.game = new FindMyVoice(this, clips, samples => this.faceOf(samples));
    return {};
  }

  find_voice(question) {
    return this.game.deal(question);
  }

  /* The face of all of some samples, which are not kept. */
  async faceOf(samples) {
    const recording = this.recordingOf(samples), [[face]] = await strips(this.networks, [recording.prefixes([])]);
    recording.forget();
    if (!face) throw new Problem("no_speech");
    return face;
  }

  /* Faces of embeddings, without durations. */
  async drawn(embeddings, places) {
    return (await this.networks.faces(flat(embeddings), places)).map(told);
  }

  /* ---- sessions ---- */

  forget({ sessions }) {
    this.files.clear();   // what was brought and never read
    for (const token of sessions) {
      this.sessions.get(token)?.recording.forget();
      this.sessions.delete(token);
    }
    return {};
  }
}

/* The samples of base64 of 16-bit ones. */
function decoded(text) {
  const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
  return Float32Array.from(new Int16Array(bytes.buffer), sample => sample / 32768);
}

/* A picture as the address of a PNG that holds it. */
async function dataAddress(image) {
  const canvas = new OffscreenCanvas(image.width, image.height);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return new FileReaderSync().readAsDataURL(await canvas.convertToBlob({ type: "image/png" }));
}

function flat(arrays) {
  const all = new Float32Array(arrays.length * (arrays[0]?.length ?? 0));
  arrays.forEach((array, i) => all.set(array, i * array.length));
  return all;
}
