import type { Changes, HistoryPage, Message } from '../../src/model/types';

/** A chat as the server keeps it: an append-only log and the messages' present states. */
export class FakeChat {
  readonly messages = new Map<string, Message>();
  lastRev = 0;
  lastSeq = 0;

  constructor(readonly id = 'chat') {}

  /** What is delivered live, in order. */
  readonly deliveries: Message[] = [];

  post(content: string, senderId = 'ann', more: Partial<Message> = {}): Message {
    this.lastSeq += 1;
    return this.#commit({
      id: `m${this.lastSeq}`,
      chatId: this.id,
      seq: this.lastSeq,
      rev: 0,
      senderId,
      type: 'text',
      content,
      createdAt: new Date(Date.UTC(2026, 10, 26, 12, 0, this.lastSeq)).toISOString(),
      editVersion: 0,
      ...more,
    });
  }

  edit(id: string, content: string): Message {
    const message = this.messages.get(id)!;
    const editVersion = (message.editVersion ?? 0) + 1;
    return this.#commit({ ...message, content, editVersion, editedAt: message.createdAt! });
  }

  erase(id: string): Message {
    return this.#commit({ ...this.messages.get(id)!, content: '', isDeleted: true });
  }

  #commit(message: Message): Message {
    const prevRev = this.lastRev;
    this.lastRev += 1;
    const stored = { ...message, rev: this.lastRev };
    this.messages.set(stored.id, stored);
    const delivery = { ...stored, prevRev };
    this.deliveries.push(delivery);
    return delivery;
  }

  changes(sinceRev: number, limit = 100): Changes {
    const all = [...this.messages.values()]
      .filter((each) => each.rev > sinceRev)
      .sort((one, other) => one.rev - other.rev);
    return {
      data: all.slice(0, limit),
      lastRev: this.lastRev,
      hasMore: all.length > limit,
    };
  }

  history(where: { beforeSeq?: number; afterSeq?: number; aroundSeq?: number }, limit = 50) {
    const all = this.present();
    const page = (data: Message[]): HistoryPage => {
      const hasOlder = data.length > 0 && data[0]!.seq > 1;
      const hasNewer = data.length > 0 && data.at(-1)!.seq < this.lastSeq;
      if (where.aroundSeq !== undefined) {
        return { data, page: { hasMore: hasOlder || hasNewer, hasOlder, hasNewer } };
      }
      return { data, page: { hasMore: where.afterSeq !== undefined ? hasNewer : hasOlder } };
    };
    if (where.afterSeq !== undefined) {
      return page(all.filter((each) => each.seq > where.afterSeq!).slice(0, limit));
    }
    if (where.aroundSeq !== undefined) {
      const from = Math.max(0, where.aroundSeq - limit / 2);
      return page(all.slice(from, from + limit));
    }
    const before = where.beforeSeq ?? Infinity;
    return page(all.filter((each) => each.seq < before).slice(-limit));
  }

  /** Every message in its present state, by `seq`. */
  present(): Message[] {
    return [...this.messages.values()].sort((one, other) => one.seq - other.seq);
  }
}

/** Numbers that look random and are the same each time. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
