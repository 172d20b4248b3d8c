// Who is there: asked for by name, told in changes, hidden from those who may not see it.

import assert from 'node:assert/strict';
import test from 'node:test';

import { startServer } from './harness.mjs';
import { assertProblem, connect, registerMany } from './people.mjs';

const websocket = { transports: ['websocket'] };

function stateOf(ack, person) {
  assert.equal(ack.ok, true, JSON.stringify(ack));
  return ack.states.find(({ userId }) => userId === person.id);
}

test('the ack tells how they stand; changes follow; who has not asked hears nothing', async (t) => {
  const server = await startServer(t, { flags: ['--presence-grace-ms', '300'] });
  const [ann, ben] = await registerMany(server, 2);
  const annSocket = await ann.connect(t, websocket);
  const ack = await annSocket.ask('presence_subscribe', { userIds: [ben.id, ann.id] });
  assert.equal(ack.states.length, 2);
  assert.deepEqual(stateOf(ack, ben), { userId: ben.id, state: 'offline' });
  assert.equal(stateOf(ack, ann).state, 'online');

  const benSocket = await ben.connect(t, { transports: ['polling'] });
  const update = await annSocket.heard('presence_update');
  assert.deepEqual(update, { userId: ben.id, state: 'online' });
  const went = Date.now();
  benSocket.socket.disconnect();
  // The next one waits until ten seconds after the last.
  const gone = await annSocket.heard(
    'presence_update',
    ({ state }) => state === 'offline',
    15_000,
  );
  assert.equal(gone.userId, ben.id);
  assert.ok(Math.abs(Date.parse(gone.lastSeenAt) - went) < 2_000, gone.lastSeenAt);
  assert.equal(annSocket.of('presence_update').length, 2);
  assert.deepEqual(benSocket.of('presence_update'), []);
});

test('two devices: online while one is looked at, away while none is', async (t) => {
  const server = await startServer(t);
  const [ann, ben] = await registerMany(server, 2);
  const auth = { token: ben.token, clientState: 'background' };
  const phone = await connect(t, server, auth, websocket);
  const annSocket = await ann.connect(t, websocket);
  const ask = async () =>
    stateOf(await annSocket.ask('presence_subscribe', { userIds: [ben.id] }), ben).state;
  assert.equal(await ask(), 'away');
  const tablet = await (await ben.anotherDevice()).connect(t, websocket);
  await annSocket.heard('presence_update', ({ state }) => state === 'online');
  assert.deepEqual(await tablet.ask('client_state', { state: 'background' }), { ok: true });
  assert.deepEqual(await phone.ask('client_state', { state: 'active' }), { ok: true });
  assert.equal(await ask(), 'online');
  const refused = await phone.ask('client_state', { state: 'asleep' });
  assertProblem(refused.error, 422, 'validation-failed', ['/state']);
});

test('as many as two hundred may be asked for at once', async (t) => {
  const server = await startServer(t);
  const [ann] = await registerMany(server, 1);
  const annSocket = await ann.connect(t, websocket);
  const ids = (count) => Array.from({ length: count }, () => crypto.randomUUID());
  const most = await annSocket.ask('presence_subscribe', { userIds: ids(200) });
  assert.equal(most.states.length, 200);
  assert.ok(most.states.every(({ state }) => state === 'offline'));
  const tooMany = await annSocket.ask('presence_subscribe', { userIds: ids(201) });
  assertProblem(tooMany.error, 422, 'validation-failed', ['/userIds']);
  const userIds = most.states.map(({ userId }) => userId);
  const gone = await annSocket.ask('presence_unsubscribe', { userIds });
  assert.deepEqual(gone, { ok: true, states: [] });
});
