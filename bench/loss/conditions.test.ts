import { describe, expect, it } from 'vitest';
import { CONDITIONS, lossesOf } from './conditions.ts';

const PACKETS = 200_000;

describe('lossesOf', () => {
  it.each(CONDITIONS)('loses as much as $name says, in bursts as long', (condition) => {
    const isLost = lossesOf(condition, 1);
    let lost = 0;
    let bursts = 0;
    let before = false;
    for (let packet = 0; packet < PACKETS; packet += 1) {
      const now = isLost();
      if (now) lost += 1;
      if (now && !before) bursts += 1;
      before = now;
    }
    expect(lost / PACKETS).toBeCloseTo(condition.lossRate, 2);
    const burst = condition.meanBurst ?? 1 / (1 - condition.lossRate);
    if (lost > 0) expect(lost / bursts).toBeCloseTo(burst, 1);
  });

  it('loses the same again with the same seed', () => {
    const [condition = CONDITIONS[0]] = CONDITIONS.slice(-1);
    if (condition === undefined) throw new Error('there are conditions');
    const [a, b, c] = [lossesOf(condition, 5), lossesOf(condition, 5), lossesOf(condition, 6)];
    const take = (isLost: () => boolean): boolean[] => Array.from({ length: 200 }, () => isLost());
    const first = take(a);
    expect(take(b)).toEqual(first);
    expect(take(c)).not.toEqual(first);
  });
});
