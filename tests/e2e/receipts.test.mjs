// How far others have got, told to the other members; and the own devices' read state.

import assert from 'node:assert/strict';
import test from 'node:test';

import { startServer } from './harness.mjs';
import { registerMany } from './people.mjs';

const websocket = { transports: ['websocket'] };

test('marks reach the others merged, and the own devices as read_state', async (t) => {
  const server = await startServer(t);
  const [ann, ben] = await registerMany(server, 2);
  const chatId = await ann.direct(ben);
  for (let i = 1; i <= 5; ++i) await ann.post(chatId, `message ${i}`);
  const annSocket = await ann.connect(t, websocket);
  const phone = await ben.connect(t, websocket);
  const tablet = await (await ben.anotherDevice()).connect(t, { transports: ['polling'] });

  const delivered = await phone.ask('mark_delivered', { chatId, seq: 5 });
  assert.equal(delivered.ok, true, JSON.stringify(delivered));
  const told = await annSocket.heard('message_delivered');
  assert.deepEqual(
    { chatId: told.chatId, userId: told.userId, seq: told.seq },
    { chatId, userId: ben.id, seq: 5 },
  );
  assert.equal(typeof told.at, 'string');

  for (let seq = 1; seq <= 5; ++seq) {
    const ack = await phone.ask('mark_read', { chatId, seq });
    assert.deepEqual(ack, { ok: true, lastReadSeq: seq, unreadCount: 5 - seq });
  }
  await annSocket.heard('message_read', ({ seq }) => seq === 5);
  const reads = annSocket.of('message_read').map(({ seq }) => seq);
  assert.ok(reads.length < 5, `merged: ${reads}`);
  assert.deepEqual(reads, [...reads].sort());
  const state = await tablet.heard('read_state', ({ lastReadSeq }) => lastReadSeq === 5);
  assert.equal(state.chatId, chatId);
  assert.equal(state.unreadCount, 0);
  assert.ok(state.userRev > 0);
  for (const own of [phone, tablet]) {
    assert.deepEqual([...own.of('message_read'), ...own.of('message_delivered')], []);
  }
});

test('a change of the own state reaches the other device', async (t) => {
  const server = await startServer(t);
  const [ann, ben] = await registerMany(server, 2);
  const chatId = await ann.direct(ben);
  const tablet = await (await ann.anotherDevice()).connect(t, websocket);
  const benSocket = await ben.connect(t, websocket);
  const draft = 'half a thought';
  await ann.ask('PATCH', `/v1/chats/${chatId}/state`, { isArchived: true, draft });
  const updated = await tablet.heard('chat_state_updated');
  assert.equal(updated.chatId, chatId);
  assert.equal(updated.state.isArchived, true);
  assert.equal(updated.state.draft, draft);
  await ann.ask('PATCH', '/v1/me/privacy', { lastSeen: 'nobody' });
  assert.equal((await tablet.heard('settings_updated')).kind, 'privacy');
  assert.deepEqual(benSocket.of('chat_state_updated'), [], 'one user’s state is nobody else’s');
});
