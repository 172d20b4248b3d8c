import { describe, expect, test } from 'vitest';

import { buildRows } from '../../src/model/rows';
import { isChat, isMessage, isProof, isSendReceipt, isSync, isUser } from '../../src/model/shapes';
import { patience, problemFrom } from '../../src/net/problem';
import { clock, dayName, fullTime, shortTime } from '../../src/model/times';

const message = {
  id: 'm1',
  chatId: 'c1',
  seq: 1,
  rev: 1,
  senderId: 'ann',
  type: 'text',
  content: 'hello',
  createdAt: '2026-11-26T12:00:00.000Z',
  reactions: [{ emoji: '👍', count: 1, recentUserIds: ['ben'] }],
  replyTo: { messageId: 'm0', seq: 1, senderId: 'ben', preview: 'what?' },
};

const chat = {
  id: 'c1',
  type: 'direct',
  memberCount: 2,
  lastSeq: 1,
  lastRev: 1,
  lastMessagePreview: { messageId: 'm1', seq: 1, senderId: 'ann', type: 'text', content: 'hello' },
  createdAt: '2026-11-26T12:00:00.000Z',
  updatedAt: '2026-11-26T12:00:00.000Z',
  state: { role: 'member', lastReadSeq: 0, isArchived: false, isPinned: false, mutedUntil: null },
  unreadCount: 1,
  peer: { id: 'ben', username: 'ben', displayName: '' },
};
Object.assign(chat.lastMessagePreview, { createdAt: chat.createdAt });

const nothings = [undefined, null, 0, 'text', true, [], {}, [{}]];

describe('what has a shape', () => {
  test('is taken, with fields that nobody knows yet', () => {
    expect(isMessage({ ...message, linkPreview: { url: 'x' } })).toBe(true);
    expect(isChat({ ...chat, slowMode: 5 })).toBe(true);
    expect(isChat({ ...chat, lastMessagePreview: null, peer: undefined })).toBe(true);
    expect(isUser(chat.peer)).toBe(true);
  });

  test('a stub of a message is one', () => {
    expect(isMessage({ id: 'm1', seq: 1, rev: 3 })).toBe(true);
  });

  test('is not taken without what is drawn of it, or with something else in its place', () => {
    for (const nothing of nothings) {
      expect(isMessage(nothing)).toBe(false);
      expect(isChat(nothing)).toBe(false);
      expect(isUser(nothing)).toBe(false);
    }
    const wrong = { seq: '1', rev: NaN, createdAt: 'soon', content: {}, reactions: [null] };
    for (const [name, value] of Object.entries(wrong)) {
      expect(isMessage({ ...message, [name]: value }), name).toBe(false);
    }
    const wrongChat = { id: 5, state: {}, updatedAt: 0, peer: { id: 'ben' }, members: [null] };
    for (const [name, value] of Object.entries(wrongChat)) {
      expect(isChat({ ...chat, [name]: value }), name).toBe(false);
    }
  });

  test('a number that is no count is held against nothing', () => {
    for (const number of [-1, 0.5, 1e300, Infinity, '1', null]) {
      expect(isMessage({ ...message, rev: number }), `${number}`).toBe(false);
      expect(isChat({ ...chat, lastRev: number }), `${number}`).toBe(false);
      expect(isChat({ ...chat, unreadCount: number }), `${number}`).toBe(false);
      expect(isChat({ ...chat, state: { ...chat.state, lastReadSeq: number } })).toBe(false);
    }
  });

  test('what the server answers about all chats is taken as a whole, or not at all', () => {
    const digest = { chatId: 'c1', lastRev: 1, lastSeq: 1, lastReadSeq: 0, unreadCount: 1 };
    const receipt = { chatId: 'c1', userId: 'ben', lastDeliveredSeq: 1, lastReadSeq: 1 };
    const answer = { cursor: 'x', chats: [digest], changes: [], receipts: [receipt] };
    expect(isSync(answer)).toBe(true);
    expect(isProof({ chats: [digest], notThere: ['c2'] })).toBe(true);
    const wrong = { cursor: 5, chats: [null], changes: [{ event: 1 }], receipts: [{}] };
    for (const [name, value] of Object.entries(wrong)) {
      expect(isSync({ ...answer, [name]: value }), name).toBe(false);
    }
    expect(isProof({ chats: [{ ...digest, lastRev: 'x' }] })).toBe(false);
    expect(isProof({ notThere: [1] })).toBe(false);
  });

  test('a receipt says which message it is for, and where that stands', () => {
    const receipt = { messageId: 'm1', seq: 1, rev: 1, createdAt: message.createdAt };
    expect(isSendReceipt(receipt)).toBe(true);
    for (const name of Object.keys(receipt)) {
      expect(isSendReceipt({ ...receipt, [name]: undefined }), name).toBe(false);
    }
  });

  test('a wait is never longer than a timer can count, nor less than none', () => {
    expect(patience(1_200)).toBe(1_200);
    expect(patience(-1)).toBe(0);
    for (const wait of [1e12, 2 ** 31, Infinity]) expect(patience(wait)).toBeLessThan(2 ** 31);
    expect(problemFrom({ code: 'overloaded', retryAfterMs: 1e12 }, 503).retryAfterMs).toBeLessThan(
      2 ** 31,
    );
  });
});

describe('what came in nevertheless', () => {
  test('a time that is none has no words', () => {
    const noon = Date.parse('2026-11-26T12:00:00');
    expect(clock('soon', 'en')).toBe('');
    expect(fullTime('', 'en')).toBe('');
    expect(shortTime('soon', noon, 'en')).toBe('');
    expect(dayName('NaN-NaN-NaN', noon, 'en')).toBe('');
  });

  test('two messages under one key of the sender are two rows', () => {
    const twice = [1, 2].map((seq) => ({ ...message, id: `m${seq}`, seq, clientMessageId: 'k' }));
    const rows = buildRows({
      messages: twice as never,
      pending: [],
      ownId: 'ann',
      dividerAfterSeq: null,
    });
    const keys = rows.map((row) => row.key);
    expect(new Set(keys).size).toBe(keys.length);
  });
});
