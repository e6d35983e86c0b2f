import { expect, it } from 'vitest';
import { measureSealing } from './seal-packets.ts';
import { measureSuites } from './seal-suites.ts';

it('times packets that were really sealed and opened', () => {
  const { rows, sealAndOpenUs } = measureSealing(200);
  expect(rows.map((row) => row['step'])).toEqual(['seal a 20 ms packet', 'open a 20 ms packet', 'both']);
  expect(sealAndOpenUs).toBeGreaterThan(0);
});

it('weighs both suites, and the post-quantum one is the heavier', { timeout: 30_000 }, async () => {
  const [classic, postQuantum] = await measureSuites(7);
  expect(classic?.['members']).toBe(7);
  for (const figure of ['keyPackageBytes', 'welcomeBytes', 'leaveCommitBytes'])
    expect(Number(postQuantum?.[figure])).toBeGreaterThan(3 * Number(classic?.[figure]));
});
