import { type BotsRequest, type BotsState, IDLE_BOTS, type Traffic } from '../../../contract/admin.ts';

/** Figures of second number `second` of the made-up relay. */
export function fakeTraffic(second: number, atMs: number, members: number): Traffic {
  const wave = 1 + Math.sin(second / 7) / 3;
  return {
    atMs,
    voiceSocket: 'batched',
    members,
    receivedPerSecond: Math.round(250 * wave),
    forwardedPerSecond: Math.round(2_250 * wave),
    discardedPerSecond: second % 20 === 0 ? 3 : 0,
    kernelDrops: 0,
    sendBufferFull: 0,
    cpu: 0.08 * wave,
    heapBytes: 24_000_000 + (second % 30) * 100_000,
    residentBytes: 118_000_000 + (second % 60) * 150_000,
  };
}

/** Ticks that a made-up test spends on the way before it speaks. */
export const FAKE_WAY_TICKS = 2;

function delays(tick: number): BotsState['latencyMs'] {
  const wave = 1 + Math.sin(tick / 3) / 4;
  return { p50: 0.4 * wave, p95: 1.1 * wave, p99: 2.6 * wave, max: 9 * wave };
}

/** A made-up test, `tick` seconds after it was begun. */
export function fakeBotsState(request: BotsRequest, tick: number, stopped: boolean): BotsState {
  const { bots, speakers, seconds } = request;
  const base = { ...IDLE_BOTS, bots, speakers };
  if (stopped && tick < FAKE_WAY_TICKS) return { ...base, phase: 'done' };
  if (tick === 0) return { ...base, phase: 'joining', joined: Math.floor(bots / 2) };
  if (tick < FAKE_WAY_TICKS)
    return { ...base, phase: 'exchangingKeys', joined: bots, keyed: Math.floor(bots / 3) };
  const elapsedSeconds = Math.min(seconds, tick - FAKE_WAY_TICKS + 1);
  const sentPerSecond = speakers * 50;
  const receivedPerSecond = sentPerSecond * (bots - 1);
  const over = stopped || tick - FAKE_WAY_TICKS >= seconds;
  return {
    ...base,
    phase: over ? 'done' : 'speaking',
    joined: bots,
    keyed: bots,
    elapsedSeconds,
    sentPerSecond,
    receivedPerSecond,
    receivedBitsPerSecond: receivedPerSecond * 96 * 8,
    lossPercent: tick % 6 === 0 ? 0.02 : 0,
    totalLossPercent: 0.004,
    latencyMs: delays(tick),
    totalLatencyMs: { p50: 0.41, p95: 1.2, p99: 2.9, max: 12.4 },
    botsCpu: Math.min(0.98, bots / 140),
    perBot: Array.from({ length: bots }, (_, bot) => {
      const speaking = bot < speakers;
      const expected = 50 * elapsedSeconds * (speaking ? speakers - 1 : speakers);
      const lost = bot % 9 === 0 ? 1 : 0;
      return {
        bot,
        speaking,
        sent: speaking ? 50 * elapsedSeconds : 0,
        received: Math.max(0, expected - lost),
        expected,
        unopened: 0,
        lossPercent: expected === 0 ? 0 : (lost * 100) / expected,
        latencyMs: delays(bot),
      };
    }),
  };
}
