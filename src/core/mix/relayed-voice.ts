import { type Counters, createCounters } from '../base/counters.ts';
import { SAMPLES_PER_MS } from '../voice/sample-rate.ts';
import { MemberPackets } from './member-packets.ts';

/** Without packets for so long the talkspurt is over, in ms: longer than the network of a talker who talks on holds up. */
export const TALKSPURT_END_MS = 200;

/** Most sound that waits, in ms: two pages of the length that ffmpeg makes, and some. What is beyond is dropped. */
export const MAX_WAITING_MS = 2_500;

/** Most packets that wait; 20 ms each is what programs send. */
export const MAX_WAITING_PACKETS = 256;

/**
 * If every packet of this time, in ms, waited for more than MAX_NEEDLESS_MS, all go out so much earlier: the sender's
 * clock is the faster one, or what made it wait is over. Long enough for ten pages; less is not worth what a change of
 * delay costs in members' ears.
 */
const DRIFT_WINDOW_MS = 10_000;
const MAX_NEEDLESS_MS = 60;

/** Where datagrams come from; see VoiceSender. */
export interface RelayedVoiceOut {
  /**
   * The next frame of the talkspurt. The bytes are not changed afterwards.
   *
   * @param timestamp of its first sample, 48 kHz, u32
   * @param last it ends the talkspurt, and is empty
   */
  sendFrame(packet: Uint8Array, timestamp: number, last: boolean): void;
}

const COUNTED = ['taken', 'sent', 'overflow', 'cleared', 'talkspurts', 'packetsLate'] as const;
export type RelayedVoiceCounter = (typeof COUNTED)[number];

interface WaitingPacket {
  readonly bytes: Uint8Array;
  /** Place in the talkspurt, in samples. */
  readonly position: number;
}

interface Talkspurt {
  /** When its first sample is to be heard, in ms. */
  startMs: number;
  /** What the timestamp of that sample stands for, in ms. */
  readonly stampMs: number;
  /** Samples taken so far. */
  samples: number;
  /** Something of it went out. */
  begun: boolean;
  /** No packet follows; the rest goes out in its time. */
  ending: boolean;
  /** Least that packets came ahead of their time since `sinceMs`, in ms. */
  leastAheadMs: number;
  sinceMs: number;
}

const EMPTY = new Uint8Array(0);

/**
 * The voice of a program in a channel: packets of a publisher, or of a listener who talks, become frames that go out
 * in their time, with timestamps after their durations and an end to every talkspurt.
 *
 * Each packet has its time: that of the first one, and the durations since. It waits for it; if it comes later, the
 * rest of the talkspurt is as much later. So members get an even stream of whatever comes: publishers send whole Ogg
 * pages at once, a second of sound, which no jitter buffer is made for and no relay lets through.
 *
 * Counted, in packets as they are made fit for members: taken = sent + overflow + cleared + those that wait.
 */
export class RelayedVoice {
  readonly counters: Counters<RelayedVoiceCounter> = createCounters(COUNTED);
  readonly #packets = new MemberPackets();
  #waiting: WaitingPacket[] = [];
  /** Null: nobody talks. */
  #talkspurt: Talkspurt | null = null;
  /** Where timestamps may begin again, in ms of the clock that they are made of. */
  #freeFromMs = Number.NEGATIVE_INFINITY;

  /** Packets as they came; see MemberPackets. */
  get packetCounters(): Readonly<Record<string, number>> {
    return this.#packets.counters;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** A talkspurt is under way. */
  get talking(): boolean {
    return this.#talkspurt !== null;
  }

  /** @param packet Opus, not changed afterwards */
  handlePacket(packet: Uint8Array, nowMs: number, out: RelayedVoiceOut): void {
    // What follows an end before all of it has gone out belongs to it: players that skip do so.
    if (this.#talkspurt !== null) this.#talkspurt.ending = false;
    this.#packets.handlePacket(packet, (bytes, samples) => this.#take(bytes, samples, nowMs));
    this.handleDeadline(nowMs, out);
  }

  /** The talker let go. What waits goes out in its time. */
  handlePause(nowMs: number, out: RelayedVoiceOut): void {
    this.#packets.end((bytes, samples) => this.#take(bytes, samples, nowMs));
    if (this.#talkspurt !== null) this.#talkspurt.ending = true;
    this.handleDeadline(nowMs, out);
  }

  /** Nobody is there to hear it, or nobody may: what waits is dropped, the talkspurt ends. */
  clear(nowMs: number, out: RelayedVoiceOut): void {
    this.#packets.end((bytes, samples) => this.#take(bytes, samples, nowMs));
    this.counters.cleared += this.#waiting.length;
    const cut = this.#waiting[0];
    const talkspurt = this.#talkspurt;
    if (talkspurt !== null && cut !== undefined) talkspurt.samples = cut.position;
    this.#waiting = [];
    this.#end(out);
  }

  /** Call it at `nextDeadlineMs`. */
  handleDeadline(nowMs: number, out: RelayedVoiceOut): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (nowMs < this.#timeOf(next.position)) return;
      this.#waiting.shift();
      this.counters.sent += 1;
      if (this.#talkspurt !== null) this.#talkspurt.begun = true;
      out.sendFrame(next.bytes, this.#timestampAt(next.position), false);
    }
    const endMs = this.#endMs();
    if (endMs === null || nowMs < endMs) return;
    this.#packets.end((bytes, samples) => this.#take(bytes, samples, nowMs));
    if (this.#waiting.length > 0) this.handleDeadline(nowMs, out);
    else this.#end(out);
  }

  /** Null: not before something is said. */
  nextDeadlineMs(): number | null {
    const next = this.#waiting[0];
    return next === undefined ? this.#endMs() : this.#timeOf(next.position);
  }

  /** When nothing more is expected, with nothing waiting; null: nobody talks. */
  #endMs(): number | null {
    const talkspurt = this.#talkspurt;
    if (talkspurt === null) return null;
    if (talkspurt.ending) return Number.NEGATIVE_INFINITY;
    return this.#timeOf(talkspurt.samples) + TALKSPURT_END_MS;
  }

  #timeOf(position: number): number {
    return (this.#talkspurt?.startMs ?? 0) + position / SAMPLES_PER_MS;
  }

  #timestampAt(position: number): number {
    return (Math.round((this.#talkspurt?.stampMs ?? 0) * SAMPLES_PER_MS) + position) % 2 ** 32;
  }

  #take(bytes: Uint8Array, samples: number, nowMs: number): void {
    this.counters.taken += 1;
    const talkspurt = this.#talkspurt ?? this.#begin(nowMs);
    const aheadMs = this.#timeOf(talkspurt.samples) - nowMs;
    if (aheadMs > MAX_WAITING_MS || this.#waiting.length >= MAX_WAITING_PACKETS) {
      this.counters.overflow += 1;
      return;
    }
    if (aheadMs < 0) {
      this.counters.packetsLate += 1;
      talkspurt.startMs -= aheadMs;
    }
    this.#followClock(Math.max(0, aheadMs), nowMs);
    this.#waiting.push({ bytes, position: talkspurt.samples });
    talkspurt.samples += samples;
  }

  /** Timestamps are those of the clock: members see how long it was silent. */
  #begin(nowMs: number): Talkspurt {
    this.counters.talkspurts += 1;
    const talkspurt = {
      startMs: nowMs,
      stampMs: Math.max(nowMs, this.#freeFromMs),
      samples: 0,
      begun: false,
      ending: false,
      leastAheadMs: Number.POSITIVE_INFINITY,
      sinceMs: nowMs,
    };
    this.#talkspurt = talkspurt;
    return talkspurt;
  }

  #followClock(aheadMs: number, nowMs: number): void {
    const talkspurt = this.#talkspurt;
    if (talkspurt === null) return;
    talkspurt.leastAheadMs = Math.min(talkspurt.leastAheadMs, aheadMs);
    if (nowMs - talkspurt.sinceMs < DRIFT_WINDOW_MS) return;
    if (talkspurt.leastAheadMs > MAX_NEEDLESS_MS) talkspurt.startMs -= talkspurt.leastAheadMs;
    talkspurt.leastAheadMs = Number.POSITIVE_INFINITY;
    talkspurt.sinceMs = nowMs;
  }

  #end(out: RelayedVoiceOut): void {
    const talkspurt = this.#talkspurt;
    if (talkspurt === null) return;
    if (talkspurt.begun) out.sendFrame(EMPTY, this.#timestampAt(talkspurt.samples), true);
    this.#freeFromMs = talkspurt.stampMs + talkspurt.samples / SAMPLES_PER_MS;
    this.#talkspurt = null;
  }
}
