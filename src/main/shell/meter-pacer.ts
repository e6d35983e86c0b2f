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
    if (this.#timer !== null) return;
    const waitMs = this.#lastMs + METER_INTERVAL_MS - performance.now();
    if (waitMs <= 0) this.#flush();
    else this.#timer = setTimeout(() => this.#flush(), waitMs);
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#waiting = null;
  }

  #flush(): void {
    this.#timer = null;
    const meters = this.#waiting;
    if (meters === null) return;
    this.#waiting = null;
    this.#lastMs = performance.now();
    this.#send(meters);
  }
}
