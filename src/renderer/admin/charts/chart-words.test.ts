import { expect, test } from 'vitest';
import { chartText, newestRows, summaryOf, TABLE_ROWS } from './chart-words.ts';

const text = (value: number): string => `${value} /s`;

test('a line is told by its last, lowest and highest figure', () => {
  expect(summaryOf([3, null, 1, 7, 5])).toEqual({ now: 5, lowest: 1, highest: 7 });
  expect(summaryOf([3, null])).toEqual({ now: null, lowest: 3, highest: 3 });
  expect(summaryOf([])).toBeNull();
  expect(summaryOf([null])).toBeNull();
});

test('a chart says what an eye would take from it', () => {
  expect(chartText('Packets', [{ label: 'Heard', values: [2, 8, 4] }], text)).toBe(
    'Packets. Heard: now 4 /s, lowest 2 /s, highest 8 /s.',
  );
  expect(chartText('Packets', [{ label: 'Heard', values: [] }], text)).toBe('Packets: no figures yet.');
});

test('the table has the newest points, the newest first', () => {
  const times = Array.from({ length: TABLE_ROWS + 2 }, (_, index) => index);
  const rows = newestRows(times, [{ label: 'A', values: times.map((time) => time * 10) }]);
  expect(rows).toHaveLength(TABLE_ROWS);
  expect(rows[0]).toEqual({ time: TABLE_ROWS + 1, values: [(TABLE_ROWS + 1) * 10] });
  expect(newestRows([1], [{ label: 'A', values: [] }])).toEqual([{ time: 1, values: [null] }]);
});
