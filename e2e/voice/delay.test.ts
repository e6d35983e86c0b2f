import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/core/base/rng.ts';
import { Recording } from '../rig/recorder.ts';
import { babble, noise } from '../sound/signals.ts';
import { measureDelay } from './delay.ts';

const speech = babble(5, 48_000, createRng(21));

/** The same speech heard later, by a recorder that was started at another moment. */
function heard(delayMs: number, recorderStartMs: number): Recording {
  const samples = new Float32Array(48_000 * 8);
  const at = Math.round((1_000 + delayMs - recorderStartMs) * 48);
  samples.set(
    speech.map((value) => value * 0.3),
    at,
  );
  return new Recording(samples, recorderStartMs);
}

describe('mouth to ear', () => {
  const said = new Recording(speech, 1_000);

  it.each([13, 87.25, 240])('is found to be %d ms whenever the recorders were started', (delayMs) => {
    for (const startMs of [0, 612.5]) {
      const delay = measureDelay(said, heard(delayMs, startMs));
      expect(Math.abs((delay?.medianMs ?? 0) - delayMs)).toBeLessThan(0.05);
      expect(delay).toMatchObject({ pieces: 5, notFound: 0 });
    }
  });

  it('counts the pieces that never arrived', () => {
    const broken = heard(50, 0);
    broken.samples.fill(0, 3_000 * 48, 4_200 * 48);
    const delay = measureDelay(said, broken);
    expect(delay?.notFound).toBe(1);
    expect(Math.abs((delay?.medianMs ?? 0) - 50)).toBeLessThan(0.1);
  });

  it('is unknown when something else was heard, or nothing', () => {
    expect(measureDelay(said, new Recording(noise(48_000 * 8, 0.2, createRng(1)), 0))).toBeNull();
    expect(measureDelay(said, new Recording(new Float32Array(48_000 * 8), 0))).toBeNull();
  });
});
