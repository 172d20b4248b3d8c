import { t } from '../i18n/i18n.svelte';
import type { Client } from './client.svelte';
import type { Conversation } from './conversation.svelte';

const shownMs = 1_500;
/** So many at once are a catch-up, which nobody wants read out. */
const manyAtOnce = 20;

/**
 * Reads new messages of the open chat to who listens rather than looks. The list itself is silent:
 * it draws only a window of its messages, so that scrolling would be read out as news.
 */
class Announcer {
  text = $state('');
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** The chat is being opened: what comes after `lastSeq` is news, even before a page is there. */
  begin(conversation: Conversation, lastSeq: number): void {
    this.#lastSeqs.set(conversation, lastSeq);
  }

  /** For an effect: says what has come since the last run. */
  follow(client: Client, conversation: Conversation): void {
    if (!conversation.isLoaded || conversation.hasNewer) return;
    const last = conversation.messages.at(-1);
    const since = this.#lastSeqs.get(conversation);
    this.#lastSeqs.set(conversation, last?.seq ?? 0);
    const isNews = since !== undefined && last && last.seq > since && last.seq - since < manyAtOnce;
    if (!isNews || last.senderId === client.ownId || last.type === 'system') return;
    this.text = t('chat.incoming', {
      name: client.people.nameOf(last.senderId ?? ''),
      text: last.content ?? '',
    });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.text = ''), shownMs);
  }

  #lastSeqs = new WeakMap<Conversation, number>();
}

export const announcer = new Announcer();
