import type { StageFailure, StageReport, StageState, VoiceDetector } from './processing-stage.ts';
import { StageMeter } from './stage-meter.ts';
import { stageSentence } from './stage-sentences.ts';
import { MAX_SLOW_BLOCKS, SLOW_BLOCK_US } from './stage-slot.ts';

/** Where the voice is told from noise: by a detector of its own, or by what the noise suppression found out anyway. */
export class DetectorSlot {
  readonly meter = new StageMeter();
  readonly #nowUs: () => number;
  #detector: VoiceDetector | null = null;
  #failure: StageFailure | null = null;
  #slowBlocks = 0;
  #probability: number | null = null;

  constructor(nowUs: () => number) {
    this.#nowUs = nowUs;
  }

  /** How likely the last block held a voice, 0 to 1; null when nothing can tell. */
  get probability(): number | null {
    return this.#probability;
  }

  provide(detector: VoiceDetector): void {
    this.#detector = detector;
    this.#failure = null;
  }

  fail(failure: StageFailure): void {
    this.#failure = failure;
    this.#detector = null;
  }

  /** The block was found to hold a voice, or not, by another stage. */
  accept(probability: number, power: number): void {
    this.meter.restTime();
    this.meter.addLevels(power, power);
    this.#probability = probability;
  }

  /** Asks the detector. */
  detect(block: Float32Array, power: number): void {
    this.meter.addLevels(power, power);
    this.#probability = null;
    if (this.#detector === null) return;
    const startUs = this.#nowUs();
    try {
      const probability = this.#detector.detect(block);
      if (probability >= 0 && probability <= 1) this.#probability = probability;
      else this.fail('badOutput');
    } catch {
      this.fail('threw');
    }
    this.#countTime(this.#nowUs() - startUs);
  }

  /** Nobody speaks: the blocks are not looked at. */
  rest(): void {
    this.meter.restTime();
    this.#probability = 0;
  }

  report(): StageReport {
    const state: StageState = this.#probability !== null ? 'on' : this.#failure !== null ? 'failed' : 'off';
    return {
      stage: 'voiceActivity',
      state,
      sentence: stageSentence('voiceActivity', state, this.#failure),
      meanUs: this.meter.meanUs,
      maxUs: this.meter.takeMaxUs(),
      inDb: this.meter.inDb,
      outDb: this.meter.outDb,
    };
  }

  reset(): void {
    this.#detector?.reset();
    this.#probability = null;
  }

  #countTime(us: number): void {
    this.meter.addTime(us);
    this.#slowBlocks = us > SLOW_BLOCK_US ? this.#slowBlocks + 1 : 0;
    if (this.#slowBlocks >= MAX_SLOW_BLOCKS) this.fail('tooSlow');
  }
}
