import { isCount } from '../model/shapes';
import type { Ack } from '../net/link';

const leastMs = 1_000;

export interface MarksParts {
  ask(event: string, fields: object): Promise<Ack<{ lastReadSeq?: number; unreadCount?: number }>>;
  onRead(chatId: string, lastReadSeq: number, unreadCount: number | undefined): void;
}

type Kind = 'mark_read' | 'mark_delivered';

/** Tells the server how far this user has come: each mark at most once a second and chat. */
export class Marks {
  #told = new Map<string, number>();
  #wanted = new Map<string, number>();
  #timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(private parts: MarksParts) {}

  read(chatId: string, seq: number): void {
    this.#mark('mark_read', chatId, seq);
  }

  delivered(chatId: string, seq: number): void {
    if ((this.#told.get(`mark_read ${chatId}`) ?? 0) >= seq) return;
    this.#mark('mark_delivered', chatId, seq);
  }

  /** After a lost link: what was not answered is said again. */
  repeat(): void {
    for (const [key, seq] of this.#wanted) {
      const [kind, chatId] = key.split(' ') as [Kind, string];
      if ((this.#told.get(key) ?? 0) < seq) void this.#say(kind, chatId);
    }
  }

  #mark(kind: Kind, chatId: string, seq: number): void {
    const key = `${kind} ${chatId}`;
    if (seq <= (this.#wanted.get(key) ?? 0)) return;
    this.#wanted.set(key, seq);
    // The first at once; what comes within a second of it goes together.
    if (!this.#timers.has(key)) void this.#say(kind, chatId);
  }

  async #say(kind: Kind, chatId: string): Promise<void> {
    const key = `${kind} ${chatId}`;
    const seq = this.#wanted.get(key)!;
    clearTimeout(this.#timers.get(key));
    this.#timers.set(
      key,
      setTimeout(() => {
        this.#timers.delete(key);
        if (this.#wanted.get(key)! > seq) void this.#say(kind, chatId);
      }, leastMs),
    );
    const answer = await this.parts.ask(kind, { chatId, seq }).catch(() => null);
    // No answer: the link is gone, and `repeat` says it again. A refusal will not get better.
    if (!answer) return;
    this.#told.set(key, Math.max(seq, this.#told.get(key) ?? 0));
    if (answer.ok && kind === 'mark_read') {
      const { lastReadSeq, unreadCount } = answer;
      const count = isCount(unreadCount) ? unreadCount : undefined;
      this.parts.onRead(chatId, isCount(lastReadSeq) ? lastReadSeq : seq, count);
    }
  }
}
