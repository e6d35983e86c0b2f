/** Samples a stage is given at a time: 10 ms at 48 kHz, the unit in which all of its libraries think. */
export const BLOCK_SAMPLES = 480;

/** Longest delay a stage may have, in samples: 40 ms. More than that is not worth any quality in a conversation. */
export const MAX_STAGE_DELAY_SAMPLES = 1_920;

/** One step of the processing. The samples are 48 kHz mono, -1 to 1, changed in place. */
export interface ProcessingStage {
  /** Samples by which its output lies behind its input; does not change. */
  readonly delaySamples: number;
  /** @throws Error when the library behind it fails: the chain goes on without it */
  process(block: Float32Array): void;
  /** Forgets what it heard. */
  reset(): void;
}

/** Takes out what the loudspeaker put into the microphone. */
export interface EchoStage extends ProcessingStage {
  /** The next block that the loudspeaker plays. */
  handleReference(block: Float32Array): void;
}

/** Takes out noise. */
export interface SuppressionStage extends ProcessingStage {
  /** How likely the last block held a voice, 0 to 1; null when it never tells. */
  readonly voiceProbability: number | null;
}

/** Tells voices from noise. */
export interface VoiceDetector {
  /** @returns how likely the block holds a voice, 0 to 1; the block stays as it is */
  detect(block: Float32Array): number;
  /** Forgets what it heard. */
  reset(): void;
}

/** The stages in their order, as a person sees them. Light and strong suppression are one: only one of them runs. */
export type StageName =
  | 'highPass'
  | 'echoCancellation'
  | 'noiseSuppression'
  | 'gainControl'
  | 'limiter'
  | 'voiceActivity';

/** Why a stage is out of use. */
export type StageFailure = 'notLoaded' | 'threw' | 'tooSlow' | 'badOutput';

export type StageState = 'on' | 'off' | 'failed';

/** One stage, as F3 and the settings show it. */
export interface StageReport {
  readonly stage: StageName;
  readonly state: StageState;
  /** For a person. */
  readonly sentence: string;
  /** Time per block of 10 ms, in microseconds: mean of about a second, and longest since the last report. */
  readonly meanUs: number;
  readonly maxUs: number;
  /** Level of what went in and came out, in dBFS, mean of about 200 ms. */
  readonly inDb: number;
  readonly outDb: number;
  /** Echo only, and only while the loudspeaker plays: how much quieter the microphone got, in dB. */
  readonly erleDb?: number;
}
