import type { Chat, ChatUserState, Message, Presence, Receipt, User } from './types';

/**
 * Whether what came from outside has what is drawn of it. An answer that has not is garbage: it
 * must neither be shown nor be kept, for what is kept is drawn at each start.
 */

type Fields = Record<string, unknown>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const isText = (value: unknown) => typeof value === 'string';
const isFlag = (value: unknown) => typeof value === 'boolean';
const isTime = (value: unknown) => isText(value) && !Number.isNaN(Date.parse(value as string));
const isTexts = (value: unknown) => Array.isArray(value) && value.every(isText);

/** A place in an order, or how many: anything else would stand against all that follows. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Absent, or as it should be. */
function may(value: unknown, is: (value: unknown) => boolean): boolean {
  return value === undefined || value === null || is(value);
}

function isReaction(value: unknown): boolean {
  return (
    isFields(value) &&
    isText(value['emoji']) &&
    isCount(value['count']) &&
    may(value['recentUserIds'], isTexts)
  );
}

function isReply(value: unknown): boolean {
  return (
    isFields(value) &&
    isCount(value['seq']) &&
    isText(value['senderId']) &&
    may(value['preview'], isText)
  );
}

function isEvent(value: unknown): boolean {
  return (
    isFields(value) &&
    ['event', 'actorId', 'title', 'role', 'newOwnerId'].every((name) => may(value[name], isText)) &&
    may(value['userIds'], isTexts)
  );
}

export function isMessage(value: unknown): value is Message {
  return (
    isFields(value) &&
    isText(value['id']) &&
    isCount(value['seq']) &&
    isCount(value['rev']) &&
    may(value['prevRev'], isCount) &&
    ['senderId', 'type', 'content', 'clientMessageId'].every((name) => may(value[name], isText)) &&
    may(value['createdAt'], isTime) &&
    may(value['editVersion'], isCount) &&
    may(value['reactions'], (all) => Array.isArray(all) && all.every(isReaction)) &&
    may(value['replyTo'], isReply) &&
    may(value['systemEvent'], isEvent)
  );
}

export function isUser(value: unknown): value is User {
  return (
    isFields(value) &&
    isText(value['id']) &&
    isText(value['username']) &&
    isText(value['displayName'])
  );
}

function isPreview(value: unknown): boolean {
  return (
    isFields(value) &&
    isCount(value['seq']) &&
    isText(value['senderId']) &&
    may(value['content'], isText) &&
    may(value['systemEvent'], isEvent) &&
    isTime(value['createdAt'])
  );
}

function isState(value: unknown): value is ChatUserState {
  return (
    isFields(value) &&
    isCount(value['lastReadSeq']) &&
    may(value['lastDeliveredSeq'], isCount) &&
    may(value['pinOrder'], Number.isFinite) &&
    may(value['mutedUntil'], isTime) &&
    may(value['draft'], isText) &&
    ['isArchived', 'isPinned', 'markedUnread'].every((name) => may(value[name], isFlag))
  );
}

export function isChat(value: unknown): value is Chat {
  return (
    isFields(value) &&
    isText(value['id']) &&
    isText(value['type']) &&
    may(value['title'], isText) &&
    isCount(value['lastSeq']) &&
    isCount(value['lastRev']) &&
    isCount(value['memberCount']) &&
    isCount(value['unreadCount']) &&
    isTime(value['updatedAt']) &&
    isState(value['state']) &&
    may(value['lastMessagePreview'], isPreview) &&
    may(value['peer'], isUser) &&
    may(value['members'], (all) => Array.isArray(all) && all.every(isUser)) &&
    may(value['pinnedMessageIds'], isTexts)
  );
}

export function isPresence(value: unknown): value is Presence {
  return (
    isFields(value) &&
    isText(value['userId']) &&
    isText(value['state']) &&
    may(value['lastSeenAt'], isTime)
  );
}

export function isSendReceipt(value: unknown): boolean {
  return (
    isFields(value) &&
    isText(value['messageId']) &&
    isCount(value['seq']) &&
    isCount(value['rev']) &&
    isTime(value['createdAt'])
  );
}

function isReceipt(value: unknown): value is Receipt {
  return (
    isFields(value) &&
    isText(value['chatId']) &&
    isText(value['userId']) &&
    may(value['lastDeliveredSeq'], isCount) &&
    may(value['lastReadSeq'], isCount)
  );
}

function isDigest(value: unknown): boolean {
  return (
    isFields(value) &&
    isText(value['chatId']) &&
    ['lastRev', 'lastReadSeq', 'unreadCount'].every((name) => isCount(value[name]))
  );
}

const isChange = (value: unknown) => isFields(value) && isText(value['event']);
const isListOf = (is: (value: unknown) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.every(is);

/** What `sync` answers. */
export function isSync(value: unknown): boolean {
  return (
    isFields(value) &&
    isText(value['cursor']) &&
    may(value['chats'], isListOf(isDigest)) &&
    may(value['changes'], isListOf(isChange)) &&
    may(value['receipts'], isListOf(isReceipt))
  );
}

/** What `sync/verify` answers. */
export function isProof(value: unknown): boolean {
  return (
    isFields(value) && may(value['chats'], isListOf(isDigest)) && may(value['notThere'], isTexts)
  );
}
