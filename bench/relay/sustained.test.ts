import { describe, expect, it } from 'vitest';
import { type Run, summariseRun } from './load.ts';
import { findSustained, isSustained } from './sustained.ts';

function runOf(speakers: number, figures: Partial<Run>): Run {
  const raw = {
    expected: speakers * 1_000,
    received: speakers * 1_000,
    lost: 0,
    duplicates: 0,
    stale: 0,
    garbled: 0,
    mostLostByOne: 0,
    p50Us: 100,
    p99Us: 500,
    maxUs: 900,
    windowNs: 1e9,
    windowDatagrams: speakers * 1_000,
    relayNs: 1e8,
    ownNs: 1e8,
    sendFailed: 0,
    ownDrops: 0,
    lateP99Us: 50,
    lateMaxUs: 60,
  };
  return { ...summariseRun(speakers, raw), ...figures };
}

/** A relay that carries so many, and has a long delay with more. */
function relayFor(most: number): (speakers: number) => Promise<Run> {
  return async (speakers) => runOf(speakers, { p99Ms: speakers > most ? 50 : 1 });
}

describe('findSustained', () => {
  it('finds the most speakers that are carried, wherever that lies', async () => {
    for (let most = 0; most <= 110; most += 1) {
      const found = await findSustained(relayFor(most));
      expect(found.speakers).toBe(Math.min(most, 96));
      expect(found.rate).toBe(found.speakers * 1_000);
    }
  });

  it('takes a single failure for an accident', async () => {
    const failed = new Set<number>();
    const found = await findSustained(async (speakers) => {
      const first = !failed.has(speakers);
      failed.add(speakers);
      return runOf(speakers, { lossPercent: first || speakers > 20 ? 3 : 0 });
    });
    expect(found.speakers).toBe(20);
  });

  it('does not hold against a relay what the load generator did, but not for ever', async () => {
    let runs = 0;
    const found = await findSustained(
      async (speakers) => {
        runs += 1;
        return runOf(speakers, { p99Ms: 90, fault: 'packets were sent late' });
      },
      [4],
    );
    expect(found.speakers).toBe(0);
    expect(runs).toBe(3 * 3);
    expect(found.tries).toContain('packets were sent late');
  });

  it('does not take less load than there should be for a rate that is carried', async () => {
    const found = await findSustained(async (speakers) => {
      const run = runOf(speakers, {});
      const windowDatagrams = speakers > 10 ? run.raw.windowDatagrams * 0.8 : run.raw.windowDatagrams;
      return { ...run, raw: { ...run.raw, windowDatagrams } };
    });
    expect(found.speakers).toBe(10);
  });

  it('asks for loss and delay', () => {
    expect(isSustained({ lossPercent: 0.099, p99Ms: 19.9 })).toBe(true);
    expect(isSustained({ lossPercent: 0.1, p99Ms: 1 })).toBe(false);
    expect(isSustained({ lossPercent: 0, p99Ms: 20 })).toBe(false);
  });
});
