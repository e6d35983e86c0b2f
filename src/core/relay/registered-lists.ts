/**
 * A member's whisper lists: tokens by list id.
 *
 * List ids have the top bit set (WHISPER_LIST_BIT). V8 makes an object of each number of that size wherever it is handed
 * on, so they are kept as signed 32-bit numbers, which it does not.
 */
export class RegisteredLists {
  readonly #bySignedId = new Map<number, readonly number[]>();

  /** @param list its id, unsigned or signed. Allocates nothing for a signed one */
  get(list: number): readonly number[] | undefined {
    return this.#bySignedId.get(list | 0);
  }

  set(list: number, targets: readonly number[]): void {
    this.#bySignedId.set(list | 0, targets);
  }

  delete(list: number): void {
    this.#bySignedId.delete(list | 0);
  }

  /** Ids, unsigned, and tokens, in the order they were registered. */
  *[Symbol.iterator](): IterableIterator<[list: number, targets: readonly number[]]> {
    for (const [list, targets] of this.#bySignedId) yield [list >>> 0, targets];
  }
}
