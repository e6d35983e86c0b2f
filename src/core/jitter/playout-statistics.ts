/** Sums of one speaker's playout. Names as in W3C webrtc-stats; times in ms, lengths in samples of 48 kHz. */
export interface PlayoutStatistics {
  /** Sum over the samples emitted of the time from reception of their packet to emission, in ms. */
  jitterBufferDelayMs: number;
  jitterBufferEmittedCount: number;
  /**
   * Sum over the samples emitted of the time from reception of their packet until they are handed on, in ms: a block of
   * the device goes at one moment, whereas NetEQ's samples are emitted one by one from that moment on.
   */
  handedOnDelayMs: number;
  /** Sum over the samples emitted of the target at that time, in ms. */
  jitterBufferTargetDelayMs: number;
  /** The same, as the network alone would have it; nothing else asks for delay here. */
  jitterBufferMinimumDelayMs: number;
  concealedSamples: number;
  silentConcealedSamples: number;
  concealmentEvents: number;
  insertedSamplesForDeceleration: number;
  removedSamplesForAcceleration: number;
  /** Samples put out in talkspurts, invented ones included. */
  totalSamplesReceived: number;
  /** Delay that is aimed at, above the fastest packet, in ms. */
  targetDelayMs: number;
  /** Delay of the frame played last, above the fastest packet, in ms. */
  currentDelayMs: number;
  /** Interarrival jitter (RFC 3550), in ms. */
  arrivalJitterMs: number;
  /** Sound that waits, undecoded and decoded, in ms. */
  depthMs: number;
  lostFrames: number;
  recovered: number;
  late: number;
  duplicates: number;
}

/** Sums at the start. */
export function createStatistics(): PlayoutStatistics {
  return {
    jitterBufferDelayMs: 0,
    jitterBufferEmittedCount: 0,
    handedOnDelayMs: 0,
    jitterBufferTargetDelayMs: 0,
    jitterBufferMinimumDelayMs: 0,
    concealedSamples: 0,
    silentConcealedSamples: 0,
    concealmentEvents: 0,
    insertedSamplesForDeceleration: 0,
    removedSamplesForAcceleration: 0,
    totalSamplesReceived: 0,
    targetDelayMs: 0,
    currentDelayMs: 0,
    arrivalJitterMs: 0,
    depthMs: 0,
    lostFrames: 0,
    recovered: 0,
    late: 0,
    duplicates: 0,
  };
}
