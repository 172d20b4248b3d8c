import { tick } from 'svelte';

import type { Message } from '../model/types';
import type { Client } from './client.svelte';
import { toasts } from './toasts.svelte';

/** As the server takes it; its own limits, when it says them, are the same by default. */
export const contentMax = 4_096;

/** What is being written in one chat: a new message, a reply, or another text for an old one. */
export class ComposerState {
  text = $state('');
  replyTo = $state.raw<Message | null>(null);
  editing = $state.raw<Message | null>(null);
  input: HTMLTextAreaElement | undefined = $state();
  #draftBefore = '';

  constructor(
    private client: Client,
    readonly chatId: string,
  ) {
    this.text = client.drafts.of(chatId);
  }

  get excess(): number {
    return [...this.text.trim()].length - contentMax;
  }

  get canSend(): boolean {
    return this.text.trim() !== '' && this.excess <= 0;
  }

  /** The user has typed. */
  onInput(): void {
    if (this.editing) return;
    this.client.drafts.set(this.chatId, this.text);
    this.client.typing.onInput(this.chatId, this.text.trim() === '');
  }

  /** Typed in another tab or on another device. */
  adopt(draft: string): void {
    if (!this.editing && document.activeElement !== this.input) this.text = draft;
  }

  reply(message: Message): void {
    this.cancel();
    this.replyTo = message;
    void this.focus();
  }

  edit(message: Message): void {
    this.cancel();
    this.#draftBefore = this.text;
    this.editing = message;
    this.text = message.content ?? '';
    void this.focus();
  }

  cancel(): void {
    if (this.editing) this.text = this.#draftBefore;
    this.editing = null;
    this.replyTo = null;
  }

  async focus(): Promise<void> {
    await tick();
    this.input?.focus();
    this.input?.setSelectionRange(this.text.length, this.text.length);
  }

  /** True: a new message is on its way. */
  async submit(): Promise<boolean> {
    if (!this.canSend) return false;
    const content = this.text.trim();
    const { editing, replyTo } = this;
    if (editing) {
      this.cancel();
      await this.#saveEdit(editing, content);
      return false;
    }
    this.text = '';
    this.replyTo = null;
    this.client.drafts.set(this.chatId, '');
    await this.client.send(this.chatId, content, replyTo?.id);
    return true;
  }

  async #saveEdit(message: Message, content: string): Promise<void> {
    if (content === message.content) return;
    try {
      const { chatId } = this;
      const changed = await this.client.api.edit(chatId, message.id, content, message.editVersion);
      this.client.held(chatId)?.merge(changed);
    } catch (error) {
      // What was typed must not be lost.
      toasts.fail(error, () => {
        this.edit(message);
        this.text = content;
      });
    }
  }
}
