import { MAX_GAIN_DB } from '../processing/gain-control.ts';
import type { SampleRing } from '../ring/sample-ring.ts';
import { levelDb, SILENCE_DB } from './level.ts';
import type { Microphone, MicrophoneOut } from './microphone.ts';
import { MAX_PRE_ROLL_SAMPLES } from './pre-roll.ts';
import type { TapRing } from './tap-ring.ts';

/** Samples processed at a time: 10 ms, which divides every frame. */
export const PATH_BLOCK_SAMPLES = 480;

/** More than this waiting in the capture ring is old news (a stalled machine): dropped, counted. 100 ms. */
export const MAX_BACKLOG_SAMPLES = 4_800;

/** What the speaker plays may run ahead of the microphone by this much, in samples; more is dropped, counted. 150 ms. */
export const MAX_REFERENCE_SAMPLES = 7_200;

/** Blocks without anything from the speaker before it counts as silent: 200 ms is no hiccup of a device any more. */
const MISSING_REFERENCE_BLOCKS = 20;

/** Quieter than this, in dBFS, the speaker plays nothing that a microphone could hear. */
const REFERENCE_QUIET_DB = -80;

/** So many quiet blocks, and the room has fallen silent too: 1.5 s, longer than the processing itself waits. */
const REFERENCE_QUIET_BLOCKS = 150;

/** So many blocks too quiet for any gain to lift a voice above the threshold, and none is looked for: a second. */
const LISTEN_QUIET_BLOCKS = 100;

/** Blocks looked back beyond pre-roll and delay, for filters and nets to find their feet. */
const WARM_UP_BLOCKS = 2;

/** Longest look back: the longest pre-roll, and 100 ms for the longest delay that the stages may have together. */
const MAX_LOOK_BACK_BLOCKS =
  (MAX_PRE_ROLL_SAMPLES + MAX_BACKLOG_SAMPLES) / PATH_BLOCK_SAMPLES + WARM_UP_BLOCKS;

/** A device that gave nothing for this long stood still, in samples: 200 ms. Recordings count the time as silence. */
const STANDSTILL_SAMPLES = 9_600;

const SAMPLES_PER_US = 0.048;

/** The processing as the path uses it; see ProcessingChain. */
export interface Processing {
  readonly delaySamples: number;
  readonly voiceProbability: number;
  handleReference(block: Float32Array): void;
  process(block: Float32Array): void;
  idle(block: Float32Array): void;
}

export interface MicrophonePathOptions {
  readonly capture: SampleRing;
  /** What the speaker plays. */
  readonly reference: SampleRing;
  readonly processing: Processing;
  readonly microphone: Microphone;
  /** A clock in microseconds, for the counters. */
  readonly nowUs: () => number;
}

/** Where the sound before and behind the processing is written down. */
export interface MicrophoneTaps {
  readonly raw: TapRing;
  readonly processed: TapRing;
}

/**
 * The way from the capture ring through the processing to the microphone, in blocks of 10 ms.
 *
 * While nothing can be sent and nothing is played, the processing rests, and the newest blocks are kept: when a key
 * goes down, or somebody speaks up, they are processed late, all at once, as if nothing had rested. While something
 * is played it does not rest, as the echo canceller must hear each block once and beside what was played meanwhile.
 */
export class MicrophonePath {
  readonly #options: MicrophonePathOptions;
  readonly #block = new Float32Array(PATH_BLOCK_SAMPLES);
  readonly #referenceBlock = new Float32Array(PATH_BLOCK_SAMPLES);
  readonly #kept = new Float32Array(MAX_LOOK_BACK_BLOCKS * PATH_BLOCK_SAMPLES);
  /** Of the next block to keep, counted on without end. */
  #keptEnd = 0;
  #keptBlocks = 0;
  /** Captured while the processing rested, and not kept, or not any more. */
  #passedSamples = 0;
  /** What the last call of `drain` left in the capture ring. */
  #leftSamples = 0;
  /** Of what was left, for how long: samples times samples that came meanwhile; and those. */
  #waited = { sum: 0, samples: 0 };
  /** Out of the capture ring, or lost before it. */
  #pulledSamples = 0;
  #knownOverrunSamples: number;
  #missingReferences = 0;
  #referenceQuietBlocks = REFERENCE_QUIET_BLOCKS;
  #quietBlocks = 0;
  #taps: MicrophoneTaps | null = null;
  /** When everything captured so far had been worked off. */
  #drainedUs = 0;
  #loudestDb = SILENCE_DB;
  readonly #counters = {
    staleSamples: 0,
    lostSamples: 0,
    staleReferenceSamples: 0,
    restedBlocks: 0,
    processedBlocks: 0,
    processMeanUs: 0,
    processMaxUs: 0,
  };

  constructor(options: MicrophonePathOptions) {
    this.#options = options;
    this.#knownOverrunSamples = options.capture.overrunSamples;
  }

  /** Captured, but not given to the microphone yet. */
  get waitingSamples(): number {
    const rested = this.#passedSamples + this.#keptBlocks * PATH_BLOCK_SAMPLES;
    return this.#options.capture.readable() + this.#lostSamples() + rested;
  }

  /** Position, in the stream of captured samples, of the next one that is captured. */
  get capturedSamples(): number {
    return this.#pulledSamples + this.#options.capture.readable() + this.#lostSamples();
  }

  /** From now on; null: nobody records. Their positions are those of `capturedSamples`. */
  setTaps(taps: MicrophoneTaps | null): void {
    this.#taps = taps;
    this.#drainedUs = this.#options.nowUs();
  }

  /** Takes the loudest level since the call before, in dBFS. */
  takeLoudestDb(): number {
    const loudestDb = this.#loudestDb;
    this.#loudestDb = SILENCE_DB;
    return loudestDb;
  }

  /** Takes the longest time since the call before, and the mean wait in the capture ring since then. */
  takeCounters(): Record<string, number> {
    const { processing, microphone } = this.#options;
    const { sum, samples } = this.#waited;
    const counters = {
      ...this.#counters,
      captureWaitSamples: samples === 0 ? 0 : sum / samples,
      processingDelaySamples: processing.delaySamples,
      frameSurplusSamples: microphone.surplusSamples,
    };
    this.#counters.processMaxUs = 0;
    this.#waited.sum = 0;
    this.#waited.samples = 0;
    return counters;
  }

  /** Processes what the device has handed over, in whole blocks. */
  drain(out: MicrophoneOut): void {
    const { capture } = this.#options;
    if (this.#taps !== null) this.#skipStandstill(this.#taps);
    this.#countWait();
    this.#dropBacklog(out);
    while (capture.readable() >= PATH_BLOCK_SAMPLES) {
      capture.pull(this.#block, PATH_BLOCK_SAMPLES);
      this.#handReferences();
      this.#taps?.raw.write(this.#block, PATH_BLOCK_SAMPLES, this.#pulledSamples);
      this.#pulledSamples += PATH_BLOCK_SAMPLES;
      const rawDb = levelDb(this.#block, PATH_BLOCK_SAMPLES);
      if (this.#mayRest(rawDb)) {
        this.#rest(rawDb);
        continue;
      }
      this.#wake(out);
      this.#process(this.#block, out);
    }
    this.#leftSamples = capture.readable();
  }

  /** What was left of a block waited for the device; how full a ring is in the mean is how long its samples wait. */
  #countWait(): void {
    const came = this.#options.capture.readable() - this.#leftSamples;
    this.#waited.sum += this.#leftSamples * came;
    this.#waited.samples += came;
  }

  /** The device was away: recordings of what is played went on. */
  #skipStandstill({ raw, processed }: MicrophoneTaps): void {
    if (this.#options.capture.readable() < PATH_BLOCK_SAMPLES) return;
    const nowUs = this.#options.nowUs();
    const came = this.#options.capture.readable() + this.#lostSamples();
    const stood = Math.round((nowUs - this.#drainedUs) * SAMPLES_PER_US) - came;
    this.#drainedUs = nowUs;
    if (stood < STANDSTILL_SAMPLES) return;
    raw.skip(stood);
    processed.skip(stood);
  }

  #mayRest(rawDb: number): boolean {
    const { microphone } = this.#options;
    const { need } = microphone;
    const isQuiet = rawDb < microphone.gate.thresholdDb - MAX_GAIN_DB;
    this.#quietBlocks = isQuiet ? this.#quietBlocks + 1 : 0;
    if (need === 'everything' || this.#taps !== null) return false;
    if (need === 'voices' && this.#quietBlocks < LISTEN_QUIET_BLOCKS) return false;
    return microphone.isDeaf || this.#referenceQuietBlocks >= REFERENCE_QUIET_BLOCKS;
  }

  #rest(rawDb: number): void {
    const { microphone, processing } = this.#options;
    this.#counters.restedBlocks += 1;
    this.#loudestDb = Math.max(this.#loudestDb, rawDb);
    this.#passedSamples += PATH_BLOCK_SAMPLES;
    if (microphone.isDeaf) this.#passKept(0);
    else this.#keep();
    processing.idle(this.#block);
  }

  #keep(): void {
    const { microphone, processing } = this.#options;
    const wanted = Math.ceil((microphone.preRollSamples + processing.delaySamples) / PATH_BLOCK_SAMPLES);
    const start = (this.#keptEnd % MAX_LOOK_BACK_BLOCKS) * PATH_BLOCK_SAMPLES;
    for (let index = 0; index < PATH_BLOCK_SAMPLES; index += 1)
      this.#kept[start + index] = this.#block[index] ?? 0;
    this.#keptEnd += 1;
    this.#keptBlocks += 1;
    this.#passedSamples -= PATH_BLOCK_SAMPLES;
    this.#passKept(Math.min(wanted + WARM_UP_BLOCKS, MAX_LOOK_BACK_BLOCKS));
  }

  /** Keeps no more than `blocks`. */
  #passKept(blocks: number): void {
    const passed = Math.max(0, this.#keptBlocks - blocks);
    this.#keptBlocks -= passed;
    this.#passedSamples += passed * PATH_BLOCK_SAMPLES;
  }

  /** Catches up on what was kept while the processing rested. */
  #wake(out: MicrophoneOut): void {
    const { microphone, processing } = this.#options;
    if (this.#passedSamples > 0) microphone.handleGap(this.#passedSamples, out);
    this.#passedSamples = 0;
    if (this.#keptBlocks === 0) return;
    const block = this.#referenceBlock;
    for (; this.#keptBlocks > 0; this.#keptBlocks -= 1) {
      const start = ((this.#keptEnd - this.#keptBlocks) % MAX_LOOK_BACK_BLOCKS) * PATH_BLOCK_SAMPLES;
      for (let index = 0; index < PATH_BLOCK_SAMPLES; index += 1)
        block[index] = this.#kept[start + index] ?? 0;
      this.#process(block, out);
      // Nothing was played meanwhile, or the processing had not rested.
      processing.handleReference(block.fill(0));
    }
  }

  /** Position of the block's first sample is what the microphone has been given so far. */
  #process(block: Float32Array, out: MicrophoneOut): void {
    const { microphone, processing, nowUs } = this.#options;
    const startUs = nowUs();
    processing.process(block);
    const tookUs = nowUs() - startUs;
    const { delaySamples, voiceProbability } = processing;
    const counters = this.#counters;
    counters.processedBlocks += 1;
    counters.processMaxUs = Math.max(counters.processMaxUs, tookUs);
    counters.processMeanUs += (tookUs - counters.processMeanUs) / Math.min(counters.processedBlocks, 100);
    this.#taps?.processed.write(block, PATH_BLOCK_SAMPLES, microphone.capturedSamples - delaySamples);
    microphone.handleBlock(block, PATH_BLOCK_SAMPLES, delaySamples, voiceProbability, out);
    this.#loudestDb = Math.max(this.#loudestDb, microphone.levelDb);
  }

  #handReferences(): void {
    const { reference, processing } = this.#options;
    const block = this.#referenceBlock;
    const surplus = reference.readable() - MAX_REFERENCE_SAMPLES;
    if (surplus > 0) this.#counters.staleReferenceSamples += reference.discard(surplus);
    this.#missingReferences += 1;
    while (reference.readable() >= PATH_BLOCK_SAMPLES) {
      reference.pull(block, PATH_BLOCK_SAMPLES);
      this.#missingReferences = 0;
      this.#countReference(levelDb(block, PATH_BLOCK_SAMPLES));
      processing.handleReference(block);
    }
    if (this.#missingReferences < MISSING_REFERENCE_BLOCKS) return;
    this.#countReference(SILENCE_DB);
    processing.handleReference(block.fill(0));
  }

  #countReference(playedDb: number): void {
    this.#referenceQuietBlocks = playedDb < REFERENCE_QUIET_DB ? this.#referenceQuietBlocks + 1 : 0;
  }

  /** Captured while the ring was full, and not known to anybody yet. */
  #lostSamples(): number {
    return (this.#options.capture.overrunSamples - this.#knownOverrunSamples) >>> 0;
  }

  #dropBacklog(out: MicrophoneOut): void {
    const { capture, microphone } = this.#options;
    const lost = this.#lostSamples();
    // What was lost came behind all that the ring held: only what is captured from now on stands where it is counted.
    const surplus = capture.readable() - (lost > 0 ? 0 : MAX_BACKLOG_SAMPLES);
    if (surplus <= 0 && lost === 0) return;
    const dropped = capture.discard(Math.max(0, surplus));
    this.#knownOverrunSamples = (this.#knownOverrunSamples + lost) >>> 0;
    this.#counters.staleSamples += dropped;
    this.#counters.lostSamples += lost;
    this.#pulledSamples += dropped + lost;
    // What was kept lies before the gap, and nobody will ask for it any more.
    this.#passKept(0);
    const passed = this.#passedSamples + dropped + lost;
    this.#passedSamples = 0;
    microphone.handleGap(passed, out);
  }
}
