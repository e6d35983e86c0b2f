import { assert } from '../base/assert.ts';
import {
  BLOCK_SAMPLES,
  MAX_STAGE_DELAY_SAMPLES,
  type ProcessingStage,
  type StageFailure,
  type StageName,
  type StageReport,
  type StageState,
} from './processing-stage.ts';
import { meanPower, StageMeter } from './stage-meter.ts';
import { stageSentence } from './stage-sentences.ts';

/** Half of the 10 ms in which a block must be done: one stage that takes more endangers the sound by itself. */
export const SLOW_BLOCK_US = 5_000;

/** Slow blocks in a row before a stage is given up: half a second is no hiccup of the machine any more. */
export const MAX_SLOW_BLOCKS = 50;

/** Blocks a stage hears before it is heard, on top of its delay: filters and nets begin with nothing behind them. */
const WARM_UP_BLOCKS = 2;

/** Over this many samples the sound comes back after a pause, or a break in it is smoothed: 2 ms is no click. */
const RAMP_SAMPLES = 96;

/** Nothing is muted, and the ramp behind it is over. */
const NOT_MUTED = -RAMP_SAMPLES;

/** Raised cosine from 0 to 1 over a block: what is faded over it has no corner. */
const FADE = Float32Array.from(
  { length: BLOCK_SAMPLES },
  (_, index) => 0.5 - 0.5 * Math.cos((Math.PI * (index + 0.5)) / BLOCK_SAMPLES),
);

/** No change of stage under way. */
const NO_CHANGE = -1;

/**
 * A place in the chain where one stage runs, or none.
 *
 * A change, on or off or from one stage to another, is heard as a cross-fade over one block: until the new stage has
 * heard enough to give out whole sound, the old one (or the untouched sound) stays. Both are fed the same input, so
 * two stages of one slot are never one behind the other.
 */
export class StageSlot<Stage extends ProcessingStage> {
  readonly name: StageName;
  readonly meter = new StageMeter();
  readonly #nowUs: () => number;
  readonly #nextBlock = new Float32Array(BLOCK_SAMPLES);
  /** The last of what came in, so that a stage that breaks can be replaced by its own input, just as late. */
  readonly #history = new Float32Array(MAX_STAGE_DELAY_SAMPLES + BLOCK_SAMPLES);
  #wanted: Stage | null = null;
  #current: Stage | null = null;
  #next: Stage | null = null;
  /** Blocks until the change to `#next` is heard; NO_CHANGE. */
  #warmUpBlocks = NO_CHANGE;
  #failure: StageFailure | null = null;
  /** The stage that failed last: what it remembers may be what broke it. */
  #broken: Stage | null = null;
  #slowBlocks = 0;
  #muteSamples = NOT_MUTED;
  #lastSample = 0;

  constructor(name: StageName, nowUs: () => number) {
    this.name = name;
    this.#nowUs = nowUs;
  }

  /** The stage that is to be heard: at once, or as soon as it has warmed up. Null when none is, or it failed. */
  get wanted(): Stage | null {
    return this.#failure === null ? this.#wanted : null;
  }

  /** The stage that is heard. */
  get current(): Stage | null {
    return this.#current;
  }

  /** Samples by which what comes out lies behind what goes in. */
  get delaySamples(): number {
    return this.#current?.delaySamples ?? 0;
  }

  get state(): StageState {
    if (this.#failure !== null) return 'failed';
    return (this.#warmUpBlocks === NO_CHANGE ? this.#current : this.#next) === null ? 'off' : 'on';
  }

  /** From now on `stage` is wanted, or none. Another one than before: then a failure is forgotten. */
  change(stage: Stage | null): void {
    const switchedOff = stage === null && this.#failure !== null;
    if (stage === this.#wanted && !switchedOff) return;
    const delay = stage?.delaySamples ?? 0;
    assert(delay <= MAX_STAGE_DELAY_SAMPLES, 'a stage is not later than the history is long');
    if (stage !== null && stage === this.#broken) this.#mend(stage);
    this.#wanted = stage;
    this.#failure = null;
    this.#slowBlocks = 0;
    this.#next = stage;
    this.#warmUpBlocks = stage === null ? 0 : Math.ceil(delay / BLOCK_SAMPLES) + WARM_UP_BLOCKS;
    // Wanted again before it was gone.
    if (stage === this.#current) this.#warmUpBlocks = NO_CHANGE;
  }

  /** The stage cannot be used: the sound goes through. */
  fail(failure: StageFailure): void {
    this.#failure = failure;
    this.#broken = this.#wanted;
    this.#warmUpBlocks = NO_CHANGE;
    this.#next = null;
  }

  /** Blocks were left out: what the stage still holds is from before, and must not be heard. */
  forgetPause(): void {
    if (this.#warmUpBlocks !== NO_CHANGE) {
      this.#current = this.#next;
      this.#next = null;
      this.#warmUpBlocks = NO_CHANGE;
    }
    const delay = this.delaySamples;
    this.#muteSamples = delay === 0 ? NOT_MUTED : delay;
    this.#history.fill(0);
  }

  /** @returns mean power of what came out */
  process(block: Float32Array, inPower: number): number {
    this.#remember(block);
    if (this.#current === null && this.#warmUpBlocks === NO_CHANGE) {
      this.#lastSample = block[BLOCK_SAMPLES - 1] ?? 0;
      this.meter.restTime();
      this.meter.addLevels(inPower, inPower);
      return inPower;
    }
    const startUs = this.#nowUs();
    if (this.#failure !== null) this.#bypass(block);
    else this.#run(block);
    this.#countTime(this.#nowUs() - startUs);
    let outPower = meanPower(block);
    if (!Number.isFinite(outPower)) {
      this.fail('badOutput');
      this.#bypass(block);
      outPower = meanPower(block);
    }
    this.meter.addLevels(inPower, outPower);
    this.#lastSample = block[BLOCK_SAMPLES - 1] ?? 0;
    return outPower;
  }

  report(): StageReport {
    return {
      stage: this.name,
      state: this.state,
      sentence: stageSentence(this.name, this.state, this.#failure),
      meanUs: this.meter.meanUs,
      maxUs: this.meter.takeMaxUs(),
      inDb: this.meter.inDb,
      outDb: this.meter.outDb,
    };
  }

  reset(): void {
    this.#current?.reset();
    this.#next?.reset();
    this.forgetPause();
    this.#lastSample = 0;
  }

  #mend(stage: Stage): void {
    this.#broken = null;
    try {
      stage.reset();
    } catch {
      // It will fail again when it runs, and be named then.
    }
  }

  #remember(block: Float32Array): void {
    this.#history.copyWithin(0, BLOCK_SAMPLES);
    this.#history.set(block, MAX_STAGE_DELAY_SAMPLES);
  }

  #run(block: Float32Array): void {
    try {
      this.#current?.process(block);
      this.#mute(block);
      this.#advanceChange(block);
    } catch {
      this.fail('threw');
      this.#bypass(block);
    }
  }

  #advanceChange(block: Float32Array): void {
    if (this.#warmUpBlocks === NO_CHANGE) return;
    const fresh = this.#nextBlock;
    for (let index = 0; index < BLOCK_SAMPLES; index += 1)
      fresh[index] = this.#history[MAX_STAGE_DELAY_SAMPLES + index] ?? 0;
    this.#next?.process(fresh);
    if (this.#warmUpBlocks > 0) {
      this.#warmUpBlocks -= 1;
      return;
    }
    fade(block, fresh);
    this.#current = this.#next;
    this.#next = null;
    this.#warmUpBlocks = NO_CHANGE;
  }

  #mute(block: Float32Array): void {
    if (this.#muteSamples <= NOT_MUTED) return;
    for (let index = 0; index < BLOCK_SAMPLES; index += 1) {
      const along = Math.max(0, Math.min(1, (index - this.#muteSamples) / RAMP_SAMPLES));
      block[index] = (block[index] ?? 0) * (0.5 - 0.5 * Math.cos(Math.PI * along));
    }
    this.#muteSamples -= BLOCK_SAMPLES;
  }

  /** The stage has just failed: its input instead, faded from as late as the stage was to not late at all. */
  #bypass(block: Float32Array): void {
    const late = MAX_STAGE_DELAY_SAMPLES - this.delaySamples;
    const breakSize = this.#lastSample - (this.#history[late - 1] ?? 0);
    for (let index = 0; index < BLOCK_SAMPLES; index += 1) {
      const weight = FADE[index] ?? 1;
      const delayed = this.#history[late + index] ?? 0;
      const fresh = this.#history[MAX_STAGE_DELAY_SAMPLES + index] ?? 0;
      // What the last sample of the stage differed by from its input dies away, instead of being a step.
      const healing = breakSize * Math.max(0, 1 - index / RAMP_SAMPLES);
      block[index] = delayed + (fresh - delayed) * weight + healing;
    }
    this.#current = null;
  }

  #countTime(us: number): void {
    this.meter.addTime(us);
    this.#slowBlocks = us > SLOW_BLOCK_US ? this.#slowBlocks + 1 : 0;
    if (this.#slowBlocks >= MAX_SLOW_BLOCKS) this.fail('tooSlow');
  }
}

/** Fades from `block` to `to`, in place. */
function fade(block: Float32Array, to: Float32Array): void {
  for (let index = 0; index < BLOCK_SAMPLES; index += 1) {
    const from = block[index] ?? 0;
    block[index] = from + ((to[index] ?? 0) - from) * (FADE[index] ?? 1);
  }
}
