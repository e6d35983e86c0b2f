import { assert } from '../../core/base/assert.ts';
import { ReplayWindow } from '../../core/seal/replay-window.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import { SentTimes } from './sent-times.ts';

/**
 * What becomes of a datagram that reaches a bot. `unexpected`: no speaker of the test sends under its token, or never
 * sent that number, or it came back to its own sender. `late`: more than one to two seconds under way; no voice waits
 * that long, so it counts as lost.
 */
export type Arrival = 'inTime' | 'late' | 'duplicate' | 'unexpected';

/** One bot, from the first frame on. `expected` = `received` + `lost`; what is under way is in none of them. */
export interface BotCount {
  sent: number;
  expected: number;
  received: number;
  lost: number;
  late: number;
  duplicate: number;
  unexpected: number;
  readonly latency: LatencyHistogram;
}

/** One second that is over. Loss is of what was sent in the second before it, which by now has come or never will. */
export interface Second {
  readonly sent: number;
  readonly received: number;
  readonly receivedBytes: number;
  readonly expected: number;
  readonly lost: number;
}

/**
 * Counts what the speakers among the bots send and what arrives at the others. Time is handed in; an arrival allocates
 * nothing.
 *
 * Whether a datagram is lost is asked when it has been under way for one whole second at least: `closeSecond`, called
 * once a second, settles what was sent between the last two calls.
 */
export class Measurement {
  readonly bots: readonly BotCount[];
  readonly lastSecond = new LatencyHistogram();
  readonly total = new LatencyHistogram();
  readonly #times: SentTimes;
  readonly #speakers: number;
  /** Number of the speaker with a token. */
  readonly #speakerOf = new Map<number, number>();
  readonly #windows: readonly ReplayWindow[];
  /** By speaker: first sequence of the second that is, and of the one before it. */
  readonly #currentFrom: Float64Array;
  readonly #previousFrom: Float64Array;
  /** By bot and speaker: arrivals of what was sent in the second that is, and in the one before it. */
  #current: Uint32Array;
  #previous: Uint32Array;
  #sentInSecond = 0;
  #receivedInSecond = 0;
  #bytesInSecond = 0;

  /** @param tokens of all bots, the speakers first */
  constructor(tokens: readonly number[], speakers: number) {
    assert(speakers <= tokens.length, 'speakers are bots');
    this.bots = tokens.map(() => ({
      sent: 0,
      expected: 0,
      received: 0,
      lost: 0,
      late: 0,
      duplicate: 0,
      unexpected: 0,
      latency: new LatencyHistogram(),
    }));
    this.#speakers = speakers;
    for (const [speaker, token] of tokens.slice(0, speakers).entries()) this.#speakerOf.set(token, speaker);
    this.#times = new SentTimes(speakers);
    this.#windows = Array.from({ length: tokens.length * speakers }, () => new ReplayWindow());
    this.#currentFrom = new Float64Array(speakers);
    this.#previousFrom = new Float64Array(speakers);
    this.#current = new Uint32Array(tokens.length * speakers);
    this.#previous = new Uint32Array(tokens.length * speakers);
  }

  /** Call it before the datagram is handed to the socket. */
  handleSent(speaker: number, sequence: number, nowMs: number): void {
    this.#times.record(speaker, sequence, nowMs);
    this.#sentInSecond += 1;
    const count = this.bots[speaker];
    if (count !== undefined) count.sent += 1;
  }

  /** A voice datagram came. @param nowMs when it was read from its socket */
  handleArrival(bot: number, token: number, sequence: number, lengthBytes: number, nowMs: number): Arrival {
    const count = this.bots[bot];
    assert(count !== undefined, 'a bot of the test');
    const speaker = this.#speakerOf.get(token) ?? -1;
    if (speaker < 0 || speaker === bot || sequence >= this.#times.sent(speaker)) {
      count.unexpected += 1;
      return 'unexpected';
    }
    const at = bot * this.#speakers + speaker;
    const window = this.#windows[at];
    assert(window !== undefined, 'a window for each pair');
    if (!window.isFresh(sequence)) {
      count.duplicate += 1;
      return 'duplicate';
    }
    window.commit(sequence);
    const sentMs = this.#times.atMs(speaker, sequence);
    if (sequence < (this.#previousFrom[speaker] ?? 0) || sentMs < 0) {
      count.late += 1;
      return 'late';
    }
    const arrivals = sequence >= (this.#currentFrom[speaker] ?? 0) ? this.#current : this.#previous;
    arrivals[at] = (arrivals[at] ?? 0) + 1;
    this.#receivedInSecond += 1;
    this.#bytesInSecond += lengthBytes;
    const latencyMs = nowMs - sentMs;
    count.latency.add(latencyMs);
    this.lastSecond.add(latencyMs);
    this.total.add(latencyMs);
    return 'inTime';
  }

  /** Call it once a second; after the last frame twice, and all is settled. `lastSecond` begins anew at the next arrival. */
  closeSecond(): Second {
    let expected = 0;
    let received = 0;
    for (const [bot, count] of this.bots.entries()) {
      for (let speaker = 0; speaker < this.#speakers; speaker += 1) {
        if (speaker === bot) continue;
        const due = (this.#currentFrom[speaker] ?? 0) - (this.#previousFrom[speaker] ?? 0);
        const came = this.#previous[bot * this.#speakers + speaker] ?? 0;
        count.expected += due;
        count.received += came;
        count.lost += due - came;
        expected += due;
        received += came;
      }
    }
    for (let speaker = 0; speaker < this.#speakers; speaker += 1) {
      this.#previousFrom[speaker] = this.#currentFrom[speaker] ?? 0;
      this.#currentFrom[speaker] = this.#times.sent(speaker);
    }
    [this.#previous, this.#current] = [this.#current, this.#previous];
    this.#current.fill(0);
    const second: Second = {
      sent: this.#sentInSecond,
      received: this.#receivedInSecond,
      receivedBytes: this.#bytesInSecond,
      expected,
      lost: expected - received,
    };
    this.#sentInSecond = 0;
    this.#receivedInSecond = 0;
    this.#bytesInSecond = 0;
    return second;
  }

  /** All bots together: what is settled. */
  sums(): {
    expected: number;
    received: number;
    lost: number;
    late: number;
    duplicate: number;
    unexpected: number;
  } {
    const sums = { expected: 0, received: 0, lost: 0, late: 0, duplicate: 0, unexpected: 0 };
    for (const count of this.bots) {
      sums.expected += count.expected;
      sums.received += count.received;
      sums.lost += count.lost;
      sums.late += count.late;
      sums.duplicate += count.duplicate;
      sums.unexpected += count.unexpected;
    }
    return sums;
  }
}
