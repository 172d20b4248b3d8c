// Who types: told to the others, ended by silence, by a stop, by the message and by the last link.

import assert from 'node:assert/strict';
import test from 'node:test';

import { startServer, eventually } from './harness.mjs';
import { assertProblem, registerMany } from './people.mjs';

const websocket = { transports: ['websocket'] };

test('the others hear who types, and the typist does not', async (t) => {
  const server = await startServer(t);
  const [ann, ben, eve] = await registerMany(server, 3);
  const chatId = await ann.group('Typing', [ben]);
  const annTablet = await (await ann.anotherDevice()).connect(t, websocket);
  const annSocket = await ann.connect(t, websocket);
  const benSocket = await ben.connect(t, { transports: ['polling'] });
  const eveSocket = await eve.connect(t, websocket);

  assert.deepEqual(await annSocket.ask('typing_start', { chatId }), { ok: true });
  const start = await benSocket.heard('typing_start');
  assert.deepEqual(start, { chatId, userId: ann.id, ttlMs: 3_000 });

  const again = await annTablet.ask('typing_start', { chatId });
  assert.equal(again.ok, false);
  assertProblem(again.error, 429, 'rate-limited');
  assert.ok(again.error.retryAfterMs > 0 && again.error.retryAfterMs <= 1_000);

  // Nobody says so again.
  assert.deepEqual(await benSocket.heard('typing_stop'), { chatId, userId: ann.id });
  assert.equal(benSocket.of('typing_start').length, 1);

  const stranger = await eveSocket.ask('typing_start', { chatId });
  assertProblem(stranger.error, 404, 'not-found');
  for (const other of [annSocket, annTablet, eveSocket]) {
    assert.deepEqual([...other.of('typing_start'), ...other.of('typing_stop')], []);
  }
});

test('a message ends the typing before it is delivered, and a stop at once', async (t) => {
  const server = await startServer(t);
  const [ann, ben] = await registerMany(server, 2);
  const chatId = await ann.direct(ben);
  const annSocket = await ann.connect(t, websocket);
  const benSocket = await ben.connect(t, websocket);
  const told = () =>
    benSocket.events.map(({ name }) => name).filter((name) => /^typing|^new_/.test(name));

  await annSocket.ask('typing_start', { chatId });
  assert.equal((await annSocket.send(chatId, 'done')).ok, true);
  await benSocket.heard('new_message');
  assert.deepEqual(told(), ['typing_start', 'typing_stop', 'new_message']);

  assert.equal((await annSocket.ask('typing_start', { chatId })).ok, true);
  assert.equal((await annSocket.ask('typing_stop', { chatId })).ok, true);
  await eventually('the stop', () => told().length === 5);
  assert.deepEqual(told().slice(3), ['typing_start', 'typing_stop']);
});

test('it ends when the link of the device does', async (t) => {
  const server = await startServer(t);
  const [ann, ben] = await registerMany(server, 2);
  const chatId = await ann.direct(ben);
  const annSocket = await ann.connect(t, websocket);
  const benSocket = await ben.connect(t, websocket);
  await annSocket.ask('typing_start', { chatId });
  await benSocket.heard('typing_start');
  annSocket.socket.disconnect();
  // Well before the three seconds after which it would end by itself.
  await benSocket.heard('typing_stop', undefined, 2_000);
});

test('nothing of it is stored', async (t) => {
  const server = await startServer(t);
  const [ann, ben] = await registerMany(server, 2);
  const chatId = await ann.direct(ben);
  const annSocket = await ann.connect(t, websocket);
  const before = await ann.ask('GET', `/v1/chats/${chatId}`);
  await annSocket.ask('typing_start', { chatId });
  assert.deepEqual(await ann.ask('GET', `/v1/chats/${chatId}`), before);
});
