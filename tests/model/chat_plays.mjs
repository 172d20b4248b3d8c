// Making chats, and reading them.

import assert from 'node:assert/strict';

import { keptAway, notFound, refusal } from './rules.mjs';
import { changesView, chatView, historyView, listView, seenView } from './views.mjs';

export async function makeDirect(player, action, who) {
  const other = player.world.users[action.other % player.world.users.length];
  const answer = await player.ask({ door: 'rest' }, who, [
    'POST',
    '/v1/chats',
    { type: 'direct', userId: other.id },
  ]);
  if (other === who.user) {
    player.judge(answer, { refused: 'validation-failed', pointer: '/userId' });
    return undefined;
  }
  const known = player.world.findDirect(who.user, other);
  const isKeptAway = !known && player.world.keepsAway(other.id, who.user.id, 'directMessages');
  if (!player.judge(answer, isKeptAway ? keptAway : {})) return undefined;
  assert.equal(answer.status, known ? 200 : 201);
  const chat = known ?? player.world.makeDirect(who.user, other, answer.body);
  assert.deepEqual(answer.body, chatView(player.world, chat, who.user));
  return chat;
}

export async function makeGroup(player, action, who) {
  const named = [...new Set(action.others.map((each) => each % player.world.users.length))];
  const others = named.map((each) => player.world.users[each]).filter((each) => each !== who.user);
  const answer = await player.ask({ door: 'rest' }, who, [
    'POST',
    '/v1/chats',
    {
      type: 'group',
      title: action.title,
      memberIds: others.map((user) => user.id),
      clientChatId: action.key,
    },
  ]);
  const known = action.key && player.world.findGroup(who.user, action.key);
  if (known) {
    const members = (ids) => [...ids].sort().join();
    const isSame =
      known.request.title === action.title &&
      members(known.request.others) === members(others.map((user) => user.id));
    const isThere = known.state(who.user) ? {} : notFound;
    if (!player.judge(answer, isSame ? isThere : refusal('client-message-id-reused'))) return null;
    assert.equal(answer.status, 200);
  } else {
    const isKeptAway = others.some(({ id }) =>
      player.world.keepsAway(id, who.user.id, 'groupInvites'),
    );
    if (!player.judge(answer, isKeptAway ? keptAway : {})) return null;
    assert.equal(answer.status, 201);
  }
  const { id, createdAt, lastMessagePreview } = answer.body;
  const learnt = { id, createdAt, messageId: lastMessagePreview.messageId };
  const chat = known ?? player.world.makeGroup(who.user, action.title, others, action.key, learnt);
  chat.request ??= { title: action.title, others: others.map((user) => user.id) };
  assert.deepEqual(answer.body, chatView(player.world, chat, who.user));
  return chat;
}

export async function getChat(player, action, who, chat) {
  const answer = await who.person.request('GET', `/v1/chats/${chat.id}`);
  if (!player.judgeReader(answer, chat.state(who.user))) return;
  assert.deepEqual(answer.body, chatView(player.world, chat, who.user));
}

export async function list(player, { limit, filter }, who) {
  const items = [];
  let cursor = '';
  do {
    const page = await who.person.ask(
      'GET',
      `/v1/chats?limit=${limit}&filter=${filter}${cursor && `&cursor=${cursor}`}`,
    );
    items.push(...page.data);
    assert.equal(page.page.hasMore, page.page.nextCursor !== null);
    cursor = page.page.nextCursor;
  } while (cursor);
  assert.deepEqual(items, listView(player.world, who.user, filter));
}

export async function history(player, { limit, ...action }, who, chat) {
  const names = ['beforeSeq', 'afterSeq', 'aroundSeq'].filter((name) => name in action);
  const query = Object.fromEntries(names.map((name) => [name, action[name]]));
  const answer = await who.person.request(
    'GET',
    `/v1/chats/${chat.id}/messages?${new URLSearchParams({ limit, ...query })}`,
  );
  if (!player.judgeReader(answer, chat.state(who.user))) return;
  assert.deepEqual(answer.body, historyView(chat, who.user, { limit, ...query }));
}

export async function changes(player, action, who, chat) {
  const { sinceRev, limit } = action;
  const answer = await player.ask(
    action,
    who,
    ['GET', `/v1/chats/${chat.id}/changes?sinceRev=${sinceRev}&limit=${limit}`],
    ['fetch_changes', { chatId: chat.id, sinceRev, limit }],
  );
  if (!player.judge(answer, chat.state(who.user) ? {} : { refused: 'not-found' })) return;
  assert.deepEqual(answer.body, changesView(chat, who.user, sinceRev, limit));
}

export async function getMessage(player, action, who, chat) {
  const target = chat.messages.at(-1 - (action.message % chat.messages.length));
  if (!target?.id) return;
  const answer = await who.person.request('GET', `/v1/chats/${chat.id}/messages/${target.id}`);
  if (!player.judgeReader(answer, chat.sees(who.user, target))) return;
  assert.deepEqual(answer.body, seenView(chat, who.user, target));
}
