import { SvelteMap } from 'svelte/reactivity';

import type { Client } from './client.svelte';

const saveDelayMs = 1_000;
/** As the server takes it. */
const draftBytesMax = 4_096;

/** What was begun and not sent: here at once, on the user's other devices a moment later. */
export class Drafts {
  #texts = new SvelteMap<string, string>();
  #timers = new Map<string, ReturnType<typeof setTimeout>>();
  #isTaken = new Set<string>();

  constructor(private client: Client) {}

  of(chatId: string): string {
    return this.#texts.get(chatId) ?? this.client.chats.get(chatId)?.state.draft ?? '';
  }

  /** From this device's own store: what was typed before the last reload. */
  async restore(chatId: string): Promise<string> {
    if (!this.#texts.has(chatId)) {
      const stored = await this.client.store
        .value<string>(`draft:${chatId}`)
        .catch(() => undefined);
      if (stored && !this.#texts.has(chatId)) this.#texts.set(chatId, stored);
    }
    return this.of(chatId);
  }

  set(chatId: string, text: string): void {
    if (this.of(chatId) === text) return;
    this.#texts.set(chatId, text);
    this.client.tabs.tell({ kind: 'draft', chatId, text });
    void this.client.store.putValue(`draft:${chatId}`, text).catch(() => undefined);
    clearTimeout(this.#timers.get(chatId));
    this.#timers.set(
      chatId,
      setTimeout(() => void this.#save(chatId, text), saveDelayMs),
    );
  }

  /** Typed in another tab. */
  hear(chatId: string, text: string): void {
    this.#texts.set(chatId, text);
  }

  /** Typed on another device. What is being typed here is newer. */
  hearFromServer(chatId: string, text: string): void {
    if (this.#timers.has(chatId)) return;
    this.#texts.set(chatId, text);
    void this.client.store.putValue(`draft:${chatId}`, text).catch(() => undefined);
  }

  async #save(chatId: string, text: string): Promise<void> {
    this.#timers.delete(chatId);
    if (new TextEncoder().encode(text).length > draftBytesMax) return;
    if (!text && !this.#isTaken.has(chatId)) {
      if (!this.client.chats.get(chatId)?.state.draft) return;
    }
    this.#isTaken.add(chatId);
    const fields = { chatId, draft: text };
    await this.client.link.ask('update_chat_state', fields).catch(() => undefined);
  }
}
