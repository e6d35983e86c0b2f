/** Zero crossings of the sinc on each side: a transition band of about 5 % of the lower rate. */
const ZERO_CROSSINGS = 48;

/** Kaiser window shape: about 80 dB of stop band (Kaiser 1974), below the noise of 16-bit recordings in use. */
const KAISER_BETA = 8;

/** The pass band ends at this part of the lower Nyquist frequency, so that the transition stays below it. */
const PASS_BAND = 0.95;

/** Modified Bessel function of the first kind, order 0, by its power series. */
function besselI0(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-12; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** One filter per output phase; each is normalised to unit gain at 0 Hz, which removes ripple between phases. */
function phaseFilters(phases: number, cutoff: number, halfTaps: number): Float64Array[] {
  const scale = besselI0(KAISER_BETA);
  const filters: Float64Array[] = [];
  for (let phase = 0; phase < phases; phase += 1) {
    const taps = new Float64Array(2 * halfTaps);
    let sum = 0;
    for (let tap = 0; tap < taps.length; tap += 1) {
      const distance = tap - halfTaps + 1 - phase / phases;
      const edge = distance / halfTaps;
      const window = Math.abs(edge) >= 1 ? 0 : besselI0(KAISER_BETA * Math.sqrt(1 - edge * edge)) / scale;
      const angle = Math.PI * cutoff * distance;
      const value = (distance === 0 ? 1 : Math.sin(angle) / angle) * window;
      taps[tap] = value;
      sum += value;
    }
    filters.push(taps.map((value) => value / sum));
  }
  return filters;
}

/**
 * Changes the sample rate by a windowed sinc (Kaiser window), without delay: output sample n stands for the
 * moment n / toHz of the input.
 *
 * @param samples - one channel, outside of which the signal is taken as zero
 */
export function resample(samples: Float32Array, fromHz: number, toHz: number): Float32Array {
  if (fromHz === toHz) return samples.slice();
  const divisor = greatestCommonDivisor(fromHz, toHz);
  const phases = toHz / divisor;
  const stride = fromHz / divisor;
  const cutoff = PASS_BAND * Math.min(1, toHz / fromHz);
  const halfTaps = Math.ceil(ZERO_CROSSINGS / cutoff);
  const filters = phaseFilters(phases, cutoff, halfTaps);
  const output = new Float32Array(Math.floor((samples.length * toHz) / fromHz));
  for (let n = 0; n < output.length; n += 1) {
    const position = n * stride;
    const first = Math.floor(position / phases) - halfTaps + 1;
    const taps = filters[position % phases] ?? new Float64Array(0);
    let sum = 0;
    for (let tap = 0; tap < taps.length; tap += 1) sum += (taps[tap] ?? 0) * (samples[first + tap] ?? 0);
    output[n] = sum;
  }
  return output;
}
