import { expect, test } from 'vitest';
import { parseStat, processSeconds } from './processor-time.ts';

test('time of user and system is added, whatever the name holds', () => {
  const line = '4711 (a) b) S 1 1 1 0 -1 4194304 9 9 9 9 250 150 0 0 20 0 1 0 5 5 5';
  expect(parseStat(line, 100)).toEqual({ name: 'a) b', seconds: 4 });
});

test('a process that works uses processor time', () => {
  const before = processSeconds(process.pid);
  const endMs = performance.now() + 200;
  while (performance.now() < endMs);
  expect(processSeconds(process.pid) - before).toBeGreaterThan(0.05);
});
