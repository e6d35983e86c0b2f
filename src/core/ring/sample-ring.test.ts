import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_RING_SAMPLES, READ_INDEX, SampleRing, WRITE_INDEX } from './sample-ring.ts';

/** Both counters start at `start`, as if that much had passed through already. */
function ringAt(capacitySamples: number, start: number): SampleRing {
  const ring = new SampleRing(SampleRing.allocate(capacitySamples));
  Atomics.store(ring.indices, WRITE_INDEX, start | 0);
  Atomics.store(ring.indices, READ_INDEX, start | 0);
  return ring;
}

type Operation = { kind: 'push' | 'pull' | 'discard'; count: number };

const operations = fc.array(
  fc.record({
    kind: fc.constantFrom('push' as const, 'pull' as const, 'discard' as const),
    count: fc.integer({ min: 0, max: 24 }),
  }),
  { maxLength: 60 },
);
// Around the places where an i32 turns negative and where a u32 wraps.
const starts = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 2 ** 31 - 40, max: 2 ** 31 + 10 }),
  fc.integer({ min: 2 ** 32 - 40, max: 2 ** 32 - 1 }),
);

describe('SampleRing', () => {
  it('behaves like a plain array with a limit, also where the counters wrap', () => {
    fc.assert(
      fc.property(starts, operations, (start, steps: Operation[]) => {
        const capacity = 16;
        const ring = ringAt(capacity, start);
        const model: number[] = [];
        let next = 1;
        let overrun = 0;
        let underrun = 0;
        for (const { kind, count } of steps) {
          if (kind === 'push') {
            const samples = Float32Array.from({ length: count }, () => next++);
            const fits = Math.min(count, capacity - model.length);
            expect(ring.push(samples, count)).toBe(fits);
            model.push(...samples.subarray(0, fits));
            overrun += count - fits;
          } else if (kind === 'pull') {
            const into = new Float32Array(count + 1).fill(-1);
            const there = model.splice(0, count);
            expect(ring.pull(into, count)).toBe(there.length);
            const silence = new Array<number>(count - there.length).fill(0);
            expect([...into]).toEqual([...there, ...silence, -1]);
            underrun += silence.length;
          } else {
            expect(ring.discard(count)).toBe(model.splice(0, count).length);
          }
          expect(ring.readable()).toBe(model.length);
          expect(ring.writable()).toBe(capacity - model.length);
          expect(ring.overrunSamples).toBe(overrun);
          expect(ring.underrunSamples).toBe(underrun);
        }
      }),
    );
  });

  it('fills to its capacity and not one sample more', () => {
    for (const count of [7, 8, 9]) {
      const ring = ringAt(8, 0);
      expect(ring.push(new Float32Array(count), count)).toBe(Math.min(count, 8));
      expect(ring.overrunSamples).toBe(Math.max(0, count - 8));
    }
  });

  it('refuses capacities that are no power of two or beyond the limit', () => {
    for (const capacity of [0, 3, 100, -8, 1.5, MAX_RING_SAMPLES * 2, Number.NaN]) {
      expect(() => SampleRing.allocate(capacity)).toThrow('power of two');
    }
    expect(new SampleRing(SampleRing.allocate(1)).capacitySamples).toBe(1);
    expect(new SampleRing(SampleRing.allocate(MAX_RING_SAMPLES)).capacitySamples).toBe(MAX_RING_SAMPLES);
    expect(() => new SampleRing(new SharedArrayBuffer(128 + 12))).toThrow('allocate');
  });

  it('refuses counts beyond the caller’s buffer', () => {
    const ring = ringAt(8, 0);
    expect(() => ring.push(new Float32Array(4), 5)).toThrow('push');
    expect(() => ring.pull(new Float32Array(4), 5)).toThrow('pull');
    expect(() => ring.discard(-1)).toThrow('discard');
  });

  it('wakes a consumer that waits for samples', async () => {
    const ring = ringAt(8, 0);
    const waiting = Atomics.waitAsync(ring.indices, WRITE_INDEX, 0, 5_000);
    expect(waiting.async).toBe(true);
    ring.push(new Float32Array(1), 1);
    expect(await waiting.value).toBe('ok');
  });

  it('carries samples between two threads in order, none lost, none twice', async () => {
    const total = 400_000;
    const memory = SampleRing.allocate(1024);
    const ring = new SampleRing(memory);
    Atomics.store(ring.indices, WRITE_INDEX, -50_000);
    Atomics.store(ring.indices, READ_INDEX, -50_000);
    // The thread is plain text, so that it needs no bundler and no second file; it runs the real module.
    const producer = new Worker(
      `const { workerData } = require('node:worker_threads');
       import(workerData.module).then(({ SampleRing, READ_INDEX }) => {
         const ring = new SampleRing(workerData.memory);
         const samples = new Float32Array(240);
         let next = 0;
         while (next < workerData.total) {
           const seen = Atomics.load(ring.indices, READ_INDEX);
           const count = Math.min(1 + (next * 7) % 240, ring.writable(), workerData.total - next);
           if (count === 0) { Atomics.wait(ring.indices, READ_INDEX, seen, 1000); continue; }
           for (let i = 0; i < count; i++) samples[i] = next + i;
           next += ring.push(samples, count);
         }
       });`,
      {
        eval: true,
        workerData: { memory, total, module: new URL('./sample-ring.ts', import.meta.url).href },
      },
    );
    const into = new Float32Array(480);
    let expected = 0;
    let wrong = 0;
    while (expected < total) {
      const seen = Atomics.load(ring.indices, WRITE_INDEX);
      const count = Math.min(ring.readable(), into.length);
      if (count === 0) {
        const waiting = Atomics.waitAsync(ring.indices, WRITE_INDEX, seen, 5_000);
        if ((await waiting.value) === 'timed-out') break;
        continue;
      }
      ring.pull(into, count);
      for (let i = 0; i < count; i++) if (into[i] !== expected++) wrong++;
    }
    await producer.terminate();
    expect({ expected, wrong }).toEqual({ expected: total, wrong: 0 });
    expect([ring.overrunSamples, ring.underrunSamples, ring.readable()]).toEqual([0, 0, 0]);
  });
});

describe('requests', () => {
  it('ask for what is missing at the next pull, also across the wrap of the counters', () => {
    const ring = new SampleRing(SampleRing.allocate(64));
    Atomics.store(ring.indices, WRITE_INDEX, -8);
    Atomics.store(ring.indices, READ_INDEX, -8);
    ring.request(16);
    expect(ring.requested()).toBe(16);
    ring.push(new Float32Array(10), 10);
    expect(ring.requested()).toBe(6);
    ring.push(new Float32Array(10), 10);
    expect(ring.requested()).toBe(0);
    ring.pull(new Float32Array(16), 16);
    ring.request(16);
    expect(ring.requested()).toBe(12);
  });
});

describe('quiet', () => {
  it('holds until there is something, and never hides what is left', () => {
    const memory = SampleRing.allocate(16);
    const [producer, consumer] = [new SampleRing(memory), new SampleRing(memory)];
    expect(consumer.quiet).toBe(false);
    producer.push(new Float32Array(4), 4);
    producer.setQuiet(true);
    expect(consumer.quiet).toBe(false);
    consumer.pull(new Float32Array(4), 4);
    expect(consumer.quiet).toBe(true);
    producer.setQuiet(false);
    expect(consumer.quiet).toBe(false);
  });
});
