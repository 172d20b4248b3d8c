/** A deletion that was asked for, and of which no answer has come. */
export interface KeptErasure {
  chatId: string;
  messageId: string;
  /** When it was asked for. */
  at: number;
}

/** In localStorage: it is written before the page goes, and all tabs of the account read it. */
export class KeptErasures {
  #key: string;
  /** What a full or forbidden storage did not take lasts as long as the page. */
  #untaken: KeptErasure[] | null = null;

  constructor(
    ownId: string,
    private storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> = globalThis.localStorage,
  ) {
    this.#key = `knotos.erasures.${ownId}`;
  }

  all(): KeptErasure[] {
    if (this.#untaken) return this.#untaken;
    try {
      const kept: unknown = JSON.parse(this.storage.getItem(this.#key) ?? '[]');
      return Array.isArray(kept) ? kept.filter(isErasure) : [];
    } catch {
      return [];
    }
  }

  has(messageId: string): boolean {
    return this.all().some((each) => each.messageId === messageId);
  }

  add(erasure: KeptErasure): void {
    this.#write([...this.all(), erasure]);
  }

  remove(messageId: string): void {
    this.#write(this.all().filter((each) => each.messageId !== messageId));
  }

  clear(): void {
    this.#write([]);
  }

  #write(kept: KeptErasure[]): void {
    try {
      if (kept.length === 0) this.storage.removeItem(this.#key);
      else this.storage.setItem(this.#key, JSON.stringify(kept));
      this.#untaken = null;
    } catch {
      this.#untaken = kept;
    }
  }
}

function isErasure(value: unknown): value is KeptErasure {
  const fields = value as Partial<KeptErasure> | null;
  return (
    typeof fields?.chatId === 'string' &&
    typeof fields.messageId === 'string' &&
    typeof fields.at === 'number'
  );
}
