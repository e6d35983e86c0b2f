import { expect, test } from 'vitest';
import { diagnosticsSchema } from '../../contract/diagnostics.ts';
import { type DiagnosticsFacts, viewDiagnostics } from './diagnostics-view.ts';
import { RateMeter } from './rate-meter.ts';

const NOTHING: DiagnosticsFacts = {
  stats: {},
  connection: { phase: 'idle' },
  members: [],
  sending: { encoderBitrate: 32_000, frameSamples: 960, copies: 0, copySpacing: 1, heardLostPermille: null },
  latency: { input: null, output: null },
  stages: [],
  rates: new RateMeter(),
  nowMs: 0,
};

test('without a call there is nothing that is not known to be nothing', () => {
  const shown = viewDiagnostics(NOTHING);
  expect(diagnosticsSchema.safeParse(shown).error).toBeUndefined();
  expect(shown).toMatchObject({ pingTcpMs: null, pingUdpMs: null, route: 'none', speakers: [] });
  expect(shown.mouthToEar.map(({ name }) => name)).not.toContain('microphone');
});

test('a voice is shown under its name, with what was lost lately and not since ever', () => {
  const rates = new RateMeter();
  const at = (nowMs: number, group: Record<string, number>) =>
    viewDiagnostics({
      ...NOTHING,
      rates,
      nowMs,
      members: [{ token: 5, nickname: 'Ada' }],
      stats: { 'speaker.5': group, 'speaker.5.whisper.9': {} },
    }).speakers;
  at(0, { received: 1_000, lostFrames: 500, bytesReceived: 0 });
  const [voice, whisper] = at(1_000, {
    received: 1_045,
    lostFrames: 505,
    bytesReceived: 4_000,
    jitterBufferDelayMs: 480_000,
    jitterBufferEmittedCount: 48_000,
  });
  expect(voice).toMatchObject({ token: 5, nickname: 'Ada', whisper: false, packetsLost: 505 });
  expect(voice?.lostPercent).toBeCloseTo(10);
  expect(voice?.bitrateKbps).toBeCloseTo(32);
  expect(voice?.jitterBufferMeanDelayMs).toBe(10);
  expect(whisper).toMatchObject({ token: 5, whisper: true });
});

test('the way from mouth to ear adds up what each part says of itself', () => {
  const rates = new RateMeter();
  const at = (nowMs: number, delayMs: number, emitted: number) =>
    viewDiagnostics({
      ...NOTHING,
      rates,
      nowMs,
      latency: { input: { deviceMs: 5, bufferMs: 5 }, output: { deviceMs: null, bufferMs: 10 } },
      stats: {
        encoder: {
          captureWaitSamples: 48,
          processingDelaySamples: 480,
          processMeanUs: 250,
          frameSurplusSamples: 96,
          encodeMeanUs: 500,
        },
        'speaker.6': { handedOnDelayMs: 9_999, jitterBufferEmittedCount: 1, talking: 0 },
        'speaker.5': { handedOnDelayMs: delayMs, jitterBufferEmittedCount: emitted, talking: 1 },
        times: { decodeMeanUs: 100, mixMeanUs: 125 },
      },
    }).mouthToEar;
  // A talkspurt long ago, with much delay, says nothing of now.
  at(0, 900_000, 10_000);
  expect(at(1_000, 900_000 + 12 * 4_800, 14_800)).toEqual([
    { name: 'microphone', milliseconds: 10, measured: true },
    { name: 'capture ring', milliseconds: 1, measured: true },
    { name: 'processing', milliseconds: 10.25, measured: true },
    { name: 'frame', milliseconds: 7, measured: false },
    { name: 'encoder', milliseconds: 7, measured: false },
    { name: 'jitter buffer', milliseconds: 12, measured: true },
    { name: 'decoding and mixing', milliseconds: 0.125, measured: true },
    { name: 'playback ring', milliseconds: 0, measured: true },
    { name: 'speaker', milliseconds: 10, measured: false },
  ]);
});
