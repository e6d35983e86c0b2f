import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HeldPacket, PacketHeap } from './packet-heap.ts';

const emptySlot = (): HeldPacket => ({
  sequence: 0,
  timestamp: 0,
  last: false,
  recovered: false,
  arrivalMs: 0,
  payload: new Uint8Array(8),
  length: 0,
});

describe('PacketHeap', () => {
  it('gives packets by rising sequence whatever the order of arrival', () => {
    const step = fc.option(
      fc.record({
        sequence: fc.integer({ min: 0, max: 40 }),
        last: fc.boolean(),
        recovered: fc.boolean(),
        length: fc.nat(8),
      }),
      { freq: 3 },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const heap = new PacketHeap(6, 8);
        const slot = emptySlot();
        let model: {
          sequence: number;
          last: boolean;
          recovered: boolean;
          length: number;
          arrivalMs: number;
        }[] = [];
        for (const [nowMs, packet] of steps.entries()) {
          if (packet === null) {
            if (model.length === 0) continue;
            model.sort((a, b) => a.sequence - b.sequence);
            const expected = model.shift();
            heap.popInto(slot);
            expect(slot).toMatchObject({
              sequence: expected?.sequence,
              last: expected?.last,
              recovered: expected?.recovered,
              arrivalMs: expected?.arrivalMs,
              length: expected?.length,
              timestamp: (expected?.sequence ?? 0) * 960,
            });
            const content = [...slot.payload.subarray(0, slot.length)];
            expect(content).toEqual(content.map(() => slot.sequence));
          } else {
            const held = model.some((each) => each.sequence === packet.sequence);
            expect(heap.has(packet.sequence)).toBe(held);
            if (held || model.length === heap.capacity) continue;
            const payload = new Uint8Array(packet.length).fill(packet.sequence);
            heap.insert(
              packet.sequence,
              packet.sequence * 960,
              packet.last,
              payload,
              nowMs,
              packet.recovered,
            );
            model = [...model, { ...packet, arrivalMs: nowMs }];
          }
          expect(heap.size).toBe(model.length);
        }
        expect(heap.clear()).toBe(model.length);
        expect(heap.size).toBe(0);
      }),
    );
  });

  it('takes a copy for its primary once that has come', () => {
    const heap = new PacketHeap(2, 8);
    const slot = emptySlot();
    heap.insert(7, 0, false, new Uint8Array(1), 0, true);
    expect([heap.confirm(6), heap.confirm(7), heap.confirm(7)]).toEqual([false, true, false]);
    heap.popInto(slot);
    expect(slot.recovered).toBe(false);
  });

  it('holds its caller to the limits', () => {
    const heap = new PacketHeap(1, 4);
    expect(() => heap.insert(0, 0, false, new Uint8Array(5), 0, false)).toThrow('slot');
    heap.insert(0, 0, false, new Uint8Array(4), 0, false);
    expect(() => heap.insert(1, 0, false, new Uint8Array(4), 0, false)).toThrow('room');
    heap.dropFirst();
    expect(() => heap.dropFirst()).toThrow('holds');
    expect(() => new PacketHeap(0, 4)).toThrow('room');
  });
});
