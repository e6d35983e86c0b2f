import { describe, expect, it } from 'vitest';
import { SampleRing } from '../../core/ring/sample-ring.ts';
import { TAP_RING_SAMPLES, tapMoment } from '../../core/voice/tap-ring.ts';
import { DecodedTapRings, MAX_TAP_SPEAKERS } from './decoded-tap-rings.ts';

const BLOCK_SAMPLES = 240;

function rigOf() {
  const mixMemory = SampleRing.allocate(TAP_RING_SAMPLES);
  const opened: { token: number; ring: SampleRing; startSample: number }[] = [];
  const tap = new DecodedTapRings({
    mixMemory,
    nowMs: 5,
    onDidOpen: (token, memory, startSample) =>
      opened.push({ token, ring: new SampleRing(memory), startSample }),
  });
  /** A block in which each of `parts` (token, amplitude, where in the lent samples) is heard. */
  const block = (...parts: [number, number, number][]): void => {
    const mix = new Float32Array(BLOCK_SAMPLES);
    tap.beginBlock(BLOCK_SAMPLES);
    for (const [token, amplitude, offset] of parts) {
      const lent = new Float32Array(offset + BLOCK_SAMPLES).fill(amplitude, offset);
      tap.handleSpeaker(token, lent, offset, BLOCK_SAMPLES);
      for (let at = 0; at < BLOCK_SAMPLES; at += 1) mix[at] = (mix[at] ?? 0) + amplitude;
    }
    tap.handleMix(mix, BLOCK_SAMPLES);
  };
  return { tap, mix: new SampleRing(mixMemory), opened, block };
}

/** The first sample of each block that the ring holds. */
function blocksOf(ring: SampleRing): number[] {
  const samples = new Float32Array(ring.readable());
  ring.pull(samples, samples.length);
  return Array.from({ length: samples.length / BLOCK_SAMPLES }, (_, at) => samples[at * BLOCK_SAMPLES] ?? 0);
}

describe('DecodedTapRings', () => {
  it('keeps the mix and everybody in step, silent or not', () => {
    const { mix, opened, block } = rigOf();
    expect(tapMoment(mix)).toBe(240);
    block();
    block([7, 0.5, 0]);
    block([7, 0.25, 100], [8, 0.125, 0]);
    block([8, 0.125, 3]);
    block();
    expect(blocksOf(mix)).toEqual([0, 0.5, 0.375, 0.125, 0]);
    expect(opened.map(({ token, startSample }) => [token, startSample])).toEqual([
      [7, BLOCK_SAMPLES],
      [8, 2 * BLOCK_SAMPLES],
    ]);
    expect(opened.map(({ ring }) => blocksOf(ring))).toEqual([
      [0.5, 0.25, 0, 0],
      [0.125, 0.125, 0],
    ]);
  });

  it('stands for what the device played without us with silence', () => {
    const { tap, mix, opened, block } = rigOf();
    block([7, 0.5, 0]);
    tap.skip(2 * BLOCK_SAMPLES);
    block([7, 0.25, 0]);
    expect(blocksOf(mix)).toEqual([0.5, 0, 0, 0.25]);
    expect(opened.map(({ ring }) => blocksOf(ring))).toEqual([[0.5, 0, 0, 0.25]]);
  });

  it('adds up what one person says in the channel and in a whisper', () => {
    const { opened, block } = rigOf();
    block([7, 0.5, 0], [7, 0.25, 0]);
    expect(opened).toHaveLength(1);
    expect(blocksOf(opened[0]?.ring ?? new SampleRing(SampleRing.allocate(2)))).toEqual([0.75]);
  });

  it('records no more than MAX_TAP_SPEAKERS people, and counts the rest', () => {
    const { tap, opened, block } = rigOf();
    block(
      ...Array.from({ length: MAX_TAP_SPEAKERS + 2 }, (_, token): [number, number, number] => [
        token,
        0.1,
        0,
      ]),
    );
    expect(opened).toHaveLength(MAX_TAP_SPEAKERS);
    expect(tap.counters()).toEqual({ missingSamples: 0, notRecorded: 2 });
  });

  it('counts what became silence while nobody wrote it down', () => {
    const { tap, mix, block } = rigOf();
    for (let done = 0; done < TAP_RING_SAMPLES + 10 * BLOCK_SAMPLES; done += BLOCK_SAMPLES)
      block([7, 0.5, 0]);
    mix.discard(TAP_RING_SAMPLES / 2);
    block();
    expect(tap.counters().missingSamples).toBeGreaterThan(9 * BLOCK_SAMPLES);
  });
});
