import { SvelteMap } from 'svelte/reactivity';

import { isPresence } from '../model/shapes';
import type { Presence as State } from '../model/types';
import type { Ack } from '../net/link';

/** As many as one subscription may name. */
const subscribedMax = 200;

/** Who is there. Asked for those with whom there is a direct chat. */
export class Presence {
  #states = new SvelteMap<string, State>();
  #wanted = new Set<string>();

  constructor(private ask: (userIds: string[]) => Promise<Ack<{ states?: State[] }>>) {}

  of(userId: string): State | undefined {
    return this.#states.get(userId);
  }

  hear(state: State): void {
    this.#states.set(state.userId, state);
  }

  /** The link is new, so nobody remembers what was asked before. */
  async restart(userIds: string[]): Promise<void> {
    this.#wanted.clear();
    await this.want(userIds);
  }

  async want(userIds: string[]): Promise<void> {
    const fresh = userIds.filter((each) => !this.#wanted.has(each));
    const asked = fresh.slice(0, subscribedMax - this.#wanted.size);
    if (asked.length === 0) return;
    for (const each of asked) this.#wanted.add(each);
    const answer = await this.ask(asked).catch(() => null);
    if (!answer?.ok) return;
    if (!Array.isArray(answer.states)) return;
    for (const state of answer.states) if (isPresence(state)) this.hear(state);
  }

  clear(): void {
    this.#states.clear();
  }
}
