import type { Changes, HistoryPage, Message } from './types';

/** What must happen after a change was taken. */
export type Verdict = 'applied' | 'dropped' | 'gap';

/** More than this many held changes are not worth keeping: `changes` brings them all the same. */
const heldMax = 1000;

/**
 * One chat as this device holds it: the client's rule over a window of its messages.
 *
 * `hi` is the `rev` up to which every message in the window is in its present state. The window is
 * a run of `seq`s without holes; while it is attached to the end, new messages extend it. A change
 * to a message outside of the window needs no keeping, since a page that is loaded later brings
 * the message as it is then; only while a page is under way must it be remembered, or an older
 * answer would hide it.
 */
export class ChatLog {
  hi = 0;
  /** Ascending by `seq`. */
  messages: Message[] = [];
  hasOlder = false;
  hasNewer = false;
  /** False until a first page has come. */
  isLoaded = false;

  #byId = new Map<string, Message>();
  #held: Message[] = [];
  #pagesUnderWay = 0;
  #changedMeanwhile = new Map<string, Message>();
  /** What the user has hidden from itself must not come back with a later change. */
  #hidden = new Set<string>();

  get firstSeq(): number {
    return this.messages[0]?.seq ?? 0;
  }

  get lastSeq(): number {
    return this.messages.at(-1)?.seq ?? 0;
  }

  get heldCount(): number {
    return this.#held.length;
  }

  find(id: string): Message | undefined {
    return this.#byId.get(id);
  }

  /** A live delivery. `gap`: it waits, and `changes` since `hi` must be asked for. */
  take(change: Message): Verdict {
    if (change.rev <= this.hi) return 'dropped';
    if ((change.prevRev ?? change.rev - 1) > this.hi) {
      this.#held.push(change);
      if (this.#held.length > heldMax) this.#held.shift();
      return 'gap';
    }
    this.#put(change);
    this.hi = change.rev;
    return 'applied';
  }

  /** Looks again at what waited. True: some of it still does. */
  takeHeld(): boolean {
    const held = this.#held.sort((one, other) => one.rev - other.rev);
    this.#held = [];
    for (const change of held) this.take(change);
    return this.#held.length > 0;
  }

  dropHeld(): void {
    this.#held = [];
  }

  /**
   * The answer to `changes?sinceRev=hi`. False: the server has gone back behind `hi` (a restored
   * backup), so the chat must be loaded afresh.
   */
  applyChanges(answer: Changes, since: number): boolean {
    if (answer.lastRev < since) return false;
    for (const message of answer.data) this.#put(message);
    const upTo = answer.hasMore ? (answer.data.at(-1)?.rev ?? since) : answer.lastRev;
    this.hi = Math.max(this.hi, upTo);
    return true;
  }

  /**
   * An own message of which only the receipt is here. It is shown if it is newer than all that is;
   * `hi` stays, so that its delivery is still applied.
   */
  expect(message: Message): void {
    const isNewest = !this.hasNewer && message.seq > this.lastSeq;
    // A rev of its own would hide the delivery, which knows more.
    if (this.isLoaded && isNewest) this.#put({ ...message, rev: 0 });
  }

  /** A message's newer state from elsewhere, such as the answer to an edit. `hi` stays. */
  merge(message: Message): void {
    if (this.#byId.has(message.id)) this.#put(message);
  }

  /** Before a page is asked for; `endPage` follows, also when it failed. */
  beginPage(): void {
    this.#pagesUnderWay += 1;
  }

  endPage(): void {
    this.#pagesUnderWay -= 1;
    if (this.#pagesUnderWay === 0) this.#changedMeanwhile.clear();
  }

  /**
   * Starts anew from a page. `hi` is the chat's `lastRev` as it was before the page was asked for;
   * what changed since is held or comes with `changes`.
   */
  reset(page: HistoryPage, hi: number): void {
    this.#byId.clear();
    this.messages = [];
    this.hi = hi;
    this.isLoaded = true;
    this.hasOlder = page.page.hasOlder ?? page.page.hasMore;
    this.hasNewer = page.page.hasNewer ?? false;
    this.#insert(page.data);
  }

  /** Shows another part of the same chat; `hi` stays what it was, for nothing older was shown. */
  replaceWindow(page: HistoryPage): void {
    this.#byId.clear();
    this.messages = [];
    this.hasOlder = page.page.hasOlder ?? page.page.hasMore;
    this.hasNewer = page.page.hasNewer ?? false;
    this.isLoaded = true;
    this.#insert(page.data);
  }

  prepend(page: HistoryPage): void {
    this.hasOlder = page.page.hasMore;
    this.#insert(page.data);
  }

  append(page: HistoryPage): void {
    this.hasNewer = page.page.hasMore;
    this.#insert(page.data);
  }

  /** From this device's own store. */
  restore(messages: Message[], hi: number, hasOlder: boolean): void {
    this.#byId.clear();
    this.messages = [];
    this.hi = hi;
    this.hasOlder = hasOlder;
    this.hasNewer = false;
    this.isLoaded = true;
    this.#insert(messages);
  }

  /** A message that this user has hidden from itself. */
  hide(id: string): void {
    this.#hidden.add(id);
    if (!this.#byId.delete(id)) return;
    this.messages = this.messages.filter((message) => message.id !== id);
  }

  #insert(messages: Message[]): void {
    for (const message of messages) {
      const known = this.#byId.get(message.id);
      if (!known || known.rev < message.rev) this.#byId.set(message.id, bare(message));
      const meanwhile = this.#changedMeanwhile.get(message.id);
      if (meanwhile && meanwhile.rev > message.rev) this.#byId.set(message.id, meanwhile);
    }
    for (const message of this.#changedMeanwhile.values()) {
      if (!this.hasNewer && message.seq > this.lastSeq && !this.#byId.has(message.id)) {
        this.#byId.set(message.id, message);
      }
    }
    this.messages = [...this.#byId.values()].sort((one, other) => one.seq - other.seq);
  }

  #put(change: Message): void {
    if (this.#hidden.has(change.id)) return;
    const message = bare(change);
    if (this.#pagesUnderWay > 0) this.#changedMeanwhile.set(message.id, message);
    const known = this.#byId.get(message.id);
    if (known) {
      if (known.rev > message.rev) return;
      this.#byId.set(message.id, message);
      this.messages = this.messages.map((each) => (each.id === message.id ? message : each));
      return;
    }
    const belongsToEnd = this.isLoaded && !this.hasNewer && message.seq > this.firstSeq;
    if (!belongsToEnd) return;
    this.#byId.set(message.id, message);
    const at = this.messages.findLastIndex((each) => each.seq < message.seq) + 1;
    this.messages = [...this.messages.slice(0, at), message, ...this.messages.slice(at)];
  }
}

/** A message as a chat keeps it: without what only its delivery carried. */
function bare({ prevRev: _, ...message }: Message): Message {
  return message;
}
