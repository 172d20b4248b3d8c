import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

/** Where `npm run dev` finds a server to talk to. */
const server = process.env.KNOTOS_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'es2022',
    // Inlined files would be data: URLs, which the content security policy refuses.
    assetsInlineLimit: 0,
    // The polyfill is an inline script, which the policy refuses too.
    modulePreload: { polyfill: false },
    manifest: true,
  },
  server: {
    proxy: {
      '/v1': server,
      '/version': server,
      '/socket.io': { target: server, ws: true },
    },
  },
  test: {
    include: ['tests/unit/**/*.test.ts'],
    environment: 'node',
    setupFiles: ['tests/unit/setup.ts'],
  },
});
