import { z } from 'zod';
import { processingStageSchema } from './sound.ts';

const count = z.number();
const milliseconds = z.number();

/** One voice that we hear. Names as in W3C webrtc-stats, where NetEQ's figures stand; totals since it was first heard. */
export const speakerDiagnosticsSchema = z.strictObject({
  token: z.number().int(),
  nickname: z.string(),
  whisper: z.boolean(),
  talking: z.boolean(),
  /** Delay that the jitter buffer aims at, and has now. */
  jitterBufferTargetDelayMs: milliseconds,
  jitterBufferCurrentDelayMs: milliseconds,
  /** Mean time from reception to emission. */
  jitterBufferMeanDelayMs: milliseconds,
  jitterMs: milliseconds,
  packetsReceived: count,
  packetsLost: count,
  packetsRecovered: count,
  packetsLate: count,
  packetsDuplicated: count,
  /** Of what was due lately, in percent. */
  lostPercent: z.number(),
  concealedSamples: count,
  silentConcealedSamples: count,
  concealmentEvents: count,
  insertedSamplesForDeceleration: count,
  removedSamplesForAcceleration: count,
  /** kbit/s of sound that arrives, headers not counted. */
  bitrateKbps: z.number(),
});
export type SpeakerDiagnostics = z.infer<typeof speakerDiagnosticsSchema>;

/** One part of the way from mouth to ear. `measured` false: worked out from settings, not measured. */
export const delayStageSchema = z.strictObject({
  name: z.string(),
  milliseconds,
  measured: z.boolean(),
});
export type DelayStage = z.infer<typeof delayStageSchema>;

export const stageDiagnosticsSchema = z.strictObject({
  stage: processingStageSchema,
  state: z.enum(['on', 'off', 'failed']),
  sentence: z.string(),
  meanUs: z.number(),
  maxUs: z.number(),
  inDb: z.number(),
  outDb: z.number(),
});

/** What the F3 overlay shows. Fields that are not known (no call, no device) are null. */
export const diagnosticsSchema = z.strictObject({
  pingTcpMs: milliseconds.nullable(),
  pingUdpMs: milliseconds.nullable(),
  route: z.enum(['none', 'udp', 'lane']),
  sending: z.strictObject({
    /** What the encoder was told, and how many earlier frames go along. */
    encoderKbps: z.number(),
    copies: z.number().int(),
    copySpacing: z.number().int(),
    /** Sound and copies sent lately, headers not counted. */
    sentKbps: z.number(),
    /** Loss of our voice as listeners report it, in percent; null: nobody has. */
    heardLostPercent: z.number().nullable(),
    frameMs: milliseconds,
  }),
  /** Fill of the rings between the threads, in ms of sound. */
  rings: z.strictObject({
    captureMs: milliseconds,
    playbackMs: milliseconds,
    referenceMs: milliseconds,
    captureOverruns: count,
    playbackUnderruns: count,
  }),
  /** Time spent per frame, mean and longest of the last second, in microseconds. */
  times: z.strictObject({
    processMeanUs: z.number(),
    processMaxUs: z.number(),
    encodeMeanUs: z.number(),
    encodeMaxUs: z.number(),
    decodeMeanUs: z.number(),
    decodeMaxUs: z.number(),
    mixMeanUs: z.number(),
    mixMaxUs: z.number(),
  }),
  processing: z.array(stageDiagnosticsSchema),
  /** From our microphone to the ear of whoever listens at the same distance, stage by stage, in the order of the sound. */
  mouthToEar: z.array(delayStageSchema),
  speakers: z.array(speakerDiagnosticsSchema),
});
export type Diagnostics = z.infer<typeof diagnosticsSchema>;
