/** Order of the prediction: two for each of the resonances of a voice below 24 kHz, and some for the room. */
const ORDER = 24;

/** The predictor is fitted to this many samples: 21 ms at 48 kHz, in which a voice hardly changes. */
const FRAME_SAMPLES = 1_024;

const HOP_SAMPLES = FRAME_SAMPLES / 2;

/** Added to the energy, relative: keeps the fit well-posed for pure tones. White noise at -90 dB. */
const WHITENING = 1e-9;

/** Added to the energy of each sample: what rounding to 16 bits leaves. */
const ROUNDING_POWER = 1 / 12 / 32_768 ** 2;

const window = Float64Array.from(
  { length: FRAME_SAMPLES },
  (_, at) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (at + 0.5)) / FRAME_SAMPLES),
);

/** Levinson and Durbin: coefficients of the best predictor from the autocorrelation; 1 first. */
function predictorOf(correlation: Float64Array): Float64Array {
  const coefficients = new Float64Array(ORDER + 1);
  coefficients[0] = 1;
  let error = correlation[0] ?? 0;
  if (error <= 0) return coefficients;
  for (let order = 1; order <= ORDER; order += 1) {
    let sum = correlation[order] ?? 0;
    for (let at = 1; at < order; at += 1) sum += (coefficients[at] ?? 0) * (correlation[order - at] ?? 0);
    const reflection = -sum / error;
    for (let low = 1, high = order - 1; low <= high; low += 1, high -= 1) {
      const a = coefficients[low] ?? 0;
      const b = coefficients[high] ?? 0;
      coefficients[low] = a + reflection * b;
      if (low !== high) coefficients[high] = b + reflection * a;
    }
    coefficients[order] = reflection;
    error *= 1 - reflection * reflection;
  }
  return coefficients;
}

/**
 * What a linear predictor cannot foretell of a sound (J. Makhoul, "Linear prediction: a tutorial review", 1975): small
 * for everything that resonates, as voices and instruments do, and large where the waveform breaks.
 */
export function predictionResidual(samples: Float32Array): Float32Array {
  const residual = new Float32Array(samples.length);
  const windowed = new Float64Array(FRAME_SAMPLES);
  const correlation = new Float64Array(ORDER + 1);
  for (let hop = 0; hop < samples.length; hop += HOP_SAMPLES) {
    const start = hop - HOP_SAMPLES / 2;
    for (let at = 0; at < FRAME_SAMPLES; at += 1)
      windowed[at] = (samples[start + at] ?? 0) * (window[at] ?? 0);
    for (let lag = 0; lag <= ORDER; lag += 1) {
      let sum = 0;
      for (let at = lag; at < FRAME_SAMPLES; at += 1) sum += (windowed[at] ?? 0) * (windowed[at - lag] ?? 0);
      correlation[lag] = sum;
    }
    correlation[0] = (correlation[0] ?? 0) * (1 + WHITENING) + ROUNDING_POWER * FRAME_SAMPLES;
    const predictor = predictorOf(correlation);
    const end = Math.min(samples.length, hop + HOP_SAMPLES);
    for (let at = hop; at < end; at += 1) {
      let sum = 0;
      for (let back = 0; back <= ORDER; back += 1) sum += (predictor[back] ?? 0) * (samples[at - back] ?? 0);
      residual[at] = sum;
    }
  }
  return residual;
}
