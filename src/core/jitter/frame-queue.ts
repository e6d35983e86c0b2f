import { assert } from '../base/assert.ts';
import { HEADER_BYTES, MAX_DATAGRAM_BYTES } from '../wire/datagram.ts';
import { type LossReport, LossWindow } from './loss-window.ts';
import { type HeldPacket, PacketHeap } from './packet-heap.ts';
import { RestartDetector } from './restart-detector.ts';

/** Packets held per speaker, and how far ahead of the playout a packet may be: 1.28 s of 20 ms frames. */
export const MAX_HELD_PACKETS = 64;

/** Packets further behind than this (1.28 s of 20 ms frames) are not merely late: their sender may have started anew. */
export const MAX_REORDER_PACKETS = 64;

/** Longest payload of a datagram, in bytes. */
export const MAX_PAYLOAD_BYTES = MAX_DATAGRAM_BYTES - HEADER_BYTES;

/** What became of a packet or a copy. All but `queued` have dropped it. */
export type InsertOutcome =
  | 'queued'
  | 'late'
  | 'duplicate'
  | 'unneeded'
  | 'overflow'
  | 'tooFarAhead'
  | 'tooLarge'
  | 'empty';

/**
 * Totals since the start. `received + copies = played + recovered + late + duplicate + unneeded + overflow +
 * tooFarAhead + tooLarge + empty + flushed + size`.
 */
export type QueueCounters = {
  /** Packets handed in, redundant copies not counted. */
  received: number;
  /** Redundant copies handed in. */
  copies: number;
  /** Taken out in their turn, ends of talkspurts without a frame included. */
  played: number;
  /** Taken out in its turn as a copy, its primary missing. */
  recovered: number;
  /** Arrived after its turn. */
  late: number;
  /** Arrived twice, or after a copy of it. */
  duplicate: number;
  /** Copy of a frame that was there already, or whose turn had passed, or that fits nowhere. */
  unneeded: number;
  /** Refused because every slot is taken. */
  overflow: number;
  tooFarAhead: number;
  tooLarge: number;
  /** No payload, and no end of a talkspurt either. */
  empty: number;
  /** Dropped unheard with a backlog or because the sender started anew. */
  flushed: number;
  /** Sequence numbers whose turn passed with neither packet nor copy. */
  lost: number;
};

const UNKNOWN = -1;

/**
 * The frames of one speaker in order: decides which packets are taken in, whose turn it is, and what is lost.
 *
 * A copy out of a redundant packet fills the hole its frame left, if its turn has not passed. A sender that starts
 * anew is followed (see RestartDetector). Timestamps are 48 kHz samples; those that go out are unwrapped.
 */
export class FrameQueue {
  readonly frameSamples: number;
  /** True while no talkspurt is being played: nothing can then be spoilt by a jump ahead. */
  idle = true;
  private readonly heap = new PacketHeap(MAX_HELD_PACKETS, MAX_PAYLOAD_BYTES);
  private readonly restart: RestartDetector;
  private readonly losses = new LossWindow();
  /** Sequences played of late, each at its number modulo the length: tells a duplicate from a late packet. */
  private readonly played = new Float64Array(MAX_REORDER_PACKETS).fill(UNKNOWN);
  private readonly totals: QueueCounters = {
    received: 0,
    copies: 0,
    played: 0,
    recovered: 0,
    late: 0,
    duplicate: 0,
    unneeded: 0,
    overflow: 0,
    tooFarAhead: 0,
    tooLarge: 0,
    empty: 0,
    flushed: 0,
    lost: 0,
  };
  /** Whose turn it is; UNKNOWN before the first talkspurt and after a new start. */
  private nextSequence = UNKNOWN;
  /** Unwrapped timestamp that belongs to `nextSequence` if the talkspurt goes on. */
  private nextTimestamp = 0;
  private restartCount = 0;

  constructor(frameSamples: number) {
    assert(Number.isInteger(frameSamples) && frameSamples > 0, 'a frame has samples');
    this.frameSamples = frameSamples;
    this.restart = new RestartDetector(frameSamples, MAX_HELD_PACKETS);
  }

  /** A slot to take frames into. */
  static createSlot(): HeldPacket {
    return {
      payload: new Uint8Array(MAX_PAYLOAD_BYTES),
      length: 0,
      sequence: 0,
      timestamp: 0,
      last: false,
      recovered: false,
      arrivalMs: 0,
    };
  }

  /** Packets waiting. */
  get size(): number {
    return this.heap.size;
  }

  /** The totals; they go on counting. */
  get counters(): Readonly<QueueCounters> {
    return this.totals;
  }

  /** Losses since the last reading; see LossWindow. */
  takeLossWindow(): LossReport {
    return this.losses.take();
  }

  /** The turn of that frame has passed of late, and nothing of it was there. */
  hasMissed(sequence: number): boolean {
    const behind = this.nextSequence - sequence;
    if (this.nextSequence === UNKNOWN || behind <= 0 || behind > MAX_REORDER_PACKETS) return false;
    return this.played[sequence % MAX_REORDER_PACKETS] !== sequence;
  }

  /** How often the sender has started anew. */
  get restarts(): number {
    return this.restartCount;
  }

  /** Unwrapped timestamp of the frame whose turn it is. */
  get turnTimestamp(): number {
    return this.nextTimestamp;
  }

  /** Frames missing before the first that is held; the queue is not empty. */
  get missing(): number {
    return this.nextSequence === UNKNOWN ? 0 : this.heap.firstSequence - this.nextSequence;
  }

  /** Unwrapped timestamp of the first frame held; the queue is not empty. */
  get firstTimestamp(): number {
    return this.nextTimestamp + ((this.heap.firstTimestamp - this.nextTimestamp) | 0);
  }

  /** More time than frames lies before the first packet held: there was silence, whose announcement was lost. */
  get silenceBeforeFirst(): boolean {
    return this.firstTimestamp - this.nextTimestamp - this.missing * this.frameSamples > 0;
  }

  /** The first packet held carries no frame, only the end of the talkspurt. */
  get firstIsBareEnd(): boolean {
    return this.heap.firstLength === 0;
  }

  /** The first packet held is the very frame whose turn it is, and has sound. */
  get firstContinues(): boolean {
    if (this.heap.size === 0 || this.heap.firstLength === 0 || this.missing !== 0) return false;
    return this.firstTimestamp === this.nextTimestamp;
  }

  /**
   * Takes in one packet or copy; `payload` is copied.
   *
   * @param timestamp 48 kHz samples, u32
   * @param last the packet ends its talkspurt; it may then be empty
   * @param recovered it comes out of a redundant packet, in place of one that may be lost
   */
  handlePacket(
    sequence: number,
    timestamp: number,
    last: boolean,
    payload: Uint8Array,
    nowMs: number,
    recovered: boolean,
  ): InsertOutcome {
    if (recovered) this.totals.copies++;
    else this.totals.received++;
    const outcome = recovered
      ? this.judgeCopy(sequence, timestamp, payload.length)
      : this.judge(sequence, timestamp, last, payload.length);
    if (outcome === 'queued') {
      if (!recovered) this.restart.forget();
      this.heap.insert(sequence, timestamp, last, payload, nowMs, recovered);
    } else {
      this.totals[outcome]++;
    }
    return outcome;
  }

  /** A talkspurt begins with the first packet held: its turn has come. The queue is not empty. */
  begin(): void {
    const first = this.firstTimestamp;
    if (this.nextSequence === UNKNOWN) this.nextSequence = this.heap.firstSequence;
    this.passOver(this.missing);
    this.nextTimestamp = first;
    this.losses.breakBurst();
  }

  /** Takes the first packet out; what is missing before it is lost. The queue is not empty. */
  take(into: HeldPacket): void {
    this.passOver(this.missing);
    const timestamp = this.firstTimestamp;
    this.heap.popInto(into);
    if (into.recovered) this.totals.recovered++;
    else this.totals.played++;
    this.losses.observe(!into.recovered);
    this.played[into.sequence % MAX_REORDER_PACKETS] = into.sequence;
    this.nextSequence = into.sequence + 1;
    this.nextTimestamp = timestamp + this.frameSamples;
  }

  /** Drops the first packet with a backlog that is skipped. The queue is not empty. */
  skipFirst(): void {
    this.passOver(this.missing);
    this.nextTimestamp = this.firstTimestamp + this.frameSamples;
    this.heap.dropFirst();
    this.totals.flushed++;
    this.nextSequence++;
  }

  private judge(sequence: number, timestamp: number, last: boolean, length: number): InsertOutcome {
    if (length > MAX_PAYLOAD_BYTES) return 'tooLarge';
    if (length === 0 && !last) return 'empty';
    const turn = this.turn();
    if (turn === UNKNOWN) return 'queued';
    if (sequence >= turn + MAX_HELD_PACKETS) return this.judgeAhead(sequence, timestamp);
    if (sequence < turn) {
      const outcome = this.judgeBehind(sequence, timestamp, turn);
      if (outcome !== 'queued') return outcome;
    }
    // `judgeBehind` may have emptied the heap for a new start.
    if (this.heap.has(sequence)) {
      this.heap.confirm(sequence);
      return 'duplicate';
    }
    return this.heap.size < MAX_HELD_PACKETS ? 'queued' : 'overflow';
  }

  /** A copy never moves the turn, starts a stream anew or takes the place of what can still come. */
  private judgeCopy(sequence: number, timestamp: number, length: number): InsertOutcome {
    const turn = this.turn();
    if (length === 0 || length > MAX_PAYLOAD_BYTES || turn === UNKNOWN) return 'unneeded';
    if (sequence < turn && this.nextSequence !== UNKNOWN) return 'unneeded';
    if (Math.abs(sequence - turn) >= MAX_HELD_PACKETS || this.heap.size >= MAX_HELD_PACKETS)
      return 'unneeded';
    if (this.nextSequence !== UNKNOWN && ((timestamp - this.nextTimestamp) | 0) < 0) return 'unneeded';
    return this.heap.has(sequence) ? 'unneeded' : 'queued';
  }

  private turn(): number {
    if (this.nextSequence !== UNKNOWN) return this.nextSequence;
    return this.heap.size > 0 ? this.heap.firstSequence : UNKNOWN;
  }

  /** Beyond everything that can be held. */
  private judgeAhead(sequence: number, timestamp: number): InsertOutcome {
    // In silence nothing can be spoilt: the sender was heard elsewhere meanwhile, or we were away.
    if (this.idle && this.heap.size === 0) this.startAnew();
    else if (this.restart.observe(sequence, timestamp)) this.startAnew();
    else return 'tooFarAhead';
    return 'queued';
  }

  private judgeBehind(sequence: number, timestamp: number, turn: number): InsertOutcome {
    if (turn - sequence <= MAX_REORDER_PACKETS) {
      // Nothing has been played yet: an earlier packet is welcome.
      if (this.nextSequence === UNKNOWN) return 'queued';
      if (this.played[sequence % MAX_REORDER_PACKETS] === sequence) return 'duplicate';
      // A packet that is merely late is at least as old by its timestamp as by its number.
      const behindSamples = (this.nextTimestamp - timestamp) | 0;
      if (behindSamples >= (turn - sequence) * this.frameSamples) return 'late';
    }
    if (!this.restart.observe(sequence, timestamp)) return 'late';
    this.startAnew();
    return 'queued';
  }

  /** Forgets where the sender was. */
  private startAnew(): void {
    this.totals.flushed += this.heap.clear();
    this.played.fill(UNKNOWN);
    this.nextSequence = UNKNOWN;
    this.restartCount++;
  }

  /** The turn of `count` packets passes without them. */
  private passOver(count: number): void {
    if (count <= 0) return;
    this.totals.lost += count;
    this.losses.observeLost(count);
    this.nextSequence += count;
    this.nextTimestamp += count * this.frameSamples;
  }
}
