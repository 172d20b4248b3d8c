// Sending and changing messages: once, for good, in one order, over both doors.

import assert from 'node:assert/strict';
import test from 'node:test';

import { startServer } from './harness.mjs';
import {
  assertProblem,
  assertRefused,
  register,
  registerMany,
  uniqueKey,
  words,
} from './people.mjs';

const minute = 60_000;

async function pair(t, flags) {
  const server = await startServer(t, { flags });
  const [ann, ben] = await registerMany(server, 2);
  return { server, ann, ben, chatId: await ann.direct(ben) };
}

function sameReceipt(one, other) {
  for (const field of ['messageId', 'seq', 'rev', 'createdAt']) {
    assert.equal(one[field], other[field], field);
  }
}

test('a repeat is answered as the first was, over either door', { timeout: minute }, async (t) => {
  const { ann, ben, chatId } = await pair(t);
  const socket = await ann.connect(t);
  const benSocket = await ben.connect(t);
  const clientMessageId = uniqueKey();
  const body = { type: 'text', content: words('once'), clientMessageId };
  const path = `/v1/chats/${chatId}/messages`;

  const first = await ann.request('POST', path, { body });
  assert.equal(first.status, 201);
  assert.equal(first.body.duplicate, false);
  const again = await ann.request('POST', path, { body: { ...body, replyToMessageId: null } });
  assert.equal(again.status, 200);
  assert.equal(again.body.duplicate, true);
  sameReceipt(again.body, first.body);
  const overSocket = await socket.ask('send_message', { chatId, ...body });
  assert.equal(overSocket.duplicate, true);
  sameReceipt(overSocket, first.body);

  const other = { ...body, content: words('something else') };
  assertRefused(await ann.request('POST', path, { body: other }), 409, 'client-message-id-reused');
  const refused = await socket.ask('send_message', { chatId, ...other });
  assertProblem(refused.error, 409, 'client-message-id-reused');

  const bens = await ben.request('POST', path, { body });
  assert.equal(bens.status, 201, 'the same id of another sender is another message');
  await benSocket.heard('new_message', (message) => message.seq === 2);
  assert.deepEqual(
    benSocket.messages(chatId).map((message) => message.seq),
    [1, 2],
  );
});

test('of repeats at once exactly one is new', { timeout: minute }, async (t) => {
  const { ann, ben, chatId } = await pair(t, ['--shards', '4']);
  const sockets = await Promise.all([ann.connect(t), ann.connect(t), ann.connect(t)]);
  const benSocket = await ben.connect(t);
  for (let round = 1; round <= 10; round += 1) {
    const body = { type: 'text', content: words(`round ${round}`), clientMessageId: uniqueKey() };
    const receipts = await Promise.all([
      ...sockets.map((socket) => socket.ask('send_message', { chatId, ...body })),
      ann.post(chatId, body.content, body),
      ann.post(chatId, body.content, body),
      ...sockets.map((socket) => socket.ask('send_message', { chatId, ...body })),
    ]);
    assert.equal(receipts.filter((receipt) => receipt.duplicate === false).length, 1);
    for (const receipt of receipts) sameReceipt(receipt, receipts[0]);
    assert.equal(receipts[0].seq, round);
  }
  await benSocket.heard('new_message', (message) => message.seq === 10);
  assert.equal(benSocket.messages(chatId).length, 10);
});

test(
  'a repeat after an edit and a delete still answers the original',
  { timeout: minute },
  async (t) => {
    const { ann, chatId } = await pair(t);
    const key = { clientMessageId: uniqueKey() };
    const first = await ann.post(chatId, words('draft'), key);
    const path = `/v1/chats/${chatId}/messages/${first.messageId}`;
    await ann.ask('PATCH', path, { content: words('final') });
    sameReceipt(await ann.post(chatId, words('draft'), key), first);
    await ann.ask('DELETE', path);
    const last = await ann.post(chatId, words('draft'), key);
    sameReceipt(last, first);
    assert.equal(last.duplicate, true);
  },
);

test(
  'without a clientMessageId each send is a message of its own',
  { timeout: minute },
  async (t) => {
    const { ann, chatId } = await pair(t);
    const socket = await ann.connect(t);
    const acks = [
      await socket.send(chatId, words('same')),
      await socket.send(chatId, words('same')),
    ];
    assert.deepEqual(
      acks.map((ack) => [ack.seq, ack.duplicate]),
      [
        [1, false],
        [2, false],
      ],
    );
  },
);

test(
  'an edit and a delete reach everybody, changes and the preview',
  { timeout: minute },
  async (t) => {
    const { ann, ben, chatId } = await pair(t);
    const annSocket = await ann.connect(t);
    const benSocket = await ben.connect(t);
    await annSocket.send(chatId, words('one'));
    const two = await annSocket.send(chatId, words('two'));

    const edited = await annSocket.ask('edit_message', {
      chatId,
      messageId: two.messageId,
      content: words('two, edited'),
      baseVersion: 0,
    });
    assert.deepEqual([edited.ok, edited.rev], [true, 3]);
    const update = await benSocket.heard('message_updated');
    assert.equal(update.id, two.messageId);
    assert.deepEqual([update.seq, update.rev, update.prevRev, update.editVersion], [2, 3, 2, 1]);
    assert.equal(update.content, words('two, edited'));
    assert.ok(Date.parse(update.editedAt) >= Date.parse(update.createdAt));
    assert.equal(
      (await ben.ask('GET', `/v1/chats/${chatId}`)).lastMessagePreview.content,
      words('two, edited'),
    );

    const path = `/v1/chats/${chatId}/messages/${two.messageId}`;
    assertRefused(
      await ann.request('PATCH', path, { body: { content: words('x'), baseVersion: 0 } }),
      409,
      'edit-conflict',
    );
    const same = await ann.ask('PATCH', path, { content: words('two, edited'), baseVersion: 0 });
    assert.equal(same.rev, 3, 'what stands already is a success and no change');
    assertRefused(
      await ben.request('PATCH', path, { body: { content: words('mine') } }),
      403,
      'forbidden',
    );
    assertRefused(await ben.request('DELETE', path), 403, 'forbidden');

    const changes = await ben.changes(chatId, 1);
    assert.deepEqual(
      changes.data.map((message) => message.rev),
      [3],
    );
    assert.deepEqual([changes.lastRev, changes.hasMore], [3, false]);

    assert.equal(
      (
        await annSocket.ask('delete_message', {
          chatId,
          messageId: two.messageId,
          scope: 'everyone',
        })
      ).rev,
      4,
    );
    const gone = await benSocket.heard('message_deleted');
    assert.deepEqual(
      [gone.id, gone.isDeleted, gone.rev, gone.prevRev],
      [two.messageId, true, 4, 3],
    );
    assert.ok(!gone.content, 'a tombstone has no content');
    const again = await ann.request('DELETE', `${path}?scope=everyone`);
    assert.deepEqual([again.status, again.body.rev], [200, 4]);
    assertRefused(
      await ann.request('PATCH', path, { body: { content: words('back') } }),
      403,
      'forbidden',
    );
    const item = await ben.ask('GET', `/v1/chats/${chatId}`);
    assert.equal(item.lastMessagePreview.isDeleted, true);
    assert.ok(!item.lastMessagePreview.content);
    assert.deepEqual(
      (await ben.history(chatId)).map((message) => message.isDeleted ?? false),
      [false, true],
    );
  },
);

test('of two edits of one version at once one succeeds', { timeout: minute }, async (t) => {
  const { ann, chatId } = await pair(t);
  const sent = await ann.post(chatId, words('base'));
  const path = `/v1/chats/${chatId}/messages/${sent.messageId}`;
  const answers = await Promise.all(
    ['a', 'b', 'c', 'd'].map((text) =>
      ann.request('PATCH', path, { body: { content: words(text), baseVersion: 0 } }),
    ),
  );
  assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 409, 409, 409]);
});

test(
  'an owner of a group deletes what others said; a member does not',
  { timeout: minute },
  async (t) => {
    const server = await startServer(t);
    const [ann, ben, cat] = await registerMany(server, 3);
    const chatId = await ann.group('Rules', [ben, cat]);
    const bens = await ben.post(chatId, words('of Ben'));
    const path = `/v1/chats/${chatId}/messages/${bens.messageId}`;
    assertRefused(await cat.request('DELETE', path), 403, 'forbidden');
    assert.equal((await ann.request('DELETE', path)).status, 200);
    const [system] = await ann.history(chatId);
    assertRefused(
      await ann.request('DELETE', `/v1/chats/${chatId}/messages/${system.id}`),
      403,
      'forbidden',
    );
  },
);

test('history is read in every direction', { timeout: minute }, async (t) => {
  const { ann, ben, chatId } = await pair(t);
  for (let i = 1; i <= 25; i += 1) await ann.post(chatId, words(`${i}`));
  const read = async (query) => {
    const page = await ben.ask('GET', `/v1/chats/${chatId}/messages?${query}`);
    return [page.data.map((message) => message.seq), page.page];
  };
  const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const rows = [
    ['', range(1, 25), false],
    ['limit=10', range(16, 25), true],
    ['limit=10&beforeSeq=16', range(6, 15), true],
    ['limit=10&beforeSeq=6', range(1, 5), false],
    ['limit=10&beforeSeq=1', [], false],
    ['limit=10&afterSeq=0', range(1, 10), true],
    ['limit=10&afterSeq=15', range(16, 25), false],
    ['limit=10&afterSeq=25', [], false],
  ];
  for (const [query, seqs, hasMore] of rows) {
    const [got, page] = await read(query);
    assert.deepEqual(got, seqs, query);
    assert.equal(page.hasMore, hasMore, query);
  }
  const [around, page] = await read('limit=5&aroundSeq=12');
  assert.equal(around.length, 5);
  assert.ok(around.includes(12));
  assert.deepEqual([page.hasOlder, page.hasNewer], [true, true]);
});

test(
  'snapshot then changes equals a fresh snapshot, after every action',
  { timeout: minute },
  async (t) => {
    const { ann, ben, chatId } = await pair(t);
    const actions = [];
    const sent = [];
    for (let i = 0; i < 6; i += 1) {
      actions.push(async () => sent.push((await ann.post(chatId, words(`${i}`))).messageId));
    }
    for (const which of [0, 3, 0, 5]) {
      actions.push(() =>
        ann.ask('PATCH', `/v1/chats/${chatId}/messages/${sent[which]}`, {
          content: words(`edited ${which} ${actions.length}`),
        }),
      );
    }
    actions.push(() => ann.ask('DELETE', `/v1/chats/${chatId}/messages/${sent[3]}`));
    const snapshots = [];
    for (const action of actions) {
      const { lastRev } = await ben.ask('GET', `/v1/chats/${chatId}`);
      snapshots.push({ lastRev, messages: await ben.history(chatId) });
      await action();
      const fresh = await ben.history(chatId);
      for (const snapshot of snapshots) {
        const byId = new Map(snapshot.messages.map((message) => [message.id, message]));
        let since = snapshot.lastRev;
        for (let hasMore = true; hasMore;) {
          const page = await ben.changes(chatId, since, 2);
          for (const message of page.data) byId.set(message.id, message);
          since = page.hasMore ? page.data.at(-1).rev : page.lastRev;
          hasMore = page.hasMore;
        }
        const caughtUp = [...byId.values()].sort((one, other) => one.seq - other.seq);
        assert.deepEqual(caughtUp, fresh);
      }
    }
    const ahead = await ben.changes(chatId, 10_000);
    assert.deepEqual([ahead.data, ahead.hasMore], [[], false]);
  },
);

test('a member who was busy elsewhere fetches over the socket', { timeout: minute }, async (t) => {
  const { ann, ben, chatId } = await pair(t);
  await ann.post(chatId, words('one'));
  await ann.post(chatId, words('two'));
  const socket = await ben.connect(t);
  const ack = await socket.ask('fetch_changes', { chatId, sinceRev: 1 });
  assert.deepEqual([ack.ok, ack.lastRev, ack.hasMore], [true, 2, false]);
  assert.deepEqual(
    ack.data.map((message) => message.seq),
    [2],
  );
});

test('outsiders are told of nothing', { timeout: minute }, async (t) => {
  const { server, ann, chatId } = await pair(t);
  const eve = await register(server);
  const { messageId } = await ann.post(chatId, words('between us'));
  const unknown = 'b7e2f1c4-0f5e-4f0a-9c7e-0a1b2c3d4e5f';
  const socket = await eve.connect(t);
  const paths = [
    ['GET', (id) => `/v1/chats/${id}`],
    ['GET', (id) => `/v1/chats/${id}/messages`],
    ['GET', (id) => `/v1/chats/${id}/changes?sinceRev=0`],
    ['GET', (id) => `/v1/chats/${id}/messages/${messageId}`],
    ['POST', (id) => `/v1/chats/${id}/messages`, { type: 'text', content: words('hi') }],
    ['PATCH', (id) => `/v1/chats/${id}/messages/${messageId}`, { content: words('hi') }],
    ['DELETE', (id) => `/v1/chats/${id}/messages/${messageId}`],
  ];
  for (const [method, path, body] of paths) {
    const [foreign, none] = await Promise.all(
      [chatId, unknown].map((id) => eve.request(method, path(id), { body })),
    );
    assertRefused(foreign, 404, 'not-found');
    assert.deepEqual({ ...foreign.body, requestId: '' }, { ...none.body, requestId: '' });
  }
  for (const id of [chatId, unknown]) {
    assertProblem((await socket.send(id, words('hi'))).error, 404, 'not-found');
    assertProblem(
      (await socket.ask('fetch_changes', { chatId: id, sinceRev: 0 })).error,
      404,
      'not-found',
    );
  }
});

test('who sends too fast is told when to go on', { timeout: minute }, async (t) => {
  const server = await startServer(t, { rates: true, flags: ['--rate-messages', '5/60s'] });
  const [ann, ben] = await registerMany(server, 2);
  const chatId = await ann.direct(ben);
  const socket = await ann.connect(t);
  const clientMessageId = uniqueKey();
  const first = await socket.send(chatId, words('0'), { clientMessageId });
  const acks = [];
  for (let i = 1; i < 12; i += 1) acks.push(await socket.send(chatId, words(`${i}`)));
  const refused = acks.filter((ack) => !ack.ok);
  assert.ok(refused.length >= 6 && refused.length < 12, `${refused.length} refused`);
  assertProblem(refused[0].error, 429, 'rate-limited');
  assert.ok(refused[0].error.retryAfterMs > 0);
  sameReceipt(await socket.send(chatId, words('0'), { clientMessageId }), first);
  const overRest = await ann.request('POST', `/v1/chats/${chatId}/messages`, {
    body: { type: 'text', content: words('more') },
  });
  assertRefused(overRest, 429, 'rate-limited');
  assert.ok(Number(overRest.headers.get('retry-after')) > 0);
  assert.equal((await ben.connect(t).then((other) => other.send(chatId, words('mine')))).ok, true);
});
