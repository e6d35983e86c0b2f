/** What stands for digital silence, so that a level is always a finite number. */
export const SILENCE_DBFS = -120;

/** A linear amplitude in dB relative to full scale; nothing is below `SILENCE_DBFS`. */
export function amplitudeToDb(amplitude: number): number {
  return amplitude <= 0 ? SILENCE_DBFS : Math.max(SILENCE_DBFS, 20 * Math.log10(amplitude));
}

/** Root mean square of the samples relative to 1: a full-scale sine is -3.0 dBFS. */
export function rmsDbfs(samples: Float32Array): number {
  if (samples.length === 0) return SILENCE_DBFS;
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return amplitudeToDb(Math.sqrt(sum / samples.length));
}

/** Largest absolute sample relative to 1. */
export function peakDbfs(samples: Float32Array): number {
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  return amplitudeToDb(peak);
}

/**
 * RMS of the loudest stretch of `windowSamples`: a blip inside a long silence counts in full.
 * Windows overlap by half; sound shorter than one window is one window.
 */
export function loudestWindowDbfs(samples: Float32Array, windowSamples: number): number {
  if (samples.length <= windowSamples) return rmsDbfs(samples);
  let loudest = SILENCE_DBFS;
  const hop = Math.max(1, Math.floor(windowSamples / 2));
  for (let start = 0; start + windowSamples <= samples.length; start += hop) {
    loudest = Math.max(loudest, rmsDbfs(samples.subarray(start, start + windowSamples)));
  }
  return Math.max(loudest, rmsDbfs(samples.subarray(samples.length - windowSamples)));
}
