import { t } from '../i18n/i18n.svelte';
import { mutedForever } from '../model/chat_order';
import type { Chat, ChatUserState } from '../model/types';
import type { Client } from './client.svelte';
import { router } from './router.svelte';
import { toasts } from './toasts.svelte';

const hourMs = 60 * 60_000;

/** What the user may do with a chat as a whole. Failures are told, with a retry. */
export class ChatDeeds {
  constructor(
    private client: Client,
    private chatId: string,
  ) {}

  togglePin(chat: Chat): void {
    void this.#changeState({ isPinned: !chat.state.isPinned });
  }

  toggleArchive(chat: Chat): void {
    void this.#changeState({ isArchived: !chat.state.isArchived });
  }

  markUnread(): void {
    void this.#changeState({ markedUnread: true }).then(() => router.go({ page: 'list' }));
  }

  mute(hours: number | 'forever' | null): void {
    const until =
      hours === null
        ? null
        : hours === 'forever'
          ? mutedForever
          : new Date(Date.now() + hours * hourMs).toISOString();
    void this.#changeState({ mutedUntil: until });
  }

  rename(title: string): Promise<boolean> {
    return this.#try(async () => {
      this.client.chats.put(await this.client.api.changeChat(this.chatId, { title }));
      toasts.say(t('set.saved'));
    });
  }

  leave(): void {
    void this.#try(async () => {
      await this.client.api.leave(this.chatId);
      this.#gone();
    });
  }

  remove(scope?: 'everyone'): void {
    void this.#try(async () => {
      await this.client.api.deleteChat(this.chatId, scope);
      this.#gone();
    });
  }

  block(userId: string): Promise<boolean> {
    return this.#try(() => this.client.api.block(userId));
  }

  #gone(): void {
    this.client.forget(this.chatId);
    router.go({ page: 'list' }, { replace: true });
  }

  async #changeState(fields: Partial<ChatUserState>): Promise<void> {
    await this.#try(async () => {
      const state = await this.client.api.changeState(this.chatId, fields);
      this.client.chats.changeState(this.chatId, state ?? fields);
    });
  }

  async #try(deed: () => Promise<void>): Promise<boolean> {
    try {
      await deed();
      return true;
    } catch (error) {
      toasts.fail(error, () => void this.#try(deed));
      return false;
    }
  }
}
