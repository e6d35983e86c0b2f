import { z } from 'zod';
import { MAX_PRE_ROLL_MS, MAX_RELEASE_DELAY_MS } from './limits.ts';

/** `light`: little changed, little delay. `strong`: also against keyboards and voices of machines. */
export const noiseSuppressionSchema = z.enum(['off', 'light', 'strong']);
export type NoiseSuppression = z.infer<typeof noiseSuppressionSchema>;

/** What is done to the microphone's sound before it is sent. */
export const processingSettingsSchema = z.strictObject({
  highPass: z.boolean(),
  echoCancellation: z.boolean(),
  noiseSuppression: noiseSuppressionSchema,
  gainControl: z.boolean(),
  limiter: z.boolean(),
});
export type ProcessingSettings = z.infer<typeof processingSettingsSchema>;

/** Stages of the processing, in the order of the sound. */
export const processingStageSchema = z.enum([
  'highPass',
  'echoCancellation',
  'noiseSuppression',
  'gainControl',
  'limiter',
  'voiceActivity',
]);
export type ProcessingStage = z.infer<typeof processingStageSchema>;

/** A stage that failed is passed by; `sentence` says why, for a person. */
export const processingProblemSchema = z.strictObject({
  stage: processingStageSchema,
  sentence: z.string(),
});
export type ProcessingProblem = z.infer<typeof processingProblemSchema>;

/** How long the microphone stays open after the talk key was released, and how much from before it opened is sent. */
export const talkTimingSchema = z.strictObject({
  releaseDelayMs: z.number().int().min(0).max(MAX_RELEASE_DELAY_MS),
  preRollMs: z.number().int().min(0).max(MAX_PRE_ROLL_MS),
});
export type TalkTiming = z.infer<typeof talkTimingSchema>;
