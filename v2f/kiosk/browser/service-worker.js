/* Keeps the page's files in the browser, and answers from there.

v2f/kiosk/in_browser.py writes above this line: VERSION; HEADERS, without which WebAssembly has no threads; FILES, which are
kept at once; and LARGE ones, which are kept when the page has fetched them. */

const known = new Set([...FILES, ...LARGE].map(path => new URL(path, location).href));

async function install() {
  const cache = await caches.open(VERSION);
  await cache.addAll(FILES.map(path => new Request(path, { cache: "no-cache" })));
  await skipWaiting();
}

async function activate() {
  for (const name of await caches.keys()) if (name !== VERSION) await caches.delete(name);
  await clients.claim();
}

async function answer(request) {
  const cache = await caches.open(VERSION), kept = await cache.match(request);
  if (kept) return withHeaders(kept);
  const response = await fetch(request);
  if (response.ok) cache.put(request, response.clone()).catch(() => {});   // no room: it is fetched again the next time
  return withHeaders(response);
}

function withHeaders(response) {
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

addEventListener("install", event => event.waitUntil(install()));
addEventListener("activate", event => event.waitUntil(activate()));
addEventListener("fetch", event => {
  if (event.request.method === "GET" && known.has(event.request.url)) event.respondWith(answer(event.request));
});
