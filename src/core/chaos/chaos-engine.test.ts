import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_DATAGRAM_BYTES } from '../wire/datagram.ts';
import { ChaosEngine, MAX_LINE_WAIT_MS, REORDER_MAX_MS } from './chaos-engine.ts';
import { chaosPresets } from './chaos-presets.ts';
import { CHAOS_LIMITS, CHAOS_OFF, type ChaosSettings } from './chaos-settings.ts';
import { MAX_HELD_DATAGRAMS } from './held-datagrams.ts';
import { type NetworkTrace, TraceRecorder } from './network-trace.ts';

const FRAME_MS = 20;
const VOICE_BYTES = 100;

interface Arrival {
  readonly number: number;
  readonly atMs: number;
}

/** A sender of numbered datagrams, the engine, and a clock that stops at each deadline. */
class Line {
  readonly engine: ChaosEngine;
  readonly arrivals: Arrival[] = [];
  nowMs = 1_000;
  damaged = 0;
  #sent = 0;
  readonly #out = {
    sendDatagram: (bytes: Uint8Array, lengthBytes: number): void => {
      const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
      const isWhole = bytes.subarray(4, lengthBytes).every((byte) => byte === (number & 0xff));
      if (!isWhole) this.damaged += 1;
      this.arrivals.push({ number, atMs: this.nowMs });
    },
  };

  constructor(settings: Partial<ChaosSettings>, seed = 1) {
    this.engine = new ChaosEngine(seed);
    this.set(settings);
  }

  set(settings: Partial<ChaosSettings>): void {
    this.engine.setSettings({ ...CHAOS_OFF, ...settings }, this.nowMs);
  }

  send(lengthBytes = VOICE_BYTES): void {
    const bytes = new Uint8Array(lengthBytes).fill(this.#sent & 0xff);
    new DataView(bytes.buffer).setUint32(0, this.#sent);
    this.#sent += 1;
    this.engine.handleDatagram(bytes, lengthBytes, this.nowMs, this.#out);
    // What is held must be a copy.
    bytes.fill(0xee);
  }

  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const dueMs = this.engine.nextDeadlineMs();
      if (dueMs === null || dueMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, dueMs);
      this.engine.handleDeadline(this.nowMs, this.#out);
    }
    this.nowMs = untilMs;
  }

  stream(count: number, everyMs = FRAME_MS, lengthBytes = VOICE_BYTES): this {
    for (let sent = 0; sent < count; sent += 1) {
      this.send(lengthBytes);
      this.pass(everyMs);
    }
    return this;
  }

  /** Delay of each arrival, in its order, if one was sent every FRAME_MS. */
  delaysMs(): number[] {
    return this.arrivals.map(({ number, atMs }) => atMs - 1_000 - number * FRAME_MS);
  }

  lost(): number {
    const { lost, burstLost, replayLost, lineFull, heldFull, tooLong, discarded } = this.engine.counters;
    return lost + burstLost + replayLost + lineFull + heldFull + tooLong + discarded;
  }

  expectBalance(): void {
    const { received, copied, passed } = this.engine.counters;
    expect(received + copied).toBe(passed + this.lost() + this.engine.held);
    expect(passed).toBe(this.arrivals.length);
    expect(received).toBe(this.#sent);
    expect(this.damaged).toBe(0);
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const everything: Partial<ChaosSettings> = {
  lossPercent: 5,
  burstLossPercent: 10,
  burstLength: 3,
  latencyMs: 60,
  jitterMs: 30,
  jitterDistribution: 'pareto',
  reorderPercent: 5,
  duplicatePercent: 5,
  bandwidthKbps: 64,
};

describe('ChaosEngine', () => {
  it('passes everything on at once while it is off, and is not active then', () => {
    const line = new Line({});
    expect(line.engine.active).toBe(false);
    line.stream(50);
    expect(line.delaysMs()).toEqual(new Array(50).fill(0));
    expect(line.engine.nextDeadlineMs()).toBeNull();
    line.expectBalance();
  });

  it('loses the share that is asked for, each datagram by itself', () => {
    const line = new Line({ lossPercent: 20 }).stream(20_000);
    expect(line.engine.counters.lost / 20_000).toBeCloseTo(0.2, 1);
    // Random loss of a fifth comes in runs of 1 / (1 - 0.2).
    expect(mean(burstsOf(line))).toBeCloseTo(1.25, 1);
    line.expectBalance();
  });

  it.each([
    { burstLossPercent: 10, burstLength: 3 },
    { burstLossPercent: 30, burstLength: 6 },
    { burstLossPercent: 5, burstLength: 25 },
  ])('loses $burstLossPercent % in bursts of $burstLength', (settings) => {
    const line = new Line(settings).stream(400_000);
    const share = line.engine.counters.burstLost / 4_000;
    expect(share / settings.burstLossPercent).toBeGreaterThan(0.85);
    expect(share / settings.burstLossPercent).toBeLessThan(1.15);
    expect(mean(burstsOf(line)) / settings.burstLength).toBeGreaterThan(0.9);
    expect(mean(burstsOf(line)) / settings.burstLength).toBeLessThan(1.1);
    line.expectBalance();
  });

  it('does not stretch a burst over a pause: heartbeats a second apart are lost each by itself', () => {
    const line = new Line({ burstLossPercent: 20, burstLength: 10 }).stream(20_000, 1_000);
    expect(line.engine.counters.burstLost / 20_000).toBeCloseTo(0.2, 1);
    expect(mean(burstsOf(line))).toBeLessThan(1.4);
  });

  it('delays by a fixed latency exactly', () => {
    const line = new Line({ latencyMs: 150 }).stream(100);
    line.pass(150);
    expect(line.delaysMs()).toEqual(new Array(100).fill(150));
  });

  it.each(['uniform', 'normal', 'pareto'] as const)('never reorders by %s jitter alone', (distribution) => {
    const line = new Line({ latencyMs: 20, jitterMs: 60, jitterDistribution: distribution }).stream(2_000);
    line.pass(5_000);
    const numbers = line.arrivals.map(({ number }) => number);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(numbers).toHaveLength(2_000);
    expect(Math.min(...line.delaysMs())).toBeGreaterThanOrEqual(20);
    expect(new Set(line.delaysMs().map(Math.round)).size).toBeGreaterThan(50);
  });

  it('reorders the share that is asked for, by little', () => {
    const line = new Line({ latencyMs: 40, reorderPercent: 10 }).stream(5_000);
    line.pass(1_000);
    const overtaken = line.arrivals.filter(({ number }, at) =>
      line.arrivals.slice(Math.max(0, at - 8), at).some((before) => before.number > number),
    );
    expect(overtaken.length / 5_000).toBeGreaterThan(0.09);
    expect(overtaken.length / 5_000).toBeLessThan(0.11);
    expect(Math.max(...line.delaysMs())).toBeLessThanOrEqual(40 + REORDER_MAX_MS);
    // One that is held back behind another held back is overtaken less often.
    expect(line.engine.counters.heldBack).toBeGreaterThanOrEqual(overtaken.length);
    line.expectBalance();
  });

  it('doubles the share that is asked for', () => {
    const line = new Line({ duplicatePercent: 25 }).stream(4_000);
    expect(line.engine.counters.copied / 4_000).toBeCloseTo(0.25, 1);
    expect(line.arrivals).toHaveLength(4_000 + line.engine.counters.copied);
    line.expectBalance();
  });

  it('carries what a cap allows, lets a little wait and drops the rest at the tail', () => {
    // 128 bytes on the line every 20 ms are 51.2 kbit/s: half of it fits.
    const line = new Line({ bandwidthKbps: 25.6 }).stream(2_000);
    line.pass(MAX_LINE_WAIT_MS + 50);
    expect(line.engine.counters.lineFull / 2_000).toBeCloseTo(0.5, 1);
    expect(Math.max(...line.delaysMs())).toBeGreaterThan(MAX_LINE_WAIT_MS);
    expect(Math.max(...line.delaysMs())).toBeLessThanOrEqual(MAX_LINE_WAIT_MS + 40);
    line.expectBalance();
  });

  it('only takes the time on the line where the cap is wide enough', () => {
    const line = new Line({ bandwidthKbps: 102.4 }).stream(100);
    for (const delayMs of line.delaysMs()) expect(delayMs).toBeCloseTo(10, 6);
    expect(line.lost()).toBe(0);
  });

  it('gives each datagram the same fate for the same seed, and another for another', () => {
    const run = (seed: number): Arrival[] => {
      const line = new Line(everything, seed).stream(2_000);
      line.pass(5_000);
      line.expectBalance();
      return line.arrivals;
    };
    expect(run(7)).toEqual(run(7));
    expect(run(7)).not.toEqual(run(8));
  });

  it('begins anew with a seed', () => {
    const line = new Line(everything, 3).stream(500);
    line.pass(5_000);
    const first = line.arrivals.splice(0);
    line.engine.reseed(3);
    line.set(everything);
    const startMs = line.nowMs;
    line.stream(500);
    line.pass(5_000);
    const again = line.arrivals.map(({ number, atMs }) => ({
      number: number - 500,
      afterMs: Math.round(atMs - startMs),
    }));
    expect(again).toEqual(first.map(({ number, atMs }) => ({ number, afterMs: Math.round(atMs - 1_000) })));
  });

  it('does not change who is lost when the delay is changed', () => {
    const numbers = (settings: Partial<ChaosSettings>): number[] => {
      const line = new Line({ ...settings, lossPercent: 10, burstLossPercent: 10, burstLength: 3 });
      line.stream(1_000).pass(5_000);
      return line.arrivals.map(({ number }) => number);
    };
    expect(numbers({ latencyMs: 200, jitterMs: 20 })).toEqual(numbers({}));
  });

  it('lets go of what is held, in order, when it is switched off', () => {
    const line = new Line({ latencyMs: 1_000, reorderPercent: 20 }).stream(20);
    expect(line.engine.held).toBe(20);
    line.set({});
    expect(line.engine.active).toBe(true);
    line.pass(0);
    expect(line.engine.active).toBe(false);
    line.stream(1);
    expect(line.arrivals).toHaveLength(21);
    expect(line.arrivals.at(-1)).toEqual({ number: 20, atMs: line.nowMs - FRAME_MS });
  });

  it('applies a shorter latency at once, and keeps the order', () => {
    const line = new Line({ latencyMs: 1_000 }).stream(10);
    line.set({ latencyMs: 100 });
    line.stream(10);
    line.pass(100);
    expect(line.arrivals.map(({ number }) => number)).toEqual([...new Array(20).keys()]);
    expect(line.delaysMs()[10]).toBe(100);
  });

  it('drops what is held when the socket goes', () => {
    const line = new Line({ latencyMs: 1_000 }).stream(10);
    line.engine.discardHeld();
    expect([line.engine.held, line.engine.counters.discarded, line.arrivals.length]).toEqual([0, 10, 0]);
    line.expectBalance();
  });

  it('holds up to its limit and drops and counts what is beyond', () => {
    const line = new Line({ latencyMs: 2_000 });
    for (const count of [MAX_HELD_DATAGRAMS - 1, 1, 1]) line.stream(count, 0);
    expect([line.engine.held, line.engine.counters.heldFull]).toEqual([MAX_HELD_DATAGRAMS, 1]);
    line.pass(2_000);
    expect(line.arrivals).toHaveLength(MAX_HELD_DATAGRAMS);
    line.expectBalance();
  });

  it('takes the longest datagram and none longer', () => {
    const line = new Line({ latencyMs: 10 });
    for (const length of [MAX_DATAGRAM_BYTES - 1, MAX_DATAGRAM_BYTES, MAX_DATAGRAM_BYTES + 1])
      line.send(length);
    line.pass(10);
    expect(line.engine.counters).toMatchObject({ passed: 2, tooLong: 1 });
    line.expectBalance();
  });

  it('refuses settings beyond the limits as our own mistake', () => {
    expect(() => new Line({ latencyMs: CHAOS_LIMITS.latencyMs.max + 1 })).toThrow('CHAOS_LIMITS');
  });

  it.each(chaosPresets)('balances with $name, which lets most through', ({ settings }) => {
    const line = new Line(settings).stream(3_000);
    line.expectBalance();
    line.pass(5_000);
    expect(line.engine.held).toBe(0);
    line.expectBalance();
    // 25 kbit/s carries half of it.
    expect(line.arrivals.length / 3_000).toBeGreaterThan(0.45);
  });

  it('balances whatever the settings, and however often they change', () => {
    const anything = fc.record({
      lossPercent: fc.integer({ min: 0, max: 60 }),
      burstLossPercent: fc.integer({ min: 0, max: 50 }),
      burstLength: fc.integer({ min: 1, max: 50 }),
      latencyMs: fc.integer({ min: 0, max: 2_000 }),
      jitterMs: fc.integer({ min: 0, max: 300 }),
      jitterDistribution: fc.constantFrom('uniform' as const, 'normal' as const, 'pareto' as const),
      reorderPercent: fc.integer({ min: 0, max: 50 }),
      duplicatePercent: fc.integer({ min: 0, max: 100 }),
      bandwidthKbps: fc.constantFrom(0, 1, 8, 64, 1_000),
    });
    fc.assert(
      fc.property(fc.array(anything, { minLength: 1, maxLength: 6 }), fc.nat(), (runs, seed) => {
        const line = new Line({}, seed);
        for (const settings of runs) {
          line.set(settings);
          line.stream(40);
          line.expectBalance();
        }
        line.set({});
        line.pass(0);
        expect(line.engine.held).toBe(0);
        line.expectBalance();
      }),
      { numRuns: 60 },
    );
  });
});

describe('ChaosEngine with a trace', () => {
  const traceOf = (...delaysMs: number[]): NetworkTrace => ({
    length: delaysMs.length,
    delaysMs: Float32Array.from(delaysMs),
    copyDelaysMs: new Float32Array(delaysMs.length).fill(Number.NaN),
  });

  it('gives each datagram the next fate of the trace, and begins again at its end', () => {
    const line = new Line({ lossPercent: 100 });
    line.engine.replay(traceOf(30, Number.NaN, 0, 45), line.nowMs);
    line.stream(8).pass(100);
    expect(line.arrivals.map(({ number }) => number)).toEqual([0, 2, 3, 4, 6, 7]);
    expect(line.delaysMs()).toEqual([30, 0, 45, 30, 0, 45]);
    expect(line.engine.counters.replayLost).toBe(2);
    line.expectBalance();
  });

  it('begins at the start of a trace each time, and goes back to the settings without one', () => {
    const line = new Line({ latencyMs: 7 });
    const trace = traceOf(30, 10);
    line.engine.replay(trace, line.nowMs);
    line.stream(1);
    line.engine.replay(trace, line.nowMs);
    line.stream(1);
    line.engine.replay(null, line.nowMs);
    line.stream(1).pass(100);
    // The first is let go when the replay begins anew; the second waits the latency, as of when the replay ends.
    expect(line.delaysMs()).toEqual([20, 27, 7]);
  });

  it('takes an empty trace for none', () => {
    const line = new Line({});
    line.engine.replay(traceOf(), line.nowMs);
    expect(line.engine.active).toBe(false);
  });

  it('replays a recording of itself datagram by datagram, copies and reordering included', () => {
    const wild = new Line({ ...everything, bandwidthKbps: 0 }, 5);
    const recorder = new TraceRecorder();
    wild.engine.record(recorder);
    wild.stream(1_000).pass(5_000);
    expect(recorder.length).toBe(1_000);

    const again = new Line({});
    again.engine.replay(recorder.finish(), again.nowMs);
    again.stream(1_000).pass(5_000);
    const rounded = ({ arrivals }: Line): string[] =>
      arrivals.map(({ number, atMs }) => `${number} ${Math.round(atMs * 100)}`).sort();
    expect(wild.engine.counters.copied).toBeGreaterThan(10);
    expect(rounded(again)).toEqual(rounded(wild));
    again.expectBalance();
  });

  it('writes down that nothing happened while chaos is off', () => {
    const line = new Line({});
    const recorder = new TraceRecorder();
    line.engine.record(recorder);
    expect(line.engine.active).toBe(true);
    line.stream(3);
    const { offsetsMs, delaysMs, sizesBytes } = recorder.finish();
    expect([[...offsetsMs], [...delaysMs], [...sizesBytes]]).toEqual([
      [0, 20, 40],
      [0, 0, 0],
      [128, 128, 128],
    ]);
  });
});

/** Lengths of the runs of datagrams that did not arrive. */
function burstsOf(line: Line): number[] {
  const bursts: number[] = [];
  let expected = 0;
  for (const { number } of line.arrivals) {
    if (number > expected) bursts.push(number - expected);
    expected = number + 1;
  }
  return bursts;
}
