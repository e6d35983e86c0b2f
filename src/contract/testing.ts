import { z } from 'zod';

/** What is done to our outgoing datagrams on purpose; every number 0 (bursts: length 1) changes nothing. */
export const chaosSettingsSchema = z.strictObject({
  lossPercent: z.number().min(0).max(100),
  /** Share of packets lost in bursts, and how many a burst takes on average. */
  burstLossPercent: z.number().min(0).max(90),
  burstLength: z.number().min(1).max(100),
  latencyMs: z.number().min(0).max(2_000),
  jitterMs: z.number().min(0).max(1_000),
  jitterDistribution: z.enum(['uniform', 'normal', 'pareto']),
  reorderPercent: z.number().min(0).max(100),
  duplicatePercent: z.number().min(0).max(100),
  /** 0: no cap. */
  bandwidthKbps: z.number().min(0).max(100_000),
});
export type ChaosSettings = z.infer<typeof chaosSettingsSchema>;

export const chaosPresetSchema = z.strictObject({
  name: z.string(),
  label: z.string(),
  settings: chaosSettingsSchema,
});
export type ChaosPreset = z.infer<typeof chaosPresetSchema>;

/** `recorded`: there is one to save. `replaying`: packets share the fate of those of the trace. */
export const traceStateSchema = z.strictObject({
  phase: z.enum(['off', 'recording', 'recorded', 'replaying']),
  packets: z.number().int(),
});

/** Recordings of the sound inside the program. */
export const tapsStateSchema = z.strictObject({
  recording: z.boolean(),
  /** Folder of the recording that runs, or ran last; empty: none yet. */
  folder: z.string(),
  seconds: z.number(),
  /** Why it ended by itself or could not begin; empty otherwise. */
  problem: z.string(),
});

/** The tab "Testing & Debugging". All of it is off when the program starts. */
export const testingSchema = z.strictObject({
  chaos: chaosSettingsSchema,
  /** Something is being done to our datagrams: the main window warns. */
  chaosOn: z.boolean(),
  /** The chance of two runs with the same seed is the same. */
  seed: z.number().int(),
  trace: traceStateSchema,
  taps: tapsStateSchema,
});
export type Testing = z.infer<typeof testingSchema>;
