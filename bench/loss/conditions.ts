import { createRng } from '../../src/core/base/rng.ts';

/** A network that loses packets, and nothing else. */
export interface Condition {
  readonly name: string;
  readonly lossRate: number;
  /** Mean length of a loss, in packets; null: each packet by itself. */
  readonly meanBurst: number | null;
}

export const CONDITIONS: readonly Condition[] = [
  { name: '0%', lossRate: 0, meanBurst: null },
  { name: '5%', lossRate: 0.05, meanBurst: null },
  { name: '10%', lossRate: 0.1, meanBurst: null },
  { name: '20%', lossRate: 0.2, meanBurst: null },
  { name: '30%', lossRate: 0.3, meanBurst: null },
  { name: 'bursts10%', lossRate: 0.1, meanBurst: 3 },
  { name: 'bursts20%', lossRate: 0.2, meanBurst: 3 },
];

/** Says of each packet in turn whether it is lost; bursts after Gilbert (1960), without losses in the good state. */
export function lossesOf({ lossRate, meanBurst }: Condition, seed: number): () => boolean {
  const rng = createRng(seed);
  if (meanBurst === null) return () => rng.next() < lossRate;
  const endRate = 1 / meanBurst;
  const beginRate = (endRate * lossRate) / (1 - lossRate);
  let bad = false;
  return () => {
    bad = rng.next() < (bad ? 1 - endRate : beginRate);
    return bad;
  };
}
