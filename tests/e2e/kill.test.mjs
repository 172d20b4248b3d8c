// `kill -9` under load, ten times in a row. Afterwards every acked message is in the history once,
// `seq` has no hole, edits, deletions, reads and memberships stand as they were acked, and every
// device that follows the client's rule has exactly the chat.

import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { eventually, startServer } from './harness.mjs';
import { Load } from './load.mjs';
import { seededRandom } from './random.mjs';

const kills = 10;

test(`kill -9 under load, ${kills} times`, { timeout: 240_000 }, async (t) => {
  const seed = Number(process.env.KNOTOS_TEST_SEED ?? Date.now() % 1e9);
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const server = await startServer(t, {
    flags: ['--shards', '2', '--access-token-life-ms', '3600000'],
  });
  const load = await Load.start(t, server, random, { users: 10, devicesPerUser: 2, guests: 2 });
  for (let kill = 0; kill < kills; kill += 1) {
    await sleep(400 + random.below(800));
    const acked = load.acked;
    await server.kill();
    await sleep(random.below(200));
    await server.start();
    await eventually('the load goes on after a kill', () => load.acked > acked, 20_000);
  }
  await load.stop(t);
  assert.ok(load.acked > 200, `only ${load.acked} sends`);
  await load.judge();
});
