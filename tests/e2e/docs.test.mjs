// The page at /docs: what the server says of itself, for people. Where the binary was built without
// it, it says so.

import assert from 'node:assert/strict';
import test from 'node:test';

import { startServer } from './harness.mjs';

test('the page shows both descriptions and asks nobody else', async (t) => {
  const server = await startServer(t);
  const page = await fetch(`${server.url}/docs`);
  assert.equal(page.status, 200);
  const policy = page.headers.get('content-security-policy');
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /https?:|unsafe|\*/);
  const text = await page.text();
  assert.match(text, /\/openapi\.json/);
  assert.match(text, /\/asyncapi\.json/);
  if (!/html/.test(page.headers.get('content-type'))) {
    assert.match(text, /without the page/);
    t.diagnostic('this binary was built without the page');
    return;
  }
  assert.doesNotMatch(text, /https?:\/\//);
  const parts = [...text.matchAll(/(?:src|href)="(\/docs\/[^"]+)"/g)].map((match) => match[1]);
  assert.ok(parts.length >= 4);
  for (const part of parts) {
    const answer = await fetch(server.url + part);
    assert.equal(answer.status, 200, part);
    await answer.arrayBuffer();
  }
});
