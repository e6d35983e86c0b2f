import type { Rng } from '../base/rng.ts';
import { BACKOFF_HASTE_MS, backoffMs } from './backoff.ts';

/** How long a lost session is tried for, in ms: as long as a relay is to hold it. */
export const RECONNECT_LIMIT_MS = 120_000;

/** A lane that carried the session for less than this, in ms, was no success: a stable one pings at least once. */
export const SHORT_LANE_MS = 10_000;

/** Short lanes in a row after which a client does not hurry any more: something drives it out each time. */
export const MAX_SHORT_LANES = 3;

/** When to try again for a session whose lane is lost, and when to stop. */
export class Reconnection {
  readonly #rng: Rng;
  #attempt = 0;
  /** Null until the first welcome and while connected; after it, no new attempt begins. */
  #untilMs: number | null = null;
  #welcomedMs = 0;
  #shortLanes = 0;

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  /** Attempts since the connection was lost. */
  get attempt(): number {
    return this.#attempt;
  }

  /** A session was lost and is looked for. */
  get underWay(): boolean {
    return this.#untilMs !== null;
  }

  reset(): void {
    this.#attempt = 0;
    this.#untilMs = null;
    this.#shortLanes = 0;
  }

  handleWelcome(nowMs: number): void {
    this.#attempt = 0;
    this.#untilMs = null;
    this.#welcomedMs = nowMs;
  }

  handleLost(nowMs: number): void {
    this.#shortLanes = nowMs - this.#welcomedMs < SHORT_LANE_MS ? this.#shortLanes + 1 : 0;
    this.#untilMs = nowMs + RECONNECT_LIMIT_MS;
  }

  /**
   * When the next attempt begins. The last one begins at the limit itself, so that a computer that slept through it
   * tries once more.
   *
   * @returns null when the limit has passed
   */
  nextAttemptMs(nowMs: number): number | null {
    if (this.#untilMs === null || nowMs >= this.#untilMs) return null;
    this.#attempt += 1;
    const driven = this.#shortLanes > MAX_SHORT_LANES;
    const lostForMs = driven ? BACKOFF_HASTE_MS : nowMs - (this.#untilMs - RECONNECT_LIMIT_MS);
    const pauseMs = backoffMs(this.#attempt + (driven ? this.#shortLanes : 0), lostForMs, this.#rng);
    return Math.min(nowMs + pauseMs, this.#untilMs);
  }
}
