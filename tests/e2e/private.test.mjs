// What is private to a user, on two devices each: marks, receipts, unread counts, the own state of
// a chat, and what is deleted for oneself.

import assert from 'node:assert/strict';
import test from 'node:test';

import { startServer } from './harness.mjs';
import { assertProblem, assertRefused, register, registerMany, words } from './people.mjs';

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
    assertProblem(
      (await bens.here.ask('mark_read', { chatId, seq: 4 })).error,
      422,
      'validation-failed',
      ['/seq'],
    );
    assert.deepEqual(await ben.ask('POST', `/v1/chats/${chatId}/read`, { seq: 3 }), {
      lastReadSeq: 3,
      unreadCount: 0,
    });
    assert.equal(bens.here.of('message_read').length, 0, 'nobody hears of their own receipts');
  },
);

test(
  'receipts tell of every member, and the message of the last of them',
  { timeout: minute },
  async (t) => {
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
    assert.deepEqual(members.data.map((member) => member.role).sort(), [
      'member',
      'member',
      'owner',
    ]);
    const stranger = await register(server);
    assertRefused(await stranger.request('GET', `/v1/chats/${chatId}/members`), 404, 'not-found');
    assertRefused(
      await stranger.request('GET', `/v1/chats/${chatId}/messages/${messageId}/receipts`),
      404,
      'not-found',
    );
  },
);

test(
  'the own state of a chat reaches the own devices and nobody else',
  { timeout: minute },
  async (t) => {
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
      [
        ack.isPinned,
        ack.pinOrder,
        ack.isArchived,
        ack.markedUnread,
        ack.mutedUntil,
        ack.notificationLevel,
        ack.draft,
      ],
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
      (await ann.ask('GET', `/v1/chats?filter=${filter}`)).data
        .filter(({ type }) => type !== 'saved')
        .map((chat) => chat.id);
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
      body: {
        draft: 'x'.repeat(4097),
        pinOrder: 11,
        mutedUntil: 'soon',
        isPinned: 1,
        notificationLevel: 'some',
      },
    });
    assertRefused(bad, 422, 'validation-failed', [
      '/draft',
      '/pinOrder',
      '/mutedUntil',
      '/isPinned',
      '/notificationLevel',
    ]);
    assert.equal(bensDevice.of('chat_state_updated').length, 0);
    assert.equal((await ben.ask('GET', `/v1/chats/${chatId}`)).state.isPinned, false);
  },
);

test(
  'what is deleted or cleared for oneself is there for the other still',
  { timeout: minute },
  async (t) => {
    const server = await startServer(t);
    const [ann, ben] = await registerMany(server, 2);
    const chatId = await ann.direct(ben);
    const first = await ann.post(chatId, words('first'));
    const second = await ann.post(chatId, words('second'));
    const bens = await withTwoDevices(t, ben);

    const hidden = await bens.here.ask('delete_message', {
      chatId,
      messageId: second.messageId,
      scope: 'me',
    });
    assert.deepEqual(hidden, { ok: true, rev: second.rev });
    for (const device of [bens.here, bens.there]) {
      const told = await device.heard('message_hidden');
      assert.deepEqual([told.chatId, told.messageId], [chatId, second.messageId]);
    }
    assert.deepEqual(
      (await ben.history(chatId)).map((message) => message.seq),
      [1],
    );
    assertRefused(
      await ben.request('GET', `/v1/chats/${chatId}/messages/${second.messageId}`),
      404,
      'not-found',
    );
    // Again it is true already, by either door.
    assert.deepEqual(
      await ben.ask('DELETE', `/v1/chats/${chatId}/messages/${second.messageId}?scope=me`),
      { id: second.messageId, chatId, seq: 2, rev: 2 },
    );
    assert.deepEqual(
      await bens.there.ask('delete_message', {
        chatId,
        messageId: second.messageId,
        scope: 'me',
      }),
      hidden,
    );
    assert.deepEqual((await ben.changes(chatId, 1)).data, [
      { id: second.messageId, chatId, seq: 2, rev: 2 },
    ]);
    assert.equal((await ben.ask('GET', `/v1/chats/${chatId}`)).lastMessagePreview, null);
    assert.equal((await ann.history(chatId)).length, 2);

    const cleared = await ben.ask('POST', `/v1/chats/${chatId}/clear`);
    assert.deepEqual([cleared.visibleFromSeq, cleared.unreadCount], [3, 0]);
    assert.deepEqual(await ben.history(chatId), []);
    assertRefused(
      await ben.request('GET', `/v1/chats/${chatId}/messages/${first.messageId}`),
      404,
      'not-found',
    );
    const answer = await ann.post(chatId, words('third'), { replyToMessageId: first.messageId });
    const seen = await ben.ask('GET', `/v1/chats/${chatId}/messages/${answer.messageId}`);
    assert.equal(seen.replyTo.preview, '', 'a reply shows nothing of what was cleared away');
    assert.equal((await ann.history(chatId)).length, 3);
  },
);
