/* The model in ONNX Runtime: on the graphics processor where there is one that draws the same faces, else in WebAssembly. */
import { RATE } from "./detector.js";
import { Networks } from "./networks.js";

const ON_GPU = ["campplus", "drawing", "judging"];   // the LSTM has no kernels there, the rest is too small
const RUNTIMES = {
  webgpu: { module: "ort.webgpu.bundle.min.mjs", binary: "ort-wasm-simd-threaded.asyncify.wasmz" },
  wasm: { module: "ort.wasm.bundle.min.mjs", binary: "ort-wasm-simd-threaded.wasmz" },
};
const GRAPH = /^model\/(\w+)\.onnxz$/, binary = runtime => `vendor/${RUNTIMES[runtime].binary}`;
const FARTHEST = 3;    // of 255, by which a face may differ from the one that PyTorch draws
const SLOWEST = 125;   // ms for a face, of a graphics processor that is worth it
const ERRORS = 3;      // of ONNX Runtime's levels of what it logs

/* check: { embedding, face } as PyTorch draws it. threads: of WebAssembly. */
export async function loadNetworks(downloads, check, threads) {
  const names = await gpu() ? ["webgpu", "wasm"] : ["wasm"], paths = Object.keys(downloads.sizes).filter(path => GRAPH.test(path));
  downloads.expect(paths);
  const graphs = Promise.all(paths.map(async path => [path.match(GRAPH)[1], await downloads.fetch(path)]));
  for (const name of names) {
    downloads.expect([binary(name)]);
    try {
      const networks = await start(name, downloads, await graphs, threads);
      const good = await same(networks, check);
      if (name === "wasm" || good && await fast(networks, check)) return networks;
    } catch (error) {
      if (name === "wasm") throw error;
      console.warn(error);
    }
  }
}

async function gpu() {
  return await navigator.gpu?.requestAdapter().catch(() => null) ?? null;
}

async function start(runtime, downloads, graphs, threads) {
  const [ort, wasmBinary] = await Promise.all([import(`../vendor/${RUNTIMES[runtime].module}`), downloads.fetch(binary(runtime))]);
  Object.assign(ort.env.wasm, { wasmBinary, numThreads: threads });
  const sessions = {};
  for (const [name, graph] of graphs) {
    const executionProviders = runtime === "webgpu" && ON_GPU.includes(name) ? ["webgpu", "wasm"] : ["wasm"];
    sessions[name] = await ort.InferenceSession.create(new Uint8Array(graph), { executionProviders, logSeverityLevel: ERRORS });
  }
  return Object.assign(new Networks(ort, sessions), { runtime });
}

/* Whether a face comes out as it should. What runs here for the first time takes longest, and is not left to a visitor. */
async function same(networks, { embedding, face }) {
  await networks.embed([{ speech: new Float32Array(RATE), lengths: [RATE], cache: new Map() }]);
  const [{ image }] = await networks.judged(await networks.faces(Float32Array.from(embedding))), wanted = await pixels(face);
  return image.data.every((value, i) => Math.abs(value - wanted[i]) <= FARTHEST);
}

async function fast(networks, { embedding }) {
  const began = performance.now();
  await networks.faces(Float32Array.from(embedding));
  return performance.now() - began < SLOWEST;
}

async function pixels(address) {
  const bytes = Uint8Array.from(atob(address.slice(address.indexOf(",") + 1)), letter => letter.charCodeAt(0));
  const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const pen = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
  pen.drawImage(picture, 0, 0);
  return pen.getImageData(0, 0, picture.width, picture.height).data;
}
