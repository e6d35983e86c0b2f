/**
 * Puts a packet together from the parts that came on several pages. One that lies on one page is handed on as it is,
 * without a copy. Memory: the longest packet that is taken.
 */
export class PacketAssembler {
  readonly #maxBytes: number;
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of a packet that has not ended yet. */
  get heldBytes(): number {
    return Math.min(this.#bytes, this.#maxBytes);
  }

  /** @returns the packet that it ends; `tooLong`: it is longer than is taken; null: it does not end yet */
  add(piece: Uint8Array, ends: boolean): Uint8Array | 'tooLong' | null {
    this.#bytes += piece.length;
    // What is too long already is only counted: none of it is needed any more.
    if (this.#bytes > this.#maxBytes) this.#pieces = [];
    else this.#pieces.push(piece);
    if (!ends) return null;
    const packet = this.#bytes > this.#maxBytes ? 'tooLong' : joined(this.#pieces, this.#bytes);
    this.forget();
    return packet;
  }

  /** The packet that was begun goes no further. */
  forget(): void {
    this.#pieces = [];
    this.#bytes = 0;
  }
}

function joined(pieces: readonly Uint8Array[], bytes: number): Uint8Array {
  const [only] = pieces;
  if (only !== undefined && pieces.length === 1) return only;
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
