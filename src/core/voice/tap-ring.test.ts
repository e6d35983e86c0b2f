import { describe, expect, it } from 'vitest';
import { SampleRing } from '../ring/sample-ring.ts';
import { TapRing, tapMoment } from './tap-ring.ts';

/** A block of the stream whose samples are their positions. */
function blockAt(position: number, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, at) => position + at);
}

function rigOf(capacitySamples: number, position: number) {
  const memory = SampleRing.allocate(capacitySamples);
  const ring = new SampleRing(memory);
  const taken: number[] = [];
  const take = (): void => {
    const count = ring.readable();
    const into = new Float32Array(count);
    ring.pull(into, count);
    taken.push(...into);
  };
  return { tap: new TapRing(memory, position), ring, taken, take };
}

describe('TapRing', () => {
  it('begins at its position, in the middle of a block', () => {
    const { tap, taken, take } = rigOf(1_024, 1_100);
    tap.write(blockAt(960, 480), 480, 960);
    tap.write(blockAt(1_440, 480), 480, 1_440);
    take();
    expect(taken).toEqual([...blockAt(1_100, 1_920 - 1_100)]);
    expect(tap.missingSamples).toBe(0);
  });

  it('leaves out what comes twice, and fills with silence what never comes', () => {
    const { tap, taken, take } = rigOf(4_096, 0);
    tap.write(blockAt(0, 480), 480, 0);
    tap.write(blockAt(0, 480), 480, 0);
    tap.write(blockAt(240, 480), 480, 240);
    tap.write(blockAt(2_000, 480), 480, 2_000);
    take();
    expect(taken).toEqual([...blockAt(0, 720), ...new Float32Array(1_280), ...blockAt(2_000, 480)]);
    expect(tap.missingSamples).toBe(1_280);
  });

  it('keeps its place when the ring is full: what did not fit is silence', () => {
    const { tap, ring, taken, take } = rigOf(1_024, 0);
    for (let position = 0; position < 4_800; position += 480)
      tap.write(blockAt(position, 480), 480, position);
    expect(ring.readable()).toBe(1_024);
    take();
    for (let position = 4_800; position < 48_000; position += 480) {
      tap.write(blockAt(position, 480), 480, position);
      take();
    }
    for (const [at, sample] of taken.entries()) if (sample !== 0) expect(sample).toBe(at);
    expect(taken.length).toBe(48_000);
    // All but the first 1,024 and what came after the silence had been made up for.
    expect(tap.missingSamples).toBe(taken.filter((sample, at) => at > 0 && sample === 0).length);
    expect(tap.missingSamples).toBeLessThan(9_600);
  });

  it('stands for the time in which the stream stood still with silence', () => {
    const { tap, taken, take } = rigOf(4_096, 0);
    tap.write(blockAt(0, 480), 480, 0);
    tap.skip(1_000);
    tap.write(blockAt(480, 480), 480, 480);
    take();
    expect(taken).toEqual([...blockAt(0, 480), ...new Float32Array(1_000), ...blockAt(480, 480)]);
  });

  it('tells the other side when it was opened', () => {
    const { tap, ring } = rigOf(1_024, 0);
    expect(tapMoment(ring)).toBeNull();
    tap.open(1_790_000_000_000.5);
    expect(tapMoment(ring)).toBe(Math.round(1_790_000_000_000.5 * 48) % 2 ** 32);
  });
});
