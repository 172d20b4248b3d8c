// What a user does in a chat for themselves alone: read, archive, pin, mute, clear, hide. None of
// it takes a place in the chat's log.

import { refusal } from './rules.mjs';

const notFound = refusal('not-found');
const pinnedMax = 10;

/** Somebody wrote after `seq`: system messages do not count. */
function hasLater(chat, seq) {
  return chat.messages.some((message) => message.seq > seq && message.type !== 'system');
}

function isMuted({ mutedUntil }) {
  return mutedUntil !== null && mutedUntil > new Date().toISOString();
}

export function isArchived(chat, state) {
  return state.isArchived && (!hasLater(chat, state.archivedSeq) || isMuted(state));
}

export function isListed(chat, state) {
  return !(state.isOffList && !hasLater(chat, state.offListSeq));
}

/** Watermarks only rise, and read implies delivered. */
export function mark(chat, user, kind, seq) {
  const state = chat.state(user);
  if (!state) return notFound;
  if (seq > chat.lastSeq) return refusal('validation-failed', '/seq');
  state.lastDeliveredSeq = Math.max(state.lastDeliveredSeq, seq);
  if (kind === 'read') {
    state.lastReadSeq = Math.max(state.lastReadSeq, seq);
    state.markedUnread = false;
  }
  return { lastReadSeq: state.lastReadSeq, unreadCount: chat.unread(user) };
}

export function patch(world, chat, user, fields) {
  const state = chat.state(user);
  if (!state) return notFound;
  // What a later message brought back is not archived again by a mute.
  const wasArchived = isArchived(chat, state);
  const willBePinned = fields.isPinned ?? state.isPinned;
  const pinned = world
    .chatsOf(user)
    .filter((each) => each !== chat)
    .map((each) => each.state(user))
    .filter((each) => each.isPinned);
  if (willBePinned && !state.isPinned && pinned.length >= pinnedMax) return refusal('conflict');
  if (!willBePinned) {
    state.pinOrder = 0;
  } else if (state.isPinned) {
    state.pinOrder = fields.pinOrder ?? state.pinOrder;
  } else {
    state.pinOrder = fields.pinOrder ?? nextOrder(pinned);
  }
  state.isPinned = willBePinned;
  state.isArchived = fields.isArchived ?? wasArchived;
  if (fields.isArchived) state.archivedSeq = chat.lastSeq;
  for (const name of ['mutedUntil', 'markedUnread', 'notificationLevel', 'draft']) {
    if (fields[name] !== undefined) state[name] = fields[name];
  }
  return { state };
}

/** Behind the others, or in the first gap. */
function nextOrder(pinned) {
  const taken = pinned.map((state) => state.pinOrder);
  if (taken.length === 0) return 0;
  const last = Math.max(...taken);
  if (last < pinnedMax) return last + 1;
  let order = 0;
  while (taken.includes(order)) order += 1;
  return order;
}

export function clear(chat, user) {
  const state = chat.state(user);
  if (!state) return notFound;
  mark(chat, user, 'read', chat.lastSeq);
  state.clearedSeq = chat.lastSeq;
  return { state };
}

export function takeOffList(chat, user) {
  const state = chat.state(user);
  if (!state) return notFound;
  if (!isListed(chat, state)) return { state };
  Object.assign(state, { isOffList: true, offListSeq: chat.lastSeq, isPinned: false, pinOrder: 0 });
  return { state };
}

export function hide(chat, user, messageId) {
  const message = chat.state(user) && chat.find(user, messageId);
  if (!message) return notFound;
  chat.state(user).hidden.push(messageId);
  return { message };
}

/** How far a message has got with each of those who were there, but its sender. */
export function receipts(chat, message, asker) {
  // Of whom one has blocked one is told nothing.
  const isWithheld = (userId) => chat.type === 'direct' && chat.world.hasBlocked(asker.id, userId);
  const data = chat.members
    .filter((state) => state.userId !== message.senderId && state.joinedSeq <= message.seq)
    .map(({ userId, lastReadSeq, lastDeliveredSeq }) => ({
      userId,
      state: isWithheld(userId)
        ? 'sent'
        : lastReadSeq >= message.seq
          ? 'read'
          : lastDeliveredSeq >= message.seq
            ? 'delivered'
            : 'sent',
    }));
  const count = (states) => data.filter(({ state }) => states.includes(state)).length;
  const [deliveredCount, readCount] = [count(['read', 'delivered']), count(['read'])];
  const isAll = (some) => data.length > 0 && some === data.length;
  const state = isAll(readCount) ? 'read' : isAll(deliveredCount) ? 'delivered' : 'sent';
  return { state, memberCount: data.length, deliveredCount, readCount, data };
}
