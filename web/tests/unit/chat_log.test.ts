import { describe, expect, test } from 'vitest';

import { ChatLog } from '../../src/model/chat_log';
import type { Message } from '../../src/model/types';
import { FakeChat, seeded } from './fake_chat';

function loaded(chat: FakeChat, limit = 50): ChatLog {
  const log = new ChatLog();
  const hi = chat.lastRev;
  log.reset(chat.history({}, limit), hi);
  return log;
}

const contents = (log: ChatLog) => log.messages.map((each) => each.content);

describe('the client rule', () => {
  test('what comes in order is applied', () => {
    const chat = new FakeChat();
    const log = loaded(chat);
    expect(log.take(chat.post('one'))).toBe('applied');
    expect(log.take(chat.post('two'))).toBe('applied');
    expect(log.take(chat.edit('m1', 'uno'))).toBe('applied');
    expect(contents(log)).toEqual(['uno', 'two']);
    expect(log.hi).toBe(3);
  });

  test('what is known already is dropped, whatever it says', () => {
    const chat = new FakeChat();
    const log = loaded(chat);
    const first = chat.post('one');
    log.take(first);
    expect(log.take({ ...first, content: 'other' })).toBe('dropped');
    expect(contents(log)).toEqual(['one']);
  });

  test('a gap is held until the changes before it are there', () => {
    const chat = new FakeChat();
    const log = loaded(chat);
    chat.post('lost');
    const second = chat.post('two');
    expect(log.take(second)).toBe('gap');
    expect(contents(log)).toEqual([]);
    const third = chat.post('three');
    expect(log.take(third)).toBe('gap');
    expect(
      log.applyChanges({ ...chat.changes(0), data: [chat.present()[0]!], lastRev: 1 }, 0),
    ).toBe(true);
    expect(log.takeHeld()).toBe(false);
    expect(contents(log)).toEqual(['lost', 'two', 'three']);
    expect(log.hi).toBe(3);
  });

  test('superseded numbers are no gap: prevRev says what still matters', () => {
    const chat = new FakeChat();
    const log = loaded(chat);
    chat.post('one');
    chat.edit('m1', 'two');
    expect(log.take({ ...chat.edit('m1', 'three'), prevRev: 0 })).toBe('applied');
    expect(contents(log)).toEqual(['three']);
    expect(log.hi).toBe(3);
  });

  test('while there is more, hi is the last item; then it is lastRev', () => {
    const chat = new FakeChat();
    const log = loaded(chat);
    for (let count = 0; count < 5; count += 1) chat.post(`${count}`);
    chat.erase('m5');
    log.applyChanges(chat.changes(0, 2), 0);
    expect(log.hi).toBe(2);
    log.applyChanges(chat.changes(2, 10), 2);
    expect(log.hi).toBe(6);
    expect(log.messages).toHaveLength(5);
  });

  test('a server that has gone back is told from a late answer', () => {
    const chat = new FakeChat();
    chat.post('one');
    const log = loaded(chat);
    expect(log.applyChanges({ data: [], lastRev: 0, hasMore: false }, 1)).toBe(false);
    expect(log.applyChanges({ data: [], lastRev: 1, hasMore: false }, 1)).toBe(true);
  });

  test('an older state never replaces a newer one', () => {
    const chat = new FakeChat();
    const old = chat.post('old');
    const edited = chat.edit('m1', 'new');
    const log = loaded(chat);
    log.merge(old);
    expect(contents(log)).toEqual(['new']);
    log.merge(edited);
    expect(contents(log)).toEqual(['new']);
  });
});

describe('the window', () => {
  function long(count: number): FakeChat {
    const chat = new FakeChat();
    for (let index = 0; index < count; index += 1) chat.post(`${index + 1}`);
    return chat;
  }

  test('older pages go in front, and the beginning is known', () => {
    const chat = long(120);
    const log = loaded(chat);
    expect(log.hasOlder).toBe(true);
    log.prepend(chat.history({ beforeSeq: log.firstSeq }));
    log.prepend(chat.history({ beforeSeq: log.firstSeq }));
    expect(log.hasOlder).toBe(false);
    expect(log.messages).toEqual(chat.present());
  });

  test('a window elsewhere takes no new messages until it reaches the end', () => {
    const chat = long(200);
    const log = loaded(chat);
    log.replaceWindow(chat.history({ aroundSeq: 50 }));
    expect(log.hasNewer).toBe(true);
    expect(log.take(chat.post('201'))).toBe('applied');
    expect(log.messages.some((each) => each.content === '201')).toBe(false);
    while (log.hasNewer) log.append(chat.history({ afterSeq: log.lastSeq }));
    expect(log.messages.at(-1)!.content).toBe('201');
    expect(log.take(chat.post('202'))).toBe('applied');
    expect(log.messages.at(-1)!.content).toBe('202');
  });

  test('a change outside of the window is not kept: the page brings it', () => {
    const chat = long(100);
    const log = loaded(chat);
    log.take(chat.edit('m3', 'changed'));
    expect(log.find('m3')).toBeUndefined();
    log.prepend(chat.history({ beforeSeq: log.firstSeq }));
    expect(log.find('m3')!.content).toBe('changed');
  });

  test('a page that was read before a change came does not hide the change', () => {
    const chat = long(100);
    const log = loaded(chat);
    log.beginPage();
    const page = chat.history({ beforeSeq: log.firstSeq });
    log.take(chat.edit('m3', 'changed'));
    log.prepend(page);
    log.endPage();
    expect(log.find('m3')!.content).toBe('changed');
  });

  test('a message that came while the newest page was under way is in it', () => {
    const chat = long(200);
    const log = loaded(chat);
    log.replaceWindow(chat.history({ aroundSeq: 50 }));
    log.beginPage();
    const page = chat.history({});
    log.take(chat.post('201'));
    log.replaceWindow(page);
    log.endPage();
    expect(log.messages.at(-1)!.content).toBe('201');
  });

  test('what the user has hidden does not come back with a later change', () => {
    const chat = long(3);
    const log = loaded(chat);
    log.hide('m2');
    log.take(chat.edit('m2', 'again'));
    expect(contents(log)).toEqual(['1', '3']);
  });

  test('an own message is shown by its receipt, and its delivery has the last word', () => {
    const chat = long(1);
    const log = loaded(chat);
    const delivery = chat.post('mine', 'me', { clientMessageId: 'k' });
    const { prevRev: _, replyTo: __, ...receipt } = delivery;
    log.expect(receipt);
    expect(contents(log)).toEqual(['1', 'mine']);
    expect(log.hi).toBe(1);
    expect(log.take({ ...delivery, isPinned: true })).toBe('applied');
    expect(log.messages.at(-1)!.isPinned).toBe(true);
  });
});

describe('whatever happens to the deliveries', () => {
  /** Loses, doubles and reorders what is delivered, as a bad network does. */
  function play(seed: number): { log: ChatLog; chat: FakeChat } {
    const random = seeded(seed);
    const chat = new FakeChat();
    for (let index = 0; index < 5; index += 1) chat.post(`start ${index}`);
    const log = loaded(chat);
    const underWay: Message[] = [];
    const catchUp = () => {
      let hasMore = true;
      while (hasMore) {
        const since = log.hi;
        const answer = chat.changes(since, 3);
        log.applyChanges(answer, since);
        hasMore = log.takeHeld() || answer.hasMore;
      }
    };
    for (let step = 0; step < 60; step += 1) {
      const any = `m${1 + Math.floor(random() * chat.lastSeq)}`;
      const dice = random();
      if (dice < 0.5) chat.post(`step ${step}`);
      else if (dice < 0.8 && !chat.messages.get(any)!.isDeleted) chat.edit(any, `edit ${step}`);
      else chat.erase(any);
      const delivery = chat.deliveries.at(-1)!;
      if (random() > 0.2) underWay.splice(Math.floor(random() * underWay.length), 0, delivery);
      if (random() < 0.1) underWay.push(delivery);
      while (underWay.length > 3) if (log.take(underWay.shift()!) === 'gap') catchUp();
    }
    for (const delivery of underWay) log.take(delivery);
    catchUp();
    return { log, chat };
  }

  test('the device ends with exactly the chat', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const { log, chat } = play(seed);
      expect(log.messages, `seed ${seed}`).toEqual(chat.present());
      expect(log.hi).toBe(chat.lastRev);
    }
  });
});
