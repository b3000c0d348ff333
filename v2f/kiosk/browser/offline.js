/* Lets the page be there without a network the next time, by a service worker that keeps its files. */

/* Resolves once that worker answers what this page fetches, or it is clear that there will be none. */
export async function keepForOffline() {
  const { serviceWorker } = navigator;
  const registration = await serviceWorker?.register("service-worker.js").catch(() => null);
  if (!registration || serviceWorker.controller) return;
  const controlled = new Promise(resolve => serviceWorker.addEventListener("controllerchange", () => resolve(true), { once: true }));
  if (!await Promise.race([controlled, refused(registration.installing)])) return;
  if (crossOriginIsolated) return;
  location.reload();   // a host that sets no headers: with those of the worker WebAssembly may have threads
  await new Promise(() => {});
}

/* Resolves where the worker could not be installed, as without room on the disk. */
function refused(worker) {
  return new Promise(resolve => worker?.addEventListener("statechange", () => { if (worker.state === "redundant") resolve(false); }));
}
