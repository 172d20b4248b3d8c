// The proxies of docs/guides/front: WebSocket without affinity, polling with a
// cookie, and a gateway that drains under load without a lost message.

import assert from 'node:assert/strict';
import test from 'node:test';

import { eventually } from '../../e2e/harness.mjs';
import { Load } from '../../e2e/load.mjs';
import { registerMany } from '../../e2e/people.mjs';
import { seededRandom } from '../../e2e/random.mjs';
import { orSkip } from '../../servers/server_process.mjs';
import { Fleet } from './fleet.mjs';
import { proxies, startFront } from './front.mjs';

const transports = {
  WebSocket: { transports: ['websocket'] },
  polling: { transports: ['polling'], withCredentials: true },
  'polling that becomes WebSocket': { withCredentials: true },
};

/** Each transport reaches everybody, whichever gateways they are on. */
async function converse(t, front, name, options) {
  const [ann, ben] = await registerMany(front, 2);
  const chatId = await ann.direct(ben);
  const sockets = [];
  // Enough of them that no gateway has all.
  for (let i = 0; i < 6; i += 1) sockets.push(await ben.connect(t, options));
  const sender = await ann.connect(t, options);
  for (let i = 0; i < 5; i += 1) {
    const ack = await sender.send(chatId, `by ${name} ${i}`);
    assert.equal(ack.ok, true, JSON.stringify(ack));
  }
  for (const socket of sockets) {
    await eventually('all of them come', () => socket.messages(chatId).length === 5);
  }
  const { transport } = sender.socket.io.engine;
  assert.equal(transport.name, name === 'polling' ? 'polling' : 'websocket');
}

/** One gateway after the other is restarted, and nobody misses anything. */
async function drainAll(t, fleet, front, random) {
  const options = transports['polling that becomes WebSocket'];
  const counts = { users: 6, devicesPerUser: 2, guests: 1, options };
  const load = await Load.start(t, front, random, counts);
  for (const { server } of fleet.gateways) {
    const acked = load.acked;
    await server.stop();
    await server.start();
    // nginx passes a node over for ten seconds, and clients wait before they come again.
    await eventually('the load goes on', () => load.acked > acked + 50, 60_000);
  }
  await load.stop(t);
  await load.judge({ timeout: 30_000 });
}

for (const program of proxies) {
  test(`a fleet behind ${program}`, { timeout: 180_000 }, async (t) => {
    const random = seededRandom(1);
    const fleet = await orSkip(t, () => Fleet.start(t, random));
    if (!fleet) return;
    const url = await orSkip(t, () => startFront(t, program, fleet));
    if (!url) return;
    const front = { url, keepSecret: (text) => fleet.keepSecret(text) };
    for (const [name, options] of Object.entries(transports)) {
      await t.test(name, (t) => converse(t, front, name, options));
    }
    await t.test('gateways drain under load', (t) => drainAll(t, fleet, front, random));
  });
}
