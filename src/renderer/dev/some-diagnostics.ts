import type { Diagnostics, SpeakerDiagnostics } from '../../contract/diagnostics.ts';

/** One voice heard, with nothing special about it, for the made-up program and tests. */
export function someSpeaker(part: Partial<SpeakerDiagnostics> = {}): SpeakerDiagnostics {
  return {
    token: 2,
    nickname: 'Grace',
    whisper: false,
    talking: true,
    jitterBufferTargetDelayMs: 60,
    jitterBufferCurrentDelayMs: 58.4,
    jitterBufferMeanDelayMs: 51.2,
    jitterMs: 7.25,
    packetsReceived: 12_345,
    packetsLost: 31,
    packetsRecovered: 22,
    packetsLate: 2,
    packetsDuplicated: 0,
    lostPercent: 1.4,
    concealedSamples: 8_640,
    silentConcealedSamples: 960,
    concealmentEvents: 7,
    insertedSamplesForDeceleration: 4_800,
    removedSamplesForAcceleration: 3_210,
    bitrateKbps: 31.7,
    ...part,
  };
}

/** Everything F3 shows, with nothing special about it. */
export function someDiagnostics(part: Partial<Diagnostics> = {}): Diagnostics {
  return {
    pingTcpMs: 26.1,
    pingUdpMs: 24.3,
    route: 'udp',
    sending: {
      encoderKbps: 32,
      copies: 1,
      copySpacing: 2,
      sentKbps: 61.8,
      heardLostPercent: 1.2,
      frameMs: 20,
    },
    rings: { captureMs: 10, playbackMs: 20, referenceMs: 20, captureOverruns: 0, playbackUnderruns: 3 },
    times: {
      processMeanUs: 412.6,
      processMaxUs: 1_310,
      encodeMeanUs: 655,
      encodeMaxUs: 1_942,
      decodeMeanUs: 121,
      decodeMaxUs: 603,
      mixMeanUs: 14.2,
      mixMaxUs: 40,
    },
    processing: [
      { stage: 'highPass', state: 'on', sentence: '', meanUs: 8.4, maxUs: 30, inDb: -31, outDb: -32 },
      {
        stage: 'echoCancellation',
        state: 'on',
        sentence: '',
        meanUs: 251,
        maxUs: 810,
        inDb: -32,
        outDb: -41,
      },
      {
        stage: 'noiseSuppression',
        state: 'failed',
        sentence: 'The noise suppressor could not be loaded.',
        meanUs: 0,
        maxUs: 0,
        inDb: -120,
        outDb: -120,
      },
      { stage: 'gainControl', state: 'off', sentence: '', meanUs: 0, maxUs: 0, inDb: -120, outDb: -120 },
      { stage: 'limiter', state: 'on', sentence: '', meanUs: 6, maxUs: 21, inDb: -24, outDb: -24 },
      { stage: 'voiceActivity', state: 'on', sentence: '', meanUs: 31, maxUs: 99, inDb: -24, outDb: -24 },
    ],
    mouthToEar: [
      { name: 'Microphone', milliseconds: 10.7, measured: true },
      { name: 'Capture ring', milliseconds: 4.1, measured: true },
      { name: 'Processing', milliseconds: 4, measured: false },
      { name: 'Frame', milliseconds: 20, measured: false },
      { name: 'Encoder', milliseconds: 2.5, measured: false },
      { name: 'Network', milliseconds: 12.1, measured: true },
      { name: 'Jitter buffer', milliseconds: 41.2, measured: true },
      { name: 'Playback ring', milliseconds: 8.2, measured: true },
      { name: 'Speaker', milliseconds: 15.3, measured: true },
    ],
    speakers: [someSpeaker()],
    ...part,
  };
}
