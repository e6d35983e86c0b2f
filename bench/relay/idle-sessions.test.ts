import { describe, expect, it } from 'vitest';
import { parseRollup } from './idle-sessions.ts';

const ROLLUP = `55d0c0000000-7ffd00000000 ---p 00000000 00:00 0    [rollup]
Rss:               81920 kB
Pss:               40960 kB
Pss_Dirty:         20480 kB
`;

describe('parseRollup', () => {
  it('reads kilobytes', () => {
    expect(parseRollup(ROLLUP)).toEqual({ residentBytes: 83_886_080, proportionalBytes: 41_943_040 });
  });

  it('does not take what is missing for nothing', () => {
    expect(() => parseRollup('Rss: 1 kB\n')).toThrow();
  });
});
