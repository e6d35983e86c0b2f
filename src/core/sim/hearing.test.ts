import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { RedundancyPlanner } from '../redundancy/redundancy-planner.ts';
import { HEARING_INTERVAL_MS } from '../wire/hearing.ts';
import { Simulation } from './simulation.ts';

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();

const limits = { bitrate: 62_000, frameSamples: 960, maxCopies: 2 };

test('what a listener misses reaches the one who talks, and nobody else; a broken lane takes it back', () => {
  const simulation = new Simulation({ seed: 7, mac });
  const [anna, ben, cleo] = ['Anna', 'Ben', 'Cleo'].map((name) => simulation.addClient(name));
  if (anna === undefined || ben === undefined || cleo === undefined) throw new Error('three people came');
  for (const client of [anna, ben, cleo]) client.connect();
  simulation.runFor(1_000);

  const report = { from: anna.token, lostPermille: 120, burstTenths: 30 };
  expect(ben.sendHearing([report])).toBe(true);
  expect(ben.sendHearing([report])).toBe(false);
  simulation.runFor(500);
  expect(anna.lossesHeard).toEqual([{ lostPermille: 120, burstTenths: 30 }]);
  expect([...ben.lossesHeard, ...cleo.lossesHeard]).toEqual([]);

  const planner = new RedundancyPlanner();
  for (const losses of anna.lossesHeard) planner.handleHeard(losses, simulation.nowMs);
  expect(planner.plan(limits).copies).toBeGreaterThan(0);

  ben.cutLane();
  simulation.runFor(HEARING_INTERVAL_MS);
  expect(anna.lossesHeard.slice(1)).toEqual([{ lostPermille: 0, burstTenths: 10 }]);

  cleo.sendHearing([report]);
  simulation.runFor(HEARING_INTERVAL_MS);
  anna.cutLane();
  simulation.runFor(5_000);
  expect(anna.session.phase).toBe('connected');
  // Said anew on the new lane if it still is so.
  expect(anna.lossesHeard.slice(2)).toEqual([
    { lostPermille: 120, burstTenths: 30 },
    { lostPermille: 0, burstTenths: 10 },
  ]);
  cleo.sendHearing([report]);
  simulation.runFor(500);
  expect(anna.lossesHeard.at(-1)).toEqual({ lostPermille: 120, burstTenths: 30 });
});
