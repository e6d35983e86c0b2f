import { describe, expect, it } from 'vitest';
import { createRng } from '../base/rng.ts';
import { HEARING_INTERVAL_MS, hearingReportSchema, MAX_HEARING_REPORTS } from '../wire/hearing.ts';
import { HEARING_RENEWAL_MS, HearingCollector, MIN_HEARD_PACKETS } from './hearing-collector.ts';

/** Counts of an interval of 20 ms frames. */
const counts = (lost: number, burstCount = lost) => ({ expected: 100, lost, burstCount });

/** Each interval one count of one voice. @returns what was said */
function reportsOf(losses: readonly number[], collector = new HearingCollector()): number[][] {
  return losses.map((lost, at) => {
    collector.observe(7, counts(lost));
    return collector.take(at * HEARING_INTERVAL_MS).map(({ lostPermille }) => lostPermille);
  });
}

describe('HearingCollector', () => {
  it('says what is lost, and how long losses are', () => {
    const collector = new HearingCollector();
    collector.observe(7, { expected: 200, lost: 24, burstCount: 8 });
    expect(collector.take(0)).toEqual([{ from: 7, lostPermille: 120, burstTenths: 30 }]);
  });

  it('says nothing while nothing is lost, and once when it stops', () => {
    expect(reportsOf([0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0])[3]).toEqual([55]);
    const said = reportsOf([...new Array(3).fill(20), ...new Array(30).fill(0)]);
    expect(said.slice(0, 3).map(([lost]) => lost)).toEqual([200, undefined, undefined]);
    const after = said.slice(3).flat();
    expect(after.at(-1)).toBe(0);
    expect(after.filter((lost) => lost === 0)).toHaveLength(1);
    expect(after).toEqual([...after].sort((a, b) => b - a));
  });

  it('follows a change, and does not follow chance', () => {
    const rng = createRng(3);
    const collector = new HearingCollector();
    let said = 0;
    const intervals = 50;
    for (let at = 0; at < intervals; at += 1) {
      let lost = 0;
      for (let packet = 0; packet < 100; packet += 1) if (rng.next() < 0.2) lost += 1;
      collector.observe(7, counts(lost));
      said += collector.take(at * HEARING_INTERVAL_MS).length;
    }
    // Renewals alone are one in five.
    expect(said).toBeLessThan(intervals / 2);
    collector.observe(7, counts(60));
    const [report] = collector.take(intervals * HEARING_INTERVAL_MS);
    expect(report?.lostPermille).toBeGreaterThan(300);
  });

  it('says again what is still so before it is forgotten, but not that nothing is lost', () => {
    const said = reportsOf(new Array(12).fill(20)).map((reports) => reports.length);
    const renewal = HEARING_RENEWAL_MS / HEARING_INTERVAL_MS;
    expect(said).toEqual(Array.from({ length: 12 }, (_, at) => (at % renewal === 0 ? 1 : 0)));
  });

  it('waits for the interval, and for enough packets', () => {
    const collector = new HearingCollector();
    collector.observe(7, { expected: MIN_HEARD_PACKETS - 1, lost: 20, burstCount: 20 });
    expect(collector.take(0)).toEqual([]);
    collector.observe(7, { expected: 1, lost: 0, burstCount: 0 });
    expect(collector.isDue(HEARING_INTERVAL_MS - 1)).toBe(false);
    expect(collector.take(HEARING_INTERVAL_MS - 1)).toEqual([]);
    expect(collector.take(HEARING_INTERVAL_MS)).toHaveLength(1);
  });

  it('says so much at a time, and the rest next time', () => {
    const collector = new HearingCollector();
    for (let token = 1; token <= MAX_HEARING_REPORTS + 3; token += 1) collector.observe(token, counts(20));
    const first = collector.take(0);
    expect(first).toHaveLength(MAX_HEARING_REPORTS);
    const second = collector.take(HEARING_INTERVAL_MS);
    expect(second.map(({ from }) => from)).toEqual([17, 18, 19]);
    for (const report of [...first, ...second]) hearingReportSchema.parse(report);
  });

  it('stays within what a message may say, whatever was counted', () => {
    for (const [expected, lost, burstCount] of [
      [500, 500, 0],
      [500, 500, 1],
      [5_000, 5_000, 1],
      [60, 1, 1],
      [1_000, 999, 999],
    ] as const) {
      const collector = new HearingCollector();
      collector.observe(7, { expected, lost, burstCount });
      for (const report of collector.take(0)) hearingReportSchema.parse(report);
    }
  });

  it('forgets who is gone', () => {
    const collector = new HearingCollector();
    collector.observe(7, counts(20));
    collector.observe(8, counts(20));
    collector.forget(7);
    expect(collector.take(0).map(({ from }) => from)).toEqual([8]);
    collector.clear();
    collector.observe(8, counts(0));
    expect(collector.take(HEARING_INTERVAL_MS)).toEqual([]);
  });
});
