import { SvelteMap } from 'svelte/reactivity';

import { raised, type Watermark } from '../model/ticks';
import type { ChatStore } from '../store/chat_store';

const storeName = 'watermarks';
const saveDelayMs = 1_000;

type Marks = ReadonlyMap<string, Watermark>;

/** Per chat and user: how far others have come. Kept, for `sync` tells only what moved. */
export class Watermarks {
  #byChat = new SvelteMap<string, Marks>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private ownId: string,
    private store: ChatStore,
  ) {}

  async load(): Promise<void> {
    const stored = await this.store.value<Map<string, Marks>>(storeName);
    for (const [chatId, marks] of stored ?? []) this.#byChat.set(chatId, marks);
  }

  of(chatId: string): Watermark[] {
    const marks = this.#byChat.get(chatId);
    return marks ? [...marks].flatMap(([user, mark]) => (user === this.ownId ? [] : [mark])) : [];
  }

  raise(chatId: string, userId: string, next: Partial<Watermark>): void {
    const known = this.#byChat.get(chatId) ?? new Map<string, Watermark>();
    this.#byChat.set(chatId, new Map(known).set(userId, raised(known.get(userId), next)));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.save(), saveDelayMs);
  }

  forget(chatId: string): void {
    this.#byChat.delete(chatId);
  }

  save(): void {
    clearTimeout(this.#timer);
    void this.store.putValue(storeName, new Map(this.#byChat)).catch(() => undefined);
  }
}
