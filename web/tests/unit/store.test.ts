import { describe, expect, test } from 'vitest';

import { withLease } from '../../src/net/locks';
import { openLeases } from '../../src/store/leases';
import { ChatStore, snapshotMessagesMax } from '../../src/store/chat_store';
import { FakeChat } from './fake_chat';

describe('what an account keeps', () => {
  test('is in a database of its own', async () => {
    const ann = await ChatStore.open('ann-1');
    const ben = await ChatStore.open('ben-1');
    await ann.outbox.add({ clientMessageId: 'k', chatId: 'c', content: 'secret', createdAt: 0 });
    await ann.putValue('draft:c', 'secret');
    expect(await ben.outbox.all()).toEqual([]);
    expect(await ben.value('draft:c')).toBeUndefined();
  });

  test('is gone after signing out', async () => {
    const store = await ChatStore.open('ann-2');
    await store.putValue('x', 1);
    store.close();
    await ChatStore.remove('ann-2');
    expect(await (await ChatStore.open('ann-2')).value('x')).toBeUndefined();
  });

  test('a session that was ended elsewhere leaves what was not sent', async () => {
    const store = await ChatStore.open('ann-3');
    await store.outbox.add({ clientMessageId: 'k', chatId: 'c', content: 'text', createdAt: 0 });
    await store.putValue('x', 1);
    await store.forgetAllButOutbox();
    expect(await store.value('x')).toBeUndefined();
    expect(await store.outbox.all()).toHaveLength(1);
  });

  test('one key is added once', async () => {
    const store = await ChatStore.open('ann-4');
    const message = { clientMessageId: 'k', chatId: 'c', content: 'text', createdAt: 0 };
    await store.outbox.add(message);
    await expect(store.outbox.add(message)).rejects.toThrow();
    await store.outbox.remove('unknown');
    expect(await store.outbox.all()).toHaveLength(1);
  });

  test('a snapshot keeps the newest messages, and never goes back', async () => {
    const store = await ChatStore.open('ann-5');
    const chat = new FakeChat();
    for (let index = 0; index < snapshotMessagesMax + 20; index += 1) chat.post(`${index}`);
    const messages = chat.present();
    await store.putSnapshot({ chatId: 'chat', hi: chat.lastRev, hasOlder: false, messages });
    const kept = (await store.snapshot('chat'))!;
    expect(kept.messages).toEqual(messages.slice(-snapshotMessagesMax));
    expect(kept.hasOlder).toBe(true);
    await store.putSnapshot({ chatId: 'chat', hi: 3, hasOlder: false, messages: [] });
    expect((await store.snapshot('chat'))!.hi).toBe(chat.lastRev);
  });
});

describe('a lease', () => {
  test('is held by one at a time', async () => {
    let inside = 0;
    let most = 0;
    const job = () =>
      withLease('one', async () => {
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((resolve) => setTimeout(resolve, 2));
        inside -= 1;
      });
    await Promise.all([job(), job(), job()]);
    expect(most).toBe(1);
  });

  test('is free again when its job fails, and when nobody renews it', async () => {
    await expect(
      withLease('two', async () => {
        throw new Error('broken');
      }),
    ).rejects.toThrow('broken');
    expect(await withLease('two', async () => 'done')).toBe('done');

    const leases = await openLeases();
    expect(await leases.take('three', 'dead', 1_000, 500)).toBe(true);
    expect(await leases.take('three', 'next', 1_499, 500)).toBe(false);
    expect(await leases.take('three', 'next', 1_500, 500)).toBe(true);
    await leases.release('three', 'dead');
    expect(await leases.take('three', 'other', 1_501, 500)).toBe(false);
  });
});
