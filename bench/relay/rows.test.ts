import { describe, expect, it } from 'vitest';
import { faultOf, type Run, summariseRun } from './load.ts';
import { figuresOf, type Measured, ratioOf, runRow, type Setting, summaryRow } from './rows.ts';

const SETTING: Setting = { members: 200, speakers: 10 };

const RAW: Run['raw'] = {
  expected: 199_000,
  received: 198_801,
  lost: 199,
  duplicates: 0,
  stale: 0,
  garbled: 0,
  mostLostByOne: 3,
  p50Us: 400,
  p99Us: 1_500,
  maxUs: 9_000,
  windowNs: 2e9,
  windowDatagrams: 200_000,
  relayNs: 6e8,
  ownNs: 2e8,
  sendFailed: 0,
  ownDrops: 0,
  lateP99Us: 100,
  lateMaxUs: 900,
};

function measured(round: number, relayNs: number, repeated = false): Measured {
  const run = summariseRun(10, { ...RAW, relayNs });
  return { round, relay: 'ours', setting: SETTING, run, repeated, fault: null };
}

describe('summariseRun', () => {
  it('divides processor time by what arrived meanwhile', () => {
    const run = summariseRun(10, RAW);
    expect(run).toMatchObject({
      cpuUs: 3,
      p50Ms: 0.4,
      p99Ms: 1.5,
      rate: 100_000,
      relayPercent: 30,
      loadPercent: 10,
    });
    expect(run.lossPercent).toBeCloseTo(0.1);
    expect(run.fault).toBeNull();
  });

  it.each([{ ownDrops: 1 }, { sendFailed: 1 }, { garbled: 1 }, { lateP99Us: 2_001 }, { ownNs: 1.7e9 }])(
    'says what the load generator did wrong: %o',
    (wrong) => {
      expect(faultOf({ ...RAW, ...wrong })).not.toBeNull();
    },
  );
});

describe('rows', () => {
  it('give the median and the range of what was not repeated', () => {
    const all = [measured(1, 5e8), measured(2, 9e9, true), measured(2, 6e8), measured(3, 8e8)];
    const row = summaryRow(all, 'ours', SETTING);
    expect(row).toMatchObject({ check: '200/10 median of 3', cpuUs: 3, cpuUsRange: '2.5 to 4', faults: 0 });
    expect(runRow(all[1] ?? measured(0, 0))).toMatchObject({ check: '200/10 round 2, repeated' });
  });

  it('have nothing to say of a setting that was not measured', () => {
    expect(summaryRow([measured(1, 5e8)], 'theirs', SETTING)).toBeNull();
    expect(summaryRow([measured(1, 5e8)], 'ours', { members: 50, speakers: 1 })).toBeNull();
  });
});

describe('ratioOf', () => {
  const ours = [4, 6, 8].map((value, at) => ({ round: at + 1, value }));

  it('compares within each round', () => {
    const theirs = [40, 30, 10].map((value, at) => ({ round: at + 1, value }));
    expect(ratioOf(ours, theirs)).toBeCloseTo(0.2);
  });

  it('is not known where a round lacks its pair, or has nothing to divide by', () => {
    expect(ratioOf(ours, [{ round: 1, value: 8 }])).toBeNull();
    expect(
      ratioOf(
        ours,
        ours.map(({ round }) => ({ round, value: 0 })),
      ),
    ).toBeNull();
    expect(ratioOf([], ours)).toBeNull();
  });

  it('takes its figures from the runs that count', () => {
    const all = [measured(1, 4e8, true), measured(1, 6e8)];
    expect(figuresOf(all, 'ours', SETTING, (run) => run.cpuUs)).toEqual([{ round: 1, value: 3 }]);
  });
});
