import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SampleRing } from '../../core/ring/sample-ring.ts';
import { AudioEngine } from './audio-engine.ts';
import type { AudioEvent } from './audio-protocol.ts';
import { WaveDevice } from './wave-device.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** An engine without hardware; its clock is the fake timers'. */
async function startEngine() {
  const [capture, playback, reference] = [4_096, 4_096, 4_096].map(
    (capacity) => new SampleRing(SampleRing.allocate(capacity)),
  ) as [SampleRing, SampleRing, SampleRing];
  const events: AudioEvent[] = [];
  const engine = new AudioEngine({
    choose: async () => ({
      device: new WaveDevice('null', { inputPath: '', inputOnce: false, outputPath: '', errorPpm: 0 }),
      reason: 'A test.',
      absence: 'A test.',
      provisional: false,
    }),
    capture,
    playback,
    reference,
    inputId: '',
    outputId: '',
    remembered: {},
    emit: (event) => void events.push(event),
    nowMs: () => performance.now(),
  });
  await engine.start();
  return { engine, capture, playback, reference, events };
}

describe('AudioEngine', () => {
  it('gives what it plays, silence too, to the reference in the order played', async () => {
    const { engine, playback, reference } = await startEngine();
    // The first block of the speaker ends the silence of the stand-in.
    await vi.advanceTimersByTimeAsync(15);
    const before = reference.discard(reference.readable());
    expect(before).toBe(2 * 480);
    const spoken = Float32Array.from({ length: 600 }, (_, i) => (i + 1) / 1_000);
    playback.push(spoken, spoken.length);
    await vi.advanceTimersByTimeAsync(30);
    await engine.close();
    const heard = new Float32Array(reference.readable());
    reference.pull(heard, heard.length);
    expect(heard.length).toBe(3 * 480);
    expect([...heard.subarray(0, 600)]).toEqual([...spoken]);
    expect(heard.subarray(600).every((sample) => sample === 0)).toBe(true);
  });

  it('goes on when nobody reads the reference, and counts what did not fit', async () => {
    const { engine, reference, events } = await startEngine();
    await vi.advanceTimersByTimeAsync(15);
    reference.discard(reference.readable());
    await vi.advanceTimersByTimeAsync(1_000);
    await engine.close();
    expect(reference.readable()).toBe(4_096);
    const counters = events.findLast((event) => event.kind === 'counters');
    expect(counters).toMatchObject({
      counters: { referenceFillSamples: 4_096, referenceOverrunSamples: 48_000 - 4_096, outputBlocks: 101 },
    });
  });
});
