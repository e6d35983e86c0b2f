import { expect, test } from 'vitest';
import { statGroups, statName, statText } from './stat-groups.ts';

test('groups and counters come in a fixed order, with names and numbers for people', () => {
  const groups = statGroups({
    voice: { sentDatagrams: 12_345, lateFrames: 0 },
    'jitter.10': { depth: 2 },
    'jitter.9': { depth: 1.456 },
  });
  expect(groups).toEqual([
    { name: 'jitter.9', rows: [{ name: 'depth', value: '1.46' }] },
    { name: 'jitter.10', rows: [{ name: 'depth', value: '2' }] },
    {
      name: 'voice',
      rows: [
        { name: 'late frames', value: '0' },
        { name: 'sent datagrams', value: '12,345' },
      ],
    },
  ]);
});

test('a number that is none is told so', () => {
  expect(statText(Number.NaN)).toBe('none');
  expect(statName('pingMs')).toBe('ping ms');
});
