// Groups: members who come and go in the same order as the messages, on every device.

import assert from 'node:assert/strict';
import test from 'node:test';

import { startServer, eventually } from './harness.mjs';
import { assertRefused, registerMany, uniqueKey, words } from './people.mjs';

const minute = 60_000;
const quick = ['--rate-messages', '0', '--rate-auth', '0'];

/** What a connection heard of a chat, by name, in order. */
function heardOf(connection, chatId) {
  const events = connection.events.filter(
    ({ data }) => data?.chatId === chatId || data?.chat?.id === chatId,
  );
  return events.map(({ name, data }) => ({ name, ...data }));
}

test('roles: who may do what, and what everybody hears', { timeout: minute }, async (t) => {
  const server = await startServer(t, { flags: [...quick, '--shards', '4'] });
  const [ann, ben, cat, dan] = await registerMany(server, 4);
  const chatId = await ann.group('Trip', [ben, cat]);
  const path = `/v1/chats/${chatId}`;
  const bens = await ben.connect(t);

  const role = await ann.ask('PATCH', `${path}/members/${ben.id}`, { role: 'admin' });
  assert.deepEqual([role.userId, role.role], [ben.id, 'admin']);
  const renamed = await ben.ask('PATCH', path, {
    title: 'Journey',
    settings: { historyVisibility: 'sinceJoin' },
  });
  assert.equal(renamed.title, 'Journey');
  assert.equal(renamed.settings.historyVisibility, 'sinceJoin');
  const added = await ben.ask('POST', `${path}/members`, { memberIds: [dan.id] });
  assert.equal(added.memberCount, 4);
  for (const [who, method, to, body] of [
    [cat, 'PATCH', path, { title: 'x' }],
    [cat, 'POST', `${path}/members`, { memberIds: [dan.id] }],
    [ben, 'PATCH', `${path}/members/${cat.id}`, { role: 'admin' }],
    [ben, 'DELETE', `${path}/members/${ann.id}`],
    [ben, 'POST', `${path}/owner`, { userId: ben.id }],
    [ben, 'DELETE', `${path}?scope=everyone`],
  ]) {
    assertRefused(await who.request(method, to, { body }), 403, 'forbidden');
  }
  const given = await ann.ask('POST', `${path}/owner`, { userId: ben.id });
  assert.equal(given.ownerId, ben.id);

  const last = await ben.ask('GET', `${path}/messages?limit=1`);
  await bens.heard('new_message', (message) => message.id === last.data[0].id);
  assert.deepEqual(
    bens.messages(chatId).map((message) => message.systemEvent.event),
    ['role_changed', 'title_changed', 'members_added', 'owner_changed'],
  );
  assert.ok((await ben.request('DELETE', `${path}?scope=everyone`)).status === 204);
  const removed = await bens.heard('chat_removed');
  assert.equal(removed.chatId, chatId);
  assert.ok(removed.userRev > 0);
  assertRefused(await ben.request('GET', path), 404, 'not-found');
});

test('what does not fit is named', { timeout: minute }, async (t) => {
  const server = await startServer(t, { flags: quick });
  const [ann, ben] = await registerMany(server, 2);
  const path = `/v1/chats/${await ann.group('Trip', [ben])}`;
  const nobody = '00000000-0000-4000-8000-000000000000';
  for (const [method, to, body, pointers] of [
    ['POST', `${path}/members`, {}, ['/memberIds']],
    ['POST', `${path}/members`, { memberIds: [] }, ['/memberIds']],
    ['POST', `${path}/members`, { memberIds: [ben.id, 7] }, ['/memberIds/1']],
    ['POST', `${path}/members`, { memberIds: [ben.id, nobody] }, ['/memberIds/1']],
    ['PATCH', `${path}/members/${ben.id}`, {}, ['/role']],
    ['PATCH', `${path}/members/${ben.id}`, { role: 'owner' }, ['/role']],
    ['PATCH', `${path}/members/no-id`, { role: 'admin' }, ['/userId']],
    ['PATCH', path, { title: ' ' }, ['/title']],
    ['PATCH', path, { settings: 'all' }, ['/settings']],
    ['PATCH', path, { settings: { historyVisibility: 'x' } }, ['/settings/historyVisibility']],
    ['POST', `${path}/owner`, {}, ['/userId']],
    ['POST', `${path}/owner`, { userId: nobody }, ['/userId']],
    ['POST', `${path}/invites`, { maxUses: 0 }, ['/maxUses']],
    ['POST', `${path}/invites`, { expiresInMs: 'soon' }, ['/expiresInMs']],
    ['DELETE', `${path}?scope=nobody`, undefined, ['/scope']],
  ]) {
    const answer = await ann.request(method, to, { body });
    assertRefused(answer, 422, 'validation-failed', pointers);
  }
  assert.equal((await ann.ask('GET', path)).lastRev, 1);
});

test(
  'who is removed hears of it, then nothing; who comes misses nothing',
  { timeout: 2 * minute },
  async (t) => {
    const server = await startServer(t, { flags: [...quick, '--shards', '4'] });
    const [ann, ben, cat] = await registerMany(server, 3);
    const chatId = await ann.group('Stream', [ben]);
    const path = `/v1/chats/${chatId}`;
    const cats = [await cat.connect(t), await (await cat.anotherDevice()).connect(t)];
    const benConnection = await ben.connect(t);

    let isOver = false;
    const stream = (async () => {
      for (let i = 0; !isOver; i += 1) await benConnection.send(chatId, words(`number ${i}`));
    })();
    const visits = 12;
    for (let visit = 0; visit < visits; visit += 1) {
      const come = await ann.ask('POST', `${path}/members`, { memberIds: [cat.id] });
      await eventually('something is heard', () =>
        cats.every((connection) =>
          connection.events.some(
            ({ name, data }) =>
              name === 'new_message' && data.chatId === chatId && data.rev > come.lastRev,
          ),
        ),
      );
      assert.equal((await ann.request('DELETE', `${path}/members/${cat.id}`)).status, 204);
    }
    isOver = true;
    await stream;

    const history = await ann.history(chatId);
    for (const connection of cats) {
      await eventually(
        'the last removal is heard',
        () => connection.of('chat_removed').length === visits,
      );
      const events = heardOf(connection, chatId);
      let visit = null;
      let visitsSeen = 0;
      for (const event of events) {
        if (event.name === 'chat_added') {
          assert.equal(visit, null, 'in once at a time');
          visit = [];
        } else if (event.name === 'chat_removed') {
          const first = visit[0];
          assert.equal(first.systemEvent.event, 'members_added');
          assert.deepEqual(first.systemEvent.userIds, [cat.id]);
          assert.equal(visit.at(-1).systemEvent.event, 'member_removed');
          const meant = history.filter(
            (message) => message.rev >= first.rev && message.rev <= visit.at(-1).rev,
          );
          assert.deepEqual(
            visit.map((message) => message.rev),
            meant.map((message) => message.rev),
            'all of it, once, in order',
          );
          visit = null;
          visitsSeen += 1;
        } else {
          assert.ok(visit, `${event.name} reached who is no member`);
          visit.push(event);
        }
      }
      assert.equal(visitsSeen, visits);
    }
  },
);

test('where the past is kept, newcomers get stubs of it', { timeout: minute }, async (t) => {
  const server = await startServer(t, { flags: quick });
  const [ann, ben, cat] = await registerMany(server, 3);
  const chatId = await ann.group('Secret', [ben]);
  const path = `/v1/chats/${chatId}`;
  const old = await ann.post(chatId, words('of old'));
  await ann.ask('PATCH', path, { settings: { historyVisibility: 'sinceJoin' } });
  const cats = await cat.connect(t);
  const bens = await ben.connect(t);
  await ann.ask('POST', `${path}/members`, { memberIds: [cat.id] });
  await cats.heard('chat_added');

  await ann.ask('PATCH', `${path}/messages/${old.messageId}`, { content: words('of old, edited') });
  const stub = await cats.heard('message_updated');
  assert.deepEqual(Object.keys(stub).sort(), ['chatId', 'id', 'prevRev', 'rev', 'seq']);
  assert.equal(stub.id, old.messageId);
  assert.match((await bens.heard('message_updated')).content, /edited/);
  await ann.post(chatId, words('an answer'), { replyToMessageId: old.messageId });
  const answer = await cats.heard('new_message', (message) => message.replyTo);
  assert.equal(answer.replyTo.preview, '');
  const whole = await bens.heard('new_message', (message) => message.replyTo);
  assert.match(whole.replyTo.preview, /edited/);

  const all = await cat.history(chatId);
  assert.equal(all[0].systemEvent.event, 'members_added');
  const changes = await cat.changes(chatId, 0);
  assert.equal(changes.data.find((message) => message.id === old.messageId).content, undefined);
  assertRefused(
    await cat.request('GET', `${path}/messages/${old.messageId}`), 404, 'not-found');
});

test('an invite is a way in, for as many as it says', { timeout: minute }, async (t) => {
  const server = await startServer(t, { flags: [...quick, '--shards', '2'] });
  const [ann, ben, cat, dan] = await registerMany(server, 4);
  const chatId = await ann.group('Open', []);
  const path = `/v1/chats/${chatId}`;
  const made = await ann.request('POST', `${path}/invites`, {
    body: { maxUses: 2, expiresInMs: 3_600_000 },
  });
  assert.equal(made.status, 201);
  const invite = made.body;
  assert.deepEqual([invite.maxUses, invite.uses, invite.chatId], [2, 0, chatId]);
  const connections = await Promise.all([ben, cat, dan].map((who) => who.connect(t)));
  const answers = await Promise.all(
    [ben, cat, dan].map((who) => who.request('POST', `/v1/invites/${invite.code}`)),
  );
  assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 200, 404]);
  const inside = answers.flatMap((answer, i) => (answer.status === 200 ? [i] : []));
  for (const i of inside) {
    assert.equal((await connections[i].heard('chat_added')).chat.id, chatId);
  }
  const list = await ann.ask('GET', `${path}/invites`);
  assert.deepEqual(list.data.map(({ code, uses }) => [code, uses]), [[invite.code, 2]]);
  assert.equal((await ann.request('DELETE', `${path}/invites/${invite.code}`)).status, 204);
  assert.deepEqual((await ann.ask('GET', `${path}/invites`)).data, []);
  const stranger = [ben, cat, dan].find((who, i) => !inside.includes(i));
  assertRefused(await stranger.request('GET', `${path}/invites`), 404, 'not-found');
});

test('an owner who leaves hands over in the same step', { timeout: minute }, async (t) => {
  const server = await startServer(t, { flags: quick });
  const [ann, ben] = await registerMany(server, 2);
  const chatId = await ann.group('Heirs', [ben]);
  const anns = await ann.connect(t);
  assert.equal((await ann.request('POST', `/v1/chats/${chatId}/leave`)).status, 204);
  await anns.heard('chat_removed');
  const [left] = anns.messages(chatId);
  assert.deepEqual(
    [left.systemEvent.event, left.systemEvent.newOwnerId],
    ['member_left', ben.id],
  );
  const chat = await ben.ask('GET', `/v1/chats/${chatId}`);
  assert.deepEqual([chat.ownerId, chat.memberCount, chat.state.role], [ben.id, 1, 'owner']);
  assert.equal((await ben.request('DELETE', `/v1/chats/${chatId}`)).status, 204);
  assertRefused(await ben.request('GET', `/v1/chats/${chatId}`), 404, 'not-found');
});

test('everybody has a saved chat, from the first moment', { timeout: minute }, async (t) => {
  const server = await startServer(t, { flags: quick });
  const [ann] = await registerMany(server, 1);
  const { data } = await ann.ask('GET', '/v1/chats');
  assert.deepEqual(data.map(({ type, memberCount }) => [type, memberCount]), [['saved', 1]]);
  const saved = data[0].id;
  const anns = [await ann.connect(t), await (await ann.anotherDevice()).connect(t)];
  const note = await ann.post(saved, words('milk'), { clientMessageId: uniqueKey() });
  for (const connection of anns) {
    await connection.heard('new_message', (message) => message.id === note.messageId);
  }
  assertRefused(await ann.request('DELETE', `/v1/chats/${saved}`), 403, 'forbidden');
  assertRefused(await ann.request('POST', `/v1/chats/${saved}/leave`), 403, 'forbidden');
});
