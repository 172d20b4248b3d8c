// What a user should see of the world, in the shapes of the API.

import { cut } from './rules.mjs';

export function messageView(message) {
  const isSystem = message.type === 'system';
  const { replyTo, mentions = [] } = message;
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
    ...(mentions.length > 0 ? { mentions } : {}),
    ...(isSystem ? { systemEvent: message.systemEvent } : {}),
  };
}

/** All of a chat that the user may see, in order. */
export function visible(chat, user) {
  const { visibleFromSeq } = chat.state(user);
  return chat.messages.filter((message) => message.seq >= visibleFromSeq).map(messageView);
}

export function userView({ id, username, displayName }) {
  return { id, username, displayName };
}

function previewView(chat) {
  const last = chat.messages.at(-1);
  if (!last) return null;
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

export function stateView(state) {
  return {
    role: state.role,
    joinedAt: state.joinedAt,
    visibleFromSeq: state.visibleFromSeq,
    lastReadSeq: state.lastReadSeq,
    lastDeliveredSeq: state.lastDeliveredSeq,
    isArchived: false,
    isPinned: false,
    mutedUntil: null,
    markedUnread: false,
    notificationLevel: 'all',
    draft: '',
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
    lastMessagePreview: previewView(chat),
    pinnedMessageIds: chat.pinned,
    createdAt: chat.createdAt,
    updatedAt: chat.messages.at(-1)?.createdAt ?? chat.createdAt,
    state: stateView(chat.states.get(user.id)),
    unreadCount: chat.unread(user),
    ...(chat.type === 'direct'
      ? { peer: userView(world.user(peer.userId)) }
      : { members: members.slice(0, 5).map(({ userId }) => userView(world.user(userId))) }),
  };
}

/** The user's list, in order. */
export function listView(world, user, filter) {
  return world
    .chatsOf(user)
    .map((chat) => chatView(world, chat, user))
    .filter((item) => filter === 'all' || (filter === 'unread' && item.unreadCount > 0))
    .sort((one, other) =>
      one.updatedAt === other.updatedAt
        ? one.id < other.id ? -1 : 1
        : one.updatedAt > other.updatedAt ? -1 : 1,
    );
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
  const earlier =
    beforeSeq === undefined ? all : all.filter((message) => message.seq < beforeSeq);
  return {
    data: earlier.slice(Math.max(0, earlier.length - limit)),
    page: { hasMore: earlier.length > limit },
  };
}

export function changesView(chat, user, sinceRev, limit) {
  const changed = visible(chat, user)
    .filter((message) => message.rev > sinceRev)
    .sort((one, other) => one.rev - other.rev);
  return {
    data: changed.slice(0, limit),
    lastRev: chat.lastRev,
    hasMore: changed.length > limit,
  };
}
