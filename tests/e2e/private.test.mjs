// What is private to a user, on two devices each: marks, receipts, unread counts, the own state of a
// chat, people, and coming back with `sync`.

import assert from 'node:assert/strict';
import test from 'node:test';

import { eventually, startServer } from './harness.mjs';
import { assertProblem, assertRefused, register, registerMany, request, words } from './people.mjs';

const minute = 60_000;

/** A user with two devices, both connected. */
async function withTwoDevices(t, person) {
  const other = await person.anotherDevice();
  return { person, other, here: await person.connect(t), there: await other.connect(t) };
}

test(
  'reading on one device shows on the other and to the peer, and never falls',
  { timeout: minute },
  async (t) => {
    const server = await startServer(t, { flags: ['--shards', '2'] });
    const [ann, ben] = await registerMany(server, 2);
    const chatId = await ann.direct(ben);
    const anns = await withTwoDevices(t, ann);
    const bens = await withTwoDevices(t, ben);
    for (const text of ['one', 'two', 'three']) await ann.post(chatId, words(text));

    const delivered = await bens.here.ask('mark_delivered', { chatId, seq: 3 });
    assert.deepEqual(delivered, { ok: true, lastReadSeq: 0, unreadCount: 3 });
    for (const device of [anns.here, anns.there]) {
      const told = await device.heard('message_delivered');
      assert.deepEqual([told.chatId, told.userId, told.seq], [chatId, ben.id, 3]);
    }

    const read = await bens.here.ask('mark_read', { chatId, seq: 2 });
    assert.deepEqual(read, { ok: true, lastReadSeq: 2, unreadCount: 1 });
    for (const device of [bens.here, bens.there]) {
      const told = await device.heard('read_state');
      assert.deepEqual([told.chatId, told.lastReadSeq, told.unreadCount], [chatId, 2, 1]);
      assert.ok(told.userRev > 0);
    }
    for (const device of [anns.here, anns.there]) {
      const told = await device.heard('message_read', (event) => event.seq === 2);
      assert.deepEqual([told.chatId, told.userId], [chatId, ben.id]);
    }
    assert.deepEqual(await bens.there.ask('mark_read', { chatId, seq: 1 }), read, 'never falls');
    assertProblem((await bens.here.ask('mark_read', { chatId, seq: 4 })).error, 422, 'validation-failed', ['/seq']);
    assert.deepEqual(await ben.ask('POST', `/v1/chats/${chatId}/read`, { seq: 3 }), {
      lastReadSeq: 3,
      unreadCount: 0,
    });
    assert.equal(bens.here.of('message_read').length, 0, 'nobody hears of their own receipts');
  },
);

test('receipts tell of every member, and the message of the last of them', { timeout: minute }, async (t) => {
  const server = await startServer(t);
  const [ann, ben, cat] = await registerMany(server, 3);
  const chatId = await ann.group('Trip', [ben, cat]);
  const { messageId, seq } = await ann.post(chatId, words('all aboard'));
  const receipts = (more = '') =>
    ann.ask('GET', `/v1/chats/${chatId}/messages/${messageId}/receipts${more}`);
  assert.equal((await receipts()).state, 'sent');
  await ben.ask('POST', `/v1/chats/${chatId}/read`, { seq });
  await cat.ask('POST', `/v1/chats/${chatId}/delivered`, { seq });
  const both = await receipts();
  assert.deepEqual(
    [both.state, both.memberCount, both.deliveredCount, both.readCount],
    ['delivered', 2, 2, 1],
  );
  const states = Object.fromEntries(both.data.map((each) => [each.userId, each.state]));
  assert.deepEqual(states, { [ben.id]: 'read', [cat.id]: 'delivered' });
  assert.ok(both.data.find((each) => each.userId === ben.id).readAt);
  await cat.ask('POST', `/v1/chats/${chatId}/read`, { seq });
  const first = await receipts('?limit=1');
  assert.deepEqual([first.state, first.data.length, first.page.hasMore], ['read', 1, true]);
  const second = await receipts(`?limit=1&cursor=${first.page.nextCursor}`);
  assert.notEqual(second.data[0].userId, first.data[0].userId);
  assert.equal(second.page.hasMore, false);

  const members = await cat.ask('GET', `/v1/chats/${chatId}/members`);
  assert.deepEqual(members.data.map((member) => member.role).sort(), ['member', 'member', 'owner']);
  const stranger = await register(server);
  assertRefused(await stranger.request('GET', `/v1/chats/${chatId}/members`), 404, 'not-found');
  assertRefused(
    await stranger.request('GET', `/v1/chats/${chatId}/messages/${messageId}/receipts`),
    404,
    'not-found',
  );
});

test('the own state of a chat reaches the own devices and nobody else', { timeout: minute }, async (t) => {
  const server = await startServer(t, { flags: ['--shards', '2'] });
  const [ann, ben] = await registerMany(server, 2);
  const chatId = await ann.direct(ben);
  const anns = await withTwoDevices(t, ann);
  const bensDevice = await ben.connect(t);
  await ben.post(chatId, words('are you there?'));

  const ack = await anns.here.ask('update_chat_state', {
    chatId,
    isPinned: true,
    isArchived: true,
    markedUnread: true,
    mutedUntil: '9999-12-31',
    notificationLevel: 'none',
    draft: 'not now',
  });
  assert.equal(ack.ok, true, JSON.stringify(ack));
  assert.deepEqual(
    [ack.isPinned, ack.pinOrder, ack.isArchived, ack.markedUnread, ack.mutedUntil, ack.notificationLevel, ack.draft],
    [true, 0, true, true, '9999-12-31T23:59:59.999Z', 'none', 'not now'],
  );
  for (const device of [anns.here, anns.there]) {
    const told = await device.heard('chat_state_updated');
    assert.equal(told.chatId, chatId);
    assert.equal(told.state.draft, 'not now');
    assert.equal(told.unreadCount, 1);
  }
  // Muted, so a message does not bring it back; unmuted, it does.
  await ben.post(chatId, words('hello?'));
  const listed = async (filter) =>
    (await ann.ask('GET', `/v1/chats?filter=${filter}`)).data.map((chat) => chat.id);
  assert.deepEqual([await listed('all'), await listed('archived')], [[], [chatId]]);
  const state = await ann.ask('PATCH', `/v1/chats/${chatId}/state`, { mutedUntil: null });
  assert.deepEqual([state.mutedUntil, state.isArchived], [null, false]);
  assert.deepEqual([await listed('all'), await listed('unread')], [[chatId], [chatId]]);
  assert.deepEqual(await ann.ask('GET', '/v1/unread'), {
    total: 2,
    chats: [{ chatId, unreadCount: 2, markedUnread: true }],
  });
  await ann.ask('POST', `/v1/chats/${chatId}/read`, { seq: 2 });
  assert.deepEqual(await ann.ask('GET', '/v1/unread'), { total: 0, chats: [] });

  const bad = await ann.request('PATCH', `/v1/chats/${chatId}/state`, {
    body: { draft: 'x'.repeat(4097), pinOrder: 11, mutedUntil: 'soon', isPinned: 1, notificationLevel: 'some' },
  });
  assertRefused(bad, 422, 'validation-failed', ['/draft', '/pinOrder', '/mutedUntil', '/isPinned', '/notificationLevel']);
  assert.equal(bensDevice.of('chat_state_updated').length, 0);
  assert.equal((await ben.ask('GET', `/v1/chats/${chatId}`)).state.isPinned, false);
});

test('what is deleted or cleared for oneself is there for the other still', { timeout: minute }, async (t) => {
  const server = await startServer(t);
  const [ann, ben] = await registerMany(server, 2);
  const chatId = await ann.direct(ben);
  const first = await ann.post(chatId, words('first'));
  const second = await ann.post(chatId, words('second'));
  const bens = await withTwoDevices(t, ben);

  const hidden = await bens.here.ask('delete_message', { chatId, messageId: second.messageId, scope: 'me' });
  assert.deepEqual(hidden, { ok: true, rev: second.rev });
  for (const device of [bens.here, bens.there]) {
    const told = await device.heard('message_hidden');
    assert.deepEqual([told.chatId, told.messageId], [chatId, second.messageId]);
  }
  assert.deepEqual((await ben.history(chatId)).map((message) => message.seq), [1]);
  assertRefused(await ben.request('GET', `/v1/chats/${chatId}/messages/${second.messageId}`), 404, 'not-found');
  assertRefused(
    await ben.request('DELETE', `/v1/chats/${chatId}/messages/${second.messageId}?scope=me`),
    404,
    'not-found',
  );
  assert.deepEqual((await ben.changes(chatId, 1)).data, [
    { id: second.messageId, chatId, seq: 2, rev: 2 },
  ]);
  assert.equal((await ben.ask('GET', `/v1/chats/${chatId}`)).lastMessagePreview, null);
  assert.equal((await ann.history(chatId)).length, 2);

  const cleared = await ben.ask('POST', `/v1/chats/${chatId}/clear`);
  assert.deepEqual([cleared.visibleFromSeq, cleared.unreadCount], [3, 0]);
  assert.deepEqual(await ben.history(chatId), []);
  assertRefused(await ben.request('GET', `/v1/chats/${chatId}/messages/${first.messageId}`), 404, 'not-found');
  const answer = await ann.post(chatId, words('third'), { replyToMessageId: first.messageId });
  const seen = await ben.ask('GET', `/v1/chats/${chatId}/messages/${answer.messageId}`);
  assert.equal(seen.replyTo.preview, '', 'a reply shows nothing of what was cleared away');
  assert.equal((await ann.history(chatId)).length, 3);
});

test('profile, privacy, contacts and blocks change for all devices', { timeout: minute }, async (t) => {
  const server = await startServer(t);
  const [ann, ben] = await registerMany(server, 2);
  const anns = await withTwoDevices(t, ann);

  const me = await ann.ask('PATCH', '/v1/me', { displayName: 'Ann', about: 'Here.' });
  assert.deepEqual([me.displayName, me.about, me.username], ['Ann', 'Here.', ann.username]);
  assert.deepEqual(await ann.ask('PATCH', '/v1/me/privacy', { lastSeen: 'contacts' }), {
    lastSeen: 'contacts',
    directMessages: 'everyone',
    groupInvites: 'everyone',
  });
  assert.equal((await ann.request('PUT', `/v1/contacts/${ben.id}`)).status, 204);
  assert.equal((await ann.request('PUT', `/v1/blocks/${ben.id}`)).status, 204);
  for (const kind of ['profile', 'privacy', 'contacts', 'blocks']) {
    for (const device of [anns.here, anns.there]) {
      await device.heard('settings_updated', (event) => event.kind === kind);
    }
  }
  const after = await ann.ask('GET', '/v1/me');
  await anns.there.heard('settings_updated', (event) => event.userRev === after.userRev);
  assert.equal((await ann.ask('GET', `/v1/contacts/${ben.id}`)).user.id, ben.id);
  assert.equal((await ann.ask('GET', '/v1/blocks')).data[0].user.id, ben.id);
  assert.equal((await ben.ask('GET', '/v1/contacts')).data.length, 0);
  assert.equal((await ben.ask('GET', `/v1/users/${ann.id}`)).displayName, 'Ann');

  assert.equal((await ann.request('PUT', `/v1/blocks/${ben.id}`)).status, 204, 'again is no change');
  assert.equal((await ann.ask('GET', '/v1/me')).userRev, after.userRev);
  for (const path of ['contacts', 'blocks']) {
    assert.equal((await ann.request('DELETE', `/v1/${path}/${ben.id}`)).status, 204);
    assertRefused(await ann.request('PUT', `/v1/${path}/${ann.id}`), 422, 'validation-failed', ['/userId']);
  }
  assertRefused(await ann.request('GET', `/v1/contacts/${ben.id}`), 404, 'not-found');
  assertRefused(
    await ann.request('PATCH', '/v1/me/privacy', { body: { lastSeen: 'friends' } }),
    422,
    'validation-failed',
    ['/lastSeen'],
  );
});

test('sync tells what changed since, and verify what differs', { timeout: minute }, async (t) => {
  const server = await startServer(t);
  const [ann, ben] = await registerMany(server, 2);
  const chatId = await ann.direct(ben);
  const quietId = await ann.group('Quiet', [ben]);
  const start = await ann.ask('GET', '/v1/sync');
  assert.equal(start.hasMore, false);
  assert.deepEqual(start.chats.map((chat) => chat.chatId).sort(), [chatId, quietId].sort());
  assert.deepEqual(start.changes, [], 'who knows nothing has nothing to change');

  await ben.post(chatId, words('while you were away'));
  await ann.ask('PATCH', `/v1/chats/${chatId}/state`, { draft: 'back soon' });
  await ann.ask('PATCH', '/v1/me', { displayName: 'Ann' });
  const newId = await ben.group('New', [ann]);
  await ann.post(chatId, words('here'));
  await ben.ask('POST', `/v1/chats/${chatId}/read`, { seq: 2 });

  const device = await (await ann.anotherDevice()).connect(t);
  const synced = await device.ask('sync', { cursor: start.cursor });
  assert.equal(synced.ok, true, JSON.stringify(synced));
  const standing = synced.chats.find((chat) => chat.chatId === chatId);
  assert.deepEqual([standing.lastRev, standing.lastSeq], [2, 2]);
  const kinds = synced.changes.map((change) => change.event);
  for (const kind of ['chat_added', 'chat_state_updated', 'settings_updated']) assert.ok(kinds.includes(kind), kind);
  assert.ok(synced.changes.some((change) => change.event === 'chat_added' && change.chat.id === newId));
  assert.ok(synced.changes.some((change) => change.event === 'chat_state_updated' && change.state.draft === 'back soon'));
  assert.deepEqual(
    synced.receipts.find((receipt) => receipt.chatId === chatId && receipt.userId === ben.id),
    { chatId, userId: ben.id, lastDeliveredSeq: 2, lastReadSeq: 2 },
  );

  const known = Object.fromEntries(synced.chats.map((chat) => [chat.chatId, chat.lastRev]));
  const all = { [quietId]: 1, ...known };
  assert.deepEqual(await ann.ask('POST', '/v1/sync/verify', { known: all }), { chats: [], notThere: [] });
  const strange = '3f0e2c1a-5f0e-4c1a-9f0e-2c1a5f0e4c1b';
  const differing = await ann.ask('POST', '/v1/sync/verify', { known: { ...all, [chatId]: 1, [strange]: 1 } });
  assert.deepEqual(differing.chats.map((chat) => chat.chatId), [chatId]);
  assert.deepEqual(differing.notThere, [strange]);
  assertRefused(await ann.request('GET', '/v1/sync?cursor=nonsense'), 422, 'validation-failed', ['/cursor']);
});

test('a device that signs in or out is told to the others', { timeout: minute }, async (t) => {
  const server = await startServer(t);
  const ann = await register(server);
  const here = await ann.connect(t);
  const other = await ann.anotherDevice();
  const came = await here.heard('settings_updated', (event) => event.kind === 'sessions');
  await ann.request('DELETE', `/v1/auth/sessions/${other.deviceId}`);
  await here.heard(
    'settings_updated',
    (event) => event.kind === 'sessions' && event.userRev > came.userRev,
  );
});

test('an account takes its data along, and goes', { timeout: minute }, async (t) => {
  const server = await startServer(t);
  const [ann, ben] = await registerMany(server, 2);
  const directId = await ann.direct(ben);
  const groupId = await ann.group('Trip', [ben]);
  await ann.post(directId, words('to be gone'));
  await ann.post(groupId, words('this too'));
  await ben.post(groupId, words('this stays'));
  await ann.request('PUT', `/v1/contacts/${ben.id}`);

  const taken = await ann.ask('POST', '/v1/me/export');
  assert.equal(taken.user.username, ann.username);
  assert.deepEqual(taken.contacts.map((contact) => contact.user.id), [ben.id]);
  assert.deepEqual(
    taken.chats.flatMap((chat) => chat.messages.map((message) => message.content)).sort(),
    [words('this too'), words('to be gone')].sort(),
  );
  assert.equal(taken.nextCursor, null);

  assertRefused(await ann.request('DELETE', '/v1/me', { body: { password: 'not the password' } }), 403, 'forbidden');
  const socket = await ann.connect(t);
  assert.equal((await ann.request('DELETE', '/v1/me', { body: { password: ann.password } })).status, 204);
  await socket.heard('session_revoked');
  assertRefused(await ann.request('GET', '/v1/me'), 401, 'unauthenticated');

  const direct = await ben.history(directId);
  assert.deepEqual(direct.map((message) => [message.seq, message.isDeleted, message.content]), [[1, true, '']]);
  await eventually('the group to be the other\'s', async () => (await ben.ask('GET', `/v1/chats/${groupId}`)).ownerId === ben.id);
  const group = await ben.history(groupId);
  assert.deepEqual(
    group.filter((message) => message.type === 'text').map((message) => message.content),
    ['', words('this stays')],
  );
  const gone = await ben.ask('GET', `/v1/users/${ann.id}`);
  assert.deepEqual(gone, { id: ann.id, username: '', displayName: '', isDeleted: true });
  const again = await request(server, 'POST', '/v1/auth/register', {
    body: { username: ann.username, password: ann.password },
  });
  assertRefused(again, 409, 'conflict');
  assertRefused(
    await request(server, 'POST', '/v1/auth/login', { body: { username: ann.username, password: ann.password } }),
    401,
    'unauthenticated',
  );
});

test('rates of own changes are told in headers and kept', { timeout: minute }, async (t) => {
  const server = await startServer(t, { flags: ['--rate-state', '2/60s'] });
  const [ann, ben] = await registerMany(server, 2);
  const chatId = await ann.direct(ben);
  const patch = (who) => who.request('PATCH', `/v1/chats/${chatId}/state`, { body: { draft: 'x' } });
  const first = await patch(ann);
  assert.equal(first.status, 200);
  assert.equal(first.headers.get('ratelimit-policy'), '"state";q=2;w=60');
  assert.match(first.headers.get('ratelimit'), /^"state";r=1;t=\d+$/);
  await patch(await ann.anotherDevice());
  const refused = await patch(ann);
  assertRefused(refused, 429, 'rate-limited');
  assert.match(refused.headers.get('retry-after'), /^\d+$/);
  const socket = await ann.connect(t);
  const ack = await socket.ask('update_chat_state', { chatId, draft: 'y' });
  assertProblem(ack.error, 429, 'rate-limited');
  assert.ok(ack.error.retryAfterMs > 0);
  assert.equal((await patch(ben)).status, 200, 'another user has a rate of their own');
});
