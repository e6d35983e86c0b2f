import { assertNever } from '../base/assert.ts';
import type { JitterDistribution } from './chaos-settings.ts';

/** Shape of the Pareto distribution: that of netem's table (iproute2), with a finite variance and a heavy tail. */
const PARETO_SHAPE = 3;

/** Longest Pareto delay in means: where netem's table ends, which 1.1 % of delays would exceed. */
const MAX_PARETO_MEANS = 7;

/**
 * A delay at random, never below 0, of mean `meanMs` whatever the distribution.
 *
 * `uniform`: from 0 to twice the mean. `normal`: around the mean, deviation half the mean, what would be negative is 0
 * (2 % of draws; the mean is 0.4 % higher for it). `pareto`: most are short and a few very long (Lomax, shape 3),
 * cut at MAX_PARETO_MEANS, which takes 5 % from the mean.
 *
 * @param first uniform in [0, 1)
 * @param second uniform in [0, 1), used by `normal`
 */
export function jitterDelayMs(
  distribution: JitterDistribution,
  meanMs: number,
  first: number,
  second: number,
): number {
  switch (distribution) {
    case 'uniform':
      return 2 * meanMs * first;
    case 'normal': {
      // Box and Muller, 1958; 1 - first, because the logarithm of 0 is none.
      const deviate = Math.sqrt(-2 * Math.log(1 - first)) * Math.cos(2 * Math.PI * second);
      return Math.max(0, meanMs + (meanMs / 2) * deviate);
    }
    case 'pareto': {
      const means = (PARETO_SHAPE - 1) * ((1 - first) ** (-1 / PARETO_SHAPE) - 1);
      return meanMs * Math.min(MAX_PARETO_MEANS, means);
    }
    default:
      return assertNever(distribution);
  }
}
