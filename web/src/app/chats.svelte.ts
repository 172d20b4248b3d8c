import { SvelteMap, SvelteSet } from 'svelte/reactivity';

import { t } from '../i18n/i18n.svelte';
import { byListOrder } from '../model/chat_order';
import { pinnedAfter, previewAfter, unreadAfter } from '../model/list_rule';
import { isChat } from '../model/shapes';
import type { Chat, ChatUserState, Message } from '../model/types';
import type { Api } from '../net/api';
import { ApiError, garbageProblem } from '../net/problem';
import type { ChatStore } from '../store/chat_store';
import { displayNameOf, type People } from './people.svelte';

/** The chat list: what the server says of each chat, kept up to date by what comes live. */
export class Chats {
  #chats = new SvelteMap<string, Chat>();
  #refetching = new Set<string>();
  /** Chats that are known not to be there, so that nobody waits for them. */
  missing = new SvelteSet<string>();
  isLoaded = $state(false);

  constructor(
    private api: Api,
    private store: ChatStore,
    private people: People,
  ) {}

  ordered = $derived.by(() => [...this.#chats.values()].sort(byListOrder));

  get(chatId: string): Chat | undefined {
    return this.#chats.get(chatId);
  }

  get ids(): string[] {
    return [...this.#chats.keys()];
  }

  /** `{chatId: rev}` of what is held, for the proof call. */
  known(): Record<string, number> {
    return Object.fromEntries([...this.#chats.values()].map((chat) => [chat.id, chat.lastRev]));
  }

  titleOf(chat: Chat): string {
    if (chat.type === 'saved') return t('nav.savedTitle');
    if (chat.type === 'direct') {
      const peer = chat.peer && (this.people.get(chat.peer.id) ?? chat.peer);
      return displayNameOf(peer) ?? t('chat.someone');
    }
    return chat.title ?? '';
  }

  async restore(): Promise<void> {
    for (const chat of await this.store.chats()) if (isChat(chat)) this.#chats.set(chat.id, chat);
    if (this.#chats.size > 0) this.isLoaded = true;
  }

  /** The whole list from the server; what is not in it any more is gone. */
  async reload(): Promise<void> {
    const seen = new Set<string>();
    for (const filter of ['all', 'archived'] as const) {
      let cursor: string | undefined;
      do {
        const page = await this.api.chats(filter, cursor);
        for (const chat of page.data) {
          seen.add(chat.id);
          this.put(chat);
        }
        const next = page.page.hasMore ? (page.page.nextCursor ?? undefined) : undefined;
        if (next !== undefined && next === cursor) throw new ApiError(garbageProblem(200));
        cursor = next;
      } while (cursor !== undefined);
    }
    for (const chatId of this.ids) if (!seen.has(chatId)) this.remove(chatId);
    this.isLoaded = true;
  }

  /** Whole, from the server. An answer that is older than what came live meanwhile is not taken. */
  put(chat: Chat): void {
    const known = this.#chats.get(chat.id);
    if (known && known.lastRev > chat.lastRev) {
      // Its private part may still be news.
      this.#set({ ...known, state: chat.state, unreadCount: known.unreadCount });
      return;
    }
    if (chat.peer) this.people.learn(chat.peer);
    chat.members?.forEach((member) => this.people.learn(member));
    this.missing.delete(chat.id);
    // Who the other is does not change: an answer that leaves it out is not to take the name away.
    this.#set(known?.peer && !chat.peer ? { ...chat, peer: known.peer } : chat);
  }

  /** From the server, unless that is under way. */
  async refetch(chatId: string): Promise<void> {
    if (this.#refetching.has(chatId)) return;
    this.#refetching.add(chatId);
    try {
      this.put(await this.api.chat(chatId));
    } catch (error) {
      // 422: what stands in the address is no id at all.
      if (error instanceof ApiError && [404, 422].includes(error.status)) {
        this.remove(chatId);
        this.missing.add(chatId);
      } else {
        throw error;
      }
    } finally {
      this.#refetching.delete(chatId);
    }
  }

  remove(chatId: string): void {
    this.#chats.delete(chatId);
    void this.store.removeChat(chatId).catch(() => undefined);
  }

  /** A durable change came live. False: something before it is missing, or the chat is new. */
  take(change: Message): boolean {
    const chat = this.#chats.get(change.chatId);
    if (!chat) return false;
    if (change.rev <= chat.lastRev) return true;
    const isNew = change.seq > chat.lastSeq;
    const fits = (change.prevRev ?? change.rev - 1) <= chat.lastRev;
    this.#set({
      ...chat,
      lastRev: fits ? change.rev : chat.lastRev,
      lastSeq: Math.max(chat.lastSeq, change.seq),
      updatedAt: isNew && change.createdAt ? change.createdAt : chat.updatedAt,
      lastMessagePreview: previewAfter(chat.lastMessagePreview, change),
      unreadCount: isNew ? unreadAfter(chat, change, this.people.ownId) : chat.unreadCount,
      state: isNew ? { ...chat.state, isArchived: staysArchived(chat, change) } : chat.state,
      pinnedMessageIds: pinnedAfter(chat.pinnedMessageIds ?? [], change),
      title: change.systemEvent?.title ?? chat.title,
    } as Chat);
    return fits;
  }

  changeState(chatId: string, fields: Partial<ChatUserState>, unreadCount?: number): void {
    const chat = this.#chats.get(chatId);
    if (!chat) return;
    const lastReadSeq = Math.max(chat.state.lastReadSeq, fields.lastReadSeq ?? 0);
    this.#set({
      ...chat,
      state: { ...chat.state, ...fields, lastReadSeq },
      unreadCount: unreadCount ?? chat.unreadCount,
    });
  }

  change(chatId: string, fields: Partial<Chat>): void {
    const chat = this.#chats.get(chatId);
    if (chat) this.#set({ ...chat, ...fields });
  }

  /** A part that came by itself may not fit the rest: such a chat could not be drawn again. */
  #set(chat: Chat): void {
    if (!isChat(chat)) return;
    this.#chats.set(chat.id, chat);
    void this.store.putChat(chat).catch(() => undefined);
  }
}

/** A new message brings a chat back from the archive, unless it is muted (or nobody said it). */
function staysArchived(chat: Chat, message: Message): boolean {
  const isMuted = chat.state.mutedUntil !== null && Date.parse(chat.state.mutedUntil) > Date.now();
  return chat.state.isArchived && (isMuted || message.type === 'system');
}
