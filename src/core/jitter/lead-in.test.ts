import { describe, expect, it } from 'vitest';
import { createRng } from '../base/rng.ts';
import { findLeadIn } from './lead-in.ts';

const RATE = 48_000;
const FRAME_SAMPLES = 960;
const LIKENESS = 0.5;

function tone(periodSamples: number, from: number, count: number): Float32Array {
  return Float32Array.from(
    { length: count },
    (_, at) => 0.3 * Math.sin((2 * Math.PI * (from + at)) / periodSamples),
  );
}

function noise(seed: number, count: number): Float32Array {
  const rng = createRng(seed);
  return Float32Array.from({ length: count }, () => rng.next() - 0.5);
}

describe('findLeadIn', () => {
  it.each([
    [100, 480, 400],
    [140, 480, 342],
    [240, 480, 400],
    [220, 240, 218],
  ])('takes whole periods of a voice of %i Hz for a hole of %i samples', (pitchHz, holeSamples, least) => {
    const period = RATE / pitchHz;
    // What is invented goes on as the voice does: the frame would begin at its end.
    const invented = tone(period, -FRAME_SAMPLES, FRAME_SAMPLES);
    const frame = tone(period, 0, FRAME_SAMPLES);
    const offset = FRAME_SAMPLES - holeSamples;
    const found = findLeadIn(frame, FRAME_SAMPLES, invented, offset, holeSamples, LIKENESS);
    expect(found).toBeGreaterThanOrEqual(least);
    expect(found).toBeLessThanOrEqual(holeSamples);
    // In step to a fifteenth of a period: a cross-fade of 2.5 ms then hardly dips.
    const turns = found / period;
    expect(Math.abs(turns - Math.round(turns))).toBeLessThan(1 / 15);
  });

  it('takes nothing where the frame is not like itself, or not like what was invented', () => {
    const voice = tone(300, 0, FRAME_SAMPLES);
    const hiss = noise(7, FRAME_SAMPLES);
    expect(findLeadIn(hiss, FRAME_SAMPLES, voice, 480, 480, LIKENESS)).toBe(0);
    expect(findLeadIn(voice, FRAME_SAMPLES, hiss, 480, 480, LIKENESS)).toBe(0);
  });

  it('asks the frame alone where nothing of the voice was left', () => {
    const voice = tone(300, 0, FRAME_SAMPLES);
    expect(findLeadIn(voice, FRAME_SAMPLES, null, 0, 480, LIKENESS)).toBeGreaterThanOrEqual(295);
  });

  it('takes nothing out of silence or a frame too short', () => {
    const silence = new Float32Array(FRAME_SAMPLES);
    expect(findLeadIn(silence, FRAME_SAMPLES, silence, 480, 480, LIKENESS)).toBe(0);
    expect(findLeadIn(tone(300, 0, 240), 240, silence, 480, 480, LIKENESS)).toBe(0);
  });
});
