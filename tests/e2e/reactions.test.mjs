// Reactions, pins, forwards and blocks: over both doors, to every device.

import assert from 'node:assert/strict';
import test from 'node:test';

import { startServer } from './harness.mjs';
import { assertProblem, assertRefused, registerMany, uniqueKey, words } from './people.mjs';

const minute = 60_000;
const quick = ['--rate-messages', '0', '--rate-auth', '0'];

test('reactions are changes that everybody hears', { timeout: minute }, async (t) => {
  const server = await startServer(t, { flags: [...quick, '--shards', '2'] });
  const [ann, ben] = await registerMany(server, 2);
  const chatId = await ann.direct(ben);
  const anns = await ann.connect(t);
  const other = await (await ann.anotherDevice()).connect(t);
  const bens = await ben.connect(t);
  const { messageId } = await ann.post(chatId, words('hello'));
  const path = `/v1/chats/${chatId}/messages/${messageId}`;

  const added = await bens.ask('react', { chatId, messageId, emoji: '👍', op: 'add' });
  assert.deepEqual(added, { ok: true, rev: 2 });
  for (const connection of [anns, other, bens]) {
    const update = await connection.heard('message_updated', ({ rev }) => rev === 2);
    assert.deepEqual(update.reactions, [{ emoji: '👍', count: 1, recentUserIds: [ben.id] }]);
    assert.equal(update.prevRev, 1);
  }
  assert.deepEqual(await bens.ask('react', { chatId, messageId, emoji: '👍', op: 'add' }), added);
  const put = await ann.ask('PUT', `${path}/reactions/${encodeURIComponent('❤️')}`);
  assert.deepEqual(put.reactions.map(({ emoji }) => emoji), ['👍', '❤️']);
  const who = await ann.ask('GET', `${path}/reactions?limit=1`);
  assert.deepEqual(who.data.map(({ userId, emoji }) => [userId, emoji]), [[ben.id, '👍']]);
  const rest = await ann.ask('GET', `${path}/reactions?limit=1&cursor=${who.page.nextCursor}`);
  assert.deepEqual(rest.data.map(({ userId, emoji }) => [userId, emoji]), [[ann.id, '❤️']]);
  const gone = await ann.ask('DELETE', `${path}/reactions/${encodeURIComponent('❤️')}`);
  assert.equal(gone.rev, 4);
  assert.equal((await bens.ask('react', { chatId, messageId, emoji: '👍', op: 'remove' })).rev, 5);
  const last = await anns.heard('message_updated', ({ rev }) => rev === 5);
  assert.equal(last.reactions, undefined);

  for (const fields of [{ emoji: '' }, { emoji: 'x'.repeat(65) }, { emoji: 5 }]) {
    const refused = await bens.ask('react', { chatId, messageId, op: 'add', ...fields });
    assertProblem(refused.error, 422, 'validation-failed', ['/emoji']);
  }
  const wrong = await bens.ask('react', { chatId, messageId, emoji: '👍', op: 'toggle' });
  assertProblem(wrong.error, 422, 'validation-failed', ['/op']);
  assertRefused(await ann.request('PUT', `${path}/reactions/%ff`), 422, 'validation-failed');
});

test('pins are on the message and on the chat', { timeout: minute }, async (t) => {
  const server = await startServer(t, { flags: quick });
  const [ann, ben] = await registerMany(server, 2);
  const chatId = await ann.group('Pins', [ben]);
  const anns = await ann.connect(t);
  const bens = await ben.connect(t);
  const { messageId } = await ben.post(chatId, words('rules'));
  assertProblem((await bens.ask('pin_message', { chatId, messageId })).error, 403, 'forbidden');
  assert.equal((await anns.ask('pin_message', { chatId, messageId })).rev, 3);
  assert.equal((await bens.heard('message_updated')).isPinned, true);
  const pinned = async () => (await ben.ask('GET', `/v1/chats/${chatId}`)).pinnedMessageIds;
  assert.deepEqual(await pinned(), [messageId]);
  assert.equal((await anns.ask('unpin_message', { chatId, messageId })).rev, 4);
  const path = `/v1/chats/${chatId}/messages/${messageId}`;
  assert.equal((await ann.ask('PUT', `${path}/pin`)).isPinned, true);
  await ben.ask('PUT', `${path}/reactions/x`);
  const erased = await ben.ask('DELETE', path);
  assert.deepEqual([erased.isDeleted, erased.isPinned, erased.reactions],
    [true, undefined, undefined]);
  assert.deepEqual(await pinned(), []);
});

test('two edits of one version: one of them is told', { timeout: minute }, async (t) => {
  const server = await startServer(t, { flags: [...quick, '--shards', '4'] });
  const [ann, ben] = await registerMany(server, 2);
  const chatId = await ann.direct(ben);
  const one = await ann.connect(t);
  const other = await (await ann.anotherDevice()).connect(t);
  for (let version = 0; version < 10; version += 1) {
    const { messageId } = await ann.post(chatId, words(`draft ${version}`));
    const edit = (connection, content) =>
      connection.ask('edit_message', { chatId, messageId, content, baseVersion: 0 });
    const acks = await Promise.all([edit(one, words('first')), edit(other, words('second'))]);
    const winner = acks.findIndex((ack) => ack.ok);
    assertProblem(acks[1 - winner].error, 409, 'edit-conflict');
    const chat = await ben.ask('GET', `/v1/chats/${chatId}`);
    assert.match(chat.lastMessagePreview.content, winner === 0 ? /first/ : /second/);
  }
});

test('a forward says who wrote it, and is sent once', { timeout: minute }, async (t) => {
  const server = await startServer(t, { flags: [...quick, '--rate-messages', '100/1s'] });
  const [ann, ben, cat] = await registerMany(server, 3);
  const from = await ann.direct(ben);
  const to = await ben.direct(cat);
  const foreign = await ann.direct(cat);
  const { messageId } = await ann.post(from, words('news'));
  const path = `/v1/chats/${from}/messages/${messageId}/forward`;
  const body = { chatIds: [to, foreign], clientMessageId: uniqueKey() };
  const done = await ben.request('POST', path, { body });
  assert.equal(done.status, 201);
  assert.match(done.headers.get('ratelimit-policy') ?? '', /^"messages";q=100;/);
  assert.equal(done.body.data[0].duplicate, false);
  assertProblem(done.body.data[1].error, 404, 'not-found');
  const [sent] = await cat.history(to);
  assert.equal(sent.senderId, ben.id);
  assert.equal(sent.forwardedFrom.senderId, ann.id);
  const again = await ben.request('POST', path, { body });
  assert.deepEqual([again.status, again.body.data[0].messageId], [200, sent.id]);
  assertRefused(await ben.request('POST', path, { body: { chatIds: [] } }), 422,
    'validation-failed', ['/chatIds']);
  assertRefused(await cat.request('POST', path, { body }), 404, 'not-found');
});
