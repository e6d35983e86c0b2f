import type { Meters } from '../../contract/dto.ts';

/** Meters go out at most 20 times a second: more cannot be seen, and costs the window its time. */
export const METER_INTERVAL_MS = 50;

/** Passes the newest meters on, never closer together than METER_INTERVAL_MS, and never loses the last ones. */
export class MeterPacer {
  readonly #send: (meters: Meters) => void;
  #lastMs = Number.NEGATIVE_INFINITY;
  #waiting: Meters | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(send: (meters: Meters) => void) {
    this.#send = send;
  }

  push(meters: Meters): void {
    this.#waiting = meters;
    if (this.#timer === null) this.#sendOrWait();
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#waiting = null;
  }

  #sendOrWait(): void {
    this.#timer = null;
    const meters = this.#waiting;
    if (meters === null) return;
    const nowMs = performance.now();
    const waitMs = this.#lastMs + METER_INTERVAL_MS - nowMs;
    if (waitMs > 0) {
      // Timers count whole milliseconds and may be early by one: then this waits once more.
      this.#timer = setTimeout(() => this.#sendOrWait(), Math.ceil(waitMs));
      return;
    }
    this.#waiting = null;
    this.#lastMs = nowMs;
    this.#send(meters);
  }
}
