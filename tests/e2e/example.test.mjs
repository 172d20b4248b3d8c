// The example of the README does what the README says.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';

import { projectRoot, startServer } from './harness.mjs';

const example = path.join(projectRoot, 'examples/first-chat.mjs');

test('examples/first-chat.mjs: Ben hears Ann', { timeout: 60_000 }, async (t) => {
  const server = await startServer(t);
  // Beside node_modules, where a reader's own copy would be.
  const copy = path.join(projectRoot, 'tests/e2e/node_modules/.first-chat.mjs');
  copyFileSync(example, copy);
  const { stdout } = await promisify(execFile)(process.execPath, [copy], {
    env: { ...process.env, KNOTOS_URL: server.url },
    timeout: 30_000,
  });
  assert.match(stdout, /^Ann is told: \{.*ok: true/ms);
  assert.match(stdout, /^Ben hears: Hello, Ben!$/m);
});

test('the README shows the example as it is', () => {
  const readme = readFileSync(path.join(projectRoot, 'README.md'), 'utf8');
  assert.ok(readme.includes(readFileSync(example, 'utf8').trim()));
});
