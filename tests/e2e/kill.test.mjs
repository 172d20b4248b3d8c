// `kill -9` under load, ten times in a row. Afterwards every acked message is in the history once,
// `seq` has no hole, edits, deletions, reads and memberships stand as they were acked, and every
// device that follows the client's rule has exactly the chat.

import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { Device, bare } from './device.mjs';
import { eventually, startServer } from './harness.mjs';
import { registerMany } from './people.mjs';
import { seededRandom } from './random.mjs';

const kills = 10;
const users = 10;
const devicesPerUser = 2;

async function makeChats(people) {
  const chats = [await people[0].group('Everybody', people.slice(1))];
  for (let i = 0; i + 1 < people.length; i += 1) chats.push(await people[i].direct(people[i + 1]));
  return chats;
}

/** One device's share of the load: says and changes things until it is told to stop. */
async function talk(device, chatIds, random, log, isOver) {
  const mine = [];
  while (!isOver()) {
    const chatId = random.pick(chatIds);
    const dice = random.below(10);
    if (dice < 6 || mine.length === 0) {
      const sent = await device.send(chatId, `text ${random.below(1e9)}`);
      log.sends.push(sent);
      mine.push(sent);
    } else if (dice < 8) {
      const { chatId: where, seq } = random.pick(mine);
      await device.insist('mark_read', { chatId: where, seq });
      const key = `${device.person.id} ${where}`;
      log.reads.set(key, Math.max(seq, log.reads.get(key) ?? 0));
    } else if (dice < 9) {
      const { chatId: where, messageId } = random.pick(mine);
      const content = `edit ${random.below(1e9)}`;
      const ack = await device.edit(where, messageId, content);
      log.edits.set(messageId, { content, rev: ack.rev });
    } else {
      const at = random.below(mine.length);
      const [{ chatId: where, messageId }] = mine.splice(at, 1);
      const ack = await device.erase(where, messageId);
      log.erased.set(messageId, ack.rev);
    }
    await sleep(random.below(20));
  }
}

/** The owner of a group adds guests and removes them again until it is over. */
async function manage(device, chatId, guests, random, log, isOver) {
  while (!isOver()) {
    const { person } = random.pick(guests);
    const members = `/v1/chats/${chatId}/members`;
    const isIn = log.isIn.get(person.id) ?? false;
    if (isIn) await device.insistRequest('DELETE', `${members}/${person.id}`);
    else await device.insistRequest('POST', members, { memberIds: [person.id] });
    log.isIn.set(person.id, !isIn);
    if (!isIn) log.additions.set(person.id, (log.additions.get(person.id) ?? 0) + 1);
    await sleep(random.below(60));
  }
}

/** Each acked change of membership is there once, and the last one stands. */
async function checkMemberships(owner, chatId, guests, log) {
  const history = await owner.history(chatId);
  for (const { person } of guests) {
    const additions = history.filter(
      ({ systemEvent }) =>
        systemEvent?.event === 'members_added' && systemEvent.userIds.includes(person.id),
    );
    assert.equal(additions.length, log.additions.get(person.id) ?? 0, 'additions of a guest');
    const answer = await person.request('GET', `/v1/chats/${chatId}`);
    assert.equal(answer.status, log.isIn.get(person.id) ? 200 : 404);
  }
  const { memberCount } = await owner.ask('GET', `/v1/chats/${chatId}`);
  assert.equal(memberCount, users + [...log.isIn.values()].filter(Boolean).length);
}

/** No acked mark is lost. */
async function checkReads(person, chatId, log) {
  const { state } = await person.ask('GET', `/v1/chats/${chatId}`);
  const acked = log.reads.get(`${person.id} ${chatId}`) ?? 0;
  assert.ok(state.lastReadSeq >= acked, `read up to ${state.lastReadSeq}, acked ${acked}`);
}

function checkHistory(history, log, chatId) {
  history.forEach((message, at) => assert.equal(message.seq, at + 1, `${chatId}: seq has a hole`));
  assert.equal(new Set(history.map((message) => message.rev)).size, history.length);
  const byKey = new Map();
  for (const message of history.filter(({ type }) => type !== 'system')) {
    const key = `${message.senderId} ${message.clientMessageId}`;
    assert.ok(!byKey.has(key), `${key} is there twice`);
    byKey.set(key, message);
  }
  for (const sent of log.sends.filter((each) => each.chatId === chatId)) {
    const found = byKey.get(`${sent.senderId} ${sent.clientMessageId}`);
    assert.ok(found, `acked and lost: ${JSON.stringify(sent)}`);
    assert.deepEqual([found.id, found.seq], [sent.messageId, sent.seq]);
    const edit = log.edits.get(found.id);
    if (log.erased.has(found.id)) assert.equal(found.isDeleted, true, 'an acked delete was lost');
    else if (edit) assert.equal(found.content, edit.content, 'an acked edit was lost');
    else assert.equal(found.content, sent.content);
  }
}

test(`kill -9 under load, ${kills} times`, { timeout: 240_000 }, async (t) => {
  const seed = Number(process.env.KNOTOS_TEST_SEED ?? Date.now() % 1e9);
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const server = await startServer(t, {
    flags: ['--shards', '2', '--access-token-life-ms', '3600000'],
  });
  const people = await registerMany(server, users);
  const chatIds = await makeChats(people);
  const devices = [];
  for (const person of people) {
    for (let i = 0; i < devicesPerUser; i += 1) {
      const device = new Device(await person.anotherDevice());
      t.after(() => device.close());
      devices.push(device);
    }
  }
  const guests = (await registerMany(server, 2)).map((person) => new Device(person));
  t.after(() => guests.forEach((guest) => guest.close()));
  const reachable = new Map();
  for (const person of people) {
    const page = await person.ask('GET', '/v1/chats?limit=100');
    reachable.set(
      person.id,
      page.data.map((chat) => chat.id),
    );
  }

  const log = {
    sends: [],
    edits: new Map(),
    erased: new Map(),
    reads: new Map(),
    isIn: new Map(),
    additions: new Map(),
  };
  let isOver = false;
  const talks = devices.map((device) =>
    talk(device, reachable.get(device.person.id), random, log, () => isOver),
  );
  talks.push(manage(devices[0], chatIds[0], guests, random, log, () => isOver));
  for (let kill = 0; kill < kills; kill += 1) {
    await sleep(400 + random.below(800));
    const acked = log.sends.length;
    await server.kill();
    await sleep(random.below(200));
    await server.start();
    await eventually('the load goes on after a kill', () => log.sends.length > acked, 20_000);
  }
  isOver = true;
  await Promise.all(talks);
  for (const device of [...devices, ...guests]) device.check();
  assert.ok(log.sends.length > 200, `only ${log.sends.length} sends`);
  t.diagnostic(`${log.sends.length} sends, ${log.edits.size} edited, ${log.erased.size} erased`);
  t.diagnostic(`${log.reads.size} read, ${[...log.additions.values()]} additions of guests`);

  await checkMemberships(people[0], chatIds[0], guests, log);
  for (const guest of guests.filter(({ person }) => log.isIn.get(person.id))) {
    reachable.set(guest.person.id, [chatIds[0]]);
  }
  const everybody = [...devices, ...guests];
  for (const person of [...people, ...guests.map((guest) => guest.person)]) {
    const own = everybody.filter((device) => device.person.id === person.id);
    for (const chatId of reachable.get(person.id) ?? []) {
      const history = await person.history(chatId);
      checkHistory(history, log, chatId);
      await checkReads(person, chatId, log);
      const truth = history.map(bare);
      for (const device of own) {
        await eventually(`a device of ${person.username} has exactly the chat`, () => {
          device.check();
          const held = [...device.chat(chatId).messages.values()].sort((a, b) => a.seq - b.seq);
          return JSON.stringify(held) === JSON.stringify(truth);
        });
      }
    }
  }
});
