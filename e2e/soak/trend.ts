/** Two-sided 95 % of the normal distribution; with 20 points and more Student's t is within 7 % of it. */
const Z_95 = 1.96;

/** Fewest blocks a trend is taken from. */
export const MIN_BLOCKS = 8;

/** Wanted number of blocks: enough for a trend, long enough to even out the saw tooth of garbage collection. */
const WANTED_BLOCKS = 20;

/** A straight line through measurements over time. */
export type Trend = {
  readonly perSecond: number;
  /** Half of the 95 % confidence interval of `perSecond`. */
  readonly uncertaintyPerSecond: number;
  /** Growth per second that is certain at 95 %: 0 when the interval contains 0 or the line falls. */
  readonly certainPerSecond: number;
};

/** One measurement. */
export type Sample = { readonly seconds: number; readonly value: number };

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Neighbouring samples depend on one another: means of blocks nearly do not. */
function blockMeans(samples: readonly Sample[]): Sample[] {
  const length = Math.max(1, Math.ceil(samples.length / WANTED_BLOCKS));
  const blocks: Sample[] = [];
  for (let start = 0; start + length <= samples.length; start += length) {
    const block = samples.slice(start, start + length);
    blocks.push({ seconds: mean(block.map((s) => s.seconds)), value: mean(block.map((s) => s.value)) });
  }
  return blocks;
}

/**
 * Least-squares line through block means, with the 95 % confidence interval of its slope.
 *
 * @returns null with too few samples for a line
 */
export function trendOf(samples: readonly Sample[]): Trend | null {
  const blocks = blockMeans(samples);
  if (blocks.length < MIN_BLOCKS) return null;
  const meanSeconds = mean(blocks.map((block) => block.seconds));
  const meanValue = mean(blocks.map((block) => block.value));
  let spread = 0;
  let product = 0;
  for (const { seconds, value } of blocks) {
    spread += (seconds - meanSeconds) ** 2;
    product += (seconds - meanSeconds) * (value - meanValue);
  }
  if (spread === 0) return null;
  const perSecond = product / spread;
  const residual = blocks.reduce((sum, { seconds, value }) => {
    return sum + (value - meanValue - perSecond * (seconds - meanSeconds)) ** 2;
  }, 0);
  const uncertaintyPerSecond = Z_95 * Math.sqrt(residual / (blocks.length - 2) / spread);
  return { perSecond, uncertaintyPerSecond, certainPerSecond: Math.max(0, perSecond - uncertaintyPerSecond) };
}
