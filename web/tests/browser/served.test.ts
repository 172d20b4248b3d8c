import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

import { expect, root, test } from './support';

const dist = path.join(root, 'web/dist');
const firstLoadMost = 80 * 1024;

test('the first load is at most 80 KB of script, and asks nobody else', async ({
  server,
  page,
}) => {
  const scripts = new Map<string, number>();
  const others: string[] = [];
  page.on('response', async (response) => {
    const url = new URL(response.url());
    if (!response.url().startsWith(server.url)) others.push(response.url());
    if (url.pathname.endsWith('.js') && url.pathname.startsWith('/assets/')) {
      scripts.set(url.pathname, gzipSync(readFileSync(path.join(dist, url.pathname))).length);
    }
  });
  await page.goto(server.url);
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
  const total = [...scripts.values()].reduce((sum, size) => sum + size, 0);
  expect(total).toBeGreaterThan(10_000);
  expect(total).toBeLessThanOrEqual(firstLoadMost);
  expect(others).toEqual([]);
});

test('files are compressed, and cached by their hash', async ({ server }) => {
  const page = await fetch(server.url);
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.headers.get('cache-control')).toBe('no-cache');
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  const html = await page.text();
  const script = /src="(\/assets\/[^"]+\.js)"/.exec(html)![1]!;
  const answer = await fetch(server.url + script);
  expect(answer.headers.get('content-encoding')).toBe('gzip');
  expect(answer.headers.get('cache-control')).toContain('immutable');
  expect(await answer.text()).toBe(readFileSync(path.join(dist, script), 'utf8'));

  const again = await fetch(server.url, {
    headers: { 'If-None-Match': page.headers.get('etag')!, 'Cache-Control': 'no-cache' },
  });
  expect(again.status).toBe(304);
  const head = await fetch(server.url + script, { method: 'HEAD' });
  expect(head.status).toBe(200);
  expect(await head.text()).toBe('');
  expect((await fetch(`${server.url}/chats/some-id`)).status).toBe(200);
  expect((await fetch(`${server.url}/assets/no-such-file.js`)).status).toBe(404);
  expect((await fetch(`${server.url}/no-such-page`)).status).toBe(404);
  expect((await fetch(server.url, { method: 'POST' })).status).toBe(405);
});

test('the page runs no script but its own', async ({ server, page }) => {
  const refused: string[] = [];
  page.on('console', (message) => {
    if (/Content Security Policy|TrustedHTML/i.test(message.text())) refused.push(message.text());
  });
  await page.goto(server.url);
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
  expect(refused).toEqual([]);
  const ran = await page.evaluate(() => {
    const script = document.createElement('script');
    try {
      script.text = 'window.pwned = 1';
      document.body.append(script);
    } catch {
      return 'refused';
    }
    try {
      document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.pwned=1">');
    } catch {
      return 'refused';
    }
    return 'pwned' in window ? 'ran' : 'refused';
  });
  expect(ran).toBe('refused');
});

test('it can be installed, and opens without a network', async ({ server, browser }) => {
  const context = await browser.newContext({ baseURL: server.url });
  const page = await context.newPage();
  await page.goto('/');
  const manifest = await page.evaluate(async () => {
    const link = document.querySelector<HTMLLinkElement>('link[rel=manifest]')!;
    return (await fetch(link.href)).json();
  });
  expect(manifest.display).toBe('standalone');
  for (const icon of manifest.icons) expect((await fetch(server.url + icon.src)).status).toBe(200);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await context.setOffline(true);
  await page.goto('/settings');
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
  await context.close();
});
