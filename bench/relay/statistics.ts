/** The middle of several figures, and how far they lie apart. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** @throws Error when there are none */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (least === undefined || most === undefined) throw new Error('there are no figures');
  const [low = least, high = most] = [
    sorted[Math.floor((sorted.length - 1) / 2)],
    sorted[Math.ceil((sorted.length - 1) / 2)],
  ];
  return { median: (low + high) / 2, least, most };
}

/** A straight line through figures: what it rises by, and how sure that is. */
export interface Trend {
  /** Rise per unit of x. */
  readonly slope: number;
  /** With 95 % confidence the true rise lies no further from `slope` than this. */
  readonly uncertainty: number;
}

/** Student's t at 97.5 % by degrees of freedom, from 1; beyond the last it falls to 1.96. */
const STUDENT_T: readonly number[] = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
];

const NORMAL = 1.96;

/**
 * Least squares through points, and the confidence interval of the slope.
 *
 * @throws Error with fewer than three points: a line through two says nothing of its error
 */
export function trendOf(points: readonly (readonly [x: number, y: number])[]): Trend {
  const count = points.length;
  if (count < 3) throw new Error('a trend takes three points');
  const mean = (at: 0 | 1): number => points.reduce((sum, point) => sum + point[at], 0) / count;
  const [meanX, meanY] = [mean(0), mean(1)];
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const residual = points.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  const error = Math.sqrt(residual / (count - 2) / spread);
  return { slope, uncertainty: (STUDENT_T[count - 3] ?? NORMAL) * error };
}
