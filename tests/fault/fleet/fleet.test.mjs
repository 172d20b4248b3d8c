// Kill anything: the promise of delivery, kept while parts of a fleet die. `run.mjs` plays on.

import assert from 'node:assert/strict';
import test from 'node:test';

import { orSkip } from '../../servers/server_process.mjs';
import { play } from './play.mjs';

const acts = 200;

test(`a fleet broken ${acts} times misses nothing`, { timeout: 300_000 }, async (t) => {
  const seed = Number(process.env.KNOTOS_TEST_SEED ?? Date.now() % 1e9);
  t.diagnostic(`seed ${seed}`);
  await orSkip(t, async () => {
    const done = await play(t, { seed, acts, milliseconds: 120_000, say: () => {} });
    t.diagnostic(`${done} faults`);
    assert.ok(done >= acts / 2, `only ${done} faults`);
  });
});
