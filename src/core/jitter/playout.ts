import { TIMESTAMP_HZ } from '../wire/datagram.ts';
import { ArrivalLog } from './arrival-log.ts';
import { ComfortNoise, rmsOf } from './comfort-noise.ts';
import { BREAK_OFF_SAMPLES, Concealer } from './concealer.ts';
import { DelayPlan, stepTowards } from './delay-plan.ts';
import { type FrameDecoder, MAX_FRAME_SAMPLES } from './frame-decoder.ts';
import { FrameJoin } from './frame-join.ts';
import { FrameQueue, type InsertOutcome, type QueueCounters } from './frame-queue.ts';
import type { LossReport } from './loss-window.ts';
import { PayloadViews } from './payload-views.ts';
import { MAX_PERIOD_SAMPLES, MIN_PERIOD_SAMPLES } from './pitch.ts';
import { createStatistics, type PlayoutStatistics } from './playout-statistics.ts';
import { PullClock } from './pull-clock.ts';
import { SoundBuffer } from './sound-buffer.ts';
import { FADE_SAMPLES, TimeStretch } from './time-stretch.ts';

const MS = TIMESTAMP_HZ / 1000;

/** Frames that the first talkspurt waits for, before anything was measured: 40 ms of 20 ms frames. */
export const INITIAL_FRAMES = 2;

/** A backlog of more than this above the target is skipped: at half speed more it would take longer than a second. */
export const MAX_BACKLOG_SAMPLES = 600 * MS;

/**
 * A frame whose time does not come for so long has a timestamp that is nonsense: no hole before it is filled, and
 * after so much silence it is played. One that is in time waits for MAX_TARGET_SAMPLES at the most.
 */
const MAX_WAIT_SAMPLES = 1_000 * MS;

/** Sound in hand when it is to be stretched, where there is more: the longest period and two fades. */
const STRETCH_SAMPLES = 960;

/** Delay that is wrong by less than a pitch period is left alone, in samples: 2.5 ms. */
const MIN_EXCESS_SAMPLES = 2.5 * MS;

/** Periods must be this alike where the delay is nearly right, … */
const STRICT_LIKENESS = 0.9;

/** … and this alike where it is 100 ms wrong: speed is then worth a little roughness. */
const LOOSE_LIKENESS = 0.5;
const LOOSE_EXCESS_SAMPLES = 100 * MS;

/** Put in at a time while the network has stopped, at the least: 10 ms, for a voice repeats itself best over several periods. */
const SLOW_PERIOD_SAMPLES = 10 * MS;

/** Put in per sample played while the network has stopped: what is held then runs at two fifths of its speed. */
const SLOW_SPEED = 0.6;

/** Periods repeated then need not be very alike: the alternative is to invent sound. */
const SLOW_LIKENESS = 0.3;

/** A frame's beginning fills the hole before it where it is this much like what it joins. */
const LEAD_IN_LIKENESS = 0.3;

/** Sound this close to the background, as a factor, may be cut anywhere. */
const FAINT_FACTOR = 2.5;

/** Fainter than -66 dBFS is silence, whatever the background. */
const FAINT_RMS = 0.0005;

/**
 * Playout of one speaker: packets in, as many samples as the sound device asks for out.
 *
 * Frames are played at the transit that DelayPlan aims at. What is early or late is stretched by pitch periods;
 * what is missing is invented until it comes, and then cross-faded;
 * the end of a hole is filled with the beginning of the frame behind it, where the voice permits. Talkspurts begin at the aimed transit.
 */
export class Playout {
  private readonly decoder: FrameDecoder;
  private readonly queue: FrameQueue;
  private readonly plan: DelayPlan;
  private readonly arrivals: ArrivalLog;
  private readonly pulls = new PullClock();
  private readonly sound = new SoundBuffer();
  private readonly stretch = new TimeStretch(this.sound);
  private readonly noise = new ComfortNoise();
  private readonly concealer: Concealer;
  private readonly join: FrameJoin;
  private readonly slot = FrameQueue.createSlot();
  private readonly payloads = new PayloadViews(this.slot);
  private readonly decoded = new Float32Array(MAX_FRAME_SAMPLES);
  private readonly sums = createStatistics();
  /** Samples handed out so far: the clock of everything here. */
  private clock = 0;
  private playing = false;
  /** The talkspurt ends with the sound that waits. */
  private ending = false;
  private fadesIn = false;
  /** The sound must be joined to what was played: it does not go on from there. */
  private splices = false;
  /** Samples concealed since the last frame while a later one was there. */
  private holeSamples = 0;
  /** Transit of the last frame: output clock of its first sample minus its timestamp. */
  private transit = 0;
  /** Samples that may be stretched now; below 0 while a stretch is being paid for. */
  private credit = 0;
  /** The same for slowing down while the network has stopped. */
  private slowCredit = 0;
  private idleWithFrames = 0;
  private talkspurts = 0;
  private undecodable = 0;

  constructor(frameSamples: number, decoder: FrameDecoder) {
    this.decoder = decoder;
    this.queue = new FrameQueue(frameSamples);
    this.plan = new DelayPlan(frameSamples, INITIAL_FRAMES * frameSamples);
    this.arrivals = new ArrivalLog(this.plan, frameSamples);
    this.concealer = new Concealer(decoder, this.noise);
    this.join = new FrameJoin(this.sound, this.concealer);
  }

  /** Somebody talks: frames are played, or a gap is filled that is short enough to be a voice. */
  get talking(): boolean {
    return this.playing && !this.concealer.isSilent;
  }

  get counters(): Readonly<QueueCounters> {
    return this.queue.counters;
  }

  get talkspurtCount(): number {
    return this.talkspurts;
  }

  get undecodableCount(): number {
    return this.undecodable;
  }

  get depthFrames(): number {
    return this.queue.size;
  }

  takeLossWindow(): LossReport {
    return this.queue.takeLossWindow();
  }

  /** Takes in a packet or a redundant copy; see FrameQueue. */
  handlePacket(
    sequence: number,
    timestamp: number,
    last: boolean,
    payload: Uint8Array,
    nowMs: number,
    recovered: boolean,
  ): InsertOutcome {
    const { restarts } = this.queue;
    const wasMissed = recovered && this.queue.hasMissed(sequence);
    const outcome = this.queue.handlePacket(sequence, timestamp, last, payload, nowMs, recovered);
    if (this.queue.restarts !== restarts) {
      this.arrivals.restart();
      this.stop();
    }
    if (recovered) {
      // One that is too late for its hole tells as well how long one would have to wait.
      if (outcome === 'queued' || wasMissed) this.arrivals.handleRecovery(timestamp, nowMs);
    } else if (outcome === 'queued' || outcome === 'late') {
      this.arrivals.handleArrival(sequence, timestamp, last, nowMs);
    }
    return outcome;
  }

  /** Writes the next `count` samples into `out`; zeros in silence. */
  pull(out: Float32Array, count: number, nowMs: number): void {
    this.arrivals.handlePull(this.clock, nowMs);
    this.pulls.observe(this.clock, count, nowMs);
    this.slowCredit = Math.min(0, this.slowCredit + SLOW_SPEED * count);
    this.slowsDown();
    let done = 0;
    while (done < count) {
      if (this.sound.waiting === 0) this.fill(count - done, nowMs + done / MS);
      const run = Math.min(count - done, this.sound.waiting);
      const { samples, start } = this.sound;
      for (let at = 0; at < run; at++) out[done + at] = samples[start + at] ?? 0;
      if (this.playing) this.sums.totalSamplesReceived += run;
      this.sound.start += run;
      this.clock += run;
      done += run;
    }
  }

  /** A copy of the sums, with the state of the moment. */
  statistics(): PlayoutStatistics {
    const { counters } = this.queue;
    const floor = this.plan.floorTransit;
    return {
      ...this.sums,
      targetDelayMs: this.plan.isKnown ? (this.plan.targetTransit - floor) / MS : 0,
      currentDelayMs: this.plan.isKnown ? ((this.transit - floor) | 0) / MS : 0,
      arrivalJitterMs: this.arrivals.jitterMs,
      depthMs: (this.queue.size * this.queue.frameSamples + this.sound.waiting) / MS,
      lostFrames: counters.lost,
      recovered: counters.recovered,
      late: counters.late,
      duplicates: counters.duplicate,
    };
  }

  /** Puts at least a sample behind what waits, which is nothing. */
  private fill(need: number, nowMs: number): void {
    if (this.ending) this.endTalkspurt();
    else if (!this.playing && !this.mayStart()) this.beSilent(need);
    else {
      if (!this.playing) this.startTalkspurt();
      this.playNext(need, nowMs);
    }
  }

  /** How much later than aimed at the first frame would be, played now. Transits compare modulo 2^32, as timestamps do. */
  private excess(): number {
    return (this.clock - this.queue.firstTimestamp - this.plan.targetTransit) | 0;
  }

  private mayStart(): boolean {
    if (this.queue.size === 0 || !this.plan.isKnown) return false;
    return this.excess() >= 0 || this.idleWithFrames >= MAX_WAIT_SAMPLES;
  }

  private beSilent(need: number): void {
    let count = need;
    if (this.queue.size > 0 && this.plan.isKnown) count = Math.max(1, Math.min(need, -this.excess()));
    if (this.queue.size > 0) this.idleWithFrames += count;
    this.sound.room(count);
    this.sound.samples.fill(0, this.sound.end, this.sound.end + count);
    this.sound.end += count;
  }

  private startTalkspurt(): void {
    this.skipBacklog();
    this.queue.begin();
    this.queue.idle = false;
    this.playing = true;
    this.fadesIn = true;
    this.idleWithFrames = 0;
    this.credit = 0;
    this.transit = this.clock - this.queue.turnTimestamp;
    this.concealer.reset();
    this.talkspurts++;
  }

  private stop(): void {
    this.playing = false;
    this.ending = false;
    this.splices = false;
    this.holeSamples = 0;
    this.queue.idle = true;
    this.concealer.reset();
  }

  private endTalkspurt(): void {
    this.join.fadeOut();
    this.stop();
  }

  private playNext(need: number, nowMs: number): void {
    if (this.queue.size === 0) {
      if (this.concealer.inRow >= BREAK_OFF_SAMPLES) this.endTalkspurt();
      else this.conceal(need);
      return;
    }
    if (this.queue.silenceBeforeFirst) {
      this.endTalkspurt();
      return;
    }
    this.skipBacklog();
    const excess = this.excess();
    if (this.queue.missing > 0) {
      const due = Math.min(0, (this.transit - this.plan.targetTransit) | 0);
      if (excess < due) {
        const left = due - excess;
        // Half of 2^32 away from what was played, a timestamp is behind it for the queue and ahead of it here.
        if (left > MAX_WAIT_SAMPLES) {
          this.endTalkspurt();
          return;
        }
        if (this.mayLeadIn(left)) {
          this.takeFrame(nowMs, excess, left);
          return;
        }
        const count = Math.min(need, this.concealedAtOnce(left));
        this.holeSamples += count;
        this.conceal(count);
        return;
      }
      this.splices = true;
    }
    if (this.takeFrame(nowMs, excess, 0) && !this.slowsDown()) this.adapt(nowMs);
  }

  /** The frame behind a hole is there, and may help to fill the hole's last `left` samples. */
  private mayLeadIn(left: number): boolean {
    if (this.plan.holesFill || this.queue.firstIsBareEnd) return false;
    if (left < MIN_PERIOD_SAMPLES || left > MAX_PERIOD_SAMPLES) return false;
    return this.concealer.isSilent || this.concealer.remaining >= left;
  }

  /** The decoder conceals first, whatever fills the hole then: the frame behind it is decoded from there. */
  private concealedAtOnce(left: number): number {
    if (left > MAX_PERIOD_SAMPLES) return left - MAX_PERIOD_SAMPLES;
    return this.concealer.inRow > 0 ? left : Math.min(left, MIN_PERIOD_SAMPLES);
  }

  /** Playout stood still, or the network did for long: go on with the newest. */
  private skipBacklog(): void {
    if (this.queue.size < 2 || this.excess() <= MAX_BACKLOG_SAMPLES) return;
    while (this.queue.size > 1 && this.excess() > 0) this.queue.skipFirst();
    this.splices = true;
  }

  private conceal(count: number): void {
    if (this.concealer.inRow === 0) this.sums.concealmentEvents++;
    this.sound.room(count);
    this.concealer.produce(this.sound.samples, this.sound.end, count);
    this.sound.end += count;
    this.splices = true;
    this.sums.concealedSamples += count;
    if (this.concealer.isSilent) this.sums.silentConcealedSamples += count;
  }

  /**
   * @param holeSamples what is still missing before the frame's time comes
   * @returns false when there was no sound in it
   */
  private takeFrame(nowMs: number, excess: number, holeSamples: number): boolean {
    const startClock = this.clock + this.sound.waiting + holeSamples;
    const emittedMs = nowMs + (startClock - this.clock) / MS;
    this.queue.take(this.slot);
    const timestamp = this.queue.turnTimestamp - this.queue.frameSamples;
    if (this.slot.last) this.ending = true;
    if (this.slot.length === 0) return false;
    const length = this.decoder.decode(this.payloads.present, this.decoded);
    if (length === 0) {
      this.undecodable++;
      this.conceal(holeSamples + this.queue.frameSamples);
      return false;
    }
    this.noise.observe(rmsOf(this.decoded, 0, length));
    if (holeSamples > 0) this.leadIn(length, holeSamples);
    const skipped = this.splices ? this.splice(length, excess) : 0;
    if (this.fadesIn) this.join.fadeIn(this.decoded, length);
    this.fadesIn = false;
    this.sound.append(this.decoded, skipped, length - skipped);
    this.transit = startClock - timestamp - skipped;
    const emitted = length - skipped;
    this.sums.jitterBufferDelayMs += emitted * (emittedMs - this.slot.arrivalMs + emitted / (2 * MS));
    this.sums.jitterBufferEmittedCount += emitted;
    const handedOnMs = this.pulls.handedOnMs(startClock + (emitted - 1) / 2);
    this.sums.handedOnDelayMs += emitted * (handedOnMs - this.slot.arrivalMs);
    const targetMs = (this.plan.targetTransit - this.plan.floorTransit) / MS;
    this.sums.jitterBufferTargetDelayMs += emitted * targetMs;
    this.sums.jitterBufferMinimumDelayMs += emitted * targetMs;
    this.concealer.reset();
    this.holeSamples = 0;
    return true;
  }

  /** Fills the end of a hole with the beginning of the frame behind it, as far as the two are in step. */
  private leadIn(length: number, holeSamples: number): void {
    const { decoded } = this;
    const free = this.isFaint(decoded, 0, length);
    const lead = free
      ? Math.min(holeSamples, length - FADE_SAMPLES)
      : this.concealer.findLeadIn(decoded, length, holeSamples, LEAD_IN_LIKENESS);
    if (lead < MIN_PERIOD_SAMPLES) {
      this.conceal(holeSamples);
      return;
    }
    if (holeSamples > lead) this.conceal(holeSamples - lead);
    this.join.leadIn(decoded, lead);
    this.splices = false;
    this.sums.insertedSamplesForDeceleration += lead;
  }

  private isFaint(samples: Float32Array, offset: number, count: number): boolean {
    return rmsOf(samples, offset, count) < Math.max(FAINT_RMS, FAINT_FACTOR * this.noise.floor);
  }

  /**
   * Cross-fades what was invented into the decoded frame.
   *
   * @returns how much of the frame's beginning is left out, because its time has passed
   */
  private splice(length: number, excess: number): number {
    this.splices = false;
    const passed =
      this.holeSamples > 0 ? this.holeSamples : this.plan.dropsLateBeginnings ? this.concealer.inRow : 0;
    const skipped = Math.max(0, Math.min(excess, passed, length - 2 * FADE_SAMPLES));
    this.join.splice(this.decoded, length, skipped);
    return skipped;
  }

  /**
   * The network has stopped: what is held is made to last, down to SLOW_SPEED.
   *
   * @returns false when nothing is overdue
   */
  private slowsDown(): boolean {
    if (this.ending || !this.playing || this.concealer.inRow > 0) return false;
    const awaited = this.plan.holesFill && this.queue.size > 0 && this.queue.missing > 0;
    if (!awaited && !this.arrivals.isOverdue(this.clock, this.transit)) return false;
    if (this.slowCredit < 0 || this.sound.waiting === 0) return true;
    const inserted = this.stretch.expand(SLOW_PERIOD_SAMPLES, SLOW_LIKENESS, false);
    this.transit += inserted;
    this.slowCredit -= inserted;
    this.sums.insertedSamplesForDeceleration += inserted;
    return true;
  }

  /** Moves the delay towards the aim by stretching what waits. */
  private adapt(nowMs: number): void {
    const excess = (this.transit - this.plan.targetTransit) | 0;
    const moved = Math.abs(excess - stepTowards(excess, 0, this.queue.frameSamples));
    this.credit = Math.min(0, this.credit + Math.max(moved, 1));
    if (this.credit < 0) return;
    if (excess > -1 && excess < MIN_EXCESS_SAMPLES) return;
    while (excess > 0 && this.sound.waiting < STRETCH_SAMPLES && !this.ending && this.queue.firstContinues) {
      const before = this.transit;
      if (!this.takeFrame(nowMs, 0, 0)) break;
      this.transit = before;
    }
    const wrong = Math.min(1, Math.abs(excess) / LOOSE_EXCESS_SAMPLES);
    const likeness = STRICT_LIKENESS - (STRICT_LIKENESS - LOOSE_LIKENESS) * wrong;
    const free = this.isFaint(this.sound.samples, this.sound.start, this.sound.waiting);
    if (excess > 0) {
      const removed = this.stretch.accelerate(excess, likeness, free);
      this.transit -= removed;
      this.credit -= removed;
      this.sums.removedSamplesForAcceleration += removed;
    } else {
      const inserted = this.stretch.expand(-excess, likeness, free);
      this.transit += inserted;
      this.credit -= inserted;
      this.sums.insertedSamplesForDeceleration += inserted;
    }
  }
}
