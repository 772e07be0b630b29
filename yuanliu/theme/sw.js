// The offline copy. Online, pages come from the network as always; without it, from the copy that
// the reader asked for on the reading-path page. Nothing is kept before that.
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  event.respondWith(
    fetch(request).catch(async () => {
      const kept = await caches.match(request, { ignoreSearch: true });
      return kept ?? Response.error();
    }),
  );
});
