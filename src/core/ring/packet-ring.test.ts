import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_RING_PACKET_BYTES, MAX_RING_SLOTS, PacketRing } from './packet-ring.ts';
import { READ_INDEX, WRITE_INDEX } from './sample-ring.ts';

interface Packet {
  bytes: number[];
  kind: number;
  stampMs: number;
}

const packets = fc.record({
  bytes: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 12 }),
  kind: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  stampMs: fc.double({ noNaN: true }),
});

describe('PacketRing', () => {
  it('behaves like a plain array with a limit, also where the counters wrap', () => {
    const steps = fc.array(fc.option(packets, { freq: 2 }), { maxLength: 60 });
    const starts = fc.constantFrom(0, 2 ** 31 - 3, -3);
    fc.assert(
      fc.property(starts, steps, (start, stepList) => {
        const ring = new PacketRing(PacketRing.allocate(4, 10));
        Atomics.store(ring.indices, WRITE_INDEX, start);
        Atomics.store(ring.indices, READ_INDEX, start);
        const slot = ring.createSlot();
        const model: Packet[] = [];
        let overflowed = 0;
        let oversized = 0;
        for (const packet of stepList) {
          if (packet === null) {
            const expected = model.shift();
            expect(ring.pull(slot)).toBe(expected !== undefined);
            if (expected !== undefined) {
              expect([...slot.bytes.subarray(0, slot.length)]).toEqual(expected.bytes);
              expect([slot.kind, slot.stampMs]).toEqual([expected.kind, expected.stampMs]);
            }
          } else {
            const tooLong = packet.bytes.length > 10;
            const full = model.length === 4;
            const done = ring.push(
              Uint8Array.from(packet.bytes),
              packet.bytes.length,
              packet.kind,
              packet.stampMs,
            );
            expect(done).toBe(!tooLong && !full);
            if (done) model.push(packet);
            else if (tooLong) oversized++;
            else overflowed++;
          }
          expect([ring.readable(), ring.overflowed, ring.oversized]).toEqual([
            model.length,
            overflowed,
            oversized,
          ]);
        }
      }),
    );
  });

  it('takes the length it is told, not that of the buffer', () => {
    const ring = new PacketRing(PacketRing.allocate(2, 4));
    const slot = ring.createSlot();
    expect(ring.push(Uint8Array.of(1, 2, 3, 4, 5, 6), 4, 7, 1.5)).toBe(true);
    expect(ring.pull(slot)).toBe(true);
    expect(slot).toMatchObject({ length: 4, kind: 7, stampMs: 1.5 });
    expect([...slot.bytes]).toEqual([1, 2, 3, 4]);
    expect(() => ring.push(new Uint8Array(2), 3, 0, 0)).toThrow('push');
    expect(() => ring.pull({ bytes: new Uint8Array(3), length: 0, kind: 0, stampMs: 0 })).toThrow('slot');
  });

  it('refuses shapes beyond its limits', () => {
    for (const slots of [0, 3, MAX_RING_SLOTS * 2]) {
      expect(() => PacketRing.allocate(slots, 8)).toThrow('power of two');
    }
    for (const maxBytes of [0, 1.5, MAX_RING_PACKET_BYTES + 1]) {
      expect(() => PacketRing.allocate(2, maxBytes)).toThrow('MAX_RING_PACKET_BYTES');
    }
    expect(new PacketRing(PacketRing.allocate(MAX_RING_SLOTS, 1)).slots).toBe(MAX_RING_SLOTS);
    expect(new PacketRing(PacketRing.allocate(1, MAX_RING_PACKET_BYTES)).maxBytes).toBe(
      MAX_RING_PACKET_BYTES,
    );
    expect(() => new PacketRing(new SharedArrayBuffer(1024))).toThrow('allocate');
  });

  it('carries packets between two threads in order, none lost, none twice', async () => {
    const total = 60_000;
    const memory = PacketRing.allocate(32, 200);
    const ring = new PacketRing(memory);
    Atomics.store(ring.indices, WRITE_INDEX, -5_000);
    Atomics.store(ring.indices, READ_INDEX, -5_000);
    const producer = new Worker(
      `const { workerData } = require('node:worker_threads');
       import(workerData.module).then(({ PacketRing }) => {
         const ring = new PacketRing(workerData.memory);
         const bytes = new Uint8Array(200);
         for (let n = 0; n < workerData.total; n++) {
           const length = 1 + (n % 200);
           bytes.fill(n & 0xff, 0, length);
           while (ring.readable() === ring.slots) Atomics.wait(ring.indices, ${READ_INDEX}, Atomics.load(ring.indices, ${READ_INDEX}), 1);
           ring.push(bytes, length, n, n / 2);
         }
       });`,
      {
        eval: true,
        workerData: { memory, total, module: new URL('./packet-ring.ts', import.meta.url).href },
      },
    );
    const slot = ring.createSlot();
    let expected = 0;
    let wrong = 0;
    while (expected < total) {
      const seen = Atomics.load(ring.indices, WRITE_INDEX);
      if (!ring.pull(slot)) {
        const waiting = Atomics.waitAsync(ring.indices, WRITE_INDEX, seen, 5_000);
        if ((await waiting.value) === 'timed-out') break;
        continue;
      }
      const whole = slot.bytes.subarray(0, slot.length).every((byte) => byte === (expected & 0xff));
      const right = slot.length === 1 + (expected % 200) && slot.stampMs === expected / 2;
      if (slot.kind !== expected || !whole || !right) wrong++;
      expected++;
    }
    await producer.terminate();
    expect({ expected, wrong }).toEqual({ expected: total, wrong: 0 });
    expect([ring.readable(), ring.overflowed, ring.oversized]).toEqual([0, 0, 0]);
  });
});
