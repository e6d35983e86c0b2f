/** The newest items of a stream, oldest first, at most so many of them. */
export class History<Item> {
  readonly #maxItems: number;
  #items: Item[] = [];

  constructor(maxItems: number) {
    this.#maxItems = maxItems;
  }

  get last(): Item | null {
    return this.#items.at(-1) ?? null;
  }

  push(item: Item): void {
    this.#items.push(item);
    if (this.#items.length > this.#maxItems) this.#items.shift();
  }

  /** Forgets from the oldest on until one that is to stay. */
  forgetUntil(stays: (item: Item) => boolean): void {
    const first = this.#items.findIndex(stays);
    if (first > 0) this.#items.splice(0, first);
    if (first === -1) this.clear();
  }

  /** The items from the first that fits on. */
  since(fits: (item: Item) => boolean): readonly Item[] {
    const first = this.#items.findIndex(fits);
    return first === -1 ? [] : this.#items.slice(first);
  }

  clear(): void {
    this.#items = [];
  }
}
