/** Level of digital silence, in dBFS: lower than the quantisation noise of 16 bits, so that it reads as "nothing". */
export const SILENCE_DB = -120;

/**
 * Root-mean-square level.
 *
 * @param samples mono, -1 to 1
 * @returns dBFS (0 is a full-scale square wave), SILENCE_DB at the least
 */
export function levelDb(samples: Float32Array, count: number): number {
  let sum = 0;
  for (let index = 0; index < count; index += 1) {
    const sample = samples[index] ?? 0;
    sum += sample * sample;
  }
  if (sum === 0) return SILENCE_DB;
  return Math.max(SILENCE_DB, 10 * Math.log10(sum / count));
}

/** Below this amplitude the limiter leaves samples exactly as they are. */
const KNEE = 0.8;

/**
 * Soft limiter, in place: straight up to KNEE, then bent so that no sum of speakers passes full scale.
 * The bend is 1 - e^-x scaled to the room that is left, continuous in value and slope at the knee.
 */
export function softLimit(samples: Float32Array, count: number): void {
  const room = 1 - KNEE;
  for (let index = 0; index < count; index += 1) {
    const sample = samples[index] ?? 0;
    const size = Math.abs(sample);
    if (size <= KNEE) continue;
    const bent = KNEE + room * (1 - Math.exp(-(size - KNEE) / room));
    samples[index] = sample < 0 ? -bent : bent;
  }
}
