import { assert } from '../base/assert.ts';
import { DetectorSlot } from './detector-slot.ts';
import { EchoWatch } from './echo-watch.ts';
import { GainControl } from './gain-control.ts';
import { HighPass } from './high-pass.ts';
import { Limiter } from './limiter.ts';
import { DEFAULT_PROCESSING, type NoiseSuppression, type ProcessingSettings } from './processing-settings.ts';
import {
  BLOCK_SAMPLES,
  type EchoStage,
  type ProcessingStage,
  type StageReport,
  type SuppressionStage,
  type VoiceDetector,
} from './processing-stage.ts';
import { RestingEcho } from './resting-echo.ts';
import { meanPower } from './stage-meter.ts';
import { ECHO_RESTS } from './stage-sentences.ts';
import { StageSlot } from './stage-slot.ts';

export type { NoiseSuppression, ProcessingSettings } from './processing-settings.ts';
export type { StageReport } from './processing-stage.ts';

/** A reference or two may be ahead of the microphone when it wakes; more is a microphone that was not there. */
const MAX_MISSED_REFERENCES = 3;

/** The stages that come from libraries, and are there only once these are loaded. */
export interface LoadedStages {
  echoCancellation: EchoStage;
  lightSuppression: SuppressionStage;
  strongSuppression: SuppressionStage;
  voiceActivity: VoiceDetector;
}

export type LoadedStageName = keyof LoadedStages;

const SUPPRESSION_STAGES = {
  off: null,
  light: 'lightSuppression',
  strong: 'strongSuppression',
} as const satisfies Record<NoiseSuppression, LoadedStageName | null>;

/**
 * Everything between the microphone and the talk gate, in blocks of 10 ms: high-pass, echo cancellation, noise
 * suppression, voice detection, gain control, limiter.
 *
 * The order: rumble goes first, as it would take up the room of all that follow. Echo goes before noise, as its
 * filter needs a path that does not change by itself. Voices are looked for where the echo is gone, or the
 * loudspeaker would open the microphone. Gain comes after noise suppression, so that it raises what is left, and
 * is steered by the voice alone. The limiter is last: what it promises is true of what is sent.
 *
 * A stage that is not loaded yet, is switched off or has failed lets the sound through. Nothing is allocated per
 * block.
 */
export class ProcessingChain {
  readonly #highPassStage = new HighPass();
  readonly #gainStage = new GainControl();
  readonly #limiterStage = new Limiter();
  readonly #highPass: StageSlot<ProcessingStage>;
  readonly #echo: StageSlot<EchoStage>;
  readonly #suppression: StageSlot<SuppressionStage>;
  readonly #detector: DetectorSlot;
  readonly #gain: StageSlot<ProcessingStage>;
  readonly #limiter: StageSlot<ProcessingStage>;
  readonly #slots: readonly StageSlot<ProcessingStage>[];
  readonly #echoWatch = new EchoWatch();
  readonly #loaded: Partial<LoadedStages> = {};
  #restingEcho: RestingEcho | null = null;
  readonly #silence = new Float32Array(BLOCK_SAMPLES);
  readonly #missing = new Set<LoadedStageName>();
  #settings: ProcessingSettings = DEFAULT_PROCESSING;
  #idle = false;
  /** While idle and nothing is played: the echo stage has nothing to learn. */
  #echoSleeps = false;
  /** References that came since it fell asleep, less the blocks of the microphone. */
  #sleptReferences = 0;

  /** @param nowUs a clock in microseconds, for the meters */
  constructor(nowUs: () => number) {
    this.#highPass = new StageSlot('highPass', nowUs);
    this.#echo = new StageSlot('echoCancellation', nowUs);
    this.#suppression = new StageSlot('noiseSuppression', nowUs);
    this.#detector = new DetectorSlot(nowUs);
    this.#gain = new StageSlot('gainControl', nowUs);
    this.#limiter = new StageSlot('limiter', nowUs);
    this.#slots = [this.#highPass, this.#echo, this.#suppression, this.#gain, this.#limiter];
    this.#apply();
  }

  /** Samples by which the sound that comes out of `process` lies behind the microphone. */
  get delaySamples(): number {
    let sum = 0;
    for (const slot of this.#slots) sum += slot.delaySamples;
    return sum;
  }

  /** How likely the last block held a voice, 0 to 1. 1 when nothing can tell: then loudness alone must decide. */
  get voiceProbability(): number {
    return this.#detector.probability ?? 1;
  }

  /** Acts from the next block on, without a click. */
  setSettings(settings: ProcessingSettings): void {
    this.#settings = settings;
    this.#apply();
  }

  /** A stage has been loaded. */
  provide<Name extends LoadedStageName>(name: Name, stage: LoadedStages[Name]): void {
    this.#loaded[name] = stage;
    const { echoCancellation } = this.#loaded;
    if (name === 'echoCancellation' && echoCancellation !== undefined)
      this.#restingEcho = new RestingEcho(echoCancellation);
    this.#missing.delete(name);
    this.#apply();
  }

  /** A stage could not be loaded. */
  provideNone(name: LoadedStageName): void {
    this.#missing.add(name);
    this.#apply();
  }

  /**
   * What the loudspeaker plays next: 480 samples, every block once and in order. About as many calls as of `process`
   * or `idle`, whichever comes first.
   */
  handleReference(block: Float32Array): void {
    this.#echoWatch.handleReference(meanPower(block));
    if (this.#idle && this.#echoWatch.isQuiet) {
      this.#echoSleeps = true;
      this.#sleptReferences += 1;
      return;
    }
    this.#wakeEcho();
    this.#passReference(block);
  }

  /** @param block 480 samples of the microphone, changed in place */
  process(block: Float32Array): void {
    assert(block.length === BLOCK_SAMPLES, 'the stages think in blocks of 10 ms');
    this.#wake();
    let power = this.#highPass.process(block, cleanPower(block));
    const echoPower = this.#echo.process(block, power);
    this.#echoWatch.handleCapture(power, echoPower);
    power = this.#findVoice(block, echoPower);
    power = this.#gain.process(block, power);
    this.#limiter.process(block, power);
  }

  /**
   * A block of the microphone that goes to nobody: instead of `process`, while muted or the key is up.
   *
   * While something is played, the echo stage goes on learning the room; else nothing runs at all. The first blocks
   * processed afterwards begin with silence for as long as the delay is: nothing from before the pause is heard.
   *
   * @param block 480 samples, which are worth nothing afterwards
   */
  idle(block: Float32Array): void {
    this.#idle = true;
    this.#detector.rest();
    if (this.#echoSleeps) {
      this.#sleptReferences = Math.max(0, this.#sleptReferences - 1);
      return;
    }
    const power = this.#highPass.process(block, cleanPower(block));
    this.#echo.process(block, power);
  }

  /** One report per stage, in their order. Takes the longest times since the call before. */
  reports(): StageReport[] {
    return [
      this.#highPass.report(),
      this.#describeEcho(this.#echo.report()),
      this.#suppression.report(),
      this.#gain.report(),
      this.#limiter.report(),
      this.#detector.report(),
    ];
  }

  /** Another device: forgets all that was heard. */
  reset(): void {
    for (const slot of this.#slots) slot.reset();
    this.#detector.reset();
    this.#echoWatch.reset();
  }

  #describeEcho(report: StageReport): StageReport {
    if (report.state !== 'on') return report;
    if (this.#restingEcho?.rests === true) return { ...report, sentence: ECHO_RESTS };
    const { erleDb } = this.#echoWatch;
    return erleDb === null ? report : { ...report, erleDb };
  }

  #apply(): void {
    const { highPass, echoCancellation, noiseSuppression, gainControl, limiter } = this.#settings;
    this.#highPass.change(highPass ? this.#highPassStage : null);
    this.#gain.change(gainControl ? this.#gainStage : null);
    this.#limiter.change(limiter ? this.#limiterStage : null);
    this.#echo.change(echoCancellation ? this.#restingEcho : null);
    if (echoCancellation && this.#missing.has('echoCancellation')) this.#echo.fail('notLoaded');
    const suppression = SUPPRESSION_STAGES[noiseSuppression];
    this.#suppression.change(suppression === null ? null : (this.#loaded[suppression] ?? null));
    if (suppression !== null && this.#missing.has(suppression)) this.#suppression.fail('notLoaded');
    const detector = this.#loaded.voiceActivity;
    if (detector !== undefined) this.#detector.provide(detector);
    else if (this.#missing.has('voiceActivity')) this.#detector.fail('notLoaded');
  }

  /**
   * Suppresses noise, and finds the voice in it: either the suppression tells, or the detector hears what it is given,
   * which is where the voice comes first. (It found voices no better in what GTCRN leaves of it.)
   */
  #findVoice(block: Float32Array, power: number): number {
    const suppression = this.#suppression.current;
    const tells = suppression !== null && suppression.voiceProbability !== null;
    if (!tells) this.#detector.detect(block, power);
    const outPower = this.#suppression.process(block, power);
    if (tells) this.#detector.accept(suppression.voiceProbability ?? 0, power);
    this.#gainStage.voiceProbability = this.#detector.probability;
    return outPower;
  }

  #wake(): void {
    if (!this.#idle) return;
    this.#idle = false;
    for (const slot of this.#slots) if (slot !== this.#echo || this.#echoSleeps) slot.forgetPause();
    this.#wakeEcho();
  }

  /** The echo stage goes by the order of the blocks of both ways: a reference it slept through is made up for. */
  #wakeEcho(): void {
    if (!this.#echoSleeps) return;
    this.#echoSleeps = false;
    const missed = Math.min(this.#sleptReferences, MAX_MISSED_REFERENCES);
    this.#sleptReferences = 0;
    for (let count = 0; count < missed; count += 1) this.#passReference(this.#silence);
  }

  #passReference(block: Float32Array): void {
    try {
      this.#echo.wanted?.handleReference(block);
    } catch {
      this.#echo.fail('threw');
    }
  }
}

/** Mean power of a block; a block that a broken driver filled with no numbers becomes silence. */
function cleanPower(block: Float32Array): number {
  const power = meanPower(block);
  if (Number.isFinite(power)) return power;
  block.fill(0);
  return 0;
}
