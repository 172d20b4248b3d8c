import type { Message, Reaction } from './types';

/** What was last known of one kind of reaction: whether the user's own is among so many. */
export interface KnownReaction {
  isMine: boolean;
  count: number;
}

/**
 * Whether the user's own is among the reactions of one kind. A message names only the latest few
 * who reacted, so it may take what was known before; null: the server must be asked.
 */
export function isOwnReaction(
  { count, recentUserIds = [] }: Reaction,
  ownId: string,
  before: KnownReaction | undefined,
): boolean | null {
  if (recentUserIds.includes(ownId)) return true;
  if (recentUserIds.length >= count) return false;
  if (!before) return null;
  // Had it come since, it would be among the latest. Had it gone, there would be fewer.
  if (!before.isMine) return false;
  return count >= before.count ? true : null;
}

/** The kinds of which it takes the server to say whether the user's own is among them. */
export function doubtful(
  message: Pick<Message, 'reactions'>,
  ownId: string,
  before: (emoji: string) => KnownReaction | undefined,
): Reaction[] {
  return (message.reactions ?? []).filter(
    (each) => isOwnReaction(each, ownId, before(each.emoji)) === null,
  );
}
