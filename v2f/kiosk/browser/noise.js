/* Noise and its mixing with a voice, as v2f/audio/noise.py does; and the mixture as a file to listen to. */
import { FRAME, RATE } from "./detector.js";

/* So many samples of a noise, again and again. */
export function repeated(noise, samples) {
  return Float32Array.from({ length: samples }, (_, i) => noise[i % noise.length]);
}

/* A voice in a noise of the same length, at a ratio in dB over the voice's speech frames; its peak is 1 at most. */
export function mix(voice, noise, ratio, speech) {
  const anywhere = speech.includes(1), there = i => !anywhere || speech[Math.floor(i / FRAME)] === 1;
  const level = rms(noise, there) || rms(noise, () => true);
  const gain = Math.fround(rms(voice, there) / Math.max(1e-12, level) / 10 ** (ratio / 20));
  const mixed = voice.map((sample, i) => sample + Math.fround(gain * noise[i]));
  const peak = mixed.reduce((most, sample) => Math.max(most, Math.abs(sample)), 1);
  return mixed.map(sample => sample / peak);
}

function rms(signal, there) {
  let sum = 0, count = 0;
  for (let i = 0; i < signal.length; i++) if (there(i)) { sum += signal[i] * signal[i]; count += 1; }
  return count ? Math.sqrt(sum / count) : 0;
}

/* Samples as base64 of a 16-bit WAV file. */
export function wav(samples) {
  const bytes = new Uint8Array(44 + 2 * samples.length), view = new DataView(bytes.buffer);
  const text = (at, letters) => [...letters].forEach((letter, i) => { bytes[at + i] = letter.charCodeAt(0); });
  text(0, "RIFF"); text(8, "WAVEfmt "); text(36, "data");
  view.setUint32(4, bytes.length - 8, true);
  view.setUint32(16, 16, true);          // of the format: PCM, one channel, 16 bits
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, RATE, true);
  view.setUint32(28, 2 * RATE, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  view.setUint32(40, 2 * samples.length, true);
  samples.forEach((sample, i) => view.setInt16(44 + 2 * i, Math.max(-32768, Math.min(32767, Math.round(sample * 32768))), true));
  let letters = "";
  for (let at = 0; at < bytes.length; at += 8192) letters += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(letters);
}
