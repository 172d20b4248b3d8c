import { t } from '../i18n/i18n.svelte';
import type { Message } from '../model/types';
import type { Client } from './client.svelte';
import type { ComposerState } from './composer.svelte';
import type { Conversation } from './conversation.svelte';
import { toasts } from './toasts.svelte';

/** As the server has them by default; it has the last word. */
const changeWindowMs = 48 * 60 * 60_000;

/** What the user may do with a message, and doing it. */
export class MessageDeeds {
  constructor(
    private client: Client,
    private conversation: Conversation,
    private composer: ComposerState,
    readonly message: Message,
  ) {}

  get #isOwn(): boolean {
    return this.message.senderId === this.client.ownId;
  }

  get #role() {
    return this.client.chats.get(this.conversation.chatId)?.state.role ?? 'member';
  }

  get #isManager(): boolean {
    return this.#role === 'owner' || this.#role === 'admin';
  }

  get #isInTime(): boolean {
    return Date.now() - Date.parse(this.message.createdAt ?? '') < changeWindowMs;
  }

  get #isGroup(): boolean {
    return this.client.chats.get(this.conversation.chatId)?.type === 'group';
  }

  get isAlive(): boolean {
    return !this.message.isDeleted;
  }

  get mayEdit(): boolean {
    return this.isAlive && this.#isOwn && this.#isInTime && this.message.type === 'text';
  }

  get mayDelete(): boolean {
    const asManager = this.#isGroup && this.#isManager;
    return this.isAlive && ((this.#isOwn && this.#isInTime) || asManager);
  }

  get mayPin(): boolean {
    return this.isAlive && (!this.#isGroup || this.#isManager);
  }

  reply(): void {
    this.composer.reply(this.message);
  }

  edit(): void {
    this.composer.edit(this.message);
  }

  /** Under one key, so that a forward that is said again is one. */
  async forward(toChatId: string, key: string): Promise<void> {
    await this.client.api.forward(this.#chatId, this.message.id, toChatId, key);
  }

  copy(): void {
    navigator.clipboard?.writeText(this.message.content ?? '').then(
      () => toasts.say(t('act.copied')),
      (error) => toasts.fail(error),
    );
  }

  erase(): void {
    this.#change(() => this.client.api.erase(this.#chatId, this.message.id, 'everyone'));
  }

  hide(): void {
    const { id } = this.message;
    this.client.api.erase(this.#chatId, id, 'me').then(
      () => {
        this.conversation.hide(id);
        this.client.tabs.tell({ kind: 'hidden', chatId: this.#chatId, messageId: id });
      },
      (error) => toasts.fail(error, () => this.hide()),
    );
  }

  react(emoji: string): void {
    const isMine = this.message.reactions?.some(
      (each) => each.emoji === emoji && each.recentUserIds?.includes(this.client.ownId),
    );
    this.#change(() => this.client.api.react(this.#chatId, this.message.id, emoji, !isMine));
  }

  togglePin(): void {
    this.#change(() => this.client.api.pin(this.#chatId, this.message.id, !this.message.isPinned));
  }

  get #chatId(): string {
    return this.conversation.chatId;
  }

  /** The answer is the message in its new state; the delivery that follows brings the same. */
  #change(deed: () => Promise<Message>): void {
    deed().then(
      (message) => {
        if (message?.id) this.conversation.merge(message);
      },
      (error) => toasts.fail(error, () => this.#change(deed)),
    );
  }
}
