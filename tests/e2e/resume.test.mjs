// Links that are lost: a stock client's session is recovered, or it is told that it is not; and a
// client with a cursor is told what it missed.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';

import { eventually, startServer } from './harness.mjs';
import { connect, registerMany } from './people.mjs';

const comesBack = {
  transports: ['websocket'],
  reconnection: true,
  reconnectionDelay: 50,
  reconnectionDelayMax: 100,
};

/** Cuts the link as a network does, and waits until the client is back. */
async function loseLink(connection, meanwhile) {
  const { socket } = connection;
  const lost = once(socket, 'disconnect');
  socket.io.engine.close();
  await lost;
  const back = once(socket, 'connect');
  await meanwhile();
  await back;
}

test('a lost link is recovered on any shard: nothing missing, nothing twice', async (t) => {
  const server = await startServer(t, { flags: ['--shards', '3'] });
  const [ann, ben] = await registerMany(server, 2);
  const chatId = await ann.direct(ben);
  const benSocket = await ben.connect(t, comesBack);
  const id = benSocket.socket.id;
  await ann.post(chatId, 'before');
  await benSocket.heard('new_message');
  for (let round = 1; round <= 5; ++round) {
    await loseLink(benSocket, async () => {
      await ann.post(chatId, `missed ${round}`);
    });
    assert.equal(benSocket.socket.recovered, true, `round ${round}`);
    assert.equal(benSocket.socket.id, id);
    await ann.post(chatId, `after ${round}`);
    await benSocket.heard('new_message', ({ content }) => content === `after ${round}`);
    await eventually(
      'session_ready after the recovery too',
      () => benSocket.of('session_ready').length === 1 + round,
    );
  }
  const seqs = benSocket.messages(chatId).map(({ seq }) => seq);
  assert.deepEqual(seqs, Array.from({ length: 11 }, (_, i) => i + 1));
});

test('other memberships, or a device signed out, are no recovery', async (t) => {
  const server = await startServer(t);
  const [ann, ben] = await registerMany(server, 2);
  const chatId = await ann.direct(ben);
  const benSocket = await ben.connect(t, comesBack);
  await ann.post(chatId, 'before');
  await benSocket.heard('new_message');
  await loseLink(benSocket, () => ann.group('Another', [ben]));
  assert.equal(benSocket.socket.recovered, false);
  await eventually('a new session', () => benSocket.of('session_ready').length === 2);

  const refused = once(benSocket.socket, 'connect_error');
  await ben.ask('DELETE', `/v1/auth/sessions/${ben.deviceId}`);
  await benSocket.heard('session_revoked');
  benSocket.socket.connect();
  const [error] = await refused;
  assert.equal(error.data.code, 'unauthenticated');
});

test('with recovery off a client is told nothing of it', async (t) => {
  const server = await startServer(t, { flags: ['--recovery-ms', '0'] });
  const [ann, ben] = await registerMany(server, 2);
  const chatId = await ann.direct(ben);
  const benSocket = await ben.connect(t, comesBack);
  await ann.post(chatId, 'before');
  await benSocket.heard('new_message');
  assert.equal(benSocket.events.find(({ name }) => name === 'new_message').args.length, 1);
  await loseLink(benSocket, () => ann.post(chatId, 'missed'));
  assert.equal(benSocket.socket.recovered, false);
});

test('the cursor of session_ready brings what was missed', async (t) => {
  const server = await startServer(t);
  const [ann, ben] = await registerMany(server, 2);
  const chatId = await ann.direct(ben);
  await ann.post(chatId, 'known');
  const first = await ben.connect(t, { transports: ['websocket'] });
  const { cursor } = first.of('session_ready')[0];
  first.socket.disconnect();
  await ann.post(chatId, 'missed');
  const groupId = await ann.group('New', [ben]);
  const auth = { token: ben.token, cursor };
  const back = await connect(t, server, auth, { transports: ['websocket'] });
  assert.equal(back.events[0].name, 'session_ready');
  const missed = await back.heard('new_message', ({ content }) => content === 'missed');
  assert.equal(typeof missed.prevRev, 'number');
  await back.heard('chat_added', ({ chat }) => chat.id === groupId);
  await ann.post(chatId, 'live');
  const live = await back.heard('new_message', ({ content }) => content === 'live');
  assert.equal(live.prevRev, missed.rev);
  assert.deepEqual(back.of('resync_required'), []);

  const lost = await connect(t, server, { token: ben.token, cursor: 'of-another-store' });
  assert.equal((await lost.heard('resync_required')).reason, 'cursorExpired');
});
