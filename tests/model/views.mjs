// What a user should see of the world, in the shapes of the API.

import { isArchived, isListed } from './private_rules.mjs';
import { cut } from './rules.mjs';

export function messageView(message) {
  const isSystem = message.type === 'system';
  const { replyTo, forwardedFrom, mentions = [] } = message;
  return {
    id: message.id,
    chatId: message.chatId,
    seq: message.seq,
    rev: message.rev,
    senderId: message.senderId,
    ...(isSystem ? {} : { clientMessageId: message.clientMessageId }),
    type: message.type,
    content: message.content,
    createdAt: message.createdAt,
    ...(message.editVersion > 0 ? { editedAt: message.editedAt } : {}),
    ...(isSystem ? {} : { editVersion: message.editVersion }),
    ...(message.isDeleted ? { isDeleted: true } : {}),
    ...(replyTo ? { replyTo } : {}),
    ...(forwardedFrom ? { forwardedFrom } : {}),
    ...(mentions.length > 0 ? { mentions } : {}),
    ...(message.reactions.length > 0 ? { reactions: reactionsView(message.reactions) } : {}),
    ...(message.isPinned ? { isPinned: true } : {}),
    ...(isSystem ? { systemEvent: message.systemEvent } : {}),
  };
}

/** Counts in the order of first use, each with its three newest. */
function reactionsView(reactions) {
  const emojis = [...new Set(reactions.map((each) => each.emoji))];
  return emojis.map((emoji) => {
    const users = reactions.filter((each) => each.emoji === emoji).map((each) => each.userId);
    return { emoji, count: users.length, recentUserIds: users.reverse().slice(0, 3) };
  });
}

/** A reply does not show what this user may not see. */
export function withoutUnseen(chat, user, view) {
  const target = view.replyTo && chat.messages[view.replyTo.seq - 1];
  if (!target || chat.sees(user, target)) return view;
  return { ...view, replyTo: { ...view.replyTo, preview: '' } };
}

export function seenView(chat, user, message) {
  return withoutUnseen(chat, user, messageView(message));
}

/** All of a chat that the user may see, in order. */
export function visible(chat, user) {
  return chat.messages
    .filter((message) => chat.sees(user, message))
    .map((message) => seenView(chat, user, message));
}

/** In `changes`, what the user may not see only moves `hi` on. */
function changeView(chat, user, message) {
  if (chat.sees(user, message)) return seenView(chat, user, message);
  const { id, chatId, seq, rev } = message;
  return { id, chatId, seq, rev };
}

export function userView({ id, username, displayName }) {
  return { id, username, displayName };
}

function previewView(chat, user) {
  const last = chat.messages.at(-1);
  if (!last || !chat.sees(user, last)) return null;
  return {
    messageId: last.id,
    seq: last.seq,
    senderId: last.senderId,
    type: last.type,
    content: cut(last.content),
    ...(last.isDeleted ? { isDeleted: true } : {}),
    createdAt: last.createdAt,
  };
}

export function stateView(chat, state) {
  return {
    role: state.role,
    joinedAt: state.joinedAt,
    visibleFromSeq: Math.max(state.visibleFromSeq, state.clearedSeq + 1),
    lastReadSeq: state.lastReadSeq,
    lastDeliveredSeq: state.lastDeliveredSeq,
    isArchived: isArchived(chat, state),
    ...(isListed(chat, state) ? {} : { isOffList: true }),
    isPinned: state.isPinned,
    ...(state.isPinned ? { pinOrder: state.pinOrder } : {}),
    mutedUntil: state.mutedUntil,
    markedUnread: state.markedUnread,
    notificationLevel: state.notificationLevel,
    draft: state.draft,
  };
}

const byJoining = (one, other) =>
  one.joinedAt < other.joinedAt || (one.joinedAt === other.joinedAt && one.userId < other.userId)
    ? -1
    : 1;

export function chatView(world, chat, user) {
  const members = chat.members.sort(byJoining);
  const isGroup = chat.type === 'group';
  const peer = members.find((member) => member.userId !== user.id);
  return {
    id: chat.id,
    type: chat.type,
    ...(isGroup ? { title: chat.title, ownerId: chat.ownerId, settings: chat.settings } : {}),
    memberCount: members.length,
    lastSeq: chat.lastSeq,
    lastRev: chat.lastRev,
    lastMessagePreview: previewView(chat, user),
    pinnedMessageIds: chat.pinned,
    createdAt: chat.createdAt,
    updatedAt: chat.messages.at(-1)?.createdAt ?? chat.createdAt,
    state: stateView(chat, chat.states.get(user.id)),
    unreadCount: chat.unread(user),
    ...(chat.type === 'direct'
      ? { peer: userView(world.user(peer.userId)) }
      : { members: members.slice(0, 5).map(({ userId }) => userView(world.user(userId))) }),
  };
}

/** Pinned ones first in their order, then the newest. */
function byPlace(one, other) {
  const place = ({ state, updatedAt }) => [state.isPinned ? 0 : 1, state.pinOrder ?? 0, updatedAt];
  const [pinned, order, time] = place(one);
  const [otherPinned, otherOrder, otherTime] = place(other);
  if (pinned !== otherPinned) return pinned - otherPinned;
  if (order !== otherOrder) return order - otherOrder;
  if (time !== otherTime) return time > otherTime ? -1 : 1;
  return one.id < other.id ? -1 : 1;
}

/** The user's list, in order. */
export function listView(world, user, filter) {
  return world
    .chatsOf(user)
    .filter((chat) => isListed(chat, chat.state(user)))
    .map((chat) => chatView(world, chat, user))
    .filter(({ state }) => state.isArchived === (filter === 'archived'))
    .filter(
      ({ state, unreadCount }) => filter !== 'unread' || unreadCount > 0 || state.markedUnread,
    )
    .sort(byPlace);
}

/** `{data, page}` of a history query, as the API pages. */
export function historyView(chat, user, { limit, beforeSeq, afterSeq, aroundSeq }) {
  const all = visible(chat, user);
  if (aroundSeq !== undefined) {
    const at = all.filter((message) => message.seq < aroundSeq).length;
    const begin = Math.max(0, at - Math.floor(limit / 2));
    const end = Math.min(all.length, at + limit - Math.floor(limit / 2));
    const [hasOlder, hasNewer] = [begin > 0, end < all.length];
    return {
      data: all.slice(begin, end),
      page: { hasMore: hasOlder || hasNewer, hasOlder, hasNewer },
    };
  }
  if (afterSeq !== undefined) {
    const later = all.filter((message) => message.seq > afterSeq);
    return { data: later.slice(0, limit), page: { hasMore: later.length > limit } };
  }
  const earlier = beforeSeq === undefined ? all : all.filter((message) => message.seq < beforeSeq);
  return {
    data: earlier.slice(Math.max(0, earlier.length - limit)),
    page: { hasMore: earlier.length > limit },
  };
}

export function changesView(chat, user, sinceRev, limit) {
  const changed = chat.messages
    .filter((message) => message.rev > sinceRev)
    .sort((one, other) => one.rev - other.rev)
    .map((message) => changeView(chat, user, message));
  return {
    data: changed.slice(0, limit),
    lastRev: chat.lastRev,
    hasMore: changed.length > limit,
  };
}
