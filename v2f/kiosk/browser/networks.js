/* The model: from the speech of recordings to embeddings, window by window as v2f/models/windows.py has it, and to faces. */

const WINDOW = 400, HOP = 160;         // samples of a frame, and from one to the next
const FRAMES = 160, LEAST_REST = 20;   // frames of a window; left over, from which on one more is heard at the end
const MOST_WINDOWS = 8;                // that are heard at once
const VECTORS = { dvectors: 256, campplus: 192 };   // numbers of what each of the two networks hears in a window
const EMBEDDING = 64;

export class Networks {
  /* ort: ONNX Runtime; sessions by name: dvectors, campplus, embedding, places, drawing and, of a model with a critic, judging. */
  constructor(ort, sessions) {
    Object.assign(this, { ort, sessions, last: Promise.resolve() });
  }

  /* One graph at a time: a runtime in WebAssembly computes no two at once. */
  run(name, inputs) {
    const tensor = ({ data, dims }) => new this.ort.Tensor(data instanceof Uint8Array ? "uint8" : "float32", data, dims);
    const fed = Object.fromEntries(Object.entries(inputs).map(([input, value]) => [input, tensor(value)]));
    const result = this.last.then(() => this.sessions[name].run(fed));
    this.last = result.catch(() => {});
    return result;
  }

  /* Embeddings, Float32Array [n * 64]. recordings: { speech, lengths, cache } with the samples of speech, joined, how many
  of them each embedding is of, and a Map of what was heard of this recording before. */
  async embed(recordings) {
    const wanted = recordings.flatMap(({ speech, lengths, cache }) => lengths.map(length => new Prefix(speech, length, cache)));
    for (const name of Object.keys(VECTORS)) await this.hear(name, wanted.flatMap(prefix => prefix.windows(name)));
    const size = VECTORS.dvectors + VECTORS.campplus, means = new Float32Array(wanted.length * size);
    for (const [i, prefix] of wanted.entries()) {
      means.set(prefix.mean("dvectors"), i * size);
      means.set(prefix.mean("campplus"), i * size + VECTORS.dvectors);
    }
    return (await this.run("embedding", { means: { data: means, dims: [wanted.length, size] } })).embeddings.data;
  }

  /* Put into the caches what a network hears in windows that are not there yet. */
  async hear(name, windows) {
    const fresh = new Map();
    for (const window of windows) if (!window.cache.has(window.key)) fresh.set(window.key, window);
    const byLength = Map.groupBy([...fresh.values()], window => window.sound.length);
    for (const [samples, alike] of byLength)
      for (let start = 0; start < alike.length; start += MOST_WINDOWS) {
        const some = alike.slice(start, start + MOST_WINDOWS), data = new Float32Array(some.length * samples);
        some.forEach(({ sound }, i) => data.set(sound, i * samples));
        const { vectors } = await this.run(name, { sound: { data, dims: [some.length, samples] } });
        some.forEach(({ cache, key }, i) => cache.set(key, vectors.data.slice(i * VECTORS[name], (i + 1) * VECTORS[name])));
      }
  }

  /* Where faces of embeddings [n * 64] lie among all faces, [n * 64]. */
  async places(embeddings) {
    return (await this.run("places", { embeddings: { data: embeddings, dims: [embeddings.length / EMBEDDING, EMBEDDING] } })).places.data;
  }

  /* Faces of embeddings [n * 64], by default at their own places: { image: ImageData, score: null, embedding } each. */
  async faces(embeddings, places) {
    const dims = [embeddings.length / EMBEDDING, EMBEDDING];
    const asked = { embeddings: { data: embeddings, dims }, places: { data: places ?? await this.places(embeddings), dims } };
    const { faces } = await this.run("drawing", asked);
    return Array.from({ length: dims[0] }, (_, i) => ({
      image: picture(faces, i), score: null, embedding: embeddings.slice(i * EMBEDDING, (i + 1) * EMBEDDING) }));
  }

  /* The same faces with the critic's scores, where the model has one; those that are null stay so. */
  async judged(faces) {
    const some = faces.filter(Boolean);
    if (!this.sessions.judging || !some.length) return faces;
    const { width, height } = some[0].image, size = 3 * width * height, data = new Uint8Array(some.length * size);
    some.forEach(({ image }, i) => data.set(image.data.filter((_, at) => at % 4 < 3), i * size));
    const { scores } = await this.run("judging", { faces: { data, dims: [some.length, height, width, 3] } });
    some.forEach((face, i) => { face.score = scores.data[i]; });
    return faces;
  }
}

/* The start of a recording's speech, and the windows in which it is heard. */
class Prefix {
  constructor(speech, length, cache) {
    const frames = Math.floor((length - WINDOW) / HOP) + 1, last = frames - FRAMES;
    this.whole = Math.max(1, Math.floor(frames / FRAMES));
    const starts = Array.from({ length: this.whole }, (_, i) => i * FRAMES);
    if (last - starts.at(-1) >= LEAST_REST) starts.push(last);
    this.cache = cache;
    this.all = starts.map(start => {
      const sound = speech.subarray(start * HOP, start * HOP + (Math.min(frames, FRAMES) - 1) * HOP + WINDOW);
      return { sound, name: nameOf(sound) };
    });
  }

  /* All of them; CAM++ hears the first, second, fourth, eighth and so on of those that lie side by side. */
  windows(network) {
    const heard = network === "dvectors" ? this.all : this.all.filter((_, i) => i < this.whole && !(i & (i + 1)));
    return heard.map(({ sound, name }) => ({ sound, cache: this.cache, key: `${network} ${name}` }));
  }

  mean(network) {
    const sum = new Float64Array(VECTORS[network]), windows = this.windows(network);
    for (const { key } of windows) this.cache.get(key).forEach((number, i) => { sum[i] += number; });
    return sum.map(number => number / windows.length);
  }
}

/* What a window holds, in short: two hashes of its samples (FNV-1a). */
function nameOf(sound) {
  const bits = new Uint32Array(sound.slice().buffer);
  let one = 0x811c9dc5, other = 0x01000193;
  for (const word of bits) {
    one = Math.imul(one ^ word, 0x01000193);
    other = Math.imul(other ^ (word >>> 7), 0x85ebca6b) + word | 0;
  }
  return `${sound.length} ${one} ${other}`;
}

/* The i-th of faces, uint8 [n, size, size, 3]. */
function picture({ data, dims: [, height, width] }, i) {
  const image = new ImageData(width, height), pixels = width * height;
  for (let from = 3 * pixels * i, to = 0; to < 4 * pixels; to += 4) {
    image.data[to] = data[from++];
    image.data[to + 1] = data[from++];
    image.data[to + 2] = data[from++];
    image.data[to + 3] = 255;
  }
  return image;
}
