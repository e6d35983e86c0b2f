import { assert } from '../base/assert.ts';
import { MAX_DATAGRAM_BYTES } from '../wire/datagram.ts';

/**
 * Datagrams held at once: 5 s (MAX_DELAY_MS) of 100 a second, each of them twice, and as much again as is left to a
 * power of two. The longest take 1.2 MB.
 */
export const MAX_HELD_DATAGRAMS = 1_024;

const MASK = MAX_HELD_DATAGRAMS - 1;

/** Where a datagram goes whose time has come. The bytes are valid only during the call. */
export interface DatagramOut {
  sendDatagram(bytes: Uint8Array, lengthBytes: number): void;
}

/**
 * Datagrams that wait, in the order of their time; of one time, in the order in which they came. All memory is taken
 * once: holding one allocates nothing.
 */
export class HeldDatagrams {
  readonly #slots = Array.from({ length: MAX_HELD_DATAGRAMS }, () => new Uint8Array(MAX_DATAGRAM_BYTES));
  readonly #lengths = new Uint16Array(MAX_HELD_DATAGRAMS);
  readonly #free = new Uint16Array(MAX_HELD_DATAGRAMS);
  /** Ring of slot numbers by time, `#size` of them from `#first` on. Nearly all come at its end. */
  readonly #order = new Uint16Array(MAX_HELD_DATAGRAMS);
  readonly #dueMs = new Float64Array(MAX_HELD_DATAGRAMS);
  #first = 0;
  #size = 0;

  constructor() {
    for (let slot = 0; slot < MAX_HELD_DATAGRAMS; slot += 1) this.#free[slot] = slot;
  }

  get size(): number {
    return this.#size;
  }

  /** When the first is due; null: none is held. */
  get nextDueMs(): number | null {
    return this.#size === 0 ? null : (this.#dueMs[this.#slotAt(0)] ?? null);
  }

  /** @returns false when MAX_HELD_DATAGRAMS are held */
  add(bytes: Uint8Array, lengthBytes: number, dueMs: number): boolean {
    assert(lengthBytes <= MAX_DATAGRAM_BYTES, 'a held datagram is no longer than any other');
    if (this.#size === MAX_HELD_DATAGRAMS) return false;
    const slot = this.#free[MAX_HELD_DATAGRAMS - 1 - this.#size] ?? 0;
    const copy = this.#slots[slot];
    assert(copy !== undefined, 'a free slot is a slot');
    // A loop and not set(subarray()): the view would be garbage on every datagram.
    for (let at = 0; at < lengthBytes; at += 1) copy[at] = bytes[at] ?? 0;
    this.#lengths[slot] = lengthBytes;
    this.#dueMs[slot] = dueMs;
    let place = this.#size;
    while (place > 0 && (this.#dueMs[this.#slotAt(place - 1)] ?? 0) > dueMs) {
      this.#order[(this.#first + place) & MASK] = this.#slotAt(place - 1);
      place -= 1;
    }
    this.#order[(this.#first + place) & MASK] = slot;
    this.#size += 1;
    return true;
  }

  /** Lets go of the first if it is due. @returns false when it is not, or none is held */
  releaseDue(nowMs: number, out: DatagramOut): boolean {
    if (this.#size === 0) return false;
    const slot = this.#slotAt(0);
    const bytes = this.#slots[slot];
    if (bytes === undefined || (this.#dueMs[slot] ?? 0) > nowMs) return false;
    this.#first = (this.#first + 1) & MASK;
    this.#size -= 1;
    // The slot is free only once the caller is done with it: nothing is added during the call.
    out.sendDatagram(bytes, this.#lengths[slot] ?? 0);
    this.#free[MAX_HELD_DATAGRAMS - 1 - this.#size] = slot;
    return true;
  }

  /** Nothing waits longer than until `latestMs`; the order stays. */
  hasten(latestMs: number): void {
    for (let place = 0; place < this.#size; place += 1) {
      const slot = this.#slotAt(place);
      this.#dueMs[slot] = Math.min(this.#dueMs[slot] ?? 0, latestMs);
    }
  }

  #slotAt(place: number): number {
    return this.#order[(this.#first + place) & MASK] ?? 0;
  }
}
