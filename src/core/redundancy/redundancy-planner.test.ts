import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_COPY_SPACING } from './frame-copies.ts';
import { type Losses, NO_LOSSES } from './losses.ts';
import { MAX_SPREAD_MS, MIN_ENCODER_BITRATE, MIN_LOST_PERMILLE, planRedundancy } from './redundancy-plan.ts';
import { HOLD_LOSSES_MS, RedundancyPlanner } from './redundancy-planner.ts';
import { MAX_COPIES } from './redundant-payload.ts';

const limits = { bitrate: 62_000, frameSamples: 960, maxCopies: 2 };
const lost = (lostPermille: number, burstTenths = 10): Losses => ({ lostPermille, burstTenths });
/** Mean length of losses, in tenths, that each packet by itself makes. */
const byChance = (permille: number): number => Math.round(10_000 / (1_000 - permille));
const copiesAt = (losses: Losses | null, of: Partial<typeof limits> = {}): number =>
  planRedundancy({ ...limits, ...of }, losses).copies;

describe('planRedundancy', () => {
  it('gives a clean network the whole bitrate', () => {
    for (const losses of [null, NO_LOSSES, lost(MIN_LOST_PERMILLE - 1)])
      expect(planRedundancy(limits, losses)).toEqual({ copies: 0, spacing: 1, encoderBitrate: 62_000 });
  });

  it('adds copies as losses grow, sooner where bitrate is plenty, as far as the channel allows', () => {
    expect([20, 100, 200].map((permille) => copiesAt(lost(permille, byChance(permille))))).toEqual([1, 1, 2]);
    const narrow = [20, 60, 200].map((permille) =>
      copiesAt(lost(permille, byChance(permille)), { bitrate: 32_000 }),
    );
    expect(narrow).toEqual([0, 1, 1]);
    expect(copiesAt(lost(300, 14), { maxCopies: 1 })).toBe(1);
    expect(copiesAt(lost(300, 14), { maxCopies: 0 })).toBe(0);
  });

  it('never pays for copies with speech that nobody understands', () => {
    expect(copiesAt(lost(300, 14), { bitrate: 2 * MIN_ENCODER_BITRATE })).toBe(0);
    expect(copiesAt(lost(300, 14), { bitrate: 2 * MIN_ENCODER_BITRATE + 800 })).toBe(1);
  });

  it('sends copies further apart when losses come in bursts, and not when chance alone makes them long', () => {
    for (const permille of [50, 100, 200, 300])
      expect(planRedundancy(limits, lost(permille, byChance(permille))).spacing).toBe(1);
    for (const permille of [50, 100, 200, 300]) {
      const { copies, spacing } = planRedundancy(limits, lost(permille, 30));
      expect(spacing).toBeGreaterThan(1);
      expect(copies * spacing * 20).toBeLessThanOrEqual(MAX_SPREAD_MS);
    }
  });

  it('keeps everything within its limits', () => {
    const bitrates = fc.integer({ min: 6_000, max: 510_000 });
    const frames = fc.constantFrom(480, 960, 1920, 2880);
    fc.assert(
      fc.property(
        bitrates,
        frames,
        fc.nat(2),
        fc.nat(1_000),
        fc.integer({ min: 10, max: 1_000 }),
        (bitrate, frameSamples, maxCopies, lostPermille, burstTenths) => {
          const plan = planRedundancy({ bitrate, frameSamples, maxCopies }, { lostPermille, burstTenths });
          expect(plan.copies).toBeLessThanOrEqual(Math.min(maxCopies, MAX_COPIES));
          expect(plan.spacing).toBeGreaterThanOrEqual(1);
          expect(plan.spacing).toBeLessThanOrEqual(MAX_COPY_SPACING);
          const framesPerSecond = 48_000 / frameSamples;
          const headers = plan.copies * 16 * framesPerSecond;
          expect(plan.encoderBitrate * (plan.copies + 1) + headers).toBeLessThanOrEqual(bitrate);
          if (plan.copies > 0) expect(plan.encoderBitrate).toBeGreaterThanOrEqual(MIN_ENCODER_BITRATE);
        },
      ),
    );
  });
});

describe('RedundancyPlanner', () => {
  it('follows losses up at once', () => {
    const planner = new RedundancyPlanner();
    expect(planner.plan(limits).copies).toBe(0);
    planner.handleHeard(lost(20), 0);
    expect(planner.plan(limits).copies).toBe(1);
    planner.handleHeard(lost(200), 1);
    expect(planner.plan(limits).copies).toBe(2);
    expect(planner.nextDeadlineMs()).toBeNull();
  });

  it('follows them down when they have stayed there', () => {
    const planner = new RedundancyPlanner();
    planner.handleHeard(lost(200), 0);
    planner.handleHeard(lost(20), 1_000);
    expect(planner.nextDeadlineMs()).toBe(1_000 + HOLD_LOSSES_MS);
    planner.handleDeadline(999 + HOLD_LOSSES_MS);
    expect(planner.plan(limits).copies).toBe(2);
    planner.handleDeadline(1_000 + HOLD_LOSSES_MS);
    expect(planner.plan(limits).copies).toBe(1);
    expect(planner.nextDeadlineMs()).toBeNull();
  });

  it('does not go lower than what was heard meanwhile, and goes on from there', () => {
    const planner = new RedundancyPlanner();
    planner.handleHeard(lost(200), 0);
    planner.handleHeard(NO_LOSSES, 1_000);
    planner.handleHeard(lost(20), 2_000);
    planner.handleHeard(NO_LOSSES, 3_000);
    planner.handleDeadline(1_000 + HOLD_LOSSES_MS);
    expect(planner.losses).toEqual(lost(20));
    planner.handleDeadline(1_000 + 2 * HOLD_LOSSES_MS);
    expect(planner.losses).toEqual(NO_LOSSES);
    expect(planner.nextDeadlineMs()).toBeNull();
  });

  it('forgets that they were about to go down when they go up again', () => {
    const planner = new RedundancyPlanner();
    planner.handleHeard(lost(200), 0);
    planner.handleHeard(NO_LOSSES, 1_000);
    planner.handleHeard(lost(210), 2_000);
    expect(planner.nextDeadlineMs()).toBeNull();
    planner.handleHeard(lost(200), 3_000);
    planner.handleHeard(lost(200, 31), 4_000);
    planner.clear();
    expect(planner.plan(limits).copies).toBe(0);
    expect(planner.nextDeadlineMs()).toBeNull();
  });

  it('never plans for less than was heard last', () => {
    const step = fc.record({ ms: fc.nat(20_000), permille: fc.nat(400) });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const planner = new RedundancyPlanner();
        let nowMs = 0;
        let latest = 0;
        for (const { ms, permille } of steps) {
          nowMs += ms;
          planner.handleDeadline(nowMs);
          expect(planner.losses.lostPermille).toBeGreaterThanOrEqual(latest);
          latest = permille;
          planner.handleHeard(lost(permille), nowMs);
          expect(planner.losses.lostPermille).toBeGreaterThanOrEqual(latest);
        }
        while (planner.nextDeadlineMs() !== null) planner.handleDeadline(planner.nextDeadlineMs() ?? 0);
        expect(planner.losses.lostPermille).toBe(latest);
      }),
    );
  });
});
