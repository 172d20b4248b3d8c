import { Outbox, type PendingMessage } from '../model/outbox';
import { isSendReceipt } from '../model/shapes';
import type { Message, SendReceipt } from '../model/types';
import { Api } from '../net/api';
import { Link, type LinkState } from '../net/link';
import { withLock } from '../net/locks';
import { ApiError, garbageProblem } from '../net/problem';
import { SessionKeeper } from '../net/session';
import { openTabs, type TabNews, type Tabs } from '../net/tabs';
import type { Account, AccountStore } from '../store/accounts';
import { ChatStore } from '../store/chat_store';
import { KeptErasures } from '../store/kept_erasures';
import { Chats } from './chats.svelte';
import { Conversation } from './conversation.svelte';
import { Drafts } from './drafts.svelte';
import { Erasures } from './erasures.svelte';
import { hear } from './events';
import { Marks } from './marks';
import { notices } from './notices.svelte';
import { OwnReactions } from './own_reactions.svelte';
import { People } from './people.svelte';
import { Presence } from './presence.svelte';
import { Syncer } from './syncer.svelte';
import { toasts } from './toasts.svelte';
import { Typing } from './typing.svelte';
import { Watermarks } from './watermarks.svelte';

/** Conversations that are kept in memory, the latest ones. */
const conversationsMax = 12;

export interface ClientParts {
  accounts: AccountStore;
  /** The session has ended elsewhere. */
  onSignedOut(): void;
}

/** Everything that one signed-in account has in this tab: built and started once, closed once. */
export class Client {
  static async start(account: Account, parts: ClientParts): Promise<Client> {
    const client = new Client(account, parts, await ChatStore.open(account.userId));
    const { chats, outbox, people, watermarks } = client;
    await Promise.all([chats.restore(), people.load(), outbox.load(), watermarks.load()]);
    client.link.open();
    return client;
  }

  linkState = $state<LinkState>('connecting');
  isDegraded = $state(false);
  /** True once the link was there: before that it is only being made. */
  wasOnline = $state(false);
  pending = $state.raw<readonly PendingMessage[]>([]);

  readonly ownId: string;
  readonly deviceId: string;
  readonly keeper: SessionKeeper;
  readonly api: Api;
  readonly link: Link;
  readonly people: People;
  readonly chats: Chats;
  readonly drafts: Drafts;
  readonly outbox: Outbox;
  readonly marks: Marks;
  readonly erasures: Erasures;
  readonly ownReactions: OwnReactions;
  readonly presence: Presence;
  readonly typing: Typing;
  readonly watermarks: Watermarks;
  readonly syncer: Syncer;
  readonly tabs: Tabs;
  #conversations = new Map<string, Conversation>();
  #stopListening: () => void;

  private constructor(
    account: Account,
    private parts: ClientParts,
    readonly store: ChatStore,
  ) {
    this.ownId = account.userId;
    this.deviceId = account.deviceId;
    this.keeper = this.#makeKeeper(account);
    this.api = new Api((url, init) => fetch(url, init), this.keeper);
    this.people = new People(this.ownId, this.api, store);
    this.people.learn(account.user);
    this.chats = new Chats(this.api, store, this.people);
    this.link = new Link({
      keeper: this.keeper,
      deviceId: account.deviceId,
      onState: (state) => this.#onState(state),
      onReady: (cursor) => this.#onReady(cursor),
      onEvent: (name, data) => hear(this, name, data),
    });
    this.outbox = this.#makeOutbox();
    this.marks = new Marks({
      ask: (event, fields) => this.link.ask(event, fields),
      onRead: (chatId, lastReadSeq, unreadCount) =>
        this.chats.changeState(chatId, { lastReadSeq, markedUnread: false }, unreadCount),
    });
    this.presence = new Presence((userIds) => this.link.ask('presence_subscribe', { userIds }));
    this.typing = new Typing({
      ownId: this.ownId,
      tell: (event, chatId) => this.link.tell(event, { chatId }),
      now: () => Date.now(),
    });
    this.watermarks = new Watermarks(this.ownId, store);
    this.erasures = this.#makeErasures();
    this.ownReactions = new OwnReactions(this.ownId, this.api);
    this.drafts = new Drafts(this);
    this.syncer = new Syncer(this);
    this.tabs = openTabs(this.ownId, (news) => this.#onTabNews(news));
    this.#stopListening = this.#listenToPage();
  }

  close(): void {
    this.#stopListening();
    void this.erasures.flush();
    this.link.close();
    this.keeper.close();
    this.outbox.close();
    this.tabs.close();
    for (const conversation of this.#conversations.values()) conversation.save();
    this.watermarks.save();
    this.store.close();
  }

  get self() {
    return this.people.get(this.ownId) ?? this.keeper.account.user;
  }

  /** The conversation of a chat; the one that was not seen for longest makes room. */
  conversation(chatId: string): Conversation {
    const known = this.#conversations.get(chatId);
    const conversation = known ?? new Conversation(chatId, this);
    this.#conversations.delete(chatId);
    this.#conversations.set(chatId, conversation);
    if (this.#conversations.size > conversationsMax) {
      const [oldest] = this.#conversations.keys();
      this.#conversations.get(oldest!)?.save();
      this.#conversations.delete(oldest!);
    }
    return conversation;
  }

  held(chatId: string): Conversation | undefined {
    return this.#conversations.get(chatId);
  }

  get heldConversations(): Conversation[] {
    return [...this.#conversations.values()];
  }

  forget(chatId: string): void {
    this.#conversations.delete(chatId);
    this.watermarks.forget(chatId);
    this.drafts.forget(chatId);
    this.chats.remove(chatId);
  }

  /** The user has seen everything up to `seq`. */
  read(chatId: string, seq: number): void {
    const chat = this.chats.get(chatId);
    if (!chat || seq <= chat.state.lastReadSeq) return;
    // Shown at once; the answer brings the server's own count.
    const unreadCount = seq >= chat.lastSeq ? 0 : chat.unreadCount;
    this.chats.changeState(chatId, { lastReadSeq: seq, markedUnread: false }, unreadCount);
    this.marks.read(chatId, seq);
  }

  /** Typed: it is kept from here on, whatever happens. */
  async send(chatId: string, content: string, replyToMessageId?: string): Promise<void> {
    const pending: PendingMessage = {
      clientMessageId: randomKey(),
      chatId,
      content,
      createdAt: Date.now(),
    };
    if (replyToMessageId) pending.replyToMessageId = replyToMessageId;
    this.typing.sent(chatId);
    await this.outbox.add(pending);
    this.tabs.tell({ kind: 'outbox' });
  }

  /** A durable change, live or as the answer to an own request. */
  take(change: Message): void {
    if (change.senderId === this.ownId && change.clientMessageId) {
      void this.outbox.settle(change.clientMessageId);
    }
    if (change.senderId && change.senderId !== this.ownId) {
      this.typing.hear('typing_stop', change.chatId, change.senderId);
    }
    this.held(change.chatId)?.take(change);
    const isNew = change.seq > (this.chats.get(change.chatId)?.lastSeq ?? 0);
    // Who is a member, and as what, is not in the message: the chat says it.
    if (!this.chats.take(change) || change.type === 'system') {
      void this.chats.refetch(change.chatId).catch(() => undefined);
    }
    if (!isNew || change.senderId === this.ownId) return;
    this.marks.delivered(change.chatId, change.seq);
    notices.hear(this, change);
  }

  #makeKeeper(account: Account): SessionKeeper {
    return new SessionKeeper(account, {
      fetch: (url, init) => fetch(url, init),
      accounts: this.parts.accounts,
      withLock,
      now: () => Date.now(),
      onEnd: () => this.parts.onSignedOut(),
      onRenewed: (renewed) => {
        void this.link.refreshToken(renewed.accessToken);
        this.tabs.tell({ kind: 'token' });
      },
    });
  }

  #makeErasures(): Erasures {
    return new Erasures({
      store: new KeptErasures(this.ownId),
      erase: async (chatId, messageId) => {
        const message = await this.api.erase(chatId, messageId, 'everyone');
        this.held(chatId)?.merge(message);
      },
      onRefused: (error) => toasts.fail(error),
      now: () => Date.now(),
    });
  }

  #makeOutbox(): Outbox {
    return new Outbox({
      store: this.store.outbox,
      withLock: (job) => withLock(`outbox:${this.ownId}`, job),
      isOnline: () => this.link.state === 'online',
      send: async (message) => {
        const { createdAt: _, refusal: __, problem: ___, ...fields } = message;
        const ack = await this.link.ask<SendReceipt>('send_message', { ...fields, type: 'text' });
        if (!ack.ok) return { ok: false, problem: ack.error };
        // No receipt is no answer: it is said again.
        if (!isSendReceipt(ack)) {
          throw new ApiError(garbageProblem(0));
        }
        return { ok: true, receipt: ack };
      },
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      onSent: (message, receipt) => this.#onSent(message, receipt),
      onChange: (pending) => {
        this.pending = pending;
      },
    });
  }

  /** The ack is enough to show it as sent; the delivery brings the rest. */
  #onSent(pending: PendingMessage, receipt: SendReceipt): void {
    this.held(pending.chatId)?.expect(pending, receipt, this.ownId);
    this.tabs.tell({ kind: 'outbox' });
  }

  #onState(state: LinkState): void {
    this.linkState = state;
    if (state !== 'offline') return;
    this.typing.clear();
    this.presence.clear();
  }

  #onReady(cursor: string | undefined): void {
    this.wasOnline = true;
    this.isDegraded = false;
    this.tellState();
    this.marks.repeat();
    this.drafts.repeat();
    this.erasures.repeat();
    this.outbox.kick();
    void this.syncer.run(cursor);
  }

  tellState(): void {
    const state = document.visibilityState === 'visible' ? 'active' : 'background';
    this.link.tell('client_state', { state });
  }

  #onTabNews(news: TabNews): void {
    if (news.kind === 'outbox') void this.outbox.load();
    else if (news.kind === 'token') {
      void this.keeper.adopt().then(() => this.link.refreshToken(this.keeper.account.accessToken));
    } else if (news.kind === 'draft') this.drafts.hear(news.chatId, news.text);
    else if (news.kind === 'hidden') this.held(news.chatId)?.hide(news.messageId);
    else this.parts.onSignedOut();
  }

  #listenToPage(): () => void {
    const hurry = () => this.link.hurry();
    const onVisibility = () => {
      this.tellState();
      if (document.visibilityState === 'visible') hurry();
      else for (const conversation of this.#conversations.values()) conversation.save();
    };
    const onHide = () => void this.erasures.flush();
    addEventListener('online', hurry);
    addEventListener('pagehide', onHide);
    document.addEventListener('visibilitychange', onVisibility);
    return () => {
      removeEventListener('online', hurry);
      removeEventListener('pagehide', onHide);
      document.removeEventListener('visibilitychange', onVisibility);
    };
  }
}

/** 128 random bits, in the letters that a `clientMessageId` may have. Also without https. */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
