/* What CAM++ hears, for people to look at: Kaldi's log filter banks, as v2f/audio/filter_banks.py computes them. */

const RATE = 16000, WINDOW = 400, HOP = 160, SIZE = 512, BANDS = 80;   // Hz; samples; of the spectrum
const LOWEST_HZ = 20, PRE_EMPHASIS = .97, FLOOR = 1e-20;
const BINS = SIZE / 2;

/* Log power by frame, each of BANDS numbers, the lowest band first. */
export function hearing(samples) {
  const bands = triangles(), window = Float64Array.from({ length: WINDOW }, (_, i) => (.5 - .5 * Math.cos(2 * Math.PI * i / (WINDOW - 1))) ** .85);
  const frames = Math.max(0, 1 + Math.floor((samples.length - WINDOW) / HOP));
  return Array.from({ length: frames }, (_, i) => {
    const power = spectrum(samples.subarray(i * HOP, i * HOP + WINDOW), window);
    return bands.map(({ first, weights }) => Math.log(Math.max(FLOOR, weights.reduce((sum, weight, j) => sum + weight * power[first + j], 0))));
  });
}

/* The same with zero mean and unit variance of each band over time. */
export function normalised(frames) {
  const over = number => Array.from({ length: BANDS }, (_, band) => frames.reduce((sum, frame) => sum + number(frame[band], band), 0) / frames.length);
  const means = over(value => value), deviations = over((value, band) => (value - means[band]) ** 2).map(Math.sqrt);
  return frames.map(frame => frame.map((value, band) => (value - means[band]) / Math.max(1e-5, deviations[band])));
}

/* A white picture of a column per frame, the lowest band below, whose opacity goes from two deviations below to two above. */
export function shaded(frames) {
  const image = new ImageData(frames.length, BANDS);
  image.data.fill(255);
  frames.forEach((frame, x) => frame.forEach((value, band) => {
    image.data[4 * ((BANDS - 1 - band) * frames.length + x) + 3] = Math.floor(255 * Math.max(0, Math.min(1, (value + 2) / 4)));
  }));
  return image;
}

/* Power of a frame in each bin, after its mean is taken away and high pitches are raised. */
function spectrum(frame, window) {
  const mean = frame.reduce((sum, sample) => sum + sample, 0) / WINDOW;
  const real = new Float64Array(SIZE), imaginary = new Float64Array(SIZE);
  for (let i = 0; i < WINDOW; i++)
    real[i] = window[i] * (frame[i] - mean - PRE_EMPHASIS * (frame[Math.max(0, i - 1)] - mean));
  transform(real, imaginary);
  return Float64Array.from({ length: BINS }, (_, bin) => real[bin] ** 2 + imaginary[bin] ** 2);
}

/* The fast Fourier transform, in place (Cooley and Tukey). */
function transform(real, imaginary) {
  const swap = (array, one, other) => { [array[one], array[other]] = [array[other], array[one]]; };
  for (let i = 1, j = 0; i < SIZE; i++) {
    let bit = SIZE >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) { swap(real, i, j); swap(imaginary, i, j); }
  }
  for (let half = 1; half < SIZE; half *= 2)
    for (let k = 0; k < half; k++) {
      const cosine = Math.cos(Math.PI * k / half), sine = -Math.sin(Math.PI * k / half);
      for (let i = k; i < SIZE; i += 2 * half) {
        const j = i + half, re = real[j] * cosine - imaginary[j] * sine, im = real[j] * sine + imaginary[j] * cosine;
        real[j] = real[i] - re;
        imaginary[j] = imaginary[i] - im;
        real[i] += re;
        imaginary[i] += im;
      }
    }
}

/* Triangles of equal width in mel, each as its first bin and the weights from there on. */
function triangles() {
  const mel = hz => 1127 * Math.log(1 + hz / 700), lowest = mel(LOWEST_HZ), step = (mel(RATE / 2) - lowest) / (BANDS + 1);
  return Array.from({ length: BANDS }, (_, band) => {
    const left = lowest + band * step, middle = left + step, right = middle + step;
    const weights = Array.from({ length: BINS }, (_, bin) => {
      const at = mel(bin * RATE / SIZE);
      return Math.max(0, Math.min((at - left) / step, (right - at) / step));
    });
    const first = weights.findIndex(weight => weight), last = weights.findLastIndex(weight => weight);
    return { first, weights: weights.slice(first, last + 1) };
  });
}
