import type { Rng } from '../../core/base/rng.ts';
import { backoffMs } from '../../core/session/backoff.ts';
import type { MixMember } from './mix-ports.ts';

/** An identity that nobody let in for so long is told again, in ms: the answer may have got lost with a relay. */
export const ASK_AGAIN_MS = 10_000;

/** Whoever stayed in for so long, in ms, was let in for good: the next attempt after it comes without a long pause. */
export const STEADY_MS = 30_000;

/** Pauses grow up to this attempt; their bound has come to its end by then. */
const MAX_COUNTED_ATTEMPTS = 16;

export interface AttendanceOptions {
  readonly channel: number;
  readonly member: Pick<MixMember, 'channel' | 'connected' | 'join' | 'joinChannel' | 'leave'>;
  readonly rng: Rng;
  readonly nowMs: () => number;
  /** Ask that the member be let in; answered by `handleAdmitted`. */
  readonly askAdmission: () => void;
  /** It is out, or did not come in; it will ask again. */
  readonly onDidDrop: (sentence: string) => void;
  /** It came in. */
  readonly onDidEnter: () => void;
}

type State =
  | { readonly kind: 'asking' | 'pausing'; readonly untilMs: number }
  | { readonly kind: 'entering' }
  | { readonly kind: 'inside'; readonly sinceMs: number }
  | { readonly kind: 'closed' };

const MOVED = 'The member named "Listeners" is no longer in its channel.';

/**
 * A member's way into its channel, and back into it: asks to be let in, enters, and begins again, after a pause that
 * grows, whenever it is out. A lane that breaks is not its business: sessions find their own way back.
 */
export class Attendance {
  readonly #options: AttendanceOptions;
  #state: State = { kind: 'pausing', untilMs: Number.NEGATIVE_INFINITY };
  #attempt = 0;

  constructor(options: AttendanceOptions) {
    this.#options = options;
  }

  /** In the channel, as far as is known. */
  get inside(): boolean {
    return this.#state.kind === 'inside';
  }

  /** Null: it waits for somebody else. */
  nextDeadlineMs(): number | null {
    return 'untilMs' in this.#state ? this.#state.untilMs : null;
  }

  handleDeadline(nowMs: number): void {
    const state = this.#state;
    if (!('untilMs' in state) || nowMs < state.untilMs) return;
    this.#state = { kind: 'asking', untilMs: nowMs + ASK_AGAIN_MS };
    this.#options.askAdmission();
  }

  handleAdmitted(): void {
    if (this.#state.kind !== 'asking') return;
    const entering: State = { kind: 'entering' };
    this.#state = entering;
    void this.#enter().then((sentence) => {
      // It was dropped meanwhile, or nobody wants it any more.
      if (this.#state !== entering) return;
      if (sentence !== null) {
        this.#options.member.leave();
        this.#pause(sentence);
        return;
      }
      this.#state = { kind: 'inside', sinceMs: this.#options.nowMs() };
      this.#options.onDidEnter();
    });
  }

  /** The session is over. */
  handleDrop(sentence: string): void {
    if (this.#state.kind === 'inside' || this.#state.kind === 'entering') this.#pause(sentence);
  }

  /** The member's place may have changed. */
  handleChange(): void {
    const { member, channel } = this.#options;
    if (this.#state.kind !== 'inside' || !member.connected || member.channel === channel) return;
    this.#pause(MOVED);
    member.leave();
  }

  close(): void {
    this.#state = { kind: 'closed' };
    this.#options.member.leave();
  }

  /** @returns why it did not work, for people; null: it did */
  async #enter(): Promise<string | null> {
    const { member, channel } = this.#options;
    const joined = await member.join();
    if (!joined.ok) return joined.sentence;
    if (member.channel === channel) return null;
    const moved = await member.joinChannel(channel);
    return moved.ok ? null : moved.sentence;
  }

  #pause(sentence: string): void {
    const { nowMs, rng, onDidDrop } = this.#options;
    const now = nowMs();
    const steady = this.#state.kind === 'inside' && now - this.#state.sinceMs >= STEADY_MS;
    this.#attempt = steady ? 1 : Math.min(this.#attempt + 1, MAX_COUNTED_ATTEMPTS);
    this.#state = {
      kind: 'pausing',
      untilMs: now + backoffMs(this.#attempt, Number.POSITIVE_INFINITY, rng),
    };
    onDidDrop(sentence);
  }
}
