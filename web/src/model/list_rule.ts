import type { Chat, Message, Preview } from './types';

const previewLength = 140;

/** `lastMessagePreview` after a change: of a new last message, or of the same one changed. */
export function previewAfter(preview: Preview | null, change: Message): Preview | null {
  if (preview && change.seq < preview.seq) return preview;
  if (change.senderId === undefined || change.createdAt === undefined) return preview;
  const next: Preview = {
    messageId: change.id,
    seq: change.seq,
    senderId: change.senderId,
    type: change.type ?? 'text',
    content: change.isDeleted ? '' : [...(change.content ?? '')].slice(0, previewLength).join(''),
    createdAt: change.createdAt,
  };
  if (change.isDeleted) next.isDeleted = true;
  if (change.systemEvent) next.systemEvent = change.systemEvent;
  return next;
}

/** Own messages and system messages never count. The server's own count, when it comes, wins. */
export function unreadAfter(
  chat: Pick<Chat, 'unreadCount' | 'state'>,
  message: Message,
  ownId: string,
): number {
  const counts =
    message.type !== 'system' && message.senderId !== ownId && message.seq > chat.state.lastReadSeq;
  return chat.unreadCount + (counts ? 1 : 0);
}

/** `pinnedMessageIds` after a change to a message: the message's own state has the last word. */
export function pinnedAfter(ids: readonly string[], change: Message): string[] {
  const others = ids.filter((each) => each !== change.id);
  if (!change.isPinned || change.isDeleted) return others;
  return ids.includes(change.id) ? [...ids] : [...others, change.id];
}
