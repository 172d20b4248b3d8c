import type { Problem, SendReceipt } from './types';

/** A message that has not been acknowledged. It is kept over reloads until it is. */
export interface PendingMessage {
  clientMessageId: string;
  chatId: string;
  content: string;
  replyToMessageId?: string;
  mentions?: string[];
  createdAt: number;
  /** Why the server will not have it; the user decides what becomes of it. */
  refusal?: string;
  problem?: Problem;
}

/** Where pending messages live. `add` keeps the order of calls, over all tabs of the account. */
export interface OutboxStore {
  all(): Promise<PendingMessage[]>;
  add(message: PendingMessage): Promise<void>;
  put(message: PendingMessage): Promise<void>;
  remove(clientMessageId: string): Promise<void>;
}

export type SendAnswer = { ok: true; receipt: SendReceipt } | { ok: false; problem: Problem };

export interface OutboxParts {
  store: OutboxStore;
  /** One at a time over all tabs. */
  withLock<Value>(job: () => Promise<Value>): Promise<Value>;
  isOnline(): boolean;
  /** Rejects where no answer came: nobody knows whether it was stored, so it is said again. */
  send(message: PendingMessage): Promise<SendAnswer>;
  sleep(ms: number): Promise<void>;
  onSent(message: PendingMessage, receipt: SendReceipt): void;
  onChange(pending: PendingMessage[]): void;
}

const retryFirstMs = 500;
const retryMostMs = 15_000;

/**
 * Sends what was typed: in the order of typing within a chat, once, over reloads and lost links.
 *
 * A message leaves the store only with its receipt. It is sent again under the same
 * `clientMessageId` for as long as no answer comes, which the server takes for the same message. A
 * refused one stays, with the reason, and does not hold up what follows it.
 */
export class Outbox {
  pending: PendingMessage[] = [];
  #parts: OutboxParts;
  /** Shown already, and on their way into the store. */
  #unsaved: PendingMessage[] = [];
  #isDraining = false;
  #wantsDrain = false;
  #isClosed = false;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  close(): void {
    this.#isClosed = true;
  }

  async load(): Promise<void> {
    await this.#read();
  }

  async add(message: PendingMessage): Promise<void> {
    this.#unsaved.push(message);
    this.#set([...this.pending, message]);
    await this.#parts.store.add(message);
    this.#unsaved = this.#unsaved.filter((each) => each !== message);
    this.kick();
  }

  async discard(clientMessageId: string): Promise<void> {
    this.#set(this.pending.filter((each) => each.clientMessageId !== clientMessageId));
    await this.#parts.store.remove(clientMessageId);
  }

  async retry(clientMessageId: string): Promise<void> {
    const refused = this.pending.find((each) => each.clientMessageId === clientMessageId);
    if (!refused) return;
    const { refusal: _, problem: __, ...message } = refused;
    await this.#update(message);
    this.kick();
  }

  /** A message that the server has delivered: whoever sent it, it need not be sent again. */
  async settle(clientMessageId: string): Promise<void> {
    if (!this.pending.some((each) => each.clientMessageId === clientMessageId)) return;
    await this.discard(clientMessageId);
  }

  /** Sends what waits, if the link is there. Safe to call at any time. */
  kick(): void {
    this.#wantsDrain = true;
    if (this.#isDraining || this.#isClosed) return;
    this.#isDraining = true;
    void this.#drain().finally(() => {
      this.#isDraining = false;
      if (this.#wantsDrain && this.#parts.isOnline()) this.kick();
    });
  }

  async #drain(): Promise<void> {
    let retryMs = retryFirstMs;
    while (this.#wantsDrain && this.#parts.isOnline() && !this.#isClosed) {
      this.#wantsDrain = false;
      const outcome = await this.#parts
        .withLock(() => this.#sendAll())
        .catch(() => ({ waitMs: retryMs }));
      if (outcome === 'done') {
        retryMs = retryFirstMs;
        continue;
      }
      this.#wantsDrain = true;
      await this.#parts.sleep(Math.max(outcome.waitMs, retryMs));
      retryMs = Math.min(retryMs * 2, retryMostMs);
    }
  }

  /** From the store, for another tab may have sent some and added others. */
  async #sendAll(): Promise<'done' | { waitMs: number }> {
    for (;;) {
      const pending = await this.#read();
      const next = pending.find((each) => each.refusal === undefined);
      if (!next || this.#isClosed) return 'done';
      if (!this.#parts.isOnline()) return 'done';
      const answer = await this.#parts.send(next);
      if (answer.ok) {
        this.#parts.onSent(next, answer.receipt);
        await this.discard(next.clientMessageId);
      } else if (answer.problem.retryable) {
        return { waitMs: answer.problem.retryAfterMs ?? 0 };
      } else {
        const { problem } = answer;
        await this.#update({ ...next, refusal: problem.detail ?? problem.code, problem });
      }
    }
  }

  async #read(): Promise<PendingMessage[]> {
    const stored = await this.#parts.store.all();
    const keys = new Set(stored.map((each) => each.clientMessageId));
    const unsaved = this.#unsaved.filter((each) => !keys.has(each.clientMessageId));
    this.#set([...stored, ...unsaved]);
    return stored;
  }

  async #update(message: PendingMessage): Promise<void> {
    this.#set(
      this.pending.map((each) =>
        each.clientMessageId === message.clientMessageId ? message : each,
      ),
    );
    await this.#parts.store.put(message);
  }

  #set(pending: PendingMessage[]): void {
    this.pending = pending;
    this.#parts.onChange(pending);
  }
}
