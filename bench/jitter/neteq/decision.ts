import { ArrivalHistory } from './arrival-history.ts';
import { BufferLevelFilter } from './buffer-level-filter.ts';
import { DelayManager } from './delay-manager.ts';

/** What to do for the next 10 ms. */
export type Operation =
  | 'normal'
  | 'merge'
  | 'expand'
  | 'accelerate'
  | 'fastAccelerate'
  | 'preemptiveExpand'
  | 'comfortNoise'
  | 'reset';

/** What came of the last operation. */
export type Mode = 'normal' | 'expand' | 'merge' | 'stretched' | 'stretchFailed' | 'comfortNoise';

/** The state a decision is made from. All timestamps in samples, unwrapped. */
export interface Status {
  readonly lastMode: Mode;
  readonly nextTimestamp: number | null;
  /** Timestamp of the sample after the last decoded one. */
  readonly targetTimestamp: number;
  readonly spanSamples: number;
  readonly holdsDtx: boolean;
  /** Gain of the invented sound, 0 to 1. */
  readonly expandGain: number;
  readonly noiseSamples: number;
}

const SAMPLES_PER_MS = 48;
const OUTPUT_SAMPLES = 480;
/** Relative delays are told within this time of media. */
const HISTORY_MS = 2_000;
/** After so many 10 ms of invention the sender counts as restarted. */
const REINIT_AFTER_EXPANDS = 100;
/** Below the target by this much (or by a quarter of it) the sound is stretched. */
const DECELERATION_OFFSET_MS = 85;
/** Steps of stretching are 15 ms, the clock ticks in 10. */
const ADJUSTMENT_MS = 20;
/** 10 ms ticks from one stretch to the next: at most about 100 ms per second. */
const MIN_STRETCH_TICKS = 5;
/** A packet from the future is waited for at most so many 10 ms. */
const MAX_WAIT_TICKS = 10;
/** After faded invention, decoding waits for this share of the target. */
const POSTPONE_SHARE = 0.5;
const POSTPONE_GAIN = 0.5;
/** A packet may be older by this and still count as late instead of as a new stream. */
const LATE_HORIZON_SAMPLES = 5_000 * SAMPLES_PER_MS;
const CNG_WINDOW_MS = 50;
const TICK_MS = 10;

/** NetEQ's decision tree, with its settings of 2023 (the release inside `@roamhq/wrtc` 0.10.0). */
export class DecisionLogic {
  readonly #delayManager: DelayManager;
  readonly #level = new BufferLevelFilter();
  readonly #history = new ArrivalHistory(HISTORY_MS);
  #tick = 0;
  #stretchAllowedTick = MIN_STRETCH_TICKS + 1;
  #packetSamples = 0;
  /** Samples at the last stretch, then what is left of them: the difference was stretched. */
  #sampleMemory = 0;
  #stretchedBefore = false;
  #consecutiveExpands = 0;
  #flushed = false;
  #comfortNoise = false;
  #stretchedNoiseSamples = 0;

  constructor(maxPackets: number) {
    this.#delayManager = new DelayManager(maxPackets);
  }

  get targetMs(): number {
    return Math.max(this.#delayManager.targetMs, this.#packetSamples / SAMPLES_PER_MS);
  }

  advance(): void {
    this.#tick += 1;
  }

  packetArrived(timestamp: number, samples: number): void {
    if (samples !== this.#packetSamples) {
      this.#packetSamples = samples;
      this.#delayManager.setPacketMs(samples / SAMPLES_PER_MS);
    }
    const nowMs = this.#tick * TICK_MS;
    const mediaMs = timestamp / SAMPLES_PER_MS;
    this.#history.insert(mediaMs, nowMs);
    if (this.#history.size < 2) return;
    this.#delayManager.update(this.#history.delayMs(mediaMs, nowMs), !this.#history.isNewest(mediaMs), nowMs);
  }

  noteFlush(): void {
    this.#flushed = true;
  }

  noteMuted(): void {
    this.#consecutiveExpands += 1;
  }

  /** A packet with sound is about to be decoded. */
  leaveComfortNoise(): void {
    this.#comfortNoise = false;
  }

  /** Time stretching is about to start with so many samples. */
  startStretch(samples: number): void {
    this.#sampleMemory = samples;
    this.#stretchedBefore = true;
  }

  /** Samples that were there after the last stretch, what was put out of them included. */
  settleStretch(samples: number): void {
    this.#sampleMemory -= samples;
  }

  softReset(): void {
    this.#packetSamples = 0;
    this.#sampleMemory = 0;
    this.#stretchedBefore = false;
    this.#stretchAllowedTick = this.#tick + MIN_STRETCH_TICKS + 1;
    this.#stretchedNoiseSamples = 0;
    this.#delayManager.reset();
    this.#level.reset();
    this.#history.reset();
  }

  decide(status: Status): Operation {
    if (status.lastMode === 'comfortNoise') this.#comfortNoise = true;
    this.#consecutiveExpands = status.lastMode === 'expand' ? this.#consecutiveExpands + 1 : 0;
    this.#stretchedBefore &&= status.lastMode === 'stretched';
    if (this.#stretchedBefore) this.#stretchAllowedTick = this.#tick + MIN_STRETCH_TICKS;
    if (status.lastMode !== 'comfortNoise') this.#filterLevel(status.spanSamples);
    if (status.nextTimestamp === null) return this.#comfortNoise ? 'comfortNoise' : 'expand';
    if (this.#consecutiveExpands > REINIT_AFTER_EXPANDS) return 'normal';
    if (this.#postpones(status)) return 'expand';
    if (status.nextTimestamp === status.targetTimestamp) return this.#expectedPacket(status);
    const behind = status.targetTimestamp - status.nextTimestamp;
    return behind > 0 && behind < LATE_HORIZON_SAMPLES
      ? 'reset'
      : this.#futurePacket(status, status.nextTimestamp - status.targetTimestamp);
  }

  #filterLevel(spanSamples: number): void {
    this.#level.setTargetMs(this.targetMs);
    if (this.#flushed) this.#level.setLevel(spanSamples);
    else {
      this.#level.update(
        spanSamples,
        this.#stretchedNoiseSamples + (this.#stretchedBefore ? this.#sampleMemory : 0),
      );
    }
    this.#flushed = false;
    this.#stretchedBefore = false;
    this.#stretchedNoiseSamples = 0;
  }

  #postpones(status: Status): boolean {
    return (
      status.lastMode === 'expand' &&
      status.expandGain < POSTPONE_GAIN &&
      status.spanSamples < Math.floor(this.targetMs * SAMPLES_PER_MS * POSTPONE_SHARE) &&
      !status.holdsDtx
    );
  }

  #expectedPacket(status: Status): Operation {
    if (status.lastMode === 'expand') return 'normal';
    const targetSamples = this.targetMs * SAMPLES_PER_MS;
    const low = Math.max((targetSamples * 3) / 4, targetSamples - DECELERATION_OFFSET_MS * SAMPLES_PER_MS);
    const high = Math.max(targetSamples, low + ADJUSTMENT_MS * SAMPLES_PER_MS);
    const level = this.#level.levelSamples;
    if (level >= 4 * high) return 'fastAccelerate';
    if (this.#tick < this.#stretchAllowedTick) return 'normal';
    if (level >= high) return 'accelerate';
    return level < low ? 'preemptiveExpand' : 'normal';
  }

  #futurePacket(status: Status, leapSamples: number): Operation {
    if (status.lastMode === 'expand' && this.#continuesExpand(leapSamples)) return 'expand';
    if (status.lastMode === 'comfortNoise') return this.#afterNoise(status, leapSamples);
    return status.lastMode === 'expand' ? 'merge' : 'expand';
  }

  #continuesExpand(leapSamples: number): boolean {
    return (
      leapSamples < OUTPUT_SAMPLES * REINIT_AFTER_EXPANDS &&
      this.#consecutiveExpands < MAX_WAIT_TICKS &&
      leapSamples > OUTPUT_SAMPLES * this.#consecutiveExpands &&
      this.#level.levelSamples < this.targetMs * SAMPLES_PER_MS
    );
  }

  /** Silence of the sender keeps the delay that was before it, within a window around the target. */
  #afterNoise(status: Status, leapSamples: number): Operation {
    const spanMs = status.spanSamples / SAMPLES_PER_MS;
    const above = spanMs > this.targetMs + CNG_WINDOW_MS;
    const below = spanMs < Math.max(0, this.targetMs - CNG_WINDOW_MS);
    if (!((status.noiseSamples >= leapSamples && !below) || above)) return 'comfortNoise';
    this.#stretchedNoiseSamples = leapSamples - status.noiseSamples;
    return 'normal';
  }
}
