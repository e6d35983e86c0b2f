import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  FrameQueue,
  MAX_HELD_PACKETS,
  MAX_PAYLOAD_BYTES,
  MAX_REORDER_PACKETS,
  type QueueCounters,
} from './frame-queue.ts';
import { RESTART_PACKETS } from './restart-detector.ts';

const FRAME = 960;
/** Wraps through 2^32 within the first few frames. */
const FIRST_TIMESTAMP = 2 ** 32 - 3 * FRAME;
/** Short by default; FUZZ_RUNS=100000 for a long night. */
const numRuns = Number(process.env.FUZZ_RUNS ?? 200);

function expectBalance(counters: Readonly<QueueCounters>, size: number): void {
  const { received, copies, played, recovered, late, duplicate, unneeded, overflow } = counters;
  const { tooFarAhead, tooLarge, empty, flushed } = counters;
  const dropped = late + duplicate + unneeded + overflow + tooFarAhead + tooLarge + empty + flushed;
  expect(received + copies).toBe(played + recovered + dropped + size);
}

class Bench {
  readonly queue = new FrameQueue(FRAME);
  readonly slot = FrameQueue.createSlot();

  give(
    sequence: number,
    options: { last?: boolean; empty?: boolean; silence?: number; copy?: boolean } = {},
  ): string {
    const timestamp = (FIRST_TIMESTAMP + sequence * FRAME + (options.silence ?? 0)) >>> 0;
    const payload = options.empty ? new Uint8Array(0) : Uint8Array.of(sequence & 0xff);
    const { last = false, copy = false } = options;
    return this.queue.handlePacket(sequence, timestamp, last, payload, sequence, copy);
  }

  /** Gives `count` packets and takes them, from the first on. */
  stream(from: number, count: number): void {
    for (let index = 0; index < count; index++) {
      expect(this.give(from + index)).toBe('queued');
      if (this.queue.idle) this.begin();
      expect(this.take()).toBe(from + index);
    }
  }

  begin(): void {
    this.queue.begin();
    this.queue.idle = false;
  }

  take(): number {
    this.queue.take(this.slot);
    return this.slot.sequence;
  }
}

describe('FrameQueue', () => {
  it('gives frames in order and says what is missing between them', () => {
    const bench = new Bench();
    for (const sequence of [7, 5, 9, 6]) bench.give(sequence);
    bench.begin();
    expect([bench.take(), bench.take(), bench.take()]).toEqual([5, 6, 7]);
    expect([bench.queue.missing, bench.queue.firstContinues]).toEqual([1, false]);
    expect(bench.take()).toBe(9);
    expect(bench.queue.counters).toMatchObject({ played: 4, lost: 1 });
  });

  it('tells silence from loss by the timestamps, over their wrap', () => {
    const bench = new Bench();
    bench.stream(0, 5);
    bench.give(6);
    expect([bench.queue.missing, bench.queue.silenceBeforeFirst]).toEqual([1, false]);
    bench.take();
    bench.give(7, { silence: 50 * FRAME });
    expect(bench.queue.silenceBeforeFirst).toBe(true);
    bench.begin();
    expect(bench.queue.silenceBeforeFirst).toBe(false);
    expect(bench.queue.counters.lost).toBe(1);
  });

  it('fills a hole with a copy, and counts neither a late nor a duplicate one against the network', () => {
    const bench = new Bench();
    bench.stream(0, 3);
    bench.give(4);
    expect(bench.give(3, { copy: true })).toBe('queued');
    expect(bench.give(3, { copy: true })).toBe('unneeded');
    expect(bench.give(4, { copy: true })).toBe('unneeded');
    expect(bench.give(2, { copy: true })).toBe('unneeded');
    expect([bench.take(), bench.slot.recovered, bench.take(), bench.slot.recovered]).toEqual([
      3,
      true,
      4,
      false,
    ]);
    expect(bench.queue.counters).toMatchObject({ recovered: 1, unneeded: 3, late: 0, duplicate: 0, lost: 0 });
    expect({ ...bench.queue.takeLossWindow() }).toEqual({ expected: 5, lost: 1, burstCount: 1 });
    expectBalance(bench.queue.counters, bench.queue.size);
  });

  it('takes a primary that comes after its copy for what was wanted', () => {
    const bench = new Bench();
    bench.stream(0, 3);
    bench.give(3, { copy: true });
    expect(bench.give(3)).toBe('duplicate');
    bench.take();
    expect(bench.queue.counters).toMatchObject({ played: 4, recovered: 0, duplicate: 1 });
    expect(bench.queue.takeLossWindow().lost).toBe(0);
    expectBalance(bench.queue.counters, 0);
  });

  it('never lets a copy begin a stream, move the turn or take what is empty', () => {
    const bench = new Bench();
    expect(bench.give(0, { copy: true })).toBe('unneeded');
    bench.stream(10, 3);
    for (let index = 0; index < 2 * RESTART_PACKETS; index++) {
      expect(bench.give(5_000 + index, { copy: true })).toBe('unneeded');
    }
    expect(bench.give(13, { copy: true, empty: true })).toBe('unneeded');
    expect(bench.queue.restarts).toBe(0);
  });

  it('reports losses by burst, and each reading begins anew', () => {
    const bench = new Bench();
    bench.stream(0, 3);
    for (const sequence of [5, 6, 8]) bench.give(sequence);
    for (let count = 0; count < 3; count++) bench.take();
    expect({ ...bench.queue.takeLossWindow() }).toEqual({ expected: 9, lost: 3, burstCount: 2 });
    expect({ ...bench.queue.takeLossWindow() }).toEqual({ expected: 0, lost: 0, burstCount: 0 });
  });

  it('tells a duplicate from a late packet for MAX_REORDER_PACKETS', () => {
    const bench = new Bench();
    bench.stream(0, MAX_REORDER_PACKETS + 6);
    const turn = MAX_REORDER_PACKETS + 6;
    expect(bench.give(turn - MAX_REORDER_PACKETS)).toBe('duplicate');
    expect(bench.give(turn - MAX_REORDER_PACKETS - 1)).toBe('late');
    bench.give(turn + 1);
    bench.take();
    expect(bench.give(turn)).toBe('late');
  });

  it('bounds payloads, distance and number', () => {
    const { queue } = new Bench();
    const sizes = [MAX_PAYLOAD_BYTES - 1, MAX_PAYLOAD_BYTES, MAX_PAYLOAD_BYTES + 1, 0];
    const outcomes = sizes.map((bytes, index) =>
      queue.handlePacket(index, index * FRAME, false, new Uint8Array(bytes), 0, false),
    );
    expect(outcomes).toEqual(['queued', 'queued', 'tooLarge', 'empty']);
    const far = new Bench();
    far.stream(0, 3);
    expect(far.give(3 + MAX_HELD_PACKETS - 1)).toBe('queued');
    expect(far.give(3 + MAX_HELD_PACKETS)).toBe('tooFarAhead');
    expect(far.give(Number.MAX_SAFE_INTEGER)).toBe('tooFarAhead');
    const full = new Bench();
    for (let index = 0; index < MAX_HELD_PACKETS; index++) expect(full.give(1_000 + index)).toBe('queued');
    expect(full.give(999)).toBe('overflow');
  });

  it('follows a sender that starts anew, but no recording between the packets of the living stream', () => {
    const anew = new Bench();
    anew.stream(10_000, 3);
    for (let index = 0; index < RESTART_PACKETS - 1; index++) expect(anew.give(index)).toBe('late');
    expect(anew.give(RESTART_PACKETS - 1)).toBe('queued');
    expect(anew.queue.restarts).toBe(1);
    const replayed = new Bench();
    replayed.stream(10_000, 3);
    for (let index = 0; index < 50; index++) {
      expect(replayed.give(index)).toBe('late');
      if (index % (RESTART_PACKETS - 1) === 0) replayed.stream(10_003 + index / (RESTART_PACKETS - 1), 1);
    }
    expect(replayed.queue.restarts).toBe(0);
  });

  it('follows a jump ahead at once in silence, and after RESTART_PACKETS in a talkspurt', () => {
    const silent = new Bench();
    silent.stream(0, 1);
    silent.queue.idle = true;
    expect(silent.give(1_000_000)).toBe('queued');
    const talking = new Bench();
    talking.stream(0, 3);
    const outcomes = Array.from({ length: RESTART_PACKETS }, (_, index) => talking.give(5_000 + index));
    expect(outcomes).toEqual([...new Array<string>(RESTART_PACKETS - 1).fill('tooFarAhead'), 'queued']);
  });

  it('counts everything a hostile sender hands in', () => {
    const near = fc.integer({ min: 0, max: 300 });
    const packet = fc.record({
      sequence: fc.oneof(near, near, fc.maxSafeNat()),
      timestamp: fc.oneof(
        near.map((frame) => frame * FRAME),
        fc.integer({ min: 0, max: 0xffff_ffff }),
      ),
      last: fc.boolean(),
      copy: fc.boolean(),
      length: fc.oneof(fc.nat(3), fc.constantFrom(MAX_PAYLOAD_BYTES, MAX_PAYLOAD_BYTES + 1)),
      takes: fc.nat(2),
    });
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 300, size: 'max' }), (packets) => {
        const { queue, slot } = new Bench();
        let previous = -1;
        for (const { sequence, timestamp, last, copy, length, takes } of packets) {
          const { restarts } = queue;
          queue.handlePacket(sequence, timestamp, last, new Uint8Array(length), 0, copy);
          if (queue.restarts !== restarts) previous = -1;
          for (let take = 0; take < takes && queue.size > 0; take++) {
            if (queue.idle) queue.begin();
            queue.idle = false;
            queue.take(slot);
            expect(slot.sequence).toBeGreaterThan(previous);
            previous = slot.sequence;
          }
          expect(queue.size).toBeLessThanOrEqual(MAX_HELD_PACKETS);
          expectBalance(queue.counters, queue.size);
        }
      }),
      { numRuns },
    );
  });
});
