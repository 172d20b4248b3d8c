import type { ChatUserState, Receipt } from '../model/types';
import type { ChatDigest } from '../net/api';
import { ApiError, garbageProblem } from '../net/problem';
import type { Client } from './client.svelte';
import { hear } from './events';

const cursorName = 'cursor';
const retryMs = 2_000;
const verifyEveryMs = 5 * 60_000;

/** Brings this device level with the server after each connect, and proves it. */
export class Syncer {
  isSyncing = $state(false);
  error = $state.raw<unknown>(null);
  #underWay: Promise<void> | null = null;
  #again = false;
  #verifiedAt = 0;

  constructor(private client: Client) {}

  /** `readyCursor`: where the link itself stands, for a device that has none of its own. */
  run(readyCursor?: string): Promise<void> {
    if (this.#underWay) {
      this.#again = true;
      return this.#underWay;
    }
    this.#underWay = this.#run(readyCursor).finally(() => {
      this.#underWay = null;
      if (!this.#again) return;
      this.#again = false;
      void this.run();
    });
    return this.#underWay;
  }

  async #run(readyCursor?: string): Promise<void> {
    this.isSyncing = true;
    try {
      await this.#catchUp(readyCursor);
      this.error = null;
      for (const conversation of this.client.heldConversations) conversation.retry();
      await this.#afterwards();
    } catch (error) {
      this.error = error;
      if (this.client.link.isOnline) setTimeout(() => void this.run(readyCursor), retryMs);
    } finally {
      this.isSyncing = false;
    }
  }

  async #catchUp(readyCursor?: string): Promise<void> {
    const { chats, store } = this.client;
    const cursor = await store.value<string>(cursorName).catch(() => undefined);
    if (cursor && chats.isLoaded && (await this.#sync(cursor))) return;
    // Afresh. The cursor is from before the first page, so nothing falls between.
    const start = await this.#start();
    await chats.reload();
    const next = start?.cursor ?? readyCursor;
    if (next) await store.putValue(cursorName, next).catch(() => undefined);
    for (const conversation of this.client.heldConversations) {
      const chat = chats.get(conversation.chatId);
      if (chat) conversation.compare(chat.lastRev);
    }
  }

  /** Where all chats stand; null from a server that does not know. */
  async #start(): Promise<{ cursor: string } | null> {
    try {
      const answer = await this.client.api.sync();
      this.#takeReceipts(answer.receipts ?? []);
      return answer;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }

  #takeReceipts(receipts: readonly Receipt[]): void {
    for (const { chatId, userId, lastDeliveredSeq, lastReadSeq } of receipts) {
      const next = { deliveredSeq: lastDeliveredSeq, readSeq: lastReadSeq };
      this.client.watermarks.raise(chatId, userId, next);
    }
  }

  /** False: the cursor is of no use any more. */
  async #sync(from: string): Promise<boolean> {
    const { api, store } = this.client;
    let cursor = from;
    let hasMore = true;
    while (hasMore) {
      let answer;
      try {
        answer = await api.sync(cursor);
      } catch (error) {
        const isUseless = error instanceof ApiError && [404, 410, 422].includes(error.status);
        if (isUseless) return false;
        throw error;
      }
      for (const change of answer.changes ?? []) hear(this.client, change.event, change);
      for (const digest of answer.chats ?? []) await this.#level(digest);
      this.#takeReceipts(answer.receipts ?? []);
      hasMore = answer.hasMore;
      if (hasMore && answer.cursor === cursor) throw new ApiError(garbageProblem(200));
      cursor = answer.cursor;
      await store.putValue(cursorName, cursor).catch(() => undefined);
    }
    return true;
  }

  async #level(digest: ChatDigest): Promise<void> {
    const { chats } = this.client;
    const known = chats.get(digest.chatId);
    if (!known || known.lastRev !== digest.lastRev) await chats.refetch(digest.chatId);
    else {
      const state: Partial<ChatUserState> = { lastReadSeq: digest.lastReadSeq };
      chats.changeState(digest.chatId, state, digest.unreadCount);
    }
    this.client.held(digest.chatId)?.compare(digest.lastRev);
  }

  async #afterwards(): Promise<void> {
    const { chats, marks, presence } = this.client;
    for (const chat of chats.ordered) {
      if (chat.lastSeq > (chat.state.lastDeliveredSeq ?? 0) && chat.unreadCount > 0) {
        marks.delivered(chat.id, chat.lastSeq);
      }
    }
    const peers = chats.ordered.flatMap((chat) => (chat.peer ? [chat.peer.id] : []));
    await presence.restart(peers);
    await this.verify();
  }

  /** The proof: the server answers only what differs from what is held here. */
  async verify(): Promise<void> {
    if (Date.now() - this.#verifiedAt < verifyEveryMs) return;
    this.#verifiedAt = Date.now();
    const { api, chats } = this.client;
    const answer = await api.verify(chats.known()).catch(() => null);
    for (const digest of answer?.chats ?? []) await this.#level(digest);
    for (const chatId of answer?.notThere ?? []) this.client.forget(chatId);
  }

  async refreshSelf(): Promise<void> {
    const user = await this.client.api.me().catch(() => null);
    if (user) this.client.people.learn(user);
  }
}
