import { SmoothedPing } from './smoothed-ping.ts';

/** Pings keep a NAT's TCP mapping open and measure the lane, in ms. */
export const PING_INTERVAL_MS = 10_000;

/** A lane without a message for this long is dead, in ms: the answers to two pings are missing. */
export const LANE_DEAD_MS = 25_000;

/** What a lane that carries a session is due: a ping, or to be given up. */
export type LaneDue = 'ping' | 'dead' | null;

/** Pings of a lane that carries a session: its round trip, and whether it still lives. */
export class LaneWatch {
  readonly #ping = new SmoothedPing();
  #lastHeardMs = 0;
  #nextPingMs = 0;
  #pingId = 0;
  #pingSentMs: number | null = null;

  /** Round trip in ms, smoothed, null while unknown. */
  get pingMs(): number | null {
    return this.#ping.valueMs;
  }

  /** A lane begins: the first ping is due at once, so that the window has a figure to show. */
  begin(nowMs: number): void {
    this.clear();
    this.#lastHeardMs = nowMs;
    this.#nextPingMs = nowMs;
  }

  clear(): void {
    this.#ping.clear();
    this.#pingSentMs = null;
  }

  handleHeard(nowMs: number): void {
    this.#lastHeardMs = nowMs;
  }

  /** @returns false when that ping does not wait for an answer */
  handlePong(id: number, nowMs: number): boolean {
    if (this.#pingSentMs === null || id !== this.#pingId) return false;
    this.#ping.add(nowMs - this.#pingSentMs);
    this.#pingSentMs = null;
    return true;
  }

  due(nowMs: number): LaneDue {
    if (nowMs >= this.#lastHeardMs + LANE_DEAD_MS) return 'dead';
    return nowMs >= this.#nextPingMs ? 'ping' : null;
  }

  /** @returns the number of the ping that goes out now */
  nextPing(nowMs: number): number {
    this.#pingId = (this.#pingId + 1) >>> 0;
    this.#pingSentMs = nowMs;
    this.#nextPingMs = nowMs + PING_INTERVAL_MS;
    return this.#pingId;
  }

  nextDeadlineMs(): number {
    return Math.min(this.#nextPingMs, this.#lastHeardMs + LANE_DEAD_MS);
  }
}
