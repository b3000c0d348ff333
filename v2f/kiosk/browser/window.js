/* From the channels of a recording to the part of it that is used, mono, as v2f/audio/channels.py and window.py choose. */
import { bridgeGaps, Detector, FRAME, RATE } from "./detector.js";

const SIDES = ["left", "right"];
const SECOND = RATE / FRAME, ENOUGH = 10 * SECOND, LEAD = 10;   // frames
const LEAST_SPEECH = SECOND / 2;     // frames of somebody who speaks in a channel
const CANCELLED = .5, MOST_CANCELLED = .2;   // shares of the power of unrelated channels, and of all that there is
const APART = .5, LATER = 15, AUDIBLE = 1e-3;

/* channels: Float32Array each, at 16 kHz. seconds: that are used at most. side: "left" or "right", the only one to hear.
library: the speech detector's; null: the start is used, whatever it holds. */
export function part(channels, seconds, side, library) {
  const most = seconds * RATE, found = samples => search(samples, most, library);
  if (side) return found(channels[Math.min(SIDES.indexOf(side), channels.length - 1)]);
  const mean = meanOf(channels), loud = powers([...channels, mean]), ofMean = loud.pop();
  if (cancelled(loud, ofMean)) {
    const sums = loud.map(frames => frames.reduce((sum, power) => sum + power, 0));
    return found(channels[sums.indexOf(Math.max(...sums))]);
  }
  if (!library || !apart(loud)) return found(mean);
  const each = channels.map(found), speech = each.map(one => count(one.speech)), best = Number(speech[1] > speech[0]);
  if (speech[best] < LEAST_SPEECH) return found(mean);
  return { ...each[best], other: speech[1 - best] >= LEAST_SPEECH ? SIDES[1 - best] : null };
}

/* The first part of a recording, or a later one that holds much more speech. */
function search(samples, most, library) {
  const of = (start, speech) => ({ start: start * FRAME / RATE, shortened: samples.length - start * FRAME > most, other: null, speech,
    waveform: samples.slice(start * FRAME, start * FRAME + most) });
  if (!library) return of(0, new Uint8Array(0));
  const detector = new Detector(library), decisions = detector.decide(samples), speech = bridgeGaps(decisions);
  detector.forget();
  const frames = most / FRAME, spoken = start => speech.subarray(start, start + frames), enough = Math.min(ENOUGH, frames / 2);
  let best = 0;
  for (let start = 0; start + frames <= speech.length && count(spoken(best)) < enough;) {
    const onset = decisions.indexOf(1, start + SECOND + LEAD);
    if (onset < 0) break;
    start = onset - LEAD;
    if (count(spoken(start)) > count(spoken(best))) best = start;
  }
  if (count(spoken(best)) <= 2 * count(spoken(0))) best = 0;
  return of(best, spoken(best));
}

function count(speech) {
  return speech.reduce((sum, one) => sum + one, 0);
}

function meanOf(channels) {
  return channels.length === 1 ? channels[0] : channels[0].map((_, i) => channels.reduce((sum, channel) => sum + channel[i], 0) / channels.length);
}

/* Of each channel the power of its frames of 20 ms. */
function powers(channels) {
  return channels.map(channel => Float64Array.from({ length: Math.floor(channel.length / FRAME) }, (_, i) =>
    channel.subarray(i * FRAME, (i + 1) * FRAME).reduce((sum, sample) => sum + sample * sample, 0) / FRAME));
}

/* Whether the mean lacks much of what the channels hold: they cancel each other. */
function cancelled(loud, ofMean) {
  let all = 0, lost = 0;
  const step = SECOND / 2, sum = (frames, start) => frames.subarray(start, start + step).reduce((total, power) => total + power, 0);
  for (let start = 0; start < ofMean.length; start += step) {
    const both = loud.reduce((total, frames) => total + sum(frames, start), 0);
    all += both;
    if (sum(ofMean, start) < CANCELLED * both / loud.length ** 2) lost += both;
  }
  return loud.length > 1 && lost > MOST_CANCELLED * all;
}

/* Whether two channels do not get loud together, as they do where both hold the same voices. */
function apart(loud) {
  if (loud.length !== 2 || loud[0].length < SECOND) return false;
  const levels = loud.map(frames => frames.map(Math.sqrt));
  if (Math.min(...levels.map(level => level.reduce((most, one) => Math.max(most, one), 0))) < AUDIBLE) return false;
  const [left, right] = levels.map(standardised), most = Math.min(LATER, Math.floor(left.length / 20));
  let together = -1;
  for (const [one, other] of [[left, right], [right, left]])
    for (let later = 0; later <= most; later++) {
      let sum = 0;
      for (let i = later; i < one.length; i++) sum += one[i] * other[i - later];
      together = Math.max(together, sum / (one.length - later));
    }
  return together < APART;
}

function standardised(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) + 1e-12;
  return values.map(value => (value - mean) / deviation);
}
