// Keeps the shell of the client, so that it opens without a network. Of chats it knows nothing: these are in IndexedDB.
/* global self, caches, SHELL, VERSION */

const cacheName = `knotos-shell-${VERSION}`;

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(cacheName).then((cache) => cache.addAll(SHELL)));
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      const names = await caches.keys();
      const old = names.filter((name) => name.startsWith('knotos-shell-') && name !== cacheName);
      await Promise.all(old.map((name) => caches.delete(name)));
      await self.clients.claim();
    })(),
  );
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (request.mode === 'navigate') {
    // The server's own page if it can be had, since it may be newer.
    event.respondWith(fetch(request).catch(() => caches.match('/', { cacheName })));
  } else if (SHELL.includes(url.pathname)) {
    event.respondWith(caches.match(request, { cacheName }).then((kept) => kept ?? fetch(request)));
  }
});
