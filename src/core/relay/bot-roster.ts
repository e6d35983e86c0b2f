import type { Channel } from './room.ts';

/** Bots of one stress test: as many as a channel holds. */
export const MAX_BOTS = 200;

/** How long the channel of a test stays when no bot is in the room, in ms: they come one after the other, or again. */
export const BOTS_GONE_MS = 30_000;

/** Longest test, whoever forgets to end it, in ms: ten minutes of speaking, and five to come in and exchange keys. */
export const MAX_BOT_STAY_MS = 900_000;

interface Test {
  readonly identities: ReadonlySet<string>;
  readonly channel: Channel;
  readonly endMs: number;
  present: number;
  /** Null while a bot is in the room. */
  emptySinceMs: number | null;
}

/** Whom a stress test lets in, and where to; one at a time. Knows nothing of sessions. */
export class BotRoster {
  #test: Test | null = null;
  /** Bots of the test before: one that comes too late is no member. */
  #former: ReadonlySet<string> = new Set();

  get running(): boolean {
    return this.#test !== null;
  }

  /** Where the bots are; null: there is no test. */
  get channel(): Channel | null {
    return this.#test?.channel ?? null;
  }

  /** How many may be here at a time; 0: there is no test. */
  get places(): number {
    return this.#test?.identities.size ?? 0;
  }

  expects(identity: string): boolean {
    return this.#test?.identities.has(identity) ?? false;
  }

  isLate(identity: string): boolean {
    return !this.expects(identity) && this.#former.has(identity);
  }

  begin(identities: ReadonlySet<string>, channel: Channel, nowMs: number): void {
    this.#test = { identities, channel, endMs: nowMs + MAX_BOT_STAY_MS, present: 0, emptySinceMs: nowMs };
  }

  end(): void {
    this.#former = this.#test?.identities ?? this.#former;
    this.#test = null;
  }

  handleEntered(): void {
    if (this.#test === null) return;
    this.#test.present += 1;
    this.#test.emptySinceMs = null;
  }

  handleLeft(nowMs: number): void {
    if (this.#test === null) return;
    this.#test.present -= 1;
    if (this.#test.present === 0) this.#test.emptySinceMs = nowMs;
  }

  /** When the test is over; null: there is none. */
  nextDeadlineMs(): number | null {
    if (this.#test === null) return null;
    const { emptySinceMs, endMs } = this.#test;
    return emptySinceMs === null ? endMs : Math.min(endMs, emptySinceMs + BOTS_GONE_MS);
  }
}
