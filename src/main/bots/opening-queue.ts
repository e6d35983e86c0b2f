import { MAX_DATAGRAM_BYTES } from '../../core/wire/datagram.ts';

/**
 * Datagrams that wait to be opened, in 20 MB: a third of a second of a hundred bots that hear ten speakers, longer than
 * a busy machine holds this thread up. More means that it cannot open them all; those beyond are counted, not opened.
 */
export const MAX_WAITING_DATAGRAMS = 16_384;

/** Longest turn of opening, in ms: in between the sockets are read, so that arrivals are seen when they come. */
export const OPENING_TURN_MS = 1;

/** Datagrams between two looks at the clock. */
const OPENED_PER_LOOK = 16;

/** Opens one datagram. The bytes are lent for the call. @param nowMs when it came */
export type OpenOne = (bot: number, bytes: Uint8Array, lengthBytes: number, nowMs: number) => void;

/**
 * Keeps datagrams between their arrival and their opening: reading the sockets comes first, and deciphering fills the
 * time between. Otherwise the time that deciphering takes would be told as the relay's latency.
 */
export class OpeningQueue {
  readonly #bytes = new Uint8Array(MAX_WAITING_DATAGRAMS * MAX_DATAGRAM_BYTES);
  readonly #slots: readonly Uint8Array[] = Array.from({ length: MAX_WAITING_DATAGRAMS }, (_, slot) =>
    this.#bytes.subarray(slot * MAX_DATAGRAM_BYTES, (slot + 1) * MAX_DATAGRAM_BYTES),
  );
  readonly #bots = new Int32Array(MAX_WAITING_DATAGRAMS);
  readonly #lengths = new Int32Array(MAX_WAITING_DATAGRAMS);
  readonly #timesMs = new Float64Array(MAX_WAITING_DATAGRAMS);
  #first = 0;
  #waiting = 0;
  #leftOut = 0;

  get waiting(): number {
    return this.#waiting;
  }

  /** Datagrams that came when the queue was full. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** Takes a copy. @returns false when it was left out */
  put(bot: number, bytes: Uint8Array, lengthBytes: number, nowMs: number): boolean {
    if (this.#waiting >= MAX_WAITING_DATAGRAMS) {
      this.#leftOut += 1;
      return false;
    }
    const at = (this.#first + this.#waiting) % MAX_WAITING_DATAGRAMS;
    const slot = this.#slots[at];
    if (slot === undefined) return false;
    for (let index = 0; index < lengthBytes; index += 1) slot[index] = bytes[index] ?? 0;
    this.#bots[at] = bot;
    this.#lengths[at] = lengthBytes;
    this.#timesMs[at] = nowMs;
    this.#waiting += 1;
    return true;
  }

  /** Opens for OPENING_TURN_MS at most. @returns true when some are left */
  work(open: OpenOne, clockMs: () => number): boolean {
    const endMs = clockMs() + OPENING_TURN_MS;
    while (this.#waiting > 0) {
      for (let look = 0; look < OPENED_PER_LOOK && this.#waiting > 0; look += 1) this.#openFirst(open);
      if (clockMs() >= endMs) break;
    }
    return this.#waiting > 0;
  }

  #openFirst(open: OpenOne): void {
    const at = this.#first;
    const slot = this.#slots[at];
    this.#first = (at + 1) % MAX_WAITING_DATAGRAMS;
    this.#waiting -= 1;
    if (slot !== undefined) open(this.#bots[at] ?? 0, slot, this.#lengths[at] ?? 0, this.#timesMs[at] ?? 0);
  }
}
