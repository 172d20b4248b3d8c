// What a user does for themselves alone.

import assert from 'node:assert/strict';

import * as own from './private_rules.mjs';
import { chatView, seenView, stateView } from './views.mjs';

export async function mark(player, action, who, chat) {
  const { kind } = action;
  const seq = Math.max(0, chat.lastSeq + 1 - action.back);
  const answer = await player.ask(
    action,
    who,
    ['POST', `/v1/chats/${chat.id}/${kind}`, { seq }],
    [`mark_${kind}`, { chatId: chat.id, seq }],
  );
  const expected = own.mark(chat, who.user, kind, seq);
  if (player.judge(answer, expected)) assert.deepEqual(answer.body, expected);
}

export async function patchState(player, action, who, chat) {
  const { fields } = action;
  const answer = await player.ask(
    action,
    who,
    ['PATCH', `/v1/chats/${chat.id}/state`, fields],
    ['update_chat_state', { chatId: chat.id, ...fields }],
  );
  judgeState(player, answer, who, chat, own.patch(player.world, chat, who.user, fields));
}

export async function clear(player, action, who, chat) {
  const answer = await player.ask({}, who, ['POST', `/v1/chats/${chat.id}/clear`]);
  judgeState(player, answer, who, chat, own.clear(chat, who.user));
}

function judgeState(player, answer, { user }, chat, expected) {
  if (!player.judge(answer, expected)) return;
  const wanted = { chatId: chat.id, ...stateView(chat, expected.state) };
  assert.deepEqual(answer.body, { ...wanted, unreadCount: chat.unread(user) });
}

/** Direct chats only: of a group it would leave. */
export async function takeOffList(player, action, who, chat) {
  if (chat.type !== 'direct') return;
  const answer = await player.ask({}, who, ['DELETE', `/v1/chats/${chat.id}`]);
  player.judge(answer, own.takeOffList(chat, who.user));
}

export async function hide(player, action, who, chat) {
  const target = player.target(action, who, chat);
  if (!target) return;
  const before = chat.sees(who.user, target) && seenView(chat, who.user, target);
  const path = `/v1/chats/${chat.id}/messages/${target.id}?scope=me`;
  const answer = await player.ask({}, who, ['DELETE', path]);
  const expected = own.hide(chat, who.user, target.id);
  if (player.judge(answer, expected)) assert.deepEqual(answer.body, before);
}

export async function receipts(player, action, who, chat) {
  const target = player.target(action, who, chat);
  if (!target) return;
  const path = `/v1/chats/${chat.id}/messages/${target.id}/receipts`;
  const answer = await player.ask({}, who, ['GET', path]);
  const isSeen = chat.sees(who.user, target);
  if (!player.judge(answer, isSeen ? {} : { refused: 'not-found' })) return;
  const { messageId, seq, page, data, ...counts } = answer.body;
  assert.deepEqual([messageId, seq, page.hasMore], [target.id, target.seq, false]);
  const { data: wanted, ...wantedCounts } = own.receipts(chat, target, who.user);
  assert.deepEqual(counts, wantedCounts);
  const byUser = (list) =>
    list
      .map(({ userId, state }) => [userId, state])
      .sort((one, other) => (one[0] < other[0] ? -1 : 1));
  assert.deepEqual(byUser(data), byUser(wanted));
}

export async function members(player, action, who, chat) {
  const answer = await player.ask({}, who, ['GET', `/v1/chats/${chat.id}/members?limit=100`]);
  if (!player.judge(answer, chat.state(who.user) ? {} : { refused: 'not-found' })) return;
  const shown = answer.body.data.map(({ user, role, joinedAt }) => [user.id, role, joinedAt]);
  const wanted = chat.members.map(({ userId, role, joinedAt }) => [userId, role, joinedAt]);
  assert.deepEqual(shown.sort(), wanted.sort());
}

export function block(player, action, who) {
  return relate(player, action, who, 'blocks');
}

export function contact(player, action, who) {
  return relate(player, action, who, 'contacts');
}

/** `list`: of the users that one has blocked, or has among the contacts. */
async function relate(player, action, who, list) {
  const other = player.world.users[action.other % player.world.users.length];
  const path = `/v1/${list}/${other.id}`;
  const answer = await player.ask({}, who, [action.isOn ? 'PUT' : 'DELETE', path]);
  if (other === who.user && action.isOn) {
    player.judge(answer, { refused: 'validation-failed', pointer: '/userId' });
    return;
  }
  player.judge(answer, {});
  const key = `${who.user.id} ${other.id}`;
  if (action.isOn) player.world[list].add(key);
  else player.world[list].delete(key);
}

export async function setPrivacy(player, action, who) {
  const answer = await player.ask({}, who, ['PATCH', '/v1/me/privacy', action.fields]);
  player.judge(answer, {});
  Object.assign(who.user.privacy, action.fields);
  assert.deepEqual(answer.body.privacy ?? answer.body, who.user.privacy);
}

/** What the filter `unread` lists. */
export async function unread(player, action, who) {
  const answer = await player.ask({}, who, ['GET', '/v1/unread']);
  player.judge(answer, {});
  const wanted = player.world
    .chatsOf(who.user)
    .filter((chat) => own.isListed(chat, chat.state(who.user)))
    .map((chat) => chatView(player.world, chat, who.user))
    .filter(
      ({ state, unreadCount }) => !state.isArchived && (unreadCount > 0 || state.markedUnread),
    );
  const byChat = (one, other) => (one[0] < other[0] ? -1 : 1);
  assert.deepEqual(
    answer.body.chats
      .map(({ chatId, unreadCount, markedUnread }) => [chatId, unreadCount, markedUnread])
      .sort(byChat),
    wanted.map(({ id, unreadCount, state }) => [id, unreadCount, state.markedUnread]).sort(byChat),
  );
  assert.equal(
    answer.body.total,
    wanted.reduce((sum, { unreadCount }) => sum + unreadCount, 0),
  );
}

/** Everybody is there all the time; whom one does not see is offline. */
export async function look(player, action, who) {
  const { users } = player.world;
  const fields = { userIds: users.map(({ id }) => id) };
  const answer = await player.ask({ door: 'socket' }, who, null, ['presence_subscribe', fields]);
  player.judge(answer, {});
  const wanted = users.map((other) => ({
    userId: other.id,
    state: player.world.seeEachOther(who.user, other) ? 'online' : 'offline',
  }));
  const byUser = (one, other) => (one.userId < other.userId ? -1 : 1);
  assert.deepEqual(answer.body.states.sort(byUser), wanted.sort(byUser));
}
