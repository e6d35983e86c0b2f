import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HOLD_LOSSES_MS } from '../../core/redundancy/redundancy-planner.ts';
import { Outgoing } from './outgoing.ts';

const CHANNEL = { bitrate: 48_000, frameSamples: 960, redundancyCopies: 2 } as const;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function rig() {
  const orders: string[] = [];
  const outgoing = new Outgoing({
    setCodec: (bitrate, frameSamples) => orders.push(`codec ${bitrate} ${frameSamples}`),
    setRedundancy: (copies) => orders.push(`copies ${copies}`),
  });
  return { outgoing, orders };
}

test('a clean network gets the whole bitrate and no copies, said once', () => {
  const { outgoing, orders } = rig();
  outgoing.handleChannel(CHANNEL);
  outgoing.handleChannel({ ...CHANNEL });
  expect(orders).toEqual(['codec 48000 960', 'copies 0']);
});

test('loss is answered with copies within the bitrate of the channel', () => {
  const { outgoing, orders } = rig();
  outgoing.handleChannel(CHANNEL);
  outgoing.handleHeard({ lostPermille: 100, burstTenths: 11 }, performance.now());
  const { copies, encoderBitrate, heardLostPermille } = outgoing.sending;
  expect(copies).toBeGreaterThan(0);
  expect(encoderBitrate * (copies + 1)).toBeLessThanOrEqual(CHANNEL.bitrate);
  expect(heardLostPermille).toBe(100);
  expect(orders.slice(2)).toEqual([`codec ${encoderBitrate} 960`, `copies ${copies}`]);
});

test('a channel that allows no copies gets none', () => {
  const { outgoing } = rig();
  outgoing.handleChannel({ ...CHANNEL, redundancyCopies: 0 });
  outgoing.handleHeard({ lostPermille: 200, burstTenths: 20 }, performance.now());
  expect(outgoing.sending).toMatchObject({ copies: 0, encoderBitrate: CHANNEL.bitrate });
});

test('copies end some time after the losses, without anybody saying so again', () => {
  const { outgoing } = rig();
  outgoing.handleChannel(CHANNEL);
  outgoing.handleHeard({ lostPermille: 100, burstTenths: 11 }, performance.now());
  outgoing.handleHeard({ lostPermille: 0, burstTenths: 10 }, performance.now());
  expect(outgoing.sending.copies).toBeGreaterThan(0);
  vi.advanceTimersByTime(HOLD_LOSSES_MS + 10);
  expect(outgoing.sending.copies).toBe(0);
});

test('another session begins without copies', () => {
  const { outgoing } = rig();
  outgoing.handleChannel(CHANNEL);
  outgoing.handleHeard({ lostPermille: 100, burstTenths: 11 }, performance.now());
  outgoing.handleNewSession();
  expect(outgoing.sending).toMatchObject({ copies: 0, heardLostPermille: null });
});
