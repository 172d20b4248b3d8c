import { SvelteMap } from 'svelte/reactivity';

import { t } from '../i18n/i18n.svelte';
import type { User } from '../model/types';
import type { Api } from '../net/api';
import type { ChatStore } from '../store/chat_store';

/** Everybody whose name is needed here: learned from what comes by, or asked for once. */
export class People {
  #known = new SvelteMap<string, User>();
  #asked = new Set<string>();

  constructor(
    readonly ownId: string,
    private api: Api,
    private store: ChatStore,
  ) {}

  async load(): Promise<void> {
    for (const user of await this.store.people()) this.#known.set(user.id, user);
  }

  learn(user: User): void {
    const known = this.#known.get(user.id);
    const isSame =
      known?.displayName === user.displayName &&
      known.username === user.username &&
      known.lastSeenAt === user.lastSeenAt;
    if (isSame) return;
    const { id, username, displayName } = user;
    const kept: User = { id, username, displayName };
    if (user.lastSeenAt) kept.lastSeenAt = user.lastSeenAt;
    this.#known.set(id, kept);
    void this.store.putPerson(kept).catch(() => undefined);
  }

  get(userId: string): User | undefined {
    const known = this.#known.get(userId);
    if (!known) this.#ask(userId);
    return known;
  }

  nameOf(userId: string): string {
    return displayNameOf(this.get(userId)) ?? t('chat.someone');
  }

  #ask(userId: string): void {
    if (!userId || this.#asked.has(userId)) return;
    this.#asked.add(userId);
    this.api.user(userId).then(
      (user) => this.learn(user),
      () => setTimeout(() => this.#asked.delete(userId), 10_000),
    );
  }
}

export function displayNameOf(user: User | undefined): string | undefined {
  return user ? user.displayName.trim() || user.username : undefined;
}
