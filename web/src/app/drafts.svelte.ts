import { SvelteMap } from 'svelte/reactivity';

import { UnsavedDrafts } from '../store/unsaved_drafts';
import type { Client } from './client.svelte';

const saveDelayMs = 1_000;
/** As the server takes it. */
const draftBytesMax = 4_096;

/** What was begun and not sent: here at once, on the user's other devices a moment later. */
export class Drafts {
  #texts = new SvelteMap<string, string>();
  #timers = new Map<string, ReturnType<typeof setTimeout>>();
  /** Chats whose draft was typed here and is newer than the server's. */
  #unsaved = new Set<string>();
  #isTaken = new Set<string>();
  #store: UnsavedDrafts;

  constructor(private client: Client) {
    this.#store = new UnsavedDrafts(client.ownId);
    // What was typed just before the last reload.
    for (const [chatId, text] of this.#store.all()) {
      this.#texts.set(chatId, text);
      this.#unsaved.add(chatId);
      this.#isTaken.add(chatId);
    }
  }

  of(chatId: string): string {
    return this.#texts.get(chatId) ?? this.client.chats.get(chatId)?.state.draft ?? '';
  }

  set(chatId: string, text: string): void {
    if (this.of(chatId) === text) return;
    this.#texts.set(chatId, text);
    this.#unsaved.add(chatId);
    this.#store.put(chatId, text);
    this.client.tabs.tell({ kind: 'draft', chatId, text });
    clearTimeout(this.#timers.get(chatId));
    this.#timers.set(
      chatId,
      setTimeout(() => void this.#save(chatId), saveDelayMs),
    );
  }

  /** Typed in another tab, which saves it. */
  hear(chatId: string, text: string): void {
    clearTimeout(this.#timers.get(chatId));
    this.#timers.delete(chatId);
    this.#unsaved.delete(chatId);
    this.#texts.set(chatId, text);
  }

  /** Typed on another device. What is being typed here is newer. */
  hearFromServer(chatId: string, text: string): void {
    if (!this.#unsaved.has(chatId)) this.#texts.set(chatId, text);
  }

  /** The link is there again: what did not get through goes now. */
  repeat(): void {
    for (const chatId of this.#unsaved) if (!this.#timers.has(chatId)) void this.#save(chatId);
  }

  /** The chat is gone. */
  forget(chatId: string): void {
    this.hear(chatId, '');
    this.#store.remove(chatId);
  }

  /** The account is signed out. */
  clear(): void {
    this.#store.clear();
  }

  async #save(chatId: string): Promise<void> {
    this.#timers.delete(chatId);
    const text = this.of(chatId);
    if (new TextEncoder().encode(text).length > draftBytesMax) return;
    const isKnownEmpty = !this.#isTaken.has(chatId) && !this.client.chats.get(chatId)?.state.draft;
    if (text || !isKnownEmpty) {
      this.#isTaken.add(chatId);
      const fields = { chatId, draft: text };
      const answer = await this.client.link.ask('update_chat_state', fields).catch(() => null);
      // Without a link it goes with the next one.
      if (!answer?.ok) return;
      this.client.chats.changeState(chatId, { draft: text });
    }
    this.#store.settle(chatId, text);
    if (this.of(chatId) === text) this.#unsaved.delete(chatId);
  }
}
