/* Starts the kiosk where there is no server: fetches the model, then answers the page's questions by a thread of its own. */
import { start } from "../kiosk/kiosk.js";
import { Words } from "../kiosk/words.js";
import { Engine } from "./engine.js";
import { Loading } from "./loading.js";
import { keepForOffline } from "./offline.js";
import { readFile } from "./read-file.js";
import { Readers } from "./readers.js";

const MOST_THREADS = 4;   // more gain little

const config = await (await fetch("config.json")).json();
const loading = new Loading(document.querySelector("#loading"), new Words(config.texts, config.languages, config.language), config);
try {
  await keepForOffline();
  const threads = crossOriginIsolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency) : 1;
  const engine = new Engine((there, wanted) => loading.show(there, wanted));
  const { runtime } = await engine.ask("load", { config, threads });
  document.documentElement.dataset.runtime = runtime;
  const upload = async file => engine.ask("bring", await readFile(file));
  const readers = new Readers(engine, config.readers), functions = engine.functions({ find_voice: question => readers.find(question) });
  const element = document.querySelector("#kiosk");
  element.hidden = false;
  loading.end();
  start({ element, server: functions, upload, config, needRecorder: () => {} });
} catch (error) {
  console.error(error);
  loading.fail();
}
