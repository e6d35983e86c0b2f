import { describe, expect, test } from 'vitest';
import { trafficSchema } from '../../contract/admin.ts';
import type { RelayFigures } from '../../core/relay/admin-port.ts';
import { trafficBetween } from './traffic-meter.ts';

function figures(atMs: number, cpuMs: number, counters: Record<string, number>): RelayFigures {
  return { atMs, cpuMs, counters, voiceSocket: 'batched', heapBytes: 7 };
}

describe('traffic', () => {
  const before = figures(1_000, 50, {
    members: 2,
    received: 100,
    forwardedOut: 1_000,
    'discard.tooShort': 5,
    'discard.notBound': 1,
  });
  const after = figures(3_000.25, 550, {
    members: 3,
    received: 300,
    forwardedOut: 3_000,
    'discard.tooShort': 10,
    'discard.notBound': 6,
    udpKernelDrops: 4,
    udpSendBufferFull: 2,
  });

  test('is what grew, per second', () => {
    const traffic = trafficBetween(before, after, 9);
    expect(trafficSchema.parse(traffic)).toEqual(traffic);
    expect(traffic).toMatchObject({
      atMs: 3_000,
      members: 3,
      kernelDrops: 4,
      sendBufferFull: 2,
      heapBytes: 7,
    });
    expect(traffic.receivedPerSecond).toBeCloseTo(100, 1);
    expect(traffic.forwardedPerSecond).toBeCloseTo(1_000, 0);
    expect(traffic.discardedPerSecond).toBeCloseTo(5, 1);
    expect(traffic.cpu).toBeCloseTo(0.25, 3);
  });

  test('is nothing at the first look, after a fresh start, and within no time', () => {
    const rates = (of: ReturnType<typeof trafficBetween>) => [
      of.receivedPerSecond,
      of.forwardedPerSecond,
      of.discardedPerSecond,
      of.cpu,
    ];
    expect(rates(trafficBetween(null, after, 0))).toEqual([0, 0, 0, 0]);
    expect(rates(trafficBetween(after, figures(4_000, 1, {}), 0))).toEqual([0, 0, 0, 0]);
    expect(rates(trafficBetween(after, after, 0))).toEqual([0, 0, 0, 0]);
  });

  test('a thread is never busier than one core', () => {
    expect(trafficBetween(before, figures(1_100, 500, {}), 0).cpu).toBe(1);
  });
});
