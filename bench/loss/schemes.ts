import type { RedundancyPlan } from '../../src/core/redundancy/redundancy-plan.ts';

/** How speech is protected: always in the same way, or as the losses that are reported ask for. */
export type Scheme =
  | ({ readonly kind: 'fixed'; readonly name: string } & RedundancyPlan)
  | {
      readonly kind: 'adaptive';
      readonly name: string;
      readonly bitrate: number;
      readonly maxCopies: number;
    };

function fixed(name: string, copies: number, encoderBitrate: number, spacing = 1): Scheme {
  return { kind: 'fixed', name, copies, spacing, encoderBitrate };
}

/** What is shipped, at two bitrates of a channel. */
export const ADAPTIVE_32: Scheme = {
  kind: 'adaptive',
  name: 'adaptive, 32k in all',
  bitrate: 32_000,
  maxCopies: 2,
};
export const ADAPTIVE_62: Scheme = {
  kind: 'adaptive',
  name: 'adaptive, 62k in all',
  bitrate: 62_000,
  maxCopies: 2,
};

/** What is shipped, and what it was chosen from. */
export const SCHEMES: readonly Scheme[] = [
  fixed('concealment only, 31k', 0, 31_000),
  fixed('concealment only, 62k', 0, 62_000),
  fixed('1 copy, 2 x 16k', 1, 16_000),
  fixed('1 copy, 2 x 31k', 1, 31_000),
  fixed('1 copy 2 apart, 2 x 31k', 1, 31_000, 2),
  fixed('1 copy 3 apart, 2 x 31k', 1, 31_000, 3),
  fixed('2 copies, 3 x 20k', 2, 20_000),
  fixed('2 copies 2 apart, 3 x 20k', 2, 20_000, 2),
  fixed('2 copies 3 apart, 3 x 20k', 2, 20_000, 3),
  ADAPTIVE_32,
  ADAPTIVE_62,
];
