import { describe, expect, test } from 'vitest';

import { byListOrder, folded, isListed, isMuted } from '../../src/model/chat_order';
import { hueOf, initialsOf } from '../../src/model/initials';
import { splitLinks } from '../../src/model/links';
import { pinnedAfter, previewAfter, unreadAfter } from '../../src/model/list_rule';
import { memberRank } from '../../src/model/roles';
import { buildRows, type Row } from '../../src/model/rows';
import { raised, tickOf } from '../../src/model/ticks';
import { clock, dayName, fullTime, shortTime } from '../../src/model/times';
import type { Chat, ChatUserState, Message } from '../../src/model/types';

const at = (text: string) => new Date(text).toISOString();

function message(seq: number, fields: Partial<Message> = {}): Message {
  return {
    id: `m${seq}`,
    chatId: 'chat',
    seq,
    rev: seq,
    senderId: 'ann',
    type: 'text',
    content: `text ${seq}`,
    createdAt: at(`2026-11-26T12:00:${String(seq).padStart(2, '0')}`),
    ...fields,
  };
}

function rows(messages: Message[], fields: Partial<Parameters<typeof buildRows>[0]> = {}): Row[] {
  return buildRows({ messages, pending: [], ownId: 'me', dividerAfterSeq: null, ...fields });
}

const kinds = (list: Row[]) => list.map((row) => row.kind);

describe('the rows of a conversation', () => {
  test('each day begins with its name', () => {
    const list = rows([
      message(1, { createdAt: at('2026-11-25T23:59:00') }),
      message(2, { createdAt: at('2026-11-26T00:01:00') }),
    ]);
    expect(kinds(list)).toEqual(['day', 'message', 'day', 'message']);
  });

  test('messages of one sender that follow each other soon are one group', () => {
    const list = rows([
      message(1),
      message(2),
      message(3, { senderId: 'ben' }),
      message(4, { senderId: 'ben', createdAt: at('2026-11-26T12:30:00') }),
    ]);
    const groups = list.flatMap((row) =>
      row.kind === 'message' ? [[row.startsGroup, row.endsGroup]] : [],
    );
    expect(groups).toEqual([
      [true, false],
      [false, true],
      [true, true],
      [true, true],
    ]);
  });

  test('the divider stands before the first unread message of somebody else', () => {
    const list = rows([message(1), message(2, { senderId: 'me' }), message(3)], {
      dividerAfterSeq: 1,
    });
    expect(kinds(list)).toEqual(['day', 'message', 'message', 'unread', 'message']);
    expect(kinds(rows([message(1)], { dividerAfterSeq: 1 }))).not.toContain('unread');
  });

  test('what a member may not see is not drawn', () => {
    const stub = { id: 'm1', chatId: 'chat', seq: 1, rev: 1 };
    expect(kinds(rows([stub, message(2)]))).toEqual(['day', 'message']);
  });

  test('what waits stands below, and goes once it was delivered', () => {
    const pending = [
      { clientMessageId: 'k1', chatId: 'chat', content: 'one', createdAt: Date.now() },
      { clientMessageId: 'k2', chatId: 'chat', content: 'two', createdAt: Date.now() },
    ];
    expect(kinds(rows([], { pending }))).toEqual(['day', 'pending', 'pending']);
    const sent = message(1, {
      senderId: 'me',
      clientMessageId: 'k1',
      createdAt: new Date().toISOString(),
    });
    const list = rows([sent], { pending });
    expect(list.map((row) => row.key).slice(1)).toEqual(['k1', 'k2']);
    expect(kinds(list)).toEqual(['day', 'message', 'pending']);
  });

  test('keys are unique, also with equal keys of other senders', () => {
    const list = rows([
      message(1, { senderId: 'me', clientMessageId: 'same' }),
      message(2, { senderId: 'ben', clientMessageId: 'same' }),
    ]);
    expect(new Set(list.map((row) => row.key)).size).toBe(list.length);
  });
});

describe('ticks', () => {
  const marks = (...seqs: [number, number][]) =>
    seqs.map(([deliveredSeq, readSeq]) => ({ deliveredSeq, readSeq }));

  test('the lowest among the others counts', () => {
    expect(tickOf({ seq: 5 }, marks([5, 0]), 1)).toBe('delivered');
    expect(tickOf({ seq: 5 }, marks([5, 5]), 1)).toBe('read');
    expect(tickOf({ seq: 5 }, marks([9, 9], [4, 4]), 2)).toBe('sent');
    expect(tickOf({ seq: 5 }, marks([9, 9], [5, 4]), 2)).toBe('delivered');
    expect(tickOf({ seq: 5 }, marks([9, 9], [5, 5]), 2)).toBe('read');
  });

  test('while somebody is not known, or nobody is there, it is sent', () => {
    expect(tickOf({ seq: 5 }, marks([9, 9]), 2)).toBe('sent');
    expect(tickOf({ seq: 5 }, [], 0)).toBe('sent');
  });

  test('watermarks only rise, and read implies delivered', () => {
    expect(raised(undefined, { readSeq: 4 })).toEqual({ deliveredSeq: 4, readSeq: 4 });
    expect(raised({ deliveredSeq: 7, readSeq: 4 }, { deliveredSeq: 5, readSeq: 2 })).toEqual({
      deliveredSeq: 7,
      readSeq: 4,
    });
  });
});

describe('links', () => {
  const links = (text: string) =>
    splitLinks(text).flatMap((part) => (part.href ? [part.text] : []));

  test('web addresses are found, without what ends the sentence', () => {
    expect(links('See https://example.org/a?b=c#d, or (http://example.org/x).')).toEqual([
      'https://example.org/a?b=c#d',
      'http://example.org/x',
    ]);
    expect(links('https://en.wikipedia.org/wiki/Knot_(unit)')).toEqual([
      'https://en.wikipedia.org/wiki/Knot_(unit)',
    ]);
    expect(links('HTTPS://EXAMPLE.ORG!')).toEqual(['HTTPS://EXAMPLE.ORG']);
  });

  test('nothing else is a link', () => {
    for (const text of [
      'javascript:alert(1)',
      'JaVaScRiPt:alert(1)//https:',
      'data:text/html,<script>alert(1)</script>',
      'vbscript:msgbox(1)',
      'file:///etc/passwd',
      'https://',
      'http://user:secret@example.org',
      'https://bank.example@evil.example/',
      'xhttps://example.org',
      'ftp://example.org',
    ]) {
      expect(links(text), text).toEqual([]);
    }
  });

  test('marks that turn the direction of text end a link', () => {
    expect(links('https://example.org/\u202egpj.exe')).toEqual(['https://example.org/']);
  });

  test('the parts together are the text', () => {
    for (const text of [
      '',
      'a',
      'https://a.b',
      'x https://a.b. y\nhttp://c.d/) z',
      '🙂 https://é.org 🙂',
    ]) {
      expect(
        splitLinks(text)
          .map((part) => part.text)
          .join(''),
      ).toBe(text);
    }
  });
});

describe('the list', () => {
  const state: ChatUserState = {
    role: 'member',
    lastReadSeq: 3,
    isArchived: false,
    isPinned: false,
    mutedUntil: null,
    markedUnread: false,
  };
  const chat = (id: string, fields: Partial<Chat>, more: Partial<ChatUserState> = {}): Chat => ({
    id,
    type: 'group',
    memberCount: 2,
    lastSeq: 3,
    lastRev: 3,
    lastMessagePreview: null,
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
    unreadCount: 0,
    ...fields,
    state: { ...state, ...more },
  });

  test('pinned ones first in their order, then the newest', () => {
    const list = [
      chat('a', { updatedAt: '2026-01-02T00:00:00.000Z' }),
      chat('b', { updatedAt: '2026-01-03T00:00:00.000Z' }),
      chat('c', {}, { isPinned: true, pinOrder: 2 }),
      chat('d', {}, { isPinned: true, pinOrder: 1 }),
    ];
    expect(list.sort(byListOrder).map((each) => each.id)).toEqual(['d', 'c', 'b', 'a']);
  });

  test('filters show what they say', () => {
    expect(isListed(chat('a', {}), 'all')).toBe(true);
    expect(isListed(chat('a', {}), 'unread')).toBe(false);
    expect(isListed(chat('a', { unreadCount: 1 }), 'unread')).toBe(true);
    expect(isListed(chat('a', {}, { markedUnread: true }), 'unread')).toBe(true);
    expect(isListed(chat('a', {}, { isArchived: true }), 'all')).toBe(false);
    expect(isListed(chat('a', {}, { isArchived: true }), 'archived')).toBe(true);
  });

  test('a mute ends', () => {
    const muted = chat('a', {}, { mutedUntil: '2026-01-01T12:00:00.000Z' });
    expect(isMuted(muted, Date.parse('2026-01-01T11:59:59Z'))).toBe(true);
    expect(isMuted(muted, Date.parse('2026-01-01T12:00:00Z'))).toBe(false);
  });

  test('own and system messages never count as unread', () => {
    const known = chat('a', { unreadCount: 2 });
    expect(unreadAfter(known, message(4), 'me')).toBe(3);
    expect(unreadAfter(known, message(4, { senderId: 'me' }), 'me')).toBe(2);
    expect(unreadAfter(known, message(4, { type: 'system' }), 'me')).toBe(2);
    expect(unreadAfter(known, message(3), 'me')).toBe(2);
  });

  test('the preview is the last message in its present state', () => {
    const first = previewAfter(null, message(4, { content: 'x'.repeat(200) }))!;
    expect(first.content).toHaveLength(140);
    expect(previewAfter(first, message(3))).toBe(first);
    expect(previewAfter(first, message(4, { isDeleted: true }))).toMatchObject({
      content: '',
      isDeleted: true,
    });
    expect(previewAfter(first, { id: 'm5', chatId: 'a', seq: 5, rev: 9 })).toBe(first);
  });

  test('pins follow their messages', () => {
    expect(pinnedAfter([], message(4, { isPinned: true }))).toEqual(['m4']);
    expect(pinnedAfter(['m4', 'm5'], message(4, { isPinned: true }))).toEqual(['m4', 'm5']);
    expect(pinnedAfter(['m4', 'm5'], message(4))).toEqual(['m5']);
    expect(pinnedAfter(['m4'], message(4, { isPinned: true, isDeleted: true }))).toEqual([]);
    expect(pinnedAfter(['m4'], message(5))).toEqual(['m4']);
  });

  test('the search folds case, marks and đ', () => {
    expect(folded('Đặng Thị ÁNH')).toBe('dang thi anh');
  });

  test('roles have ranks, and what is unknown has the least', () => {
    expect(memberRank('owner')).toBeGreaterThan(memberRank('admin'));
    expect(memberRank('admin')).toBeGreaterThan(memberRank('member'));
    expect(memberRank('nonsense' as never)).toBe(0);
  });
});

describe('names and times', () => {
  test('initials are whole characters', () => {
    expect(initialsOf('ann')).toBe('A');
    expect(initialsOf('Nguyễn Văn Ánh')).toBe('NÁ');
    expect(initialsOf('👩‍🚀 crew')).toBe('👩‍🚀C');
    expect(initialsOf('   ')).toBe('');
    expect(initialsOf('Ann Lindqvist (You)')).toBe('AL');
    expect(initialsOf('(?)')).toBe('(');
  });

  test('a colour is always the same for an id', () => {
    expect(hueOf('some-id', 8)).toBe(hueOf('some-id', 8));
    const hues = new Set(Array.from({ length: 100 }, (_, index) => hueOf(`id-${index}`, 8)));
    expect(hues.size).toBe(8);
  });

  test('days have names, in both languages', () => {
    const now = new Date('2026-11-26T12:00:00').getTime();
    expect(dayName('2026-11-26', now, 'en')).toBe('Today');
    expect(dayName('2026-11-25', now, 'en')).toBe('Yesterday');
    expect(dayName('2026-11-26', now, 'vi')).toBe('Hôm nay');
    expect(dayName('2026-11-22', now, 'en')).toBe('Sunday');
    expect(dayName('2026-11-03', now, 'en-GB')).toBe('3 November');
    expect(dayName('2025-11-03', now, 'en-GB')).toBe('3 November 2025');
  });

  test('times in the list are as short as they can be', () => {
    const now = new Date('2026-11-26T12:00:00').getTime();
    expect(shortTime(at('2026-11-26T09:05:00'), now, 'en-GB')).toBe('09:05');
    expect(shortTime(at('2026-11-25T09:05:00'), now, 'en-GB')).toBe('Yesterday');
    expect(shortTime(at('2026-11-23T09:05:00'), now, 'en-GB')).toBe('Mon');
    expect(shortTime(at('2026-01-03T09:05:00'), now, 'en-GB')).toMatch(/0?3\/0?1\/26/);
    expect(clock(at('2026-11-26T21:05:00'), 'vi')).toBe('21:05');
    expect(fullTime(at('2026-11-26T21:05:00'), 'en-GB')).toContain('2026');
  });
});
