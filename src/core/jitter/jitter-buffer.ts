import { assert } from '../base/assert.ts';
import { HEADER_BYTES, MAX_DATAGRAM_BYTES, TIMESTAMP_HZ } from '../wire/datagram.ts';
import { DelayDrain } from './delay-drain.ts';
import { type HeldPacket, PacketHeap } from './packet-heap.ts';
import { RestartDetector } from './restart-detector.ts';

/** Frames held before a talkspurt starts: 40 ms of 20 ms frames rides out the jitter of a home network. */
export const DEFAULT_START_FRAMES = 2;

/** Most frames that a talkspurt may be made to wait for: 200 ms of 20 ms frames; beyond, people talk over each other. */
export const MAX_START_FRAMES = 10;

/** Packets held per speaker, and how far ahead of the playout a packet may be: 1.28 s of 20 ms frames. */
export const MAX_HELD_PACKETS = 64;

/** More packets than this waiting (640 ms of 20 ms frames) mean that playout stood still: the backlog is skipped, not heard. */
export const MAX_BACKLOG_PACKETS = 32;

/** Frames concealed in a row: after 100 ms of 20 ms frames, invented sound is worse than silence. */
export const MAX_CONCEALED_FRAMES = 5;

/** Packets further behind than this (1.28 s of 20 ms frames) are not merely late: their sender may have started anew. */
export const MAX_REORDER_PACKETS = 64;

/** Longest payload of a datagram, in bytes. */
export const MAX_PAYLOAD_BYTES = MAX_DATAGRAM_BYTES - HEADER_BYTES;

export interface JitterBufferOptions {
  /** Length of every frame in 48 kHz samples, as the channel's configuration says. */
  frameSamples: number;
  /** Frames held before a talkspurt starts, 1 to MAX_START_FRAMES. */
  startFrames?: number;
}

/** What became of a packet. All but `queued` have dropped it. */
export type InsertOutcome =
  | 'queued'
  | 'late'
  | 'duplicate'
  | 'overflow'
  | 'tooFarAhead'
  | 'tooLarge'
  | 'empty';

/** What to play for one frame: the slot's payload, an invented frame, or nothing. */
export type Playout = 'frame' | 'conceal' | 'silence';

/** What `pull` fills when it answers `frame`; the payloads stay until the next pull with this slot. */
export interface PlayoutSlot extends HeldPacket {
  /** First frame after silence. */
  talkspurtStart: boolean;
  /** No frame of this talkspurt follows. */
  talkspurtEnd: boolean;
  /** The frame after it, to be cross-faded into the same frame's time: so the delay shrinks. Empty when `secondLength` is 0. */
  readonly second: Uint8Array;
  secondLength: number;
}

/**
 * Totals since the start. In packets, `received = played + late + duplicate + overflow + tooFarAhead + tooLarge +
 * empty + drained + flushed + depthFrames`. In frames of playout: `concealed` includes `expanded`.
 */
export type JitterCounters = {
  received: number;
  /** Delivered as the first payload of a frame, or an empty end of a talkspurt that was reached. */
  played: number;
  /** Arrived after its turn. */
  late: number;
  /** Arrived twice. */
  duplicate: number;
  /** Refused because every slot is taken. */
  overflow: number;
  tooFarAhead: number;
  tooLarge: number;
  /** No payload, and no end of a talkspurt either. */
  empty: number;
  /** Delivered as the second payload of a frame. */
  drained: number;
  /** Dropped unheard with a backlog or because the sender started anew. */
  flushed: number;
  /** Sequence numbers whose turn passed without their packet. */
  lost: number;
  concealed: number;
  /** Concealed because nothing at all was there; the delay grew by a frame. */
  expanded: number;
  /** Pulls answered with silence. */
  silence: number;
  talkspurts: number;
};

const UNKNOWN = -1;

/**
 * Jitter buffer of one speaker: takes packets in any order and gives one frame per pull in order.
 *
 * A talkspurt starts when `startFrames` packets are held, its end is held, or its first packet has waited as long
 * as those frames last. From then on each pull takes the next sequence number:
 * - it is held: `frame`;
 * - it is not, but a later one is: it is lost, `conceal`;
 * - nothing is held: `conceal`, and its turn stays (the delay grows by a frame). When it then turns out lost, the
 *   frame concealed already counts for it. After MAX_CONCEALED_FRAMES in a row the talkspurt has broken off.
 *
 * A delay that has grown drains again (see DelayDrain). A sender that starts anew is followed (see
 * RestartDetector). The caller pulls once per frame duration by the clock of the sound device; between talkspurts
 * it may pull more often. Model: NetEQ of WebRTC, without its time stretching.
 */
export class JitterBuffer {
  private readonly frameSamples: number;
  private readonly startFrames: number;
  private readonly startWaitMs: number;
  private readonly heap = new PacketHeap(MAX_HELD_PACKETS, MAX_PAYLOAD_BYTES);
  private readonly restart: RestartDetector;
  private readonly drain: DelayDrain;
  /** Sequences played of late, each at its number modulo the length: tells a duplicate from a late packet. */
  private readonly played = new Float64Array(MAX_REORDER_PACKETS).fill(UNKNOWN);
  private readonly totals: JitterCounters = {
    received: 0,
    played: 0,
    late: 0,
    duplicate: 0,
    overflow: 0,
    tooFarAhead: 0,
    tooLarge: 0,
    empty: 0,
    drained: 0,
    flushed: 0,
    lost: 0,
    concealed: 0,
    expanded: 0,
    silence: 0,
    talkspurts: 0,
  };
  private playing = false;
  private starting = false;
  /** Whose turn it is; UNKNOWN before the first talkspurt and after a new start. */
  private nextSequence = UNKNOWN;
  /** Timestamp that belongs to `nextSequence` if the talkspurt goes on. */
  private nextTimestamp = 0;
  private concealedInRow = 0;
  /** Frames concealed for want of any packet, not yet set against a lost one. */
  private expandedInRow = 0;

  constructor(options: JitterBufferOptions) {
    const { frameSamples, startFrames = DEFAULT_START_FRAMES } = options;
    assert(Number.isInteger(frameSamples) && frameSamples > 0, 'a frame has samples');
    assert(
      Number.isInteger(startFrames) && startFrames >= 1 && startFrames <= MAX_START_FRAMES,
      'a talkspurt starts with 1 to MAX_START_FRAMES frames',
    );
    const frameMs = (frameSamples * 1000) / TIMESTAMP_HZ;
    this.frameSamples = frameSamples;
    this.startFrames = startFrames;
    this.startWaitMs = startFrames * frameMs;
    this.restart = new RestartDetector(frameSamples, MAX_HELD_PACKETS);
    this.drain = new DelayDrain(frameMs, startFrames - 1);
  }

  /** A slot to pull into. */
  static createSlot(): PlayoutSlot {
    return {
      payload: new Uint8Array(MAX_PAYLOAD_BYTES),
      length: 0,
      sequence: 0,
      timestamp: 0,
      last: false,
      talkspurtStart: false,
      talkspurtEnd: false,
      second: new Uint8Array(MAX_PAYLOAD_BYTES),
      secondLength: 0,
    };
  }

  /** Packets waiting. */
  get depthFrames(): number {
    return this.heap.size;
  }

  /** A copy of the totals. */
  counters(): JitterCounters {
    return { ...this.totals };
  }

  /**
   * Takes in one packet; `payload` is copied.
   *
   * @param timestamp 48 kHz samples, u32
   * @param last the packet ends its talkspurt; it may then be empty
   */
  handlePacket(
    sequence: number,
    timestamp: number,
    last: boolean,
    payload: Uint8Array,
    nowMs: number,
  ): InsertOutcome {
    this.totals.received++;
    const outcome = this.judge(sequence, timestamp, last, payload.length);
    if (outcome === 'queued') {
      this.restart.forget();
      this.heap.insert(sequence, timestamp, last, payload, nowMs);
    } else {
      this.totals[outcome]++;
    }
    return outcome;
  }

  /** Gives what to play for the next frame's time. */
  pull(nowMs: number, out: PlayoutSlot): Playout {
    out.length = 0;
    out.secondLength = 0;
    out.talkspurtStart = false;
    out.talkspurtEnd = false;
    if (this.heap.size > MAX_BACKLOG_PACKETS) this.skipBacklog();
    if (!this.playing) {
      if (!this.mayStart(nowMs)) return this.silence();
      this.start();
    }
    const playout = this.playNext(out);
    if (this.playing) this.drain.observe(this.heap.size);
    return playout;
  }

  private judge(sequence: number, timestamp: number, last: boolean, length: number): InsertOutcome {
    if (length > MAX_PAYLOAD_BYTES) return 'tooLarge';
    if (length === 0 && !last) return 'empty';
    const held = this.heap.size;
    const turn =
      this.nextSequence !== UNKNOWN ? this.nextSequence : held > 0 ? this.heap.firstSequence : UNKNOWN;
    if (turn === UNKNOWN) return 'queued';
    if (sequence >= turn + MAX_HELD_PACKETS) return this.judgeAhead(sequence, timestamp);
    if (sequence < turn) {
      const outcome = this.judgeBehind(sequence, timestamp, turn);
      if (outcome !== 'queued') return outcome;
    }
    // `judgeBehind` may have emptied the heap for a new start.
    if (this.heap.has(sequence)) return 'duplicate';
    return this.heap.size < MAX_HELD_PACKETS ? 'queued' : 'overflow';
  }

  /** Beyond everything that can be held. */
  private judgeAhead(sequence: number, timestamp: number): InsertOutcome {
    // In silence nothing can be spoilt: the sender was heard elsewhere meanwhile, or we were away.
    if (!this.playing && this.heap.size === 0) this.startAnew();
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
    this.playing = false;
  }

  private mayStart(nowMs: number): boolean {
    const held = this.heap.size;
    if (held === 0) return false;
    if (held >= this.startFrames || this.heap.holdsLast) return true;
    return nowMs - this.heap.earliestArrivalMs() >= this.startWaitMs;
  }

  private start(): void {
    this.passOverTo(this.heap.firstSequence);
    this.nextTimestamp = this.heap.firstTimestamp;
    this.playing = true;
    this.starting = true;
    this.concealedInRow = 0;
    this.expandedInRow = 0;
    this.drain.reset();
  }

  private playNext(out: PlayoutSlot): Playout {
    if (this.heap.size === 0) return this.expand();
    const missing = this.heap.firstSequence - this.nextSequence;
    const expectedTimestamp = this.nextTimestamp + missing * this.frameSamples;
    // More time than frames has passed: there was silence, and the packet that announced it is lost.
    if (((this.heap.firstTimestamp - expectedTimestamp) | 0) > 0) return this.endTalkspurt();
    if (missing > 0) {
      const accounted = Math.min(missing, this.expandedInRow);
      this.passOver(accounted);
      this.expandedInRow -= accounted;
      if (accounted < missing) return this.concealLost();
    }
    return this.deliver(out);
  }

  private deliver(out: PlayoutSlot): Playout {
    this.heap.popInto(out);
    this.totals.played++;
    this.afterPlayed(out.sequence, out.timestamp);
    if (out.length === 0) return this.endTalkspurt();
    out.talkspurtStart = this.starting;
    if (this.starting) this.totals.talkspurts++;
    this.starting = false;
    this.concealedInRow = 0;
    this.expandedInRow = 0;
    const follows = this.heap.size > 0 && this.heap.firstSequence === this.nextSequence;
    if (out.last) {
      this.playing = false;
    } else if (follows && this.heap.firstIsLast && this.heap.firstLength === 0) {
      this.heap.dropFirst();
      this.totals.played++;
      this.afterPlayed(this.nextSequence, this.nextTimestamp);
      this.playing = false;
    } else if (follows && !this.heap.firstIsLast && this.firstOnTime()) {
      if (this.drain.takesOne()) this.deliverSecond(out);
    }
    out.talkspurtEnd = !this.playing;
    return 'frame';
  }

  private deliverSecond(out: PlayoutSlot): void {
    out.secondLength = this.heap.popPayload(out.second);
    this.totals.drained++;
    this.afterPlayed(this.nextSequence, this.nextTimestamp);
  }

  /** The next packet goes on exactly where the one before ended. */
  private firstOnTime(): boolean {
    return ((this.heap.firstTimestamp - this.nextTimestamp) | 0) === 0;
  }

  private afterPlayed(sequence: number, timestamp: number): void {
    this.played[sequence % MAX_REORDER_PACKETS] = sequence;
    this.nextSequence = sequence + 1;
    this.nextTimestamp = timestamp + this.frameSamples;
  }

  /** Nothing is there: the turn of the next packet stays. */
  private expand(): Playout {
    if (!this.mayConceal()) return this.endTalkspurt();
    this.totals.expanded++;
    this.expandedInRow++;
    return 'conceal';
  }

  private concealLost(): Playout {
    if (!this.mayConceal()) return this.endTalkspurt();
    this.passOver(1);
    return 'conceal';
  }

  private mayConceal(): boolean {
    if (this.concealedInRow === MAX_CONCEALED_FRAMES) return false;
    this.concealedInRow++;
    this.totals.concealed++;
    return true;
  }

  private endTalkspurt(): Playout {
    this.playing = false;
    return this.silence();
  }

  private silence(): Playout {
    this.totals.silence++;
    return 'silence';
  }

  /** Playout stood still (a device that went away) and sound has piled up: go on with the newest. */
  private skipBacklog(): void {
    while (this.heap.size > this.startFrames) {
      this.passOverTo(this.heap.firstSequence);
      this.heap.dropFirst();
      this.totals.flushed++;
      this.nextSequence = this.nextSequence + 1;
    }
    this.playing = false;
  }

  private passOverTo(sequence: number): void {
    if (this.nextSequence === UNKNOWN) this.nextSequence = sequence;
    this.passOver(sequence - this.nextSequence);
  }

  /** The turn of `count` packets passes without them. */
  private passOver(count: number): void {
    this.totals.lost += count;
    this.nextSequence += count;
    this.nextTimestamp += count * this.frameSamples;
  }
}
