// People and coming back: profile, privacy, contacts, blocks, sync, sessions, and the end of an
// account, on two devices where it is told to both.

import assert from 'node:assert/strict';
import test from 'node:test';

import { eventually, startServer } from './harness.mjs';
import { assertProblem, assertRefused, register, registerMany, request, words } from './people.mjs';

const minute = 60_000;

test(
  'profile, privacy, contacts and blocks change for all devices',
  { timeout: minute },
  async (t) => {
    const server = await startServer(t);
    const [ann, ben] = await registerMany(server, 2);
    const anns = {
      here: await ann.connect(t),
      there: await (await ann.anotherDevice()).connect(t),
    };

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

    assert.equal(
      (await ann.request('PUT', `/v1/blocks/${ben.id}`)).status,
      204,
      'again is no change',
    );
    assert.equal((await ann.ask('GET', '/v1/me')).userRev, after.userRev);
    for (const path of ['contacts', 'blocks']) {
      assert.equal((await ann.request('DELETE', `/v1/${path}/${ben.id}`)).status, 204);
      assertRefused(await ann.request('PUT', `/v1/${path}/${ann.id}`), 422, 'validation-failed', [
        '/userId',
      ]);
    }
    assertRefused(await ann.request('GET', `/v1/contacts/${ben.id}`), 404, 'not-found');
    assertRefused(
      await ann.request('PATCH', '/v1/me/privacy', { body: { lastSeen: 'friends' } }),
      422,
      'validation-failed',
      ['/lastSeen'],
    );
  },
);

test('sync tells what changed since, and verify what differs', { timeout: minute }, async (t) => {
  const server = await startServer(t);
  const [ann, ben] = await registerMany(server, 2);
  const chatId = await ann.direct(ben);
  const quietId = await ann.group('Quiet', [ben]);
  const start = await ann.ask('GET', '/v1/sync');
  assert.equal(start.hasMore, false);
  const [saved] = (await ann.ask('GET', '/v1/chats')).data.filter(({ type }) => type === 'saved');
  const here = [chatId, quietId, saved.id].sort();
  assert.deepEqual(start.chats.map((chat) => chat.chatId).sort(), here);
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
  for (const kind of ['chat_added', 'chat_state_updated', 'settings_updated'])
    assert.ok(kinds.includes(kind), kind);
  assert.ok(
    synced.changes.some((change) => change.event === 'chat_added' && change.chat.id === newId),
  );
  assert.ok(
    synced.changes.some(
      (change) => change.event === 'chat_state_updated' && change.state.draft === 'back soon',
    ),
  );
  assert.deepEqual(
    synced.receipts.find((receipt) => receipt.chatId === chatId && receipt.userId === ben.id),
    { chatId, userId: ben.id, lastDeliveredSeq: 2, lastReadSeq: 2 },
  );

  const known = Object.fromEntries(synced.chats.map((chat) => [chat.chatId, chat.lastRev]));
  const all = { [quietId]: 1, ...known };
  assert.deepEqual(await ann.ask('POST', '/v1/sync/verify', { known: all }), {
    chats: [],
    notThere: [],
  });
  const strange = '3f0e2c1a-5f0e-4c1a-9f0e-2c1a5f0e4c1b';
  const differing = await ann.ask('POST', '/v1/sync/verify', {
    known: { ...all, [chatId]: 1, [strange]: 1 },
  });
  assert.deepEqual(
    differing.chats.map((chat) => chat.chatId),
    [chatId],
  );
  assert.deepEqual(differing.notThere, [strange]);
  assertRefused(await ann.request('GET', '/v1/sync?cursor=nonsense'), 422, 'validation-failed', [
    '/cursor',
  ]);
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
  assert.deepEqual(
    taken.contacts.map((contact) => contact.user.id),
    [ben.id],
  );
  assert.deepEqual(
    taken.chats.flatMap((chat) => chat.messages.map((message) => message.content)).sort(),
    [words('this too'), words('to be gone')].sort(),
  );
  assert.equal(taken.nextCursor, null);

  assertRefused(
    await ann.request('DELETE', '/v1/me', { body: { password: 'not the password' } }),
    403,
    'forbidden',
  );
  const socket = await ann.connect(t);
  assert.equal(
    (await ann.request('DELETE', '/v1/me', { body: { password: ann.password } })).status,
    204,
  );
  await socket.heard('session_revoked');
  assertRefused(await ann.request('GET', '/v1/me'), 401, 'unauthenticated');

  const direct = await ben.history(directId);
  assert.deepEqual(
    direct.map((message) => [message.seq, message.isDeleted, message.content]),
    [[1, true, '']],
  );
  await eventually(
    "the group to be the other's",
    async () => (await ben.ask('GET', `/v1/chats/${groupId}`)).ownerId === ben.id,
  );
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
    await request(server, 'POST', '/v1/auth/login', {
      body: { username: ann.username, password: ann.password },
    }),
    401,
    'unauthenticated',
  );
});

test('rates of own changes are told in headers and kept', { timeout: minute }, async (t) => {
  const server = await startServer(t, { flags: ['--rate-state', '2/60s'] });
  const [ann, ben] = await registerMany(server, 2);
  const chatId = await ann.direct(ben);
  const patch = (who) =>
    who.request('PATCH', `/v1/chats/${chatId}/state`, { body: { draft: 'x' } });
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

test('rates of groups and of changes to messages are told and kept', {
  timeout: minute,
}, async (t) => {
  const server = await startServer(t, {
    flags: ['--rate-members', '3/60s', '--rate-changes', '3/60s'],
  });
  const [ann, ben] = await registerMany(server, 2);
  const chatId = await ann.group('Counted', [ben]);
  const { messageId } = await ann.post(chatId, 'to be reacted to');
  const chat = `/v1/chats/${chatId}`;
  const message = `${chat}/messages/${messageId}`;
  // Each way that counts: the last is one too many.
  const groups = [
    ['PATCH', chat, { title: 'Another' }],
    ['POST', `${chat}/invites`, {}],
    ['PATCH', `${chat}/members/${ben.id}`, { role: 'admin' }],
    ['DELETE', `${chat}/members/${ben.id}`],
  ];
  const changes = [
    ['PUT', `${message}/reactions/${encodeURIComponent('👍')}`],
    ['PUT', `${message}/pin`],
    ['DELETE', `${message}/pin`],
    ['DELETE', message],
  ];
  for (const [name, asks] of [['members', groups], ['changes', changes]]) {
    let left = 3;
    for (const [method, path_, body] of asks) {
      const answer = await ann.request(method, path_, { body });
      assert.equal(answer.headers.get('ratelimit-policy'), `"${name}";q=3;w=60`, path_);
      left -= 1;
      if (left >= 0) {
        assert.ok(answer.status < 300, `${path_}: ${answer.status}`);
        assert.match(answer.headers.get('ratelimit'), new RegExp(`^"${name}";r=${left};t=`));
      } else {
        assertRefused(answer, 429, 'rate-limited');
      }
    }
  }
  const socket = await (await ann.anotherDevice()).connect(t);
  const react = (by) => by.ask('react', { chatId, messageId, emoji: '👍', op: 'add' });
  assertProblem((await react(socket)).error, 429, 'rate-limited');
  assert.equal((await react(await ben.connect(t))).ok, true);
});
