import type { Rng } from '../../src/core/base/rng.ts';

/** A steady sine. */
export function tone(
  frequencyHz: number,
  seconds: number,
  sampleRateHz: number,
  amplitude: number,
): Float32Array {
  const step = (2 * Math.PI * frequencyHz) / sampleRateHz;
  return Float32Array.from(
    { length: Math.round(seconds * sampleRateHz) },
    (_, i) => amplitude * Math.sin(step * i),
  );
}

/** White noise, uniform in [-amplitude, amplitude). */
export function noise(samples: number, amplitude: number, rng: Rng): Float32Array {
  return Float32Array.from({ length: samples }, () => amplitude * (2 * rng.next() - 1));
}

/**
 * Sound with the traits of speech that intelligibility measures look at: voiced syllables of random pitch and
 * vowel, hisses and pauses, four syllables a second. Deterministic for a seed.
 */
export function babble(seconds: number, sampleRateHz: number, rng: Rng): Float32Array {
  const samples = new Float32Array(Math.round(seconds * sampleRateHz));
  const syllable = Math.round(sampleRateHz / 4);
  for (let start = 0; start < samples.length; start += syllable) {
    const voiced = rng.next() < 0.75;
    const pitchHz = 90 + 120 * rng.next();
    const formantsHz = [300 + 500 * rng.next(), 900 + 1400 * rng.next(), 2400 + 800 * rng.next()];
    const length = Math.min(syllable * (0.5 + 0.45 * rng.next()), samples.length - start);
    for (let i = 0; i < length; i += 1) {
      const shape = Math.sin((Math.PI * i) / length);
      samples[start + i] =
        shape * (voiced ? vowel(i / sampleRateHz, pitchHz, formantsHz) : 0.1 * (rng.next() - 0.5));
    }
  }
  return samples;
}

function vowel(seconds: number, pitchHz: number, formantsHz: readonly number[]): number {
  let sum = 0;
  for (let harmonic = 1; harmonic * pitchHz < 4_000; harmonic += 1) {
    const frequencyHz = harmonic * pitchHz;
    const gain = formantsHz.reduce(
      (total, formantHz) => total + 1 / (1 + ((frequencyHz - formantHz) / 80) ** 2),
      0,
    );
    sum += gain * Math.sin(2 * Math.PI * frequencyHz * seconds + harmonic * harmonic);
  }
  return 0.08 * sum;
}
