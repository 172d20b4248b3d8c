import type { Chat } from './types';

/** Mute without an end, as the server writes it. */
export const mutedForever = '9999-12-31T00:00:00.000Z';

export function isMuted(chat: Pick<Chat, 'state'>, now: number): boolean {
  const until = chat.state.mutedUntil;
  return until !== null && until !== undefined && Date.parse(until) > now;
}

/** Neither muted nor archived: what is new in it is told outside of the list too. */
export function wantsToKnow(chat: Pick<Chat, 'state'>, now: number): boolean {
  return !isMuted(chat, now) && !chat.state.isArchived;
}

/** Pinned ones first, in the order of the pins; then the newest first. */
export function byListOrder(one: Chat, other: Chat): number {
  if (one.state.isPinned !== other.state.isPinned) return one.state.isPinned ? -1 : 1;
  if (one.state.isPinned) {
    const difference = (one.state.pinOrder ?? 0) - (other.state.pinOrder ?? 0);
    if (difference !== 0) return difference;
  }
  if (one.updatedAt !== other.updatedAt) return one.updatedAt < other.updatedAt ? 1 : -1;
  return one.id < other.id ? -1 : 1;
}

/** As the search folds text: without case and marks, and with the Vietnamese đ as d. */
export function folded(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replaceAll('đ', 'd');
}

export type ListFilter = 'all' | 'unread' | 'archived';

export function isListed(chat: Chat, filter: ListFilter): boolean {
  if (filter === 'archived') return chat.state.isArchived;
  if (chat.state.isArchived) return false;
  return filter === 'all' || chat.unreadCount > 0 || chat.state.markedUnread;
}
