/* The thread that computes: loads the model, then answers { id, name, question } by { id, answer }, or { id, failed } where
it cannot; while the model comes, { there, wanted } in bytes. */
import { Problem } from "./answers.js";
import { loadDetector } from "./detector.js";
import { Downloads } from "./downloads.js";
import { loadNetworks } from "./runtime.js";
import { Service } from "./service.js";

const DETECTOR = "vendor/libfvad.wasm", NOISES = "model/noises.bin";

let service;

/* config: what the page is told; its `sizes` are of the files that may be fetched. */
async function load({ config, threads }) {
  const downloads = new Downloads(config.sizes, (there, wanted) => postMessage({ there, wanted }));
  downloads.expect([DETECTOR, NOISES]);
  const [networks, detector, noises] = await Promise.all([
    loadNetworks(downloads, config.model.check, threads), downloads.fetch(DETECTOR), downloads.fetch(NOISES)]);
  const samples = Float32Array.from(new Int16Array(noises), sample => sample / 32768), size = samples.length / config.noises.length;
  const byKind = config.noises.map((kind, i) => [kind, samples.subarray(i * size, (i + 1) * size)]);
  service = new Service({ networks, library: await loadDetector(detector), noises: Object.fromEntries(byKind), config });
  return { runtime: networks.runtime };
}

async function answer({ name, question }) {
  if (name === "load") return { answer: await load(question) };
  try {
    return { answer: await service[name](question) };
  } catch (problem) {
    if (problem instanceof Problem) return { answer: { problem: problem.key, seconds: problem.seconds } };
    console.error(problem);
    return { answer: { problem: "trouble" } };
  }
}

onmessage = async ({ data }) => {
  try {
    postMessage({ id: data.id, ...await answer(data) });
  } catch (error) {
    console.error(error);
    postMessage({ id: data.id, failed: String(error) });
  }
};
