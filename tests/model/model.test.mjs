// The server beside the model, for a minute of random actions; `./dev model` plays on.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { projectRoot, startServer } from '../e2e/harness.mjs';
import { seededRandom } from '../e2e/random.mjs';
import { randomAction } from './actions.mjs';
import { Player } from './player.mjs';
import { search } from './search.mjs';

const flags = ['--access-token-life-ms', '86400000'];

test('server and model agree', { timeout: 300_000 }, async (t) => {
  const server = await startServer(t, { flags });
  const seed = Number(process.env.KNOTOS_TEST_SEED ?? Date.now() % 1e9);
  t.diagnostic(`seed ${seed}`);
  const failureFile = path.join(projectRoot, 'build', `model-failure-${seed}.json`);
  mkdirSync(path.dirname(failureFile), { recursive: true });
  const say = (text) => t.diagnostic(text);
  const played = await search(server, { seed, milliseconds: 60_000, failureFile, say });
  t.diagnostic(`${played} actions`);
  assert.ok(played > 200, `only ${played} actions`);
});

test('a model that is wrong is found out', async (t) => {
  const server = await startServer(t, { flags });
  const player = await Player.open(server, 3);
  t.after(() => player.close());
  const random = seededRandom(1);
  for (let i = 0; i < 80; i += 1) await player.play(randomAction(random));
  await player.settle();
  const chat = player.world.chats.find(({ messages }) => messages.length > 0);
  chat.messages.at(-1).content += ' (which nobody wrote)';
  await assert.rejects(player.settle());
});
