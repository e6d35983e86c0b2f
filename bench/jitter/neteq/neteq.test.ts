import { describe, expect, it } from 'vitest';
import { createRng } from '../../../src/core/base/rng.ts';
import { BufferLevelFilter } from './buffer-level-filter.ts';
import { DelayManager } from './delay-manager.ts';
import { DecayingHistogram } from './histogram.ts';
import { MAX_PACKETS, NetEq } from './neteq.ts';

const FRAME_SAMPLES = 960;

/** A voice of 150 Hz, 16-bit scale: a period is 320 samples. */
function voice(frame: number): Float32Array {
  return Float32Array.from({ length: FRAME_SAMPLES }, (_, at) => {
    const phase = (2 * Math.PI * 150 * (frame * FRAME_SAMPLES + at)) / 48_000;
    return 5_000 * (Math.sin(phase) + Math.sin(2 * phase) / 2 + Math.sin(3 * phase) / 3);
  });
}

/** NetEQ under a clock of 10 ms; packets leave every second tick. */
class Bench {
  readonly netEq = new NetEq(createRng(1));
  tick = 0;

  insert(frame: number): void {
    this.netEq.insertPacket({
      sequence: frame,
      timestamp: frame * FRAME_SAMPLES,
      samples: FRAME_SAMPLES,
      isDtx: false,
      decode: () => voice(frame),
    });
  }

  /** @param delayTicks of each frame, null loses it */
  run(ticks: number, delayTicks: (frame: number) => number | null): void {
    for (const end = this.tick + ticks; this.tick < end; this.tick += 1) {
      for (let frame = Math.max(0, Math.floor(this.tick / 2) - 100); frame * 2 <= this.tick; frame += 1) {
        const delay = delayTicks(frame);
        if (delay !== null && frame * 2 + delay === this.tick) this.insert(frame);
      }
      this.netEq.getAudio();
    }
  }

  delayMs(): number {
    const { jitterBufferDelayMs, jitterBufferEmittedCount } = this.netEq.statistics();
    return jitterBufferDelayMs / jitterBufferEmittedCount;
  }
}

describe('NetEq', () => {
  it('invents nothing on a quiet network, and settles at the known 35 ms', () => {
    const bench = new Bench();
    bench.run(6_000, () => 0);
    const statistics = bench.netEq.statistics();
    expect(statistics.concealedSamples).toBe(0);
    expect(bench.delayMs()).toBeGreaterThan(25);
    expect(bench.delayMs()).toBeLessThan(45);
  });

  it('puts out as much as it decoded, invented and put in, less what it took out', () => {
    const bench = new Bench();
    const rng = createRng(4);
    const delays = Array.from({ length: 3_000 }, () =>
      rng.next() < 0.05 ? null : Math.floor(6 * rng.next() ** 3),
    );
    bench.run(6_000, (frame) => delays[frame] ?? null);
    const statistics = bench.netEq.statistics();
    expect(statistics.concealedSamples).toBeGreaterThan(0);
    expect(statistics.insertedSamplesForDeceleration).toBeGreaterThan(0);
    expect(statistics.removedSamplesForAcceleration).toBeGreaterThan(0);
    const made =
      statistics.jitterBufferEmittedCount +
      statistics.concealedSamples +
      statistics.insertedSamplesForDeceleration -
      statistics.removedSamplesForAcceleration;
    // What lies in the buffer, and samples that merging gave back and were not yet set off.
    expect(Math.abs(made - statistics.totalSamplesReceived)).toBeLessThan(4_320);
  });

  it('conceals a lost packet with a period at least, and with no more than it held', () => {
    const bench = new Bench();
    bench.run(4_000, (frame) => (frame === 1_000 ? null : 0));
    const { concealedSamples } = bench.netEq.statistics();
    expect(concealedSamples).toBeGreaterThanOrEqual(320);
    // More would let the delay grow; less lets it shrink, which it may where it is above its target.
    expect(concealedSamples).toBeLessThanOrEqual(1_200);
  });

  it('waits longer where packets come late, and shorter again when they do not', () => {
    const bench = new Bench();
    bench.run(1_000, () => 0);
    const target = () => {
      const { jitterBufferTargetDelayMs: sum, jitterBufferEmittedCount: count } = bench.netEq.statistics();
      return { sum, count };
    };
    const before = target();
    bench.run(3_000, (frame) => (frame % 25 === 0 ? 8 : 0));
    const jittery = target();
    expect((jittery.sum - before.sum) / (jittery.count - before.count)).toBeGreaterThan(60);
    bench.run(20_000, () => 0);
    const middle = target();
    bench.run(1_000, () => 0);
    const after = target();
    expect((after.sum - middle.sum) / (after.count - middle.count)).toBe(20);
  });

  it('throws everything away when it holds MAX_PACKETS and one more comes, not before', () => {
    const bench = new Bench();
    for (let frame = 0; frame < MAX_PACKETS; frame += 1) bench.insert(frame);
    expect(bench.netEq.statistics().packetBufferFlushes).toBe(0);
    bench.insert(MAX_PACKETS);
    expect(bench.netEq.statistics()).toMatchObject({ packetBufferFlushes: 1, packetsDiscarded: MAX_PACKETS });
  });

  it('discards a packet that comes twice, and one whose turn is over', () => {
    const bench = new Bench();
    for (let frame = 0; frame < 6; frame += 1) bench.insert(frame);
    bench.insert(5);
    expect(bench.netEq.statistics().packetsDiscarded).toBe(1);
    for (let tick = 0; tick < 8; tick += 1) bench.netEq.getAudio();
    bench.insert(1);
    bench.netEq.getAudio();
    expect(bench.netEq.statistics().packetsDiscarded).toBe(2);
  });
});

describe('DelayManager', () => {
  it('starts at 80 ms and learns in steps of half a second', () => {
    const manager = new DelayManager(MAX_PACKETS);
    for (let nowMs = 0; nowMs <= 500; nowMs += 20) manager.update(0, false, nowMs);
    expect(manager.targetMs).toBe(80);
    for (let nowMs = 520; nowMs < 30_000; nowMs += 20) manager.update(0, false, nowMs);
    expect(manager.targetMs).toBe(20);
  });

  it('takes the 0.95 quantile of the largest delays: one bad half second in thirty is not enough', () => {
    const learn = (every: number) => {
      const manager = new DelayManager(MAX_PACKETS);
      for (let nowMs = 0; nowMs < 300_000; nowMs += 20) {
        manager.update(Math.floor(nowMs / 520) % every === 0 && nowMs % 520 === 0 ? 130 : 0, false, nowMs);
      }
      return manager.targetMs;
    };
    expect(learn(60)).toBe(20);
    expect(learn(10)).toBe(140);
  });

  it('weighs reordered packets at 20 ms of delay for a percent', () => {
    const learn = (share: number) => {
      const manager = new DelayManager(MAX_PACKETS);
      const rng = createRng(9);
      for (let nowMs = 0; nowMs < 200_000; nowMs += 20) {
        const reordered = rng.next() < share;
        manager.update(reordered ? 50 : 0, reordered, nowMs);
      }
      return manager.targetMs;
    };
    expect(learn(0.005)).toBe(20);
    expect(learn(0.05)).toBe(60);
  });
});

describe('DecayingHistogram', () => {
  it('always sums up to one', () => {
    const histogram = new DecayingHistogram(100, 0.983);
    const rng = createRng(2);
    for (let entry = 0; entry < 500; entry += 1) histogram.add(Math.floor(rng.next() * 100));
    expect(histogram.buckets.reduce((sum, bucket) => sum + bucket, 0)).toBeCloseTo(1, 9);
  });

  it('believes the first entry at once, and forgets it later', () => {
    const histogram = new DecayingHistogram(100, 0.983);
    histogram.add(40);
    expect(histogram.quantile(0.95)).toBe(40);
    for (let entry = 0; entry < 300; entry += 1) histogram.add(3);
    expect(histogram.quantile(0.95)).toBe(3);
  });
});

describe('BufferLevelFilter', () => {
  it('approaches the level, and follows a stretch at once', () => {
    const filter = new BufferLevelFilter();
    filter.setTargetMs(20);
    for (let tick = 0; tick < 1_000; tick += 1) filter.update(1_920, 0);
    expect(filter.levelSamples).toBeGreaterThan(1_900);
    filter.update(1_920, 480);
    expect(filter.levelSamples).toBeLessThan(1_450);
    filter.update(0, 100_000);
    expect(filter.levelSamples).toBe(0);
  });
});
