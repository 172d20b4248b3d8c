/** Which rows are drawn, and where. */
export interface Window {
  from: number;
  to: number;
  before: number;
  after: number;
}

export interface Anchor {
  key: string;
  /** From the top of the row to the top of the view. */
  offset: number;
}

/**
 * The geometry of a long list of which only a window is drawn. Heights are guessed until they have
 * been measured; an anchor keeps what is in view where it is while heights and rows above change.
 */
export class VirtualList {
  #keys: readonly string[] = [];
  #indexes = new Map<string, number>();
  #heights = new Map<string, number>();
  /** Tops of the rows, and of what follows the last. */
  #tops: Float64Array = new Float64Array(1);
  #guess: number;
  #overscan: number;

  constructor({ guess = 56, overscan = 600 } = {}) {
    this.#guess = guess;
    this.#overscan = overscan;
  }

  get height(): number {
    return this.#tops[this.#keys.length] ?? 0;
  }

  setKeys(keys: readonly string[]): void {
    this.#keys = keys;
    this.#indexes = new Map(keys.map((key, index) => [key, index]));
    this.#layOut();
  }

  /** True: something differs from what was known. */
  measure(heights: Iterable<[key: string, height: number]>): boolean {
    let differs = false;
    for (const [key, height] of heights) {
      if (this.#heights.get(key) === height) continue;
      this.#heights.set(key, height);
      differs = true;
    }
    if (differs) this.#layOut();
    return differs;
  }

  has(key: string): boolean {
    return this.#indexes.has(key);
  }

  topOf(key: string): number {
    return this.#tops[this.#indexes.get(key) ?? 0] ?? 0;
  }

  heightOf(key: string): number {
    return this.#heights.get(key) ?? this.#guess;
  }

  /** The row at a height; the last one below the end. */
  indexAt(y: number): number {
    let low = 0;
    let high = this.#keys.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#tops[middle]! <= y) low = middle;
      else high = middle - 1;
    }
    return Math.max(0, low);
  }

  windowAt(scrollTop: number, viewHeight: number): Window {
    if (this.#keys.length === 0) return { from: 0, to: 0, before: 0, after: 0 };
    const from = this.indexAt(scrollTop - this.#overscan);
    const to = this.indexAt(scrollTop + viewHeight + this.#overscan) + 1;
    return {
      from,
      to,
      before: this.#tops[from]!,
      after: this.height - this.#tops[to]!,
    };
  }

  /**
   * The first row in view, by which the view is held. Rows that may move in the list, such as the
   * name of a day above its first message, hold nothing.
   */
  anchorAt(scrollTop: number, holds: (key: string) => boolean = () => true): Anchor | null {
    const first = this.indexAt(scrollTop);
    let index = first;
    while (index < this.#keys.length && !holds(this.#keys[index]!)) index += 1;
    if (index === this.#keys.length) index = first;
    const key = this.#keys[index];
    return key === undefined ? null : { key, offset: scrollTop - this.#tops[index]! };
  }

  /** Where to scroll so that the anchor is where it was; null: the row is gone. */
  scrollTopOf(anchor: Anchor): number | null {
    const index = this.#indexes.get(anchor.key);
    return index === undefined ? null : this.#tops[index]! + anchor.offset;
  }

  #layOut(): void {
    const tops = new Float64Array(this.#keys.length + 1);
    let top = 0;
    this.#keys.forEach((key, index) => {
      tops[index] = top;
      top += this.#heights.get(key) ?? this.#guess;
    });
    tops[this.#keys.length] = top;
    this.#tops = tops;
  }
}
