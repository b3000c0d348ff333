/* Files that a visitor brings along, decoded by the browser. */
import { RATE } from "../kiosk/sources.js";

const LARGEST = 100e6;       // bytes: decoded, a long recording takes many times as much memory
const LONG = 120;            // seconds, from which on the browser resamples, a little less sharply
const USUAL = 48000;         // Hz, of files that do not say
const PART = 1 << 16;        // bytes at either end, in which others do

/* { channels: Float32Array each, rate: their samples a second }, or { problem: its key }. */
export async function readFile(file) {
  if (file.size > LARGEST) return { problem: "large" };
  try {
    const bytes = await file.arrayBuffer(), rate = rateOf(new DataView(bytes)), sound = await decoded(bytes.slice(), RATE);
    return channelsOf(rate === RATE || sound.duration > LONG ? sound : await decoded(bytes, rate));
  } catch {
    return { problem: "unreadable" };
  }
}

function decoded(bytes, rate) {
  return new OfflineAudioContext(1, 1, rate).decodeAudioData(bytes);
}

function channelsOf(sound) {
  return { rate: sound.sampleRate, channels: Array.from({ length: sound.numberOfChannels }, (_, i) => sound.getChannelData(i)) };
}

/* Samples a second, as WAV, FLAC, Vorbis, MP4 and MP3 files say it. */
function rateOf(view) {
  const text = (from, length) => String.fromCharCode(...new Uint8Array(view.buffer, from, Math.min(length, view.byteLength - from)));
  const said = { "fmt ": at => view.getUint32(at + 12, true), fLaC: at => view.getUint32(at + 18) >>> 12,
    "\x01vorbis": at => view.getUint32(at + 12, true), mp4a: at => view.getUint16(at + 28) };
  for (const from of new Set([0, Math.max(0, view.byteLength - PART)]))   // an MP4 may say it at its end
    for (const [sign, read] of Object.entries(said)) {
      const at = text(from, PART).indexOf(sign);
      if (at >= 0) return withinReach(read(from + at));
    }
  return withinReach(ofMp3(view, text(0, 3) === "ID3" ? 10 + tagSize(view) : 0));
}

/* Bytes of the tag before an MP3, which gives seven bits in each of four. */
function tagSize(view) {
  return [6, 7, 8, 9].reduce((size, at) => size << 7 | view.getUint8(at), 0);
}

/* The rate in the head of the MP3 frame at this place; undefined where there is none. */
function ofMp3(view, at) {
  const word = view.getUint32(at), halved = { 3: 1, 2: 2, 0: 4 }[word >>> 19 & 3];   // MPEG 1, 2, 2.5
  return word >>> 21 === 0x7ff ? [44100, 48000, 32000][word >>> 10 & 3] / halved : undefined;
}

/* A rate that browsers decode at. */
function withinReach(rate) {
  return rate >= 8000 && rate <= 96000 ? rate : USUAL;
}
