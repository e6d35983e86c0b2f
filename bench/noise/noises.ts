import { noise } from '../../e2e/sound/signals.ts';
import type { Rng } from '../../src/core/base/rng.ts';

const RATE_HZ = 48_000;

/** Strokes of a brisk typist, per second. */
const STROKES_PER_SECOND = 7;

/** A stroke: the key's stop, a burst that rings around this frequency and dies away in a few ms. */
const CLICK_HZ = 2_800;
const CLICK_DECAY_SAMPLES = 150;
const CLICK_SAMPLES = 1_200;

/** Poles and weights of six one-pole filters: -3 dB per octave within 0.3 dB from 10 Hz on at 48 kHz. */
const PINK_POLES = [0.99886, 0.99332, 0.969, 0.8665, 0.55, -0.7616];
const PINK_WEIGHTS = [0.0555179, 0.0750759, 0.153852, 0.3104856, 0.5329522, -0.016898];

/** Share of the white noise that goes past the filters. */
const PINK_DIRECT = 0.5362;

/** Noise with equal power per octave (P. Kellet's filter bank, public domain). */
function pinkNoise(samples: number, rng: Rng): Float32Array {
  const held = PINK_POLES.map(() => 0);
  return noise(samples, 1, rng).map((white) => {
    let sum = white * PINK_DIRECT;
    PINK_POLES.forEach((pole, index) => {
      const next = pole * (held[index] ?? 0) + white * (PINK_WEIGHTS[index] ?? 0);
      held[index] = next;
      sum += next;
    });
    return sum;
  });
}

/** Somebody types: strokes of random strength at random times, the same for a seed. */
function keyClicks(samples: number, rng: Rng): Float32Array {
  const sound = new Float32Array(samples);
  const mean = RATE_HZ / STROKES_PER_SECOND;
  for (let at = mean * rng.next(); at < samples; at += mean * (0.3 + 1.4 * rng.next())) {
    const strength = 0.4 + 0.6 * rng.next();
    const pitchHz = CLICK_HZ * (0.7 + 0.6 * rng.next());
    const start = Math.floor(at);
    for (let index = 0; index < CLICK_SAMPLES && start + index < samples; index += 1) {
      const ring = Math.sin((2 * Math.PI * pitchHz * index) / RATE_HZ) + 2 * (2 * rng.next() - 1);
      sound[start + index] =
        (sound[start + index] ?? 0) + strength * ring * Math.exp(-index / CLICK_DECAY_SAMPLES);
    }
  }
  return sound;
}

/** The noises measured, 48 kHz, each of any power. */
export const NOISES: Readonly<Record<string, (samples: number, rng: Rng) => Float32Array>> = {
  white: (samples, rng) => noise(samples, 1, rng),
  pink: pinkNoise,
  keys: keyClicks,
};
