// Two processes that share a store, a bus and a key: what one of them does counts in the other.

import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { orSkip } from '../servers/server_process.mjs';
import { eventually } from './harness.mjs';
import { assertRefused, registerMany } from './people.mjs';
import { servedBy, world } from './several.mjs';

const websocket = { transports: ['websocket'] };

async function startTwo(t, more) {
  const { start } = await world(t, more);
  return [await start(), await start()];
}

/** The value of a metric without labels. */
async function metric(server, name) {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const found = new RegExp(`^knotos_${name} (\\d+)`, 'm').exec(text);
  assert.ok(found, `${name} is no metric`);
  return Number(found[1]);
}

test('a rate counts what a user does in both processes', (t) =>
  orSkip(t, async () => {
    const burst = 10;
    const [one, other] = await startTwo(t, ['--rate-messages', `${burst}/3600s`]);
    const [ann, ben] = await registerMany(one, 2);
    const chatId = await ann.direct(ben);
    const send = (person) =>
      person.request('POST', `/v1/chats/${chatId}/messages`, {
        body: { type: 'text', content: 'again' },
      });
    for (let i = 0; i < burst; i += 1) assert.equal((await send(ann)).status, 201);
    assertRefused(await send(ann), 429, 'rate-limited');

    const elsewhere = servedBy(other, ann);
    let sent = 0;
    for (;;) {
      const told = await metric(other, 'rate_lots_told_total');
      const answer = await send(elsewhere);
      if (answer.status === 429) break;
      assert.equal(answer.status, 201);
      sent += 1;
      assert.ok(sent < burst, 'the other process has not heard of the first');
      const hasTold = async () => (await metric(other, 'rate_lots_told_total')) > told;
      await eventually('it tells', hasTold);
    }
    const socket = await elsewhere.connect(t, websocket);
    const ack = await socket.send(chatId, 'again');
    assert.equal(ack.error.code, 'rate-limited', JSON.stringify(ack));
    assert.equal((await send(servedBy(other, ben))).status, 201, 'another user is another key');
  }));

test('a device that was signed out by one process is refused by the other', (t) =>
  orSkip(t, async () => {
    const [one, other] = await startTwo(t);
    const [ann] = await registerMany(one, 1);
    const phone = servedBy(other, await ann.anotherDevice());
    const socket = await phone.connect(t, websocket);
    assert.equal((await phone.request('GET', '/v1/me')).status, 200);
    await ann.ask('DELETE', `/v1/auth/sessions/${phone.deviceId}`);
    assertRefused(await phone.request('GET', '/v1/me'), 401, 'unauthenticated');
    assert.deepEqual(await socket.heard('session_revoked'), { reason: 'revoked' });
    await socket.heard('disconnect');
    assert.equal((await servedBy(other, ann).request('GET', '/v1/me')).status, 200);
  }));

test('who was on a process that died is gone for the other', { timeout: 120_000 }, (t) =>
  orSkip(t, async () => {
    const soon = ['--presence-heartbeat-ms', '500', '--presence-lifetime-ms', '2000'];
    const [one, other] = await startTwo(t, soon);
    const [ann, ben] = await registerMany(one, 2);
    const chatId = await ann.direct(ben);
    const annSocket = await ann.connect(t, websocket);
    await annSocket.ask('presence_subscribe', { userIds: [ben.id] });
    const benSocket = await servedBy(other, ben).connect(t, websocket);
    await annSocket.heard('presence_update', ({ state }) => state === 'online');
    await benSocket.ask('typing_start', { chatId });
    await annSocket.heard('typing_start', ({ userId }) => userId === ben.id);

    await other.kill();
    await annSocket.heard('typing_stop', ({ userId }) => userId === ben.id);
    await annSocket.heard('presence_update', ({ state }) => state === 'offline', 60_000);
  }));

test('a process ends in good order while calls of a store that is away go on', (t) =>
  orSkip(t, async () => {
    const { mongo, start } = await world(t);
    const server = await start();
    const [ann] = await registerMany(server, 1);
    await mongo.kill();
    const impatience = new AbortController();
    // More than the store has threads, so that most of them have not begun.
    for (let i = 0; i < 100; i += 1) {
      const asked = fetch(`${server.url}/v1/me`, {
        headers: { authorization: `Bearer ${ann.token}` },
        signal: impatience.signal,
      });
      asked.catch(() => {});
    }
    // Long enough for them to arrive, as a rule. The drain waits for requests, and for these no
    // more, since nobody waits for their answers.
    await sleep(500);
    impatience.abort();
    await server.stop();
  }));
