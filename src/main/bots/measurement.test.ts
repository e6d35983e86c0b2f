import { describe, expect, it } from 'vitest';
import { createRng } from '../../core/base/rng.ts';
import { Measurement } from './measurement.ts';
import { SENT_TIMES_KEPT } from './sent-times.ts';

const BYTES = 120;
const tokens = (count: number): number[] => Array.from({ length: count }, (_, bot) => 500 + bot);

/** Virtual seconds of talk at 50 frames a second; `arriveMs` says when a copy arrives, null: never. */
function talk(options: {
  readonly bots: number;
  readonly speakers: number;
  readonly seconds: number;
  readonly arriveMs: (bot: number, speaker: number, sequence: number) => number | null;
}): { measurement: Measurement; lossOfSeconds: number[] } {
  const { bots, speakers, seconds, arriveMs } = options;
  const measurement = new Measurement(tokens(bots), speakers);
  const events: { atMs: number; run: () => void }[] = [];
  for (let frame = 0; frame < seconds * 50; frame += 1) {
    for (let speaker = 0; speaker < speakers; speaker += 1) {
      const sentMs = frame * 20 + speaker;
      events.push({ atMs: sentMs, run: () => measurement.handleSent(speaker, frame, sentMs) });
      for (let bot = 0; bot < bots; bot += 1) {
        const delayMs = bot === speaker ? null : arriveMs(bot, speaker, frame);
        if (delayMs === null) continue;
        const nowMs = sentMs + delayMs;
        events.push({
          atMs: nowMs,
          run: () => measurement.handleArrival(bot, 500 + speaker, frame, BYTES, nowMs),
        });
      }
    }
  }
  const lossOfSeconds: number[] = [];
  for (let second = 1; second <= seconds + 1; second += 1) {
    // Behind everything of its millisecond: the last frame was sent before it.
    const run = () => lossOfSeconds.push(measurement.closeSecond().lost);
    events.push({ atMs: second * 1_000 - 0.01, run });
  }
  events.sort((a, b) => a.atMs - b.atMs);
  for (const { run } of events) run();
  return { measurement, lossOfSeconds };
}

describe('Measurement', () => {
  it('finds everything where nothing is lost, and the latency of each', () => {
    const { measurement, lossOfSeconds } = talk({
      bots: 5,
      speakers: 2,
      seconds: 4,
      arriveMs: (bot) => 1 + bot,
    });
    expect(lossOfSeconds).toEqual([0, 0, 0, 0, 0]);
    const sums = measurement.sums();
    expect(sums).toEqual({
      expected: 2 * 200 * 4,
      received: 2 * 200 * 4,
      lost: 0,
      late: 0,
      duplicate: 0,
      unexpected: 0,
    });
    expect(measurement.bots.map((bot) => bot.sent)).toEqual([200, 200, 0, 0, 0]);
    expect(measurement.bots[4]?.latency.percentiles().p50).toBeCloseTo(5, 0);
  });

  it('shows a fault that drops every twentieth datagram as 5 %', () => {
    const { measurement } = talk({
      bots: 4,
      speakers: 2,
      seconds: 8,
      arriveMs: (_bot, _speaker, sequence) => (sequence % 20 === 7 ? null : 2),
    });
    const { expected, lost, received } = measurement.sums();
    expect(lost / expected).toBe(0.05);
    expect(received + lost).toBe(expected);
  });

  it('balances on a network that loses, doubles, turns round and delays', () => {
    const rng = createRng(3);
    const { measurement } = talk({
      bots: 6,
      speakers: 3,
      seconds: 10,
      arriveMs: () => (rng.next() < 0.1 ? null : rng.next() < 0.05 ? 2_500 : rng.next() * 80),
    });
    const sums = measurement.sums();
    expect(sums.expected).toBe(3 * 500 * 5);
    expect(sums.received + sums.lost).toBe(sums.expected);
    expect(sums.late).toBeGreaterThan(0);
    expect(sums.lost).toBeGreaterThanOrEqual(sums.late);
    for (const bot of measurement.bots) expect(bot.received + bot.lost).toBe(bot.expected);
  });

  it('sees the loss of a second when it is a second old', () => {
    const { lossOfSeconds } = talk({
      bots: 2,
      speakers: 1,
      seconds: 4,
      arriveMs: (_bot, _speaker, sequence) => (sequence >= 50 && sequence < 100 ? null : 1),
    });
    expect(lossOfSeconds).toEqual([0, 0, 50, 0, 0]);
  });

  it('knows what it has had, what it was never sent, and its own', () => {
    const measurement = new Measurement(tokens(3), 1);
    measurement.handleSent(0, 0, 10);
    expect(measurement.handleArrival(1, 500, 0, BYTES, 12)).toBe('inTime');
    expect(measurement.handleArrival(1, 500, 0, BYTES, 13)).toBe('duplicate');
    expect(measurement.handleArrival(1, 500, 1, BYTES, 13)).toBe('unexpected');
    expect(measurement.handleArrival(1, 501, 0, BYTES, 13)).toBe('unexpected');
    expect(measurement.handleArrival(0, 500, 0, BYTES, 13)).toBe('unexpected');
    expect(measurement.sums()).toMatchObject({ duplicate: 1, unexpected: 3 });
  });

  it('counts a datagram whose sending time is forgotten as late', () => {
    const measurement = new Measurement(tokens(2), 1);
    for (let sequence = 0; sequence <= SENT_TIMES_KEPT; sequence += 1)
      measurement.handleSent(0, sequence, sequence * 20);
    expect(measurement.handleArrival(1, 500, 0, BYTES, 30_000)).toBe('late');
    expect(measurement.handleArrival(1, 500, 1, BYTES, 30_000)).toBe('inTime');
  });
});
