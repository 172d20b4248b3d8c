import { SvelteMap, SvelteSet } from 'svelte/reactivity';

import { ApiError } from '../net/problem';
import type { KeptErasure, KeptErasures } from '../store/kept_erasures';

/** How long a deletion can be taken back. Nobody waits longer for it to be done. */
export const undoMs = 3_000;

export interface ErasuresParts {
  store: KeptErasures;
  erase(chatId: string, messageId: string): Promise<void>;
  /** The server will not do it. */
  onRefused(error: unknown): void;
  now(): number;
}

/**
 * Deletions that were asked for. Each can be taken back for a moment; then the server is told, or
 * before the page goes. What it has not answered is kept, and told again with the next link.
 */
export class Erasures {
  #waiting = new SvelteMap<string, ReturnType<typeof setTimeout>>();
  /** Told to the server, which has not answered. */
  #told = new SvelteSet<string>();

  constructor(private parts: ErasuresParts) {}

  /** Shown as deleted already. */
  has(messageId: string): boolean {
    return this.#waiting.has(messageId) || this.#told.has(messageId);
  }

  mayUndo(messageId: string): boolean {
    return this.#waiting.has(messageId);
  }

  begin(chatId: string, messageId: string): void {
    if (this.has(messageId)) return;
    const erasure = { chatId, messageId, at: this.parts.now() };
    this.parts.store.add(erasure);
    this.#wait(erasure);
  }

  undo(messageId: string): void {
    clearTimeout(this.#waiting.get(messageId));
    this.#waiting.delete(messageId);
    this.parts.store.remove(messageId);
  }

  /** At the start, and when the link is there again: what was not answered is told again. */
  repeat(): void {
    for (const erasure of this.parts.store.all()) {
      if (!this.#waiting.has(erasure.messageId)) this.#wait(erasure);
    }
  }

  /** The page or the account goes: what was asked for is done now. */
  async flush(): Promise<void> {
    const kept = this.parts.store.all().filter((each) => this.#waiting.has(each.messageId));
    await Promise.all(kept.map((each) => this.#commit(each)));
  }

  /** The account is signed out. */
  clear(): void {
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
    this.parts.store.clear();
  }

  #wait(erasure: KeptErasure): void {
    const leftMs = erasure.at + undoMs - this.parts.now();
    const timer = setTimeout(
      () => void this.#commit(erasure),
      Math.min(Math.max(0, leftMs), undoMs),
    );
    this.#waiting.set(erasure.messageId, timer);
  }

  async #commit({ chatId, messageId }: KeptErasure): Promise<void> {
    const { store, erase, onRefused } = this.parts;
    clearTimeout(this.#waiting.get(messageId));
    this.#told.add(messageId);
    this.#waiting.delete(messageId);
    try {
      // Another tab may have taken it back.
      if (store.has(messageId)) await erase(chatId, messageId);
      store.remove(messageId);
      this.#told.delete(messageId);
    } catch (error) {
      if (error instanceof ApiError && error.isRetryable) return;
      store.remove(messageId);
      this.#told.delete(messageId);
      onRefused(error);
    }
  }
}
