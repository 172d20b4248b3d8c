// What a device asks that comes back.

import assert from 'node:assert/strict';

function standingView(chat, user) {
  return {
    chatId: chat.id,
    lastRev: chat.lastRev,
    lastSeq: chat.lastSeq,
    lastReadSeq: chat.states.get(user.id).lastReadSeq,
    unreadCount: chat.unread(user),
  };
}

function standings(world, user) {
  return new Map(world.chatsOf(user).map((chat) => [chat.id, standingView(chat, user)]));
}

/** Since its last sync nothing may be missing; that something is told twice is no mistake. */
export async function sync(player, action, who) {
  const key = `${who.user.id} ${action.device}`;
  const before = player.synced.get(key) ?? { chats: new Map() };
  const told = { chats: new Map(), events: [] };
  let { cursor } = before;
  for (let hasMore = true; hasMore; ) {
    const query = cursor ? `?cursor=${cursor}` : '';
    const answer = await player.ask(
      action,
      who,
      ['GET', `/v1/sync${query}`],
      ['sync', cursor ? { cursor } : {}],
    );
    player.judge(answer, {});
    for (const standing of answer.body.chats) told.chats.set(standing.chatId, standing);
    told.events.push(...answer.body.changes);
    ({ cursor, hasMore } = answer.body);
  }
  const now = standings(player.world, who.user);
  for (const [id, standing] of now) {
    const known = before.chats.get(id);
    const hasMoved = !known || JSON.stringify(known) !== JSON.stringify(standing);
    if (hasMoved || told.chats.has(id)) assert.deepEqual(told.chats.get(id), standing);
  }
  const isTold = (event, id) =>
    told.events.some((each) => each.event === event && (each.chatId ?? each.chat?.id) === id);
  const isFirst = !before.cursor;
  for (const id of before.chats.keys()) {
    if (!now.has(id)) assert.ok(isTold('chat_removed', id), `${id} went, and nobody said so`);
  }
  for (const id of now.keys()) {
    if (isFirst || before.chats.has(id)) continue;
    assert.ok(isTold('chat_added', id), `${id} came, and nobody said so`);
  }
  player.synced.set(key, { cursor, chats: now });
}

/** Exactly the chats where the device is not where the server is. */
export async function verify(player, action, who) {
  const known = {};
  const differ = new Map();
  const chats = player.world.chats.filter((chat) => chat.id);
  for (const [at, chat] of chats.entries()) {
    const behind = action.behind[at % action.behind.length];
    if (behind < 0) {
      if (chat.state(who.user)) differ.set(chat.id, standingView(chat, who.user));
      continue;
    }
    known[chat.id] = Math.max(0, chat.lastRev - behind);
    if (chat.state(who.user) && known[chat.id] !== chat.lastRev) {
      differ.set(chat.id, standingView(chat, who.user));
    }
  }
  const answer = await player.ask({}, who, ['POST', '/v1/sync/verify', { known }]);
  player.judge(answer, {});
  const byId = (one, other) => (one.chatId < other.chatId ? -1 : 1);
  assert.deepEqual(answer.body.chats.sort(byId), [...differ.values()].sort(byId));
  const notThere = chats.filter((chat) => chat.id in known && !chat.state(who.user));
  assert.deepEqual(answer.body.notThere.sort(), notThere.map(({ id }) => id).sort());
}
