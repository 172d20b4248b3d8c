import { SvelteMap } from 'svelte/reactivity';

const defaultTtlMs = 3_000;
const mostTtlMs = 30_000;
/** The server says when somebody stops; this is for when it cannot. */
const graceMs = 1_500;
const repeatMs = 2_000;

export interface TypingParts {
  ownId: string;
  tell(event: 'typing_start' | 'typing_stop', chatId: string): void;
  now(): number;
}

/** Who types where, and telling others that this user does. */
export class Typing {
  #byChat = new SvelteMap<string, readonly string[]>();
  #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #toldAt = new Map<string, number>();

  constructor(private parts: TypingParts) {}

  in(chatId: string): readonly string[] {
    return this.#byChat.get(chatId) ?? [];
  }

  hear(event: string, chatId: string, userId: string, ttlMs = defaultTtlMs): void {
    if (!chatId || !userId || userId === this.parts.ownId) return;
    const key = `${chatId} ${userId}`;
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
    const others = this.in(chatId).filter((each) => each !== userId);
    if (event !== 'typing_start') {
      this.#put(chatId, others);
      return;
    }
    this.#put(chatId, [...others, userId]);
    const stop = () => this.hear('typing_stop', chatId, userId);
    this.#timers.set(key, setTimeout(stop, Math.min(ttlMs, mostTtlMs) + graceMs));
  }

  /** Nothing that was heard before holds any more. */
  clear(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#byChat.clear();
  }

  /** The user has changed the text of the composer. */
  onInput(chatId: string, isEmpty: boolean): void {
    if (isEmpty) {
      this.stop(chatId);
      return;
    }
    const now = this.parts.now();
    if (now - (this.#toldAt.get(chatId) ?? -Infinity) < repeatMs) return;
    this.#toldAt.set(chatId, now);
    this.parts.tell('typing_start', chatId);
  }

  stop(chatId: string): void {
    if (this.#toldAt.delete(chatId)) this.parts.tell('typing_stop', chatId);
  }

  /** It was sent, which ends the typing for everybody. */
  sent(chatId: string): void {
    this.#toldAt.delete(chatId);
  }

  #put(chatId: string, users: readonly string[]): void {
    if (users.length > 0) this.#byChat.set(chatId, users);
    else this.#byChat.delete(chatId);
  }
}
