// What must be true of a load (load.mjs) once everything is quiet: whatever was killed meanwhile,
// nothing acked is missing, nothing is there twice, and order holds.

import assert from 'node:assert/strict';

import { bare } from './device.mjs';
import { eventually } from './harness.mjs';

/** Each acked change of membership is there once, and the last one stands. */
export async function checkMemberships(owner, chatId, guests, memberCountBefore, log) {
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
  assert.equal(memberCount, memberCountBefore + [...log.isIn.values()].filter(Boolean).length);
}

/** No acked mark is lost. */
export async function checkReads(person, chatId, log) {
  const { state } = await person.ask('GET', `/v1/chats/${chatId}`);
  const acked = log.reads.get(`${person.id} ${chatId}`) ?? 0;
  assert.ok(state.lastReadSeq >= acked, `read up to ${state.lastReadSeq}, acked ${acked}`);
}

/** `seq` has no hole, each message is there once, and every acked one as it was acked. */
export function checkHistory(history, log, chatId) {
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

/** The unread count, counted one by one. */
export async function checkUnread(person, chatId, history) {
  const { state, unreadCount } = await person.ask('GET', `/v1/chats/${chatId}`);
  const unread = history.filter(
    ({ type, senderId, seq }) =>
      type !== 'system' && senderId !== person.id && seq > state.lastReadSeq,
  );
  assert.equal(unreadCount, unread.length, `unread of ${person.username} in ${chatId}`);
}

/** What a device has of a chat otherwise than it should: a sentence each. */
function differences(device, chatId, truth) {
  const { messages, hi, held, isCatchingUp } = device.chat(chatId);
  const found = [];
  for (const [id, message] of truth) {
    const known = JSON.stringify(messages.get(id));
    if (known !== message) found.push(`there is ${known}, not ${message}`);
  }
  for (const [id, { seq }] of messages) if (!truth.has(id)) found.push(`seq ${seq} is too much`);
  if (found.length === 0) return found;
  const waiting = held.map(({ prevRev, rev }) => `${prevRev}-${rev}`).join(' ');
  return [
    ...found.slice(0, 10),
    `${found.length} differences; hi ${hi}, held [${waiting}]`,
    isCatchingUp ? 'catching up' : 'at rest',
    device.socket.connected ? 'linked' : 'cut off',
  ];
}

/** Each device holds, or comes to hold, exactly this history. */
export async function checkDevices(devices, chatId, history, timeout) {
  const truth = new Map(history.map((message) => [message.id, JSON.stringify(bare(message))]));
  for (const device of devices) {
    const { username } = device.person;
    try {
      await eventually(
        `a device of ${username} has exactly the chat ${chatId}`,
        () => {
          device.check();
          return differences(device, chatId, truth).length === 0;
        },
        timeout,
      );
    } catch (error) {
      error.message += `\n  ${differences(device, chatId, truth).join('\n  ')}`;
      throw error;
    }
  }
}
