import { type Counters, createCounters } from '../base/counters.ts';
import { type RtpFailure, readRtpPacket } from '../rtp/rtp-packet.ts';
import { opusPacketSamples } from '../voice/opus-duration.ts';

/** Most packets that wait for one before them; then that one is taken for lost. 160 ms of usual frames. */
export const MAX_HELD_PACKETS = 8;

/** Longest wait for a packet that is missing, in ms: listeners wait with us, and few networks reorder by more. */
export const MAX_HOLD_MS = 60;

/** A sequence number this far ahead is another count, not a loss (RFC 3550, appendix A.1). */
export const MAX_DROPOUT = 3_000;

/** So far behind it is late; further behind, another count. */
export const MAX_MISORDER = 100;

/** Longest silence that is told as such, in samples at 48 kHz: a minute. Beyond it the publisher's clock was set anew. */
export const MAX_SKIPPED_SAMPLES = 60 * 48_000;

const SEQUENCES = 2 ** 16;
const TIMESTAMPS = 2 ** 32;

const COUNTED = [
  'received',
  'taken',
  'late',
  'duplicate',
  'otherType',
  'empty',
  'lost',
  'clockJumps',
  'restarts',
  'rtpTooShort',
  'rtpVersion',
  'rtpLengths',
] as const;
export type ArrivalCounter = (typeof COUNTED)[number];

interface Waiting {
  readonly timestamp: number;
  readonly payload: Uint8Array;
  readonly atMs: number;
}

/**
 * Puts a publisher's RTP packets with Opus (RFC 7587) in order again: each payload once, and how much sound is missing
 * before it. Silence that was not sent (DTX) and loss look the same to whoever decodes.
 *
 * Counted: received = taken + late + duplicate + otherType + empty + the failures of reading + `held`.
 */
export class OpusArrivals {
  readonly counters: Counters<ArrivalCounter> = createCounters(COUNTED);
  readonly #payloadType: number;
  readonly #take: (payload: Uint8Array, skippedSamples: number) => void;
  readonly #held = new Map<number, Waiting>();
  #ssrc: number | null = null;
  #next = 0;
  #nextTimestamp: number | null = null;

  /** @param take gets each payload as it came, a view of its packet */
  constructor(payloadType: number, take: (payload: Uint8Array, skippedSamples: number) => void) {
    this.#payloadType = payloadType;
    this.#take = take;
  }

  /** Packets that wait for one before them. */
  get held(): number {
    return this.#held.size;
  }

  /** When somebody has waited long enough. */
  nextDeadlineMs(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { atMs } of this.#held.values()) earliest = Math.min(earliest, atMs + MAX_HOLD_MS);
    return earliest;
  }

  handleTime(nowMs: number): void {
    while (this.#held.size > 0 && this.nextDeadlineMs() <= nowMs) this.#giveUp();
  }

  /** @param bytes one RTP packet; RTCP does not come here */
  handlePacket(bytes: Uint8Array, nowMs: number): void {
    this.counters.received += 1;
    const reason = this.#refusalOf(bytes, nowMs);
    if (reason !== null) this.counters[reason] += 1;
  }

  #refusalOf(bytes: Uint8Array, nowMs: number): RtpFailure | ArrivalCounter | null {
    const reading = readRtpPacket(bytes);
    if (!reading.ok) return reading.reason;
    const { header, payload } = reading;
    if (header.payloadType !== this.#payloadType) return 'otherType';
    if (payload.length === 0) return 'empty';
    const ahead = signed(header.sequence - this.#next, SEQUENCES);
    if (header.ssrc !== this.#ssrc || ahead > MAX_DROPOUT || ahead < -MAX_MISORDER)
      this.#restart(header.ssrc, header.sequence);
    else if (ahead < 0) return 'late';
    if (this.#held.has(header.sequence)) return 'duplicate';
    this.#held.set(header.sequence, { timestamp: header.timestamp, payload, atMs: nowMs });
    this.#drain();
    if (this.#held.size > MAX_HELD_PACKETS) this.#giveUp();
    return null;
  }

  /** Another source, or the same that counts anew: what waited is let out first. */
  #restart(ssrc: number, sequence: number): void {
    while (this.#held.size > 0) this.#giveUp();
    if (this.#ssrc !== null) this.counters.restarts += 1;
    this.#ssrc = ssrc;
    this.#next = sequence;
    this.#nextTimestamp = null;
  }

  /** Takes what is missing for lost, up to the first that waits. */
  #giveUp(): void {
    let nearest = SEQUENCES;
    for (const sequence of this.#held.keys())
      nearest = Math.min(nearest, (sequence - this.#next + SEQUENCES) % SEQUENCES);
    this.counters.lost += nearest;
    this.#next = (this.#next + nearest) % SEQUENCES;
    this.#drain();
  }

  #drain(): void {
    for (let waiting = this.#held.get(this.#next); waiting !== undefined; ) {
      this.#held.delete(this.#next);
      this.#next = (this.#next + 1) % SEQUENCES;
      this.counters.taken += 1;
      this.#take(waiting.payload, this.#skippedBefore(waiting));
      waiting = this.#held.get(this.#next);
    }
  }

  #skippedBefore({ timestamp, payload }: Waiting): number {
    const skipped = this.#nextTimestamp === null ? 0 : signed(timestamp - this.#nextTimestamp, TIMESTAMPS);
    this.#nextTimestamp = (timestamp + opusPacketSamples(payload)) % TIMESTAMPS;
    if (skipped >= 0 && skipped <= MAX_SKIPPED_SAMPLES) return skipped;
    this.counters.clockJumps += 1;
    return 0;
  }
}

/** The difference of two counts that wrap, between minus one half and one half of all values. */
function signed(difference: number, values: number): number {
  const wrapped = ((difference % values) + values) % values;
  return wrapped >= values / 2 ? wrapped - values : wrapped;
}
