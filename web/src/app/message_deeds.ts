import type { Message } from '../model/types';
import type { Client } from './client.svelte';
import type { ComposerState } from './composer.svelte';
import type { Conversation } from './conversation.svelte';
import { copyText } from './copy_text';
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
    return !this.message.isDeleted && !this.client.erasures.has(this.message.id);
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
    void copyText(this.message.content ?? '');
  }

  /** For everybody, in a moment: until then it can be taken back. */
  erase(): void {
    this.client.erasures.begin(this.#chatId, this.message.id);
  }

  undoErase(): void {
    this.client.erasures.undo(this.message.id);
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
    const { id, reactions } = this.message;
    const isMine = reactions?.some(
      (each) => each.emoji === emoji && this.client.ownReactions.isMine(id, each),
    );
    void this.#change(() => this.client.api.react(this.#chatId, id, emoji, !isMine));
  }

  togglePin(): void {
    void this.#change(() =>
      this.client.api.pin(this.#chatId, this.message.id, !this.message.isPinned),
    );
  }

  get #chatId(): string {
    return this.conversation.chatId;
  }

  /** The answer is the message in its new state; the delivery that follows brings the same. */
  async #change(deed: () => Promise<Message>): Promise<void> {
    try {
      const message = await deed();
      if (message?.id) this.conversation.merge(message);
    } catch (error) {
      toasts.fail(error, () => void this.#change(deed));
    }
  }
}

/** The own message that was said last, if it can still be edited. */
export function lastEditable(
  client: Client,
  conversation: Conversation,
  composer: ComposerState,
): MessageDeeds | undefined {
  const last = conversation.messages.findLast((each) => each.senderId === client.ownId);
  const deeds = last && new MessageDeeds(client, conversation, composer, last);
  return deeds?.mayEdit ? deeds : undefined;
}
