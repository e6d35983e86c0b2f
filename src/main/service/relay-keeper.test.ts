import { describe, expect, it } from 'vitest';
import { MAX_EARLY_DEATHS, MIN_UPTIME_MS, RelayKeeper } from './relay-keeper.ts';
import type { ServiceRelay, ServiceStart, StopReason } from './service-ports.ts';
import { StandingAdmin } from './standing-admin.ts';

/** A relay that a test kills, and a clock that it moves. */
function rig(starts: (attempt: number) => boolean = () => true) {
  const seen = { waits: [] as number[], returned: 0, givenUp: 0, stops: [] as StopReason[], opened: 0 };
  let die: (reason: string) => void = () => undefined;
  let nowMs = 0;
  const relay: ServiceRelay = {
    port: 1,
    certificateSha256: 'x',
    voiceSocket: 'dgram',
    whyNotBatched: null,
    admin: new StandingAdmin(),
    stop: async (reason) => {
      seen.stops.push(reason);
    },
  };
  const keeper = new RelayKeeper({
    nowMs: () => nowMs,
    wait: async (durationMs) => {
      nowMs += durationMs;
    },
    open: async (onDidDie): Promise<ServiceStart> => {
      seen.opened += 1;
      die = onDidDie;
      return starts(seen.opened) ? { ok: true, relay } : { ok: false, code: 'failed', sentence: 'Taken.' };
    },
    onDidDie: (_reason, waitMs) => seen.waits.push(waitMs),
    onDidReturn: () => {
      seen.returned += 1;
    },
    onDidGiveUp: () => {
      seen.givenUp += 1;
    },
  });
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 100; turn += 1) await Promise.resolve();
  };
  return {
    keeper,
    seen,
    settle,
    async dieAfter(uptimeMs: number): Promise<void> {
      nowMs += uptimeMs;
      die('a defect');
      await settle();
    },
  };
}

describe('RelayKeeper', () => {
  it('opens a relay that died again, as often as it lives long enough', async () => {
    const { keeper, seen, dieAfter } = rig();
    await keeper.start();
    for (let death = 0; death < 2 * MAX_EARLY_DEATHS; death += 1) await dieAfter(MIN_UPTIME_MS);
    expect(seen).toMatchObject({ returned: 2 * MAX_EARLY_DEATHS, givenUp: 0 });
    expect(new Set(seen.waits)).toEqual(new Set([250]));
    expect(keeper.relay).not.toBeNull();
  });

  it('waits longer each time that it dies at once, and gives up in the end', async () => {
    const { keeper, seen, dieAfter } = rig();
    await keeper.start();
    for (let death = 0; death < MAX_EARLY_DEATHS; death += 1) await dieAfter(MIN_UPTIME_MS - 1);
    expect(seen).toMatchObject({ returned: MAX_EARLY_DEATHS - 1, givenUp: 1, opened: MAX_EARLY_DEATHS });
    expect(seen.waits).toEqual([500, 1_000, 2_000, 4_000, 0]);
    expect(keeper.relay).toBeNull();
  });

  it('counts one that does not open again as a death at once', async () => {
    const { keeper, seen, dieAfter } = rig((attempt) => attempt === 1);
    await keeper.start();
    await dieAfter(MIN_UPTIME_MS);
    expect(seen).toMatchObject({ returned: 0, givenUp: 1, opened: 1 + MAX_EARLY_DEATHS });
  });

  it('does not try again what did not open the first time', async () => {
    const { keeper, seen } = rig(() => false);
    expect(await keeper.start()).toMatchObject({ ok: false, sentence: 'Taken.' });
    expect(seen.opened).toBe(1);
  });

  it('does not open it again after it was stopped', async () => {
    const { keeper, seen, dieAfter } = rig();
    await keeper.start();
    await keeper.stop('restarting');
    await dieAfter(0);
    expect(seen).toMatchObject({ stops: ['restarting'], opened: 1, waits: [] });
  });

  it('stops one that was just being opened', async () => {
    const { keeper, seen } = rig();
    const starting = keeper.start();
    await keeper.stop('closing');
    await starting;
    expect(seen.stops).toEqual(['closing']);
    expect(keeper.relay).toBeNull();
  });
});
