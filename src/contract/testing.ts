import { z } from 'zod';

/** Least and most of each figure of chaos, both allowed. */
export const CHAOS_RANGES = {
  lossPercent: { min: 0, max: 100 },
  burstLossPercent: { min: 0, max: 50 },
  burstLength: { min: 1, max: 50 },
  latencyMs: { min: 0, max: 2_000 },
  jitterMs: { min: 0, max: 300 },
  reorderPercent: { min: 0, max: 50 },
  duplicatePercent: { min: 0, max: 100 },
  bandwidthKbps: { min: 0, max: 10_000 },
} as const;

function within({ min, max }: { readonly min: number; readonly max: number }) {
  return z.number().min(min).max(max);
}

/** What is done to our outgoing datagrams on purpose. Every figure at its least does nothing. */
export const chaosSettingsSchema = z.strictObject({
  lossPercent: within(CHAOS_RANGES.lossPercent),
  /** Share of datagrams lost in bursts, and how many a burst takes on average. */
  burstLossPercent: within(CHAOS_RANGES.burstLossPercent),
  burstLength: within(CHAOS_RANGES.burstLength),
  latencyMs: within(CHAOS_RANGES.latencyMs),
  /** Mean of the delay that is added at random. */
  jitterMs: within(CHAOS_RANGES.jitterMs),
  jitterDistribution: z.enum(['uniform', 'normal', 'pareto']),
  reorderPercent: within(CHAOS_RANGES.reorderPercent),
  duplicatePercent: within(CHAOS_RANGES.duplicatePercent),
  /** 0: no cap. */
  bandwidthKbps: within(CHAOS_RANGES.bandwidthKbps),
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
