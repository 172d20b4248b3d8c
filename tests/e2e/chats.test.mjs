// Chats: making them, once, and listing them.

import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { startServer } from './harness.mjs';
import { assertRefused, registerMany, uniqueKey, words } from './people.mjs';

const minute = 60_000;

test(
  'a direct chat is one for the pair, whoever asks, also at once',
  { timeout: minute },
  async (t) => {
    const server = await startServer(t, { flags: ['--shards', '4'] });
    const [ann, ben, cat] = await registerMany(server, 3);
    const make = (who, whom) =>
      who.request('POST', '/v1/chats', { body: { type: 'direct', userId: whom.id } });
    const answers = await Promise.all([
      make(ann, ben),
      make(ben, ann),
      make(ann, ben),
      make(ben, ann),
    ]);
    assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 200, 200, 201]);
    assert.equal(new Set(answers.map((answer) => answer.body.id)).size, 1);
    assert.equal((await make(ann, cat)).status, 201);

    const chat = (await make(ann, ben)).body;
    assert.deepEqual(
      [chat.type, chat.lastSeq, chat.lastRev, chat.unreadCount],
      ['direct', 0, 0, 0],
    );
    assert.equal(chat.peer.id, ben.id);
    assert.equal((await ben.ask('GET', `/v1/chats/${chat.id}`)).peer.id, ann.id);
    assertRefused(await make(ann, ann), 422, 'validation-failed', ['/userId']);
    assertRefused(await make(ann, { id: chat.id }), 422, 'validation-failed', ['/userId']);
  },
);

test(
  'a group begins with its members, its owner and a system message',
  { timeout: minute },
  async (t) => {
    const server = await startServer(t);
    const [ann, ben, cat] = await registerMany(server, 3);
    const body = {
      type: 'group',
      title: 'Trip',
      memberIds: [ben.id, cat.id, ben.id],
      clientChatId: uniqueKey(),
    };
    const made = await ann.request('POST', '/v1/chats', { body });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const chat = made.body;
    assert.deepEqual(
      [chat.title, chat.ownerId, chat.memberCount, chat.lastSeq, chat.lastRev],
      ['Trip', ann.id, 3, 1, 1],
    );
    assert.deepEqual(
      chat.members.map((member) => member.id).sort(),
      [ann.id, ben.id, cat.id].sort(),
    );
    assert.equal(chat.state.role, 'owner');

    const again = await ann.request('POST', '/v1/chats', { body });
    assert.deepEqual([again.status, again.body.id], [200, chat.id]);
    assertRefused(
      await ann.request('POST', '/v1/chats', { body: { ...body, title: 'Other' } }),
      409,
      'client-message-id-reused',
    );
    const bens = await ben.request('POST', '/v1/chats', { body });
    assert.notEqual(bens.body.id, chat.id, "a clientChatId is its creator's own");

    const [first] = await cat.history(chat.id);
    assert.deepEqual([first.type, first.senderId, first.seq], ['system', ann.id, 1]);
    assert.equal((await cat.ask('GET', `/v1/chats/${chat.id}`)).unreadCount, 0);
  },
);

test('what does not fit is named', { timeout: minute }, async (t) => {
  const server = await startServer(t);
  const [ann, ben] = await registerMany(server, 2);
  const cases = [
    [{}, ['/type']],
    [{ type: 'channel' }, ['/type']],
    [{ type: 'direct' }, ['/userId']],
    [{ type: 'direct', userId: 'no-id' }, ['/userId']],
    [{ type: 'group', title: '', memberIds: [ben.id] }, ['/title']],
    [{ type: 'group', title: 'x'.repeat(129), memberIds: [ben.id] }, ['/title']],
    [{ type: 'group', title: 'x', memberIds: [ben.id, 7] }, ['/memberIds/1']],
    [
      { type: 'group', title: 'x', memberIds: [ben.id], clientChatId: 'no blanks' },
      ['/clientChatId'],
    ],
  ];
  for (const [body, pointers] of cases) {
    assertRefused(
      await ann.request('POST', '/v1/chats', { body }),
      422,
      'validation-failed',
      pointers,
    );
  }
});

test('the list is newest first, in pages that hold still', { timeout: minute }, async (t) => {
  const server = await startServer(t);
  const [ann, ben] = await registerMany(server, 2);
  const ids = [];
  for (let i = 0; i < 12; i += 1) {
    ids.push(await ann.group(`Group ${i}`, [ben]));
    await sleep(3);  // Times have milliseconds: no two of these are one.
  }
  await ben.post(ids[3], words('newest'));
  const expected = [ids[3], ...ids.filter((id) => id !== ids[3]).reverse()];

  const first = await ann.ask('GET', '/v1/chats?limit=5');
  assert.deepEqual(
    first.data.map((chat) => chat.id),
    expected.slice(0, 5),
  );
  assert.deepEqual([first.data[0].unreadCount, first.data[1].unreadCount], [1, 0]);
  assert.equal(first.data[0].lastMessagePreview.content, words('newest'));
  // Between the pages a chat is made and another moves up: the pages that follow do not shift.
  await ann.group('In between', [ben]);
  await ben.post(ids[4], words('moves up'));
  const seen = first.data.map((chat) => chat.id);
  for (let page = first; page.page.hasMore;) {
    page = await ann.ask(
      'GET',
      `/v1/chats?limit=5&cursor=${encodeURIComponent(page.page.nextCursor)}`,
    );
    seen.push(...page.data.map((chat) => chat.id));
  }
  const still = expected.filter((id) => id !== ids[4]);
  // The saved chat is the oldest of all.
  assert.deepEqual(
    seen.slice(0, -1).filter((id) => id !== ids[4]),
    still,
  );
  assert.equal(new Set(seen).size, seen.length);

  const unread = await ann.ask('GET', '/v1/chats?filter=unread');
  assert.deepEqual(
    unread.data.map((chat) => chat.id),
    [ids[4], ids[3]],
  );
  assert.deepEqual((await ann.ask('GET', '/v1/chats?filter=archived')).data, []);
});

test('what a user says to others is unread for them alone', { timeout: minute }, async (t) => {
  const server = await startServer(t);
  const [ann, ben] = await registerMany(server, 2);
  const chatId = await ann.direct(ben);
  for (let i = 0; i < 3; i += 1) await ann.post(chatId, words(`${i}`));
  const unread = async (who) => (await who.ask('GET', `/v1/chats/${chatId}`)).unreadCount;
  assert.deepEqual([await unread(ann), await unread(ben)], [0, 3]);
});

test('a preview is cut at 140 characters, not inside one', { timeout: minute }, async (t) => {
  const server = await startServer(t);
  const [ann, ben] = await registerMany(server, 2);
  const chatId = await ann.direct(ben);
  await ann.post(chatId, '😀'.repeat(200));
  const chat = await ann.ask('GET', `/v1/chats/${chatId}`);
  assert.equal(chat.lastMessagePreview.content, '😀'.repeat(140));
});

test('users are found by name', { timeout: minute }, async (t) => {
  const server = await startServer(t);
  const [ann, ben] = await registerMany(server, 2);
  const found = await ann.ask('GET', `/v1/users?q=${ben.username}`);
  assert.equal(found.data[0].id, ben.id);
  assert.equal((await ann.ask('GET', `/v1/users/${ben.id}`)).username, ben.username);
  assert.doesNotMatch(JSON.stringify(found), /password|hash|token/i);
});
