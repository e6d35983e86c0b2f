import { assert } from '../base/assert.ts';

interface ScheduledEvent {
  readonly atMs: number;
  readonly action: () => void;
}

/** Virtual clock: events happen in the order of their time, and of their scheduling where the time is the same. */
export class EventQueue {
  readonly #events: ScheduledEvent[] = [];
  #nowMs = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  get size(): number {
    return this.#events.length;
  }

  schedule(delayMs: number, action: () => void): void {
    assert(delayMs >= 0, 'nothing happens in the past');
    const atMs = this.#nowMs + delayMs;
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const event = this.#events[middle];
      if (event !== undefined && event.atMs <= atMs) low = middle + 1;
      else high = middle;
    }
    this.#events.splice(low, 0, { atMs, action });
  }

  /** Lets `durationMs` pass. */
  runFor(durationMs: number): void {
    const untilMs = this.#nowMs + durationMs;
    while (true) {
      const next = this.#events[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#events.shift();
      this.#nowMs = next.atMs;
      next.action();
    }
    this.#nowMs = untilMs;
  }
}

/** Wakes an engine at its deadlines, however often they change. */
export class Alarm {
  readonly #queue: EventQueue;
  readonly #wake: () => void;
  #setForMs: number | null = null;

  constructor(queue: EventQueue, wake: () => void) {
    this.#queue = queue;
    this.#wake = wake;
  }

  /** Wakes at `deadlineMs` at the latest; a wake-up that was set for earlier stays, as a real timer may be early. */
  set(deadlineMs: number | null): void {
    if (deadlineMs === null || (this.#setForMs !== null && this.#setForMs <= deadlineMs)) return;
    const atMs = Math.max(deadlineMs, this.#queue.nowMs);
    this.#setForMs = atMs;
    this.#queue.schedule(atMs - this.#queue.nowMs, () => {
      if (this.#setForMs !== atMs) return;
      this.#setForMs = null;
      this.#wake();
    });
  }
}
