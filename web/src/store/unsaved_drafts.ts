/**
 * Drafts that the server does not have yet. They are in `localStorage`, which has what was typed
 * even if the page is reloaded in the next moment; a transaction of IndexedDB would be aborted.
 */
export class UnsavedDrafts {
  #prefix: string;

  /** Without a `storage`, or with a full one, they last as long as the page. */
  constructor(
    userId: string,
    private storage: Storage | undefined = globalThis.localStorage,
  ) {
    this.#prefix = `knotos-draft:${userId}:`;
  }

  all(): [chatId: string, text: string][] {
    return this.#keys().map((key) => [
      key.slice(this.#prefix.length),
      this.storage?.getItem(key) ?? '',
    ]);
  }

  put(chatId: string, text: string): void {
    try {
      this.storage?.setItem(this.#prefix + chatId, text);
    } catch {
      // Full: the server has it in a moment.
    }
  }

  /** The server has this text. A newer one, perhaps of another tab, stays. */
  settle(chatId: string, text: string): void {
    const key = this.#prefix + chatId;
    if (this.storage?.getItem(key) === text) this.storage.removeItem(key);
  }

  remove(chatId: string): void {
    this.storage?.removeItem(this.#prefix + chatId);
  }

  clear(): void {
    for (const key of this.#keys()) this.storage?.removeItem(key);
  }

  #keys(): string[] {
    const { storage } = this;
    if (!storage) return [];
    const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? '');
    return keys.filter((key) => key.startsWith(this.#prefix));
  }
}
