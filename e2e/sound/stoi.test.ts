import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/core/base/rng.ts';
import { babble, noise } from './signals.ts';
import { intelligibility } from './stoi.ts';

const RATE_HZ = 16_000;
const speech = babble(6, RATE_HZ, createRng(11));

/** Speech in white noise of a given signal-to-noise ratio. */
function noisy(snrDb: number, seed: number): Float32Array {
  const disturbance = noise(speech.length, 1, createRng(seed));
  const power = (sound: Float32Array): number => sound.reduce((sum, x) => sum + x * x, 0);
  const gain = Math.sqrt(power(speech) / power(disturbance)) * 10 ** (-snrDb / 20);
  return speech.map((value, i) => value + gain * (disturbance[i] ?? 0));
}

describe('intelligibility', () => {
  it('of the original itself is 1, at any gain', () => {
    expect(intelligibility(speech, speech, RATE_HZ)?.stoi).toBeCloseTo(1, 6);
    expect(intelligibility(speech, speech, RATE_HZ)?.estoi).toBeCloseTo(1, 6);
    const quiet = speech.map((value) => value * 0.1);
    expect(intelligibility(speech, quiet, RATE_HZ)?.stoi).toBeCloseTo(1, 6);
  });

  it('falls with every step of the signal-to-noise ratio', () => {
    const ratios = [30, 20, 10, 5, 0, -5, -10, -15];
    const scores = ratios.map((snrDb) => intelligibility(speech, noisy(snrDb, 5), RATE_HZ));
    for (let i = 1; i < scores.length; i += 1) {
      expect(scores[i]?.stoi, `${ratios[i]} dB`).toBeLessThan(scores[i - 1]?.stoi ?? 0);
      expect(scores[i]?.estoi, `${ratios[i]} dB`).toBeLessThan(scores[i - 1]?.estoi ?? 0);
    }
  });

  it('of speech in white noise lies where the papers have it', () => {
    // Taal et al. 2011, figures 4 and 5: about 0.9 and above where everything is understood, 0.6 to 0.8 around
    // 0 dB, towards 0.4 where nothing is.
    expect(intelligibility(speech, noisy(20, 6), RATE_HZ)?.stoi).toBeGreaterThan(0.9);
    expect(intelligibility(speech, noisy(0, 6), RATE_HZ)?.stoi).toBeGreaterThan(0.55);
    expect(intelligibility(speech, noisy(0, 6), RATE_HZ)?.stoi).toBeLessThan(0.85);
    expect(intelligibility(speech, noisy(-15, 6), RATE_HZ)?.stoi).toBeLessThan(0.5);
  });

  it('of unrelated sound is near nothing', () => {
    const other = noise(speech.length, 0.3, createRng(12));
    expect(Math.abs(intelligibility(speech, other, RATE_HZ)?.stoi ?? 1)).toBeLessThan(0.3);
    expect(Math.abs(intelligibility(speech, other, RATE_HZ)?.estoi ?? 1)).toBeLessThan(0.15);
  });

  it('sees a tenth of the frames cut out', () => {
    const cut = speech.map((value, i) => (Math.floor(i / 320) % 10 === 3 ? 0 : value));
    const score = intelligibility(speech, cut, RATE_HZ);
    expect(score?.stoi).toBeLessThan(0.95);
    expect(score?.stoi).toBeGreaterThan(0.6);
  });

  it('is not defined without enough speech', () => {
    expect(intelligibility(speech.subarray(0, 4_000), speech.subarray(0, 4_000), RATE_HZ)).toBeNull();
    expect(intelligibility(new Float32Array(0), new Float32Array(0), RATE_HZ)).toBeNull();
  });
});
