// The store is killed under load and comes back: sends wait for it, and nothing that was acked is
// missing or there twice.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { startLastingMongo } from '../servers/mongo.mjs';
import { orSkip } from '../servers/server_process.mjs';
import { eventually, startServer, temporaryFolder } from './harness.mjs';
import { Load } from './load.mjs';
import { assertRefused, registerMany } from './people.mjs';
import { seededRandom } from './random.mjs';

const kills = 3;

async function start(t, more = []) {
  const mongo = await startLastingMongo(t);
  const secret = path.join(temporaryFolder(t), 'jwt-secret');
  writeFileSync(secret, randomBytes(32).toString('hex'), { mode: 0o600 });
  const flags = ['--store', mongo.url, '--jwt-secret-file', secret, ...more];
  return { mongo, server: await startServer(t, { flags }) };
}

const statusOf = async (server, where) => (await fetch(`${server.url}${where}`)).status;

test(`the store is killed under load, ${kills} times`, { timeout: 240_000 }, (t) =>
  orSkip(t, async () => {
    const seed = Number(process.env.KNOTOS_TEST_SEED ?? Date.now() % 1e9);
    t.diagnostic(`seed ${seed}`);
    const random = seededRandom(seed);
    const { mongo, server } = await start(t, ['--access-token-life-ms', '3600000']);
    const load = await Load.start(t, server, random, { users: 4, devicesPerUser: 2, guests: 1 });
    for (let kill = 0; kill < kills; kill += 1) {
      await sleep(500 + random.below(1_000));
      await mongo.kill();
      await sleep(random.below(1_500));
      await mongo.start();
      const { acked } = load;
      await eventually('the load goes on', () => load.acked > acked, 60_000);
    }
    await load.stop(t);
    await load.judge({ timeout: 60_000 });
  }));

test('without its store a server is not ready, and says that it may be asked again', (t) =>
  orSkip(t, async () => {
    const { mongo, server } = await start(t, ['--store-select-timeout-ms', '500']);
    const [ann, ben] = await registerMany(server, 2);
    const chatId = await ann.direct(ben);
    await ann.post(chatId, 'before');
    await mongo.kill();
    const message = { type: 'text', content: 'meanwhile', clientMessageId: 'meanwhile' };
    const answer = await ann.request('POST', `/v1/chats/${chatId}/messages`, { body: message });
    assertRefused(answer, 503, 'store-unavailable');
    assert.equal(await statusOf(server, '/healthz'), 200);
    await eventually('it is not ready', async () => (await statusOf(server, '/readyz')) === 503);
    await mongo.start();
    await eventually('it is ready', async () => (await statusOf(server, '/readyz')) === 200);
    const again = await ann.request('POST', `/v1/chats/${chatId}/messages`, { body: message });
    assert.equal(again.status, 201);
    assert.deepEqual(
      (await ann.history(chatId)).map(({ content }) => content),
      ['before', 'meanwhile'],
    );
  }));

test('a store that hangs does not hold the end', { timeout: 120_000 }, (t) =>
  orSkip(t, async () => {
    const patient = ['--store-socket-timeout-ms', '100000', '--drain-ms', '1000'];
    const { mongo, server } = await start(t, patient);
    const [ann, ben] = await registerMany(server, 2);
    const chatId = await ann.direct(ben);
    await ann.post(chatId, 'before');
    mongo.signal('SIGSTOP');
    const send = ann
      .request('POST', `/v1/chats/${chatId}/messages`, { body: { type: 'text', content: 'x' } })
      .catch(() => null);
    await sleep(500);
    await server.stop();
    assert.match(server.stderr, /calls of the store were left/);
    await send;
    mongo.signal('SIGCONT');
  }));
