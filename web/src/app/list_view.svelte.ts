import { VirtualList, type Anchor, type Window } from '../model/virtual_list';

/** So near to the end counts as at the end. */
const endPixels = 48;
/** So near to the beginning of what is held, older messages are asked for. */
const olderPixels = 1_200;

/** What keeps its place while the list around it changes. */
type Hold = { kind: 'end' } | { kind: 'anchor'; anchor: Anchor };

export interface ListViewParts {
  /** A row that stays where it is among its neighbours: a message. */
  isSteady(key: string): boolean;
  onNearTop(): void;
  onNearEnd(): void;
  /** The view has moved, or what is in it. */
  onMoved(): void;
}

/**
 * The scrolling of a long list. What the user looks at is held in its place while rows are added
 * above, measured or changed: the end, if that is in view, else the first message in view.
 */
export class ListView {
  window = $state.raw<Window>({ from: 0, to: 0, before: 0, after: 0 });
  isAtEnd = $state(true);
  readonly geometry = new VirtualList();
  #hold: Hold = { kind: 'end' };
  #viewport: HTMLElement | undefined;
  /** Where this class has scrolled to: such a scroll is not the user's. */
  #ownScrollTop = -1;

  constructor(private parts: ListViewParts) {}

  attach(viewport: HTMLElement): () => void {
    this.#viewport = viewport;
    const onScroll = () => this.#onScroll();
    viewport.addEventListener('scroll', onScroll, { passive: true });
    const resizes = new ResizeObserver(() => this.settle());
    resizes.observe(viewport);
    return () => {
      viewport.removeEventListener('scroll', onScroll);
      resizes.disconnect();
      this.#viewport = undefined;
    };
  }

  get viewHeight(): number {
    return this.#viewport?.clientHeight ?? 0;
  }

  get scrollTop(): number {
    return this.#viewport?.scrollTop ?? 0;
  }

  setKeys(keys: readonly string[]): void {
    this.geometry.setKeys(keys);
    this.#draw();
  }

  /** True: something differs from what was known. */
  measure(heights: [string, number][]): boolean {
    const differs = this.geometry.measure(heights);
    if (differs) this.#draw();
    return differs;
  }

  holdEnd(): void {
    this.#hold = { kind: 'end' };
    this.#draw();
    this.settle();
  }

  /** Shows a row a third below the top of the view. */
  holdRow(key: string): void {
    this.#hold = { kind: 'anchor', anchor: { key, offset: -this.viewHeight / 3 } };
    this.#draw();
    this.settle();
  }

  /** Where the view stands, if that is not at the end. */
  get place(): Anchor | null {
    return this.#hold.kind === 'anchor' && !this.isAtEnd ? this.#hold.anchor : null;
  }

  /** Back to where the view stood once. */
  restore(place: Anchor): void {
    this.#hold = { kind: 'anchor', anchor: place };
    this.#draw();
    this.settle();
  }

  /** After the document has the rows of the window: puts what is held where it was. */
  settle(): void {
    const viewport = this.#viewport;
    if (!viewport) return;
    const wanted = this.#wantedScrollTop();
    if (Math.abs(viewport.scrollTop - wanted) > 0.5) viewport.scrollTop = wanted;
    this.#ownScrollTop = viewport.scrollTop;
    this.#look();
  }

  /** `seq` rows that are wholly in view end before this height. */
  get bottomOfView(): number {
    return this.scrollTop + this.viewHeight;
  }

  #wantedScrollTop(): number {
    const end = Math.max(0, this.geometry.height - this.viewHeight);
    if (this.#hold.kind === 'end') return this.#viewport!.scrollHeight;
    return this.geometry.scrollTopOf(this.#hold.anchor) ?? end;
  }

  #onScroll(): void {
    const viewport = this.#viewport!;
    if (Math.abs(viewport.scrollTop - this.#ownScrollTop) > 1) {
      const below = viewport.scrollHeight - viewport.scrollTop - viewport.clientHeight;
      const anchor = this.geometry.anchorAt(viewport.scrollTop, this.parts.isSteady);
      this.#hold = below <= endPixels || !anchor ? { kind: 'end' } : { kind: 'anchor', anchor };
      this.#ownScrollTop = -1;
    }
    this.#look();
  }

  #look(): void {
    const viewport = this.#viewport!;
    this.#draw();
    const below = viewport.scrollHeight - viewport.scrollTop - viewport.clientHeight;
    this.isAtEnd = below <= endPixels;
    if (viewport.scrollTop < olderPixels) this.parts.onNearTop();
    if (below < olderPixels) this.parts.onNearEnd();
    this.parts.onMoved();
  }

  #draw(): void {
    const end = Math.max(0, this.geometry.height - this.viewHeight);
    // What is held is what will be in view, wherever the document is scrolled right now.
    const top =
      this.#hold.kind === 'end' ? end : (this.geometry.scrollTopOf(this.#hold.anchor) ?? end);
    const next = this.geometry.windowAt(Math.min(Math.max(0, top), end), this.viewHeight);
    const { window } = this;
    const isSame =
      next.from === window.from &&
      next.to === window.to &&
      next.before === window.before &&
      next.after === window.after;
    if (!isSame) this.window = next;
  }
}
