// Messages: sent, once and again and at once, and changed.

import assert from 'node:assert/strict';

import { seenView } from './views.mjs';

export async function send(player, action, who, chat) {
  const target = player.target({ message: action.reply }, who, chat);
  const mentioned = player.world.users[action.mention % player.world.users.length];
  const request = {
    content: action.content,
    type: 'text',
    ...(action.hasKey ? { clientMessageId: `k${(player.keys += 1)}` } : {}),
    ...(action.reply !== undefined && target ? { replyToMessageId: target.id } : {}),
    ...(mentioned ? { mentions: [mentioned.id] } : {}),
  };
  return sendRequest(player, action, who, chat, request);
}

export async function repeatSend(player, action, who) {
  const sent = player.sent.at(-1 - (action.which % player.sent.length));
  if (!sent) return null;
  const request = { ...sent.request };
  if (action.isOther) request.content += ' and more';
  // By whoever sent it first, on any device.
  const sender = { ...who, person: sent.who.person, user: sent.who.user };
  sender.device = player.devices[player.world.users.indexOf(sent.who.user)][action.device];
  return sendRequest(player, action, sender, sent.chat, request);
}

async function sendRequest(player, action, who, chat, request) {
  const answer = await player.ask(
    action,
    who,
    ['POST', `/v1/chats/${chat.id}/messages`, request],
    ['send_message', { chatId: chat.id, ...request }],
  );
  const expected = chat.send(who.user, request);
  if (!player.judge(answer, expected)) return null;
  const { message, duplicate } = expected;
  await player.learn(chat, message, who, answer.body);
  assert.deepEqual(answer.body, receiptView(message, duplicate));
  if (!answer.isAck) assert.equal(answer.status, duplicate ? 200 : 201);
  if (request.clientMessageId && !duplicate) player.sent.push({ who, chat, request });
  return chat;
}

/** Several at once: whichever order they got, it must be an order. */
export async function burst(player, action, who, chat) {
  const sends = action.sends
    .map((each) => ({ ...each, index: each.by % player.people.length }))
    .filter(({ index }) => chat.state(player.world.users[index]))
    .filter(({ index }) => !chat.isKeptAway(player.world.users[index]));
  const asked = await Promise.all(
    sends.map(async ({ index, door, content }) => {
      const request = { content, clientMessageId: `b${(player.keys += 1)}` };
      const sender = {
        user: player.world.users[index],
        person: player.people[index],
        device: player.devices[index][action.device],
      };
      const answer = await player.ask(
        { door },
        sender,
        ['POST', `/v1/chats/${chat.id}/messages`, request],
        ['send_message', { chatId: chat.id, ...request }],
      );
      player.judge(answer, {});
      return { answer, sender, request };
    }),
  );
  asked.sort((one, other) => one.answer.body.rev - other.answer.body.rev);
  for (const { answer, sender, request } of asked) {
    const { message, duplicate } = chat.send(sender.user, request);
    await player.learn(chat, message, sender, answer.body);
    assert.deepEqual(answer.body, receiptView(message, duplicate));
  }
  return chat;
}

/** To each chat by itself: one may refuse what the others take. */
export async function forward(player, action, who, chat) {
  const target = player.target(action, who, chat);
  if (!target) return null;
  const { chats } = player.world;
  const to = [...new Set(action.to.map((number) => chats[number % chats.length]))];
  const request = {
    chatIds: to.map((each) => each.id),
    ...(action.key ? { clientMessageId: action.key } : {}),
  };
  const path = `/v1/chats/${chat.id}/messages/${target.id}/forward`;
  const answer = await player.ask({}, who, ['POST', path, request]);
  const source = chat.forwardable(who.user, target.id);
  const wanted = to.map((each) =>
    each.forward(who.user, source, { messageId: target.id, clientMessageId: action.key }),
  );
  const isAnySent = wanted.some((each) => !each.refused);
  if (!player.judge(answer, isAnySent ? {} : wanted[0])) return null;
  assert.equal(answer.status, wanted.some((each) => each.duplicate === false) ? 201 : 200);
  for (const [at, { chatId, error, ...receipt }] of answer.body.data.entries()) {
    assert.equal(chatId, to[at].id);
    assert.equal(error?.code, wanted[at].refused);
    if (error) continue;
    const { message, duplicate } = wanted[at];
    await player.learn(to[at], message, who, receipt);
    assert.deepEqual(receipt, receiptView(message, duplicate));
  }
  return to[wanted.findIndex((each) => each.duplicate === false)] ?? null;
}

export async function edit(player, action, who, chat) {
  const target = player.target(action, who, chat);
  if (!target) return null;
  const change = {
    content: action.content,
    ...(action.version === undefined
      ? {}
      : { baseVersion: Math.max(0, target.editVersion - action.version) }),
  };
  const answer = await player.ask(
    action,
    who,
    ['PATCH', `/v1/chats/${chat.id}/messages/${target.id}`, change],
    ['edit_message', { chatId: chat.id, messageId: target.id, ...change }],
  );
  return judgeChange(
    player,
    answer,
    who,
    chat,
    chat.edit(who.user, { messageId: target.id, ...change }),
  );
}

export async function erase(player, action, who, chat) {
  const target = player.target(action, who, chat);
  if (!target) return null;
  const answer = await player.ask(
    action,
    who,
    ['DELETE', `/v1/chats/${chat.id}/messages/${target.id}?scope=everyone`],
    ['delete_message', { chatId: chat.id, messageId: target.id, scope: 'everyone' }],
  );
  return judgeChange(player, answer, who, chat, chat.erase(who.user, { messageId: target.id }));
}

async function judgeChange(player, answer, { person, user }, chat, expected) {
  if (!player.judge(answer, expected)) return null;
  const { message } = expected;
  if (answer.isAck) assert.deepEqual(answer.body, { rev: message.rev });
  const read = answer.isAck
    ? await person.ask('GET', `/v1/chats/${chat.id}/messages/${message.id}`)
    : answer.body;
  message.editedAt ??= read.editedAt;
  assert.deepEqual(read, seenView(chat, user, message));
  return chat;
}

export async function react(player, action, who, chat) {
  const target = player.target(action, who, chat);
  if (!target) return null;
  const { emoji, adds } = action;
  const path = `/v1/chats/${chat.id}/messages/${target.id}/reactions/${encodeURIComponent(emoji)}`;
  const fields = { chatId: chat.id, messageId: target.id, emoji, op: adds ? 'add' : 'remove' };
  const answer = await player.ask(action, who, [adds ? 'PUT' : 'DELETE', path], ['react', fields]);
  const expected = chat.react(who.user, { messageId: target.id, emoji, adds });
  return judgeChange(player, answer, who, chat, expected);
}

export async function pin(player, action, who, chat) {
  const target = player.target(action, who, chat);
  if (!target) return null;
  const { isPinned } = action;
  const answer = await player.ask(
    action,
    who,
    [isPinned ? 'PUT' : 'DELETE', `/v1/chats/${chat.id}/messages/${target.id}/pin`],
    [isPinned ? 'pin_message' : 'unpin_message', { chatId: chat.id, messageId: target.id }],
  );
  const expected = chat.pin(who.user, { messageId: target.id, isPinned });
  return judgeChange(player, answer, who, chat, expected);
}

function receiptView({ id, seq, placeRev, createdAt }, duplicate) {
  return { messageId: id, seq, rev: placeRev, createdAt, duplicate };
}
