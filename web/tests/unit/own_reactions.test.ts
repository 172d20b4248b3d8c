import { describe, expect, test, vi } from 'vitest';

import { OwnReactions } from '../../src/app/own_reactions.svelte';
import { doubtful, isOwnReaction } from '../../src/model/own_reactions';
import type { Message, Reaction } from '../../src/model/types';
import type { Api } from '../../src/net/api';

const thumbs = (count: number, ...recentUserIds: string[]): Reaction => ({
  emoji: '👍',
  count,
  recentUserIds,
});

function message(...reactions: Reaction[]): Message {
  return { id: 'm1', chatId: 'chat', seq: 1, rev: 1, reactions };
}

describe('whether a reaction is one’s own', () => {
  test('the message says it while few have reacted', () => {
    expect(isOwnReaction(thumbs(2, 'ben', 'me'), 'me', undefined)).toBe(true);
    expect(isOwnReaction(thumbs(3, 'a', 'b', 'c'), 'me', undefined)).toBe(false);
  });

  test('nobody knows it where others have reacted since, unless it was known before', () => {
    const many = thumbs(4, 'a', 'b', 'c');
    expect(isOwnReaction(many, 'me', undefined)).toBe(null);
    expect(isOwnReaction(many, 'me', { isMine: true, count: 3 })).toBe(true);
    expect(isOwnReaction(many, 'me', { isMine: false, count: 3 })).toBe(false);
  });

  test('one that has gone may have been one’s own', () => {
    expect(isOwnReaction(thumbs(4, 'a', 'b', 'c'), 'me', { isMine: true, count: 5 })).toBe(null);
  });

  test('only what is in doubt is asked for', () => {
    const reactions = [thumbs(4, 'a', 'b', 'c'), { ...thumbs(1, 'a'), emoji: '🎉' }];
    const asked = doubtful({ reactions }, 'me', () => undefined);
    expect(asked.map((each) => each.emoji)).toEqual(['👍']);
    expect(doubtful({}, 'me', () => undefined)).toEqual([]);
  });
});

describe('own reactions', () => {
  const one = (userId: string) => ({ userId, emoji: '👍', createdAt: '' });

  function asked(...pages: { userId: string; emoji: string; createdAt: string }[][]) {
    const reactions = vi.fn(async (_chat: string, _message: string, cursor?: string) => {
      const at = Number(cursor ?? 0);
      const hasMore = at + 1 < pages.length;
      return { data: pages[at]!, page: { hasMore, nextCursor: hasMore ? String(at + 1) : null } };
    });
    return { own: new OwnReactions('me', { reactions } as unknown as Api), reactions };
  }

  test('are found on a later page of those who reacted, which are asked for once', async () => {
    const { own, reactions } = asked([one('a')], [one('b'), one('me')], [one('c')]);
    const shown = message(thumbs(5, 'x', 'y', 'z'));
    own.look(shown);
    own.look(shown);
    await vi.waitFor(() => expect(own.isMine('m1', shown.reactions![0]!)).toBe(true));
    own.look({ ...shown, rev: 2, reactions: [thumbs(6, 'w', 'x', 'y')] });
    expect(reactions).toHaveBeenCalledTimes(2);
  });

  test('are not claimed where the server does not name the user, or does not answer', async () => {
    const { own, reactions } = asked([one('a'), one('b'), one('c'), one('d')]);
    const shown = message(thumbs(4, 'b', 'c', 'd'));
    own.look(shown);
    await vi.waitFor(() => expect(reactions).toHaveBeenCalledTimes(1));
    expect(own.isMine('m1', shown.reactions![0]!)).toBe(false);
    const deaf = new OwnReactions('me', {
      reactions: () => Promise.reject(new Error('away')),
    } as unknown as Api);
    deaf.look(shown);
    await new Promise((resolve) => setTimeout(resolve));
    expect(deaf.isMine('m1', shown.reactions![0]!)).toBe(false);
  });

  test('taken back on this device are known to be gone', async () => {
    const { own, reactions } = asked([one('a'), one('b'), one('c'), one('d')]);
    own.look(message(thumbs(5, 'me', 'a', 'b')));
    const after = message(thumbs(4, 'a', 'b', 'c'));
    own.look(after);
    await vi.waitFor(() => expect(reactions).toHaveBeenCalledTimes(1));
    await vi.waitFor(() => expect(own.isMine('m1', after.reactions![0]!)).toBe(false));
  });
});
