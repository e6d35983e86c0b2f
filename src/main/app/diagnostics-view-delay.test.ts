import { describe, expect, it } from 'vitest';
import type { Connection } from '../../contract/dto.ts';
import { DelayRig, type DelayRigOptions } from '../../core/voice/delay-rig.ts';
import { SAMPLES_PER_MS } from '../../core/voice/sample-rate.ts';
import { viewDelay } from './diagnostics-view-delay.ts';
import { RateMeter } from './rate-meter.ts';

/** The rig's codec passes sound on as it is; the real one looks ahead. */
const LOOKAHEAD_MS = 6.5;

/** Until the delay has settled, and over which it is looked at, in ms. */
const SETTLED_MS = 6_000;
const WINDOW_MS = 3_000;

function connected(pingMs: number): Connection {
  return {
    phase: 'connected',
    relay: 'localhost',
    roomName: 'Room',
    channel: 1,
    channelName: 'Lobby',
    bitrate: 32_000,
    voicePath: true,
    voiceRoute: 'udp',
    deafForMs: null,
    pingMs,
    speakRule: '',
    sealing: { state: 'sealed', epoch: 1, groupCode: '', strangers: 0 },
  };
}

/** Half of a block: devices tell means over what they hand over or take at a time. */
const deviceOf = (blockSamples: number) => ({ deviceMs: 0, bufferMs: blockSamples / 2 / SAMPLES_PER_MS });

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** What is shown, and how long marked samples really took. */
function measure(options: DelayRigOptions) {
  const rig = new DelayRig(options);
  const rates = new RateMeter();
  const shownAt = (nowMs: number) => {
    rig.run(nowMs);
    const stats = rig.counters();
    const voices = Object.keys(stats).filter((name) => name.startsWith('speaker.'));
    return viewDelay(
      {
        stats,
        connection: connected(rig.pingMs),
        sending: options,
        latency: {
          input: deviceOf(options.captureBlockSamples),
          output: deviceOf(options.playbackBlockSamples),
        },
        rates,
        nowMs,
      },
      voices,
    );
  };
  shownAt(SETTLED_MS);
  const stages = shownAt(SETTLED_MS + WINDOW_MS);
  const marked = rig.marked.filter(({ heardMs }) => heardMs >= SETTLED_MS);
  const total = stages.reduce((sum, { milliseconds }) => sum + milliseconds, 0) - LOOKAHEAD_MS;
  const devices = stages.filter(({ name }) => name === 'microphone' || name === 'speaker');
  return {
    total,
    betweenRings: total - devices.reduce((sum, { milliseconds }) => sum + milliseconds, 0),
    ringToRing: mean(marked.map(({ ringToRingMs }) => ringToRingMs)),
    /** One out of the middle. */
    mouthToEar: marked[marked.length >> 1]?.mouthToEarMs ?? Number.NaN,
    marked,
  };
}

const plain: DelayRigOptions = {
  frameSamples: 960,
  captureBlockSamples: 480,
  playbackBlockSamples: 480,
  phaseSamples: 0,
  processingDelaySamples: 0,
  takesAhead: false,
};

const combinations = [480, 960].flatMap((frameSamples) =>
  [240, 480].flatMap((captureBlockSamples) =>
    [240, 480].flatMap((playbackBlockSamples) =>
      [0, 77, 301].map((phaseSamples) => ({
        ...plain,
        frameSamples,
        captureBlockSamples,
        playbackBlockSamples,
        phaseSamples,
      })),
    ),
  ),
);

const others: readonly DelayRigOptions[] = [
  { ...plain, processingDelaySamples: 672 },
  { ...plain, frameSamples: 480, captureBlockSamples: 240, processingDelaySamples: 672 },
  { ...plain, frameSamples: 2_880, processingDelaySamples: 480 },
  { ...plain, playbackBlockSamples: 240, takesAhead: true },
  { ...plain, phaseSamples: 100, takesAhead: true },
  { ...plain, captureBlockSamples: 1_024 },
];

const cases = [...combinations, ...others].map((options) => [JSON.stringify(options), options] as const);

describe('viewDelay', () => {
  it.each(cases)('has stages that add up to what a sample takes: %s', (_name, options) => {
    const { total, betweenRings, ringToRing, mouthToEar, marked } = measure(options);
    expect(marked.length).toBeGreaterThan(0.9 * WINDOW_MS * SAMPLES_PER_MS);
    // The network's mean is not quite that of the packets that came.
    expect(Math.abs(betweenRings - ringToRing)).toBeLessThan(0.5);
    expect(Math.abs(total - mouthToEar)).toBeLessThan(0.5);
  });
});
