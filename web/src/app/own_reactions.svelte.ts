import { SvelteMap } from 'svelte/reactivity';

import { doubtful, isOwnReaction, type KnownReaction } from '../model/own_reactions';
import type { Message, Reaction } from '../model/types';
import type { Api } from '../net/api';

/** So many are remembered; the oldest are asked for again when they are seen again. */
const knownMax = 2_000;
/** As many as a message can have of all kinds in the largest group. */
const pagesMost = 210;

/** Which reactions are the user's own, also where others have reacted since. */
export class OwnReactions {
  #known = new SvelteMap<string, KnownReaction>();
  #asking = new Set<string>();

  constructor(
    private ownId: string,
    private api: Api,
  ) {}

  isMine(messageId: string, reaction: Reaction): boolean {
    const before = this.#known.get(keyOf(messageId, reaction.emoji));
    return isOwnReaction(reaction, this.ownId, before) ?? false;
  }

  /** A message with reactions is shown, or has changed. What is not known of it is asked for. */
  look(message: Message): void {
    for (const each of message.reactions ?? []) {
      const before = this.#known.get(keyOf(message.id, each.emoji));
      const isMine = isOwnReaction(each, this.ownId, before);
      if (isMine !== null) this.#remember(message.id, each.emoji, { isMine, count: each.count });
    }
    const before = (emoji: string) => this.#known.get(keyOf(message.id, emoji));
    const wanted = doubtful(message, this.ownId, before);
    if (wanted.length === 0 || this.#asking.has(message.id)) return;
    this.#asking.add(message.id);
    // What cannot be had now is asked for with the next change, and is shown as not one's own.
    void this.#ask(message, wanted)
      .catch(() => undefined)
      .finally(() => this.#asking.delete(message.id));
  }

  async #ask(message: Message, wanted: readonly Reaction[]): Promise<void> {
    const own = new Set<string>();
    let cursor: string | undefined;
    for (let pages = 0; pages < pagesMost; pages += 1) {
      const page = await this.api.reactions(message.chatId, message.id, cursor);
      for (const each of page.data) if (each.userId === this.ownId) own.add(each.emoji);
      cursor = page.page?.hasMore ? (page.page.nextCursor ?? undefined) : undefined;
      if (cursor === undefined || wanted.every((each) => own.has(each.emoji))) break;
    }
    for (const { emoji, count } of wanted) {
      this.#remember(message.id, emoji, { isMine: own.has(emoji), count });
    }
  }

  #remember(messageId: string, emoji: string, next: KnownReaction): void {
    const key = keyOf(messageId, emoji);
    const known = this.#known.get(key);
    if (known?.isMine === next.isMine && known.count === next.count) return;
    this.#known.set(key, next);
    if (this.#known.size <= knownMax) return;
    const [oldest] = this.#known.keys();
    this.#known.delete(oldest!);
  }
}

const keyOf = (messageId: string, emoji: string) => `${messageId} ${emoji}`;
