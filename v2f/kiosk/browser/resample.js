/* From one rate to another by a windowed sinc, as sharp as soxr's high quality, which servers use. */

const PASSED = .913;           // of the lower rate's half, up to which everything passes
const BETA = 12.3;             // of Kaiser's window: 120 dB
const TAPS = 110 / 2.285 / Math.PI;   // that its transition takes, over the share of the half that it fills

/* Samples at `from` Hz -> Float32Array at `to` Hz. */
export function resampled(samples, from, to) {
  if (from === to) return samples;
  const divisor = common(from, to), up = to / divisor, down = from / divisor, lower = Math.min(1, to / from);
  const reach = Math.ceil(TAPS / ((1 - PASSED) * lower) / 2), cutoff = lower * (1 + PASSED) / 2;
  const phases = Array.from({ length: up }, (_, phase) => filter(phase * down % up / up, reach, cutoff));
  return Float32Array.from({ length: Math.round(samples.length * to / from) }, (_, i) => {
    const taps = phases[i % up], first = Math.floor(i * down / up) - reach + 1;
    const end = Math.min(taps.length, samples.length - first);
    let sum = 0;
    for (let j = Math.max(0, -first); j < end; j++) sum += taps[j] * samples[first + j];
    return Math.max(-1, Math.min(1, sum));
  });
}

/* The weights of the samples around a place that lies `share` of the way from one to the next. */
function filter(share, reach, cutoff) {
  return Float64Array.from({ length: 2 * reach }, (_, j) => {
    const x = j - reach + 1 - share, turn = Math.PI * cutoff * x;
    return cutoff * (x ? Math.sin(turn) / turn : 1) * bessel(BETA * Math.sqrt(Math.max(0, 1 - (x / reach) ** 2))) / bessel(BETA);
  });
}

/* The modified Bessel function of the first kind and order 0. */
function bessel(x) {
  let sum = 1;
  for (let k = 1, term = 1; term > 1e-12 * sum; k++) sum += term *= (x / 2 / k) ** 2;
  return sum;
}

function common(one, other) {
  return other ? common(other, one % other) : one;
}
