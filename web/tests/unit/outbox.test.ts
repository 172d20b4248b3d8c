import { describe, expect, test } from 'vitest';

import {
  Outbox,
  type OutboxStore,
  type PendingMessage,
  type SendAnswer,
} from '../../src/model/outbox';
import { ApiError, offlineProblem } from '../../src/net/problem';
import { ChatStore } from '../../src/store/chat_store';

function pending(clientMessageId: string, chatId = 'chat'): PendingMessage {
  return { clientMessageId, chatId, content: `text of ${clientMessageId}`, createdAt: 0 };
}

/** A server that keeps what it was sent, once a key; and fails as it is told to. */
class FakeServer {
  stored: string[] = [];
  attempts: string[] = [];
  isOnline = true;
  answers: ((message: PendingMessage) => SendAnswer | 'lost-request' | 'lost-answer')[] = [];

  async send(message: PendingMessage): Promise<SendAnswer> {
    this.attempts.push(message.clientMessageId);
    const special = this.answers.shift()?.(message);
    if (special === 'lost-request') throw new ApiError(offlineProblem());
    if (special && special !== 'lost-answer') return special;
    const isNew = !this.stored.includes(message.clientMessageId);
    if (isNew) this.stored.push(message.clientMessageId);
    if (special === 'lost-answer') throw new ApiError(offlineProblem());
    const seq = this.stored.indexOf(message.clientMessageId) + 1;
    const receipt = { messageId: `m${seq}`, seq, rev: seq, createdAt: '', duplicate: !isNew };
    return { ok: true, receipt };
  }
}

function refused(code: string, retryable: boolean): SendAnswer {
  return { ok: false, problem: { status: 400, code, retryable, detail: `because of ${code}` } };
}

let users = 0;

async function openStore(): Promise<ChatStore> {
  users += 1;
  return ChatStore.open(`outbox-${users}`);
}

let lock: Promise<unknown> = Promise.resolve();

function makeOutbox(store: OutboxStore, server: FakeServer) {
  const sent: string[] = [];
  const slept: number[] = [];
  const outbox = new Outbox({
    store,
    withLock: (job) => {
      const turn = lock.then(job);
      lock = turn.catch(() => undefined);
      return turn;
    },
    isOnline: () => server.isOnline,
    send: (message) => server.send(message),
    sleep: async (ms) => {
      slept.push(ms);
    },
    onSent: (message) => sent.push(message.clientMessageId),
    onChange: () => {},
  });
  return { outbox, sent, slept };
}

async function settled(outbox: Outbox, count = 0): Promise<void> {
  await expect.poll(() => outbox.pending.length).toBe(count);
}

describe('the outbox', () => {
  test('sends in the order of typing, and forgets what was acknowledged', async () => {
    const store = await openStore();
    const server = new FakeServer();
    const { outbox, sent } = makeOutbox(store.outbox, server);
    await Promise.all(['a', 'b', 'c', 'd'].map((key) => outbox.add(pending(key))));
    await settled(outbox);
    expect(server.stored).toEqual(['a', 'b', 'c', 'd']);
    expect(sent).toEqual(['a', 'b', 'c', 'd']);
    expect(await store.outbox.all()).toEqual([]);
  });

  test('keeps what was typed offline over a reload, in order', async () => {
    const store = await openStore();
    const server = new FakeServer();
    server.isOnline = false;
    const before = makeOutbox(store.outbox, server);
    for (const key of ['z', 'y', 'x']) await before.outbox.add(pending(key));
    before.outbox.close();
    expect(server.attempts).toEqual([]);

    const after = makeOutbox(store.outbox, server);
    await after.outbox.load();
    expect(after.outbox.pending.map((each) => each.clientMessageId)).toEqual(['z', 'y', 'x']);
    server.isOnline = true;
    after.outbox.kick();
    await settled(after.outbox);
    expect(server.stored).toEqual(['z', 'y', 'x']);
  });

  test('says it again where no answer came, and it is stored once', async () => {
    const store = await openStore();
    const server = new FakeServer();
    server.answers = [() => 'lost-answer', () => 'lost-request', () => 'lost-answer'];
    const { outbox, slept } = makeOutbox(store.outbox, server);
    await outbox.add(pending('a'));
    await outbox.add(pending('b'));
    await settled(outbox);
    expect(server.stored).toEqual(['a', 'b']);
    expect(server.attempts.filter((key) => key === 'a').length).toBeGreaterThan(1);
    expect(slept.length).toBeGreaterThan(0);
  });

  test('waits as long as it is told to where it may be tried again', async () => {
    const store = await openStore();
    const server = new FakeServer();
    server.answers = [
      () => ({
        ok: false,
        problem: { status: 429, code: 'rate-limited', retryable: true, retryAfterMs: 7_000 },
      }),
    ];
    const { outbox, slept } = makeOutbox(store.outbox, server);
    await outbox.add(pending('a'));
    await settled(outbox);
    expect(slept).toEqual([7_000]);
    expect(server.stored).toEqual(['a']);
  });

  test('a refused message stays with its reason, and what follows goes on', async () => {
    const store = await openStore();
    const server = new FakeServer();
    server.answers = [() => refused('cannot-contact-user', false)];
    const { outbox } = makeOutbox(store.outbox, server);
    await outbox.add(pending('a'));
    await outbox.add(pending('b'));
    await settled(outbox, 1);
    expect(outbox.pending[0]).toMatchObject({
      clientMessageId: 'a',
      refusal: 'because of cannot-contact-user',
      problem: { code: 'cannot-contact-user' },
    });
    expect(server.stored).toEqual(['b']);

    await outbox.retry('a');
    expect(outbox.pending[0]).not.toHaveProperty('problem');
    await settled(outbox);
    expect(server.stored).toEqual(['b', 'a']);
  });

  test('two tabs send each message once, in order', async () => {
    const store = await openStore();
    const server = new FakeServer();
    server.isOnline = false;
    const one = makeOutbox(store.outbox, server);
    const two = makeOutbox(store.outbox, server);
    await one.outbox.add(pending('a'));
    await two.outbox.add(pending('b'));
    await one.outbox.add(pending('c'));
    server.isOnline = true;
    one.outbox.kick();
    two.outbox.kick();
    await expect.poll(async () => (await store.outbox.all()).length).toBe(0);
    expect(server.attempts).toEqual(['a', 'b', 'c']);
  });

  test('a delivery settles it as well as an ack does', async () => {
    const store = await openStore();
    const server = new FakeServer();
    server.isOnline = false;
    const { outbox } = makeOutbox(store.outbox, server);
    await outbox.add(pending('a'));
    await outbox.settle('a');
    expect(outbox.pending).toEqual([]);
    expect(await store.outbox.all()).toEqual([]);
  });

  test('a discarded message is not sent', async () => {
    const store = await openStore();
    const server = new FakeServer();
    server.isOnline = false;
    const { outbox } = makeOutbox(store.outbox, server);
    await outbox.add(pending('a'));
    await outbox.discard('a');
    server.isOnline = true;
    outbox.kick();
    await outbox.add(pending('b'));
    await settled(outbox);
    expect(server.attempts).toEqual(['b']);
  });
});
