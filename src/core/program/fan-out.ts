import { type Counters, createCounters } from '../base/counters.ts';

/** Why an outlet was ended by the kernel; `defect`: it threw. */
export type OutletEnd = 'tooSlow' | 'closed' | 'defect';

const END_COUNTERS = { tooSlow: 'endedTooSlow', closed: 'endedClosed', defect: 'endedDefect' } as const;

/**
 * Where one listener's items go: a socket, a response. It never blocks; what its peer does not take waits inside it
 * and is told by `backlogBytes`.
 */
export interface Outlet<Item> {
  send(item: Item): void;
  /** Bytes that were sent and that the peer's connection has not taken yet. */
  backlogBytes(): number;
  /** The kernel lets go of it: at most once, and nothing is sent afterwards. */
  end(reason: OutletEnd): void;
}

export interface FanOutLimits {
  /** From here on an outlet loses items until its peer takes some. */
  readonly maxBacklogBytes: number;
  /** An outlet that loses items for so long is ended, in ms. */
  readonly maxStallMs: number;
}

/** A listener's place in a fan-out. */
export interface Seat {
  /** Items that this listener lost. */
  readonly lost: number;
  leave(): void;
}

const COUNTED = ['published', 'sent', 'lost', 'joined', 'left', ...Object.values(END_COUNTERS)] as const;
export type FanOutCounter = (typeof COUNTED)[number];

class SeatOf<Item> implements Seat {
  readonly outlet: Outlet<Item>;
  readonly #vacate: (seat: SeatOf<Item>) => void;
  lost = 0;
  /** Since when it loses items; null: it does not. */
  stalledSinceMs: number | null = null;

  constructor(outlet: Outlet<Item>, vacate: (seat: SeatOf<Item>) => void) {
    this.outlet = outlet;
    this.#vacate = vacate;
  }

  leave(): void {
    this.#vacate(this);
  }
}

/**
 * Gives every item to every outlet, and waits for none: an outlet whose peer is slow loses items, and in the end its
 * place. What one outlet does, its errors included, no other feels.
 *
 * Counted: each outlet gets each item published while it sits, or loses it: offered = sent + lost.
 */
export class FanOut<Item> {
  readonly #limits: FanOutLimits;
  readonly #onDidResize: () => void;
  readonly #seats = new Set<SeatOf<Item>>();
  readonly counters: Counters<FanOutCounter> = createCounters(COUNTED);
  #closed = false;

  /** @param onDidResize somebody came or went */
  constructor(limits: FanOutLimits, onDidResize: () => void = () => undefined) {
    this.#limits = limits;
    this.#onDidResize = onDidResize;
  }

  get size(): number {
    return this.#seats.size;
  }

  /** @param opening items that it is sent at once, before any other: what a late joiner begins with */
  join(outlet: Outlet<Item>, opening: readonly Item[] = []): Seat {
    const seat = new SeatOf(outlet, (leaving) => {
      if (!this.#seats.delete(leaving)) return;
      this.counters.left += 1;
      this.#onDidResize();
    });
    if (this.#closed) {
      outlet.end('closed');
      return seat;
    }
    this.counters.joined += 1;
    this.#seats.add(seat);
    for (const item of opening) if (this.#seats.has(seat)) this.#send(seat, item);
    this.#onDidResize();
    return seat;
  }

  publish(item: Item, nowMs: number): void {
    this.counters.published += 1;
    // A set may shrink while it is walked: ended outlets leave it on the way.
    for (const seat of this.#seats) this.#offer(seat, item, nowMs);
  }

  /** Ends all outlets; later ones are ended at once. */
  close(): void {
    this.#closed = true;
    for (const seat of this.#seats) this.#end(seat, 'closed');
  }

  #offer(seat: SeatOf<Item>, item: Item, nowMs: number): void {
    const { maxBacklogBytes, maxStallMs } = this.#limits;
    if (seat.outlet.backlogBytes() <= maxBacklogBytes) {
      seat.stalledSinceMs = null;
      this.counters.sent += 1;
      this.#send(seat, item);
      return;
    }
    seat.lost += 1;
    this.counters.lost += 1;
    seat.stalledSinceMs ??= nowMs;
    if (nowMs - seat.stalledSinceMs >= maxStallMs) this.#end(seat, 'tooSlow');
  }

  #send(seat: SeatOf<Item>, item: Item): void {
    try {
      seat.outlet.send(item);
    } catch {
      // A defect of one gateway must not take the item from the others, nor end the publisher's call.
      this.#end(seat, 'defect');
    }
  }

  #end(seat: SeatOf<Item>, reason: OutletEnd): void {
    if (!this.#seats.delete(seat)) return;
    this.counters[END_COUNTERS[reason]] += 1;
    try {
      seat.outlet.end(reason);
    } catch {
      // It has lost its place in any case.
    }
    this.#onDidResize();
  }
}
