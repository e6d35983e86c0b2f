/** Length of the filter, in samples, and places between two samples for which it is worked out. */
export const FILTER_TAPS = 24;
const PHASES = 128;

/** Shape of the window (Kaiser): about 80 dB beside the pass band. */
const KAISER_BETA = 8;

/** Modified Bessel function of order zero, by its series. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let n = 1; n < 32; n += 1) {
    term *= (x / (2 * n)) ** 2;
    sum += term;
  }
  return sum;
}

/** A windowed sinc, one row of taps per phase, and one more so that rows can be blended. */
function filterTable(): Float32Array {
  const table = new Float32Array((PHASES + 1) * FILTER_TAPS);
  for (let phase = 0; phase <= PHASES; phase += 1) {
    let sum = 0;
    const row = table.subarray(phase * FILTER_TAPS, (phase + 1) * FILTER_TAPS);
    for (let tap = 0; tap < FILTER_TAPS; tap += 1) {
      const x = tap - (FILTER_TAPS / 2 - 1) - phase / PHASES;
      const inside = 1 - (x / (FILTER_TAPS / 2)) ** 2;
      const window = inside <= 0 ? 0 : bessel(KAISER_BETA * Math.sqrt(inside)) / bessel(KAISER_BETA);
      const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
      row[tap] = sinc * window;
      sum += row[tap] ?? 0;
    }
    for (let tap = 0; tap < FILTER_TAPS; tap += 1) row[tap] = (row[tap] ?? 0) / sum;
  }
  return table;
}

const TABLE = filterTable();

/**
 * Sound between two samples of a ring, as a band-limited signal has it there.
 *
 * @param mask length of the ring minus one, the length being a power of two
 * @param at place in the ring's endless count; FILTER_TAPS / 2 samples around it are there
 */
export function soundAt(ring: Float32Array, mask: number, at: number): number {
  const whole = Math.floor(at);
  const phase = (at - whole) * PHASES;
  const row = Math.floor(phase);
  const blend = phase - row;
  const first = whole - (FILTER_TAPS / 2 - 1);
  const base = row * FILTER_TAPS;
  let sum = 0;
  for (let tap = 0; tap < FILTER_TAPS; tap += 1) {
    const one = TABLE[base + tap] ?? 0;
    const other = TABLE[base + FILTER_TAPS + tap] ?? 0;
    sum += (ring[(first + tap) & mask] ?? 0) * (one + (other - one) * blend);
  }
  return sum;
}
