import { ChatLog } from '../model/chat_log';
import type { PendingMessage } from '../model/outbox';
import { isMessage } from '../model/shapes';
import type { HistoryPage, Message, SendReceipt } from '../model/types';
import type { Anchor } from '../model/virtual_list';
import type { Api } from '../net/api';
import type { ChatStore } from '../store/chat_store';
import type { Chats } from './chats.svelte';

const pageSize = 50;
/** Who scrolls wants more of it. */
const olderPageSize = 100;
/** A chat that has moved on further than this is loaded anew rather than caught up with. */
const catchUpMost = 1_000;
const saveDelayMs = 800;
/** So often in a row `changes` may bring nothing of what was told; pauses grow by `fruitlessMs`. */
const fruitlessMost = 5;
const fruitlessMs = 250;

export interface ConversationParts {
  api: Api;
  chats: Chats;
  store: ChatStore;
}

/** The messages of one chat that is, or was lately, on the screen. */
export class Conversation {
  messages = $state.raw<readonly Message[]>([]);
  hasOlder = $state(false);
  hasNewer = $state(false);
  isLoaded = $state(false);
  isLoadingOlder = $state(false);
  error = $state.raw<unknown>(null);
  /** The unread divider stands after this `seq`, for as long as the chat stays open. */
  dividerAfterSeq = $state<number | null>(null);
  /** Where the user was when the chat was left, if that was not at the end. */
  place: Anchor | null = null;

  #log = new ChatLog();
  #catchingUp: Promise<void> | null = null;
  #saveTimer: ReturnType<typeof setTimeout> | undefined;
  #opening: Promise<void> | null = null;
  #isKept = false;

  constructor(
    readonly chatId: string,
    private parts: ConversationParts,
  ) {}

  /** Loads what is to be seen first; a second call does nothing while that is there. */
  open(): Promise<void> {
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  async #open(): Promise<void> {
    this.error = null;
    try {
      if (!this.#log.isLoaded) await this.#restore();
      const chat = this.parts.chats.get(this.chatId);
      if (!this.#log.isLoaded || this.#needsOtherPlace()) await this.#loadFirst();
      else if (chat && chat.lastRev > this.#log.hi) await this.catchUp();
    } catch (error) {
      this.error = error;
    }
    this.#publish();
  }

  async #restore(): Promise<void> {
    const snapshot = await this.parts.store.snapshot(this.chatId).catch(() => undefined);
    if (!snapshot || this.#log.isLoaded || !snapshot.messages.every(isMessage)) return;
    this.#log.restore(snapshot.messages, snapshot.hi, snapshot.hasOlder);
    this.#publish();
  }

  /** The first unread message is not in what is held, or too much lies between. */
  #needsOtherPlace(): boolean {
    const chat = this.parts.chats.get(this.chatId);
    if (!chat) return false;
    const isFarBehind = chat.lastRev - this.#log.hi > catchUpMost;
    const startsAfterUnread =
      chat.unreadCount > 0 && this.#log.firstSeq > chat.state.lastReadSeq + 1;
    return isFarBehind || (startsAfterUnread && this.#log.hasOlder);
  }

  async #loadFirst(): Promise<void> {
    const { api, chats } = this.parts;
    // As the rule wants it: the rev before the page. What comes meanwhile waits in the log.
    const fresh = await api.chat(this.chatId);
    chats.put(fresh);
    const around = fresh.unreadCount > pageSize / 2 ? { aroundSeq: fresh.state.lastReadSeq } : {};
    await this.#page(async () => {
      const page = await api.history(this.chatId, around, pageSize);
      return () => this.#log.reset(page, fresh.lastRev);
    });
    await this.#settle();
  }

  /** One page under way: what changes meanwhile is not lost on it. */
  async #page(load: () => Promise<() => void>): Promise<void> {
    this.#log.beginPage();
    try {
      const apply = await load();
      apply();
    } finally {
      this.#log.endPage();
      this.#publish();
    }
  }

  async loadOlder(): Promise<void> {
    if (this.isLoadingOlder || !this.#log.isLoaded || !this.#log.hasOlder) return;
    this.isLoadingOlder = true;
    try {
      await this.#page(async () => {
        const beforeSeq = this.#log.firstSeq;
        const page = await this.parts.api.history(this.chatId, { beforeSeq }, olderPageSize);
        return () => this.#log.prepend(page);
      });
      this.error = null;
    } catch (error) {
      this.error = error;
    } finally {
      this.isLoadingOlder = false;
    }
  }

  async loadNewer(): Promise<void> {
    if (this.isLoadingOlder || !this.#log.hasNewer) return;
    this.isLoadingOlder = true;
    try {
      await this.#page(async () => {
        const afterSeq = this.#log.lastSeq;
        const page = await this.parts.api.history(this.chatId, { afterSeq }, pageSize);
        return () => this.#log.append(page);
      });
      await this.#settle();
    } catch (error) {
      this.error = error;
    } finally {
      this.isLoadingOlder = false;
    }
  }

  /** The newest page instead of what is shown, if that does not reach so far. */
  async showLatest(): Promise<void> {
    if (!this.#log.hasNewer) return;
    await this.#replace({});
  }

  /** Makes sure that a message is among those that are held. False: it is not there any more. */
  async show(seq: number): Promise<boolean> {
    if (seq < this.#log.firstSeq || seq > this.#log.lastSeq)
      await this.#replace({ aroundSeq: seq });
    return this.messages.some((message) => message.seq === seq);
  }

  async #replace(where: { aroundSeq?: number }): Promise<void> {
    await this.#page(async () => {
      const page: HistoryPage = await this.parts.api.history(this.chatId, where, pageSize);
      return () => this.#log.replaceWindow(page);
    });
    await this.#settle();
  }

  /** A live delivery. */
  take(change: Message): void {
    const verdict = this.#log.take(change);
    if (verdict === 'gap') void this.catchUp().catch(() => undefined);
    if (verdict === 'applied') {
      if (this.#log.takeHeld()) void this.catchUp().catch(() => undefined);
      this.#publish();
    }
  }

  /** An own message that was just acknowledged: shown as sent before the delivery brings it. */
  expect(pending: PendingMessage, receipt: SendReceipt, ownId: string): void {
    this.#log.expect({
      id: receipt.messageId,
      chatId: this.chatId,
      seq: receipt.seq,
      rev: receipt.rev,
      senderId: ownId,
      clientMessageId: pending.clientMessageId,
      type: 'text',
      content: pending.content,
      createdAt: receipt.createdAt,
      editVersion: 0,
    });
    this.#publish();
  }

  /** The answer to an own change: its new state, before the delivery brings it. */
  merge(message: Message): void {
    this.#log.merge(message);
    this.#publish();
  }

  hide(messageId: string): void {
    this.#log.hide(messageId);
    this.#publish();
  }

  /** Asks for what is missing, until nothing is. */
  catchUp(): Promise<void> {
    this.#catchingUp ??= this.#catchUp().finally(() => {
      this.#catchingUp = null;
    });
    return this.#catchingUp;
  }

  async #catchUp(): Promise<void> {
    if (!this.#log.isLoaded) return;
    let fruitless = 0;
    while (fruitless < fruitlessMost) {
      const since = this.#log.hi;
      const answer = await this.parts.api.changes(this.chatId, since);
      if (!this.#log.applyChanges(answer, since)) {
        await this.parts.store.removeSnapshot(this.chatId);
        await this.#loadFirst();
        return;
      }
      const hasMore = this.#log.takeHeld() || answer.hasMore;
      this.#publish();
      if (!hasMore) return;
      fruitless = this.#log.hi > since ? 0 : fruitless + 1;
      if (fruitless > 0)
        await new Promise((resolve) => setTimeout(resolve, fruitless * fruitlessMs));
    }
    // The server has told what it does not know when it is asked: there is nothing to wait for.
    this.#log.dropHeld();
  }

  async #settle(): Promise<void> {
    if (this.#log.takeHeld()) await this.catchUp();
  }

  /** The server has come further than this device knows: `lastRev` of the list or of `sync`. */
  compare(lastRev: number): void {
    if (this.#log.isLoaded && lastRev !== this.#log.hi) void this.catchUp().catch(() => undefined);
  }

  /** The server can be asked again: what could not be loaded is loaded now. */
  retry(): void {
    if (this.error) void this.open();
  }

  get hi(): number {
    return this.#log.hi;
  }

  #publish(): void {
    this.messages = this.#log.messages;
    this.hasOlder = this.#log.hasOlder;
    this.hasNewer = this.#log.hasNewer;
    this.isLoaded = this.#log.isLoaded;
    // The first is kept at once: who reloads without a link the next moment still has the chat.
    if (!this.#isKept) this.save();
    else this.#saveTimer ??= setTimeout(() => this.save(), saveDelayMs);
  }

  /** Keeps the newest messages for the next start. A window elsewhere in the chat is not kept. */
  save(): void {
    clearTimeout(this.#saveTimer);
    this.#saveTimer = undefined;
    if (!this.#log.isLoaded || this.#log.hasNewer || this.#log.heldCount > 0) return;
    this.#isKept = true;
    const { hi, hasOlder, messages } = this.#log;
    const snapshot = { chatId: this.chatId, hi, hasOlder, messages };
    void this.parts.store.putSnapshot(snapshot).catch(() => undefined);
  }
}
