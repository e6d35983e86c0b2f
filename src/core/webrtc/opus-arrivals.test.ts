import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { writeRtpHeader } from '../rtp/rtp-packet.ts';
import { MAX_HELD_PACKETS, MAX_HOLD_MS, MAX_SKIPPED_SAMPLES, OpusArrivals } from './opus-arrivals.ts';

/** CELT, 20 ms, mono: 960 samples whatever follows. */
const TOC = 0xf8;
const FRAME_SAMPLES = 960;

function packet(sequence: number, timestamp: number, mark: number, ssrc = 1, payloadType = 111): Uint8Array {
  const bytes = new Uint8Array(14);
  writeRtpHeader(bytes, 0, {
    payloadType,
    marker: false,
    sequence: sequence % 65_536,
    timestamp: timestamp % 2 ** 32,
    ssrc,
  });
  bytes.set([TOC, mark], 12);
  return bytes;
}

class Taken {
  readonly marks: number[] = [];
  readonly skipped: number[] = [];
  readonly arrivals = new OpusArrivals(111, (payload, skippedSamples) => {
    this.marks.push(payload[1] ?? -1);
    this.skipped.push(skippedSamples);
  });

  /** The packet that was sent as number `at` of a stream. */
  hand(at: number, nowMs = at * 20, start = 0): void {
    this.arrivals.handlePacket(packet(start + at, (start + at) * FRAME_SAMPLES, at), nowMs);
  }
}

describe("a publisher's packets", () => {
  test('come out as they came in', () => {
    const taken = new Taken();
    for (let at = 0; at < 5; at += 1) taken.hand(at);
    expect(taken.marks).toEqual([0, 1, 2, 3, 4]);
    expect(taken.skipped).toEqual([0, 0, 0, 0, 0]);
  });

  test('are put in order, and come once', () => {
    const taken = new Taken();
    for (const at of [0, 2, 1, 1, 4, 3, 0, 5]) taken.hand(at, 0);
    expect(taken.marks).toEqual([0, 1, 2, 3, 4, 5]);
    expect(taken.arrivals.counters).toMatchObject({ taken: 6, late: 2, duplicate: 0, lost: 0 });
  });

  test('a packet that waits and comes again is a duplicate', () => {
    const taken = new Taken();
    for (const at of [0, 2, 2, 1]) taken.hand(at, 0);
    expect(taken.marks).toEqual([0, 1, 2]);
    expect(taken.arrivals.counters.duplicate).toBe(1);
  });

  test('do not wait for a lost one longer than the limit, and say what is missing', () => {
    const taken = new Taken();
    taken.hand(0);
    taken.hand(2, 40);
    expect(taken.marks).toEqual([0]);
    expect(taken.arrivals.nextDeadlineMs()).toBe(40 + MAX_HOLD_MS);
    taken.arrivals.handleTime(40 + MAX_HOLD_MS - 1);
    expect(taken.marks).toEqual([0]);
    taken.arrivals.handleTime(40 + MAX_HOLD_MS);
    expect(taken.marks).toEqual([0, 2]);
    expect(taken.skipped).toEqual([0, FRAME_SAMPLES]);
    expect(taken.arrivals.counters.lost).toBe(1);
  });

  test('as many as the limit wait; one more, and the missing one is lost', () => {
    const taken = new Taken();
    taken.hand(0, 0);
    for (let at = 2; at < 2 + MAX_HELD_PACKETS; at += 1) taken.hand(at, 0);
    expect(taken.arrivals.held).toBe(MAX_HELD_PACKETS);
    taken.hand(2 + MAX_HELD_PACKETS, 0);
    expect(taken.arrivals.held).toBe(0);
    expect(taken.marks).toHaveLength(2 + MAX_HELD_PACKETS);
  });

  test('silence that was not sent is told as such', () => {
    const taken = new Taken();
    taken.arrivals.handlePacket(packet(7, 1_000, 1), 0);
    taken.arrivals.handlePacket(packet(8, 1_000 + 20 * FRAME_SAMPLES, 2), 400);
    expect(taken.skipped).toEqual([0, 19 * FRAME_SAMPLES]);
  });

  test.each([
    ['back', 2 ** 32 - 48_000],
    ['too far ahead', FRAME_SAMPLES + MAX_SKIPPED_SAMPLES + 1],
  ])('a clock that jumps %s is followed without a hole', (_name, timestamp) => {
    const taken = new Taken();
    taken.arrivals.handlePacket(packet(1, 0, 1), 0);
    taken.arrivals.handlePacket(packet(2, timestamp, 2), 20);
    taken.arrivals.handlePacket(packet(3, timestamp + FRAME_SAMPLES, 3), 40);
    expect(taken.skipped).toEqual([0, 0, 0]);
    expect(taken.arrivals.counters.clockJumps).toBe(1);
  });

  test('both counts may wrap', () => {
    const taken = new Taken();
    const start = 65_534;
    for (const at of [0, 2, 1, 3]) taken.hand(at, 0, start);
    const other = new Taken();
    other.arrivals.handlePacket(packet(1, 2 ** 32 - 480, 1), 0);
    other.arrivals.handlePacket(packet(2, 480, 2), 20);
    expect(taken.marks).toEqual([0, 1, 2, 3]);
    expect([...taken.skipped, ...other.skipped]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('another source, or one that counts anew, begins anew', () => {
    const taken = new Taken();
    taken.hand(0);
    taken.hand(2);
    taken.arrivals.handlePacket(packet(30_000, 5, 50), 60);
    taken.arrivals.handlePacket(packet(7, 99, 51, 2), 80);
    expect(taken.marks).toEqual([0, 2, 50, 51]);
    expect(taken.skipped).toEqual([0, FRAME_SAMPLES, 0, 0]);
    expect(taken.arrivals.counters.restarts).toBe(2);
  });

  test('what is no sound of ours is counted and left out', () => {
    const taken = new Taken();
    const { arrivals } = taken;
    arrivals.handlePacket(packet(1, 0, 1, 1, 63), 0);
    arrivals.handlePacket(new Uint8Array(3), 0);
    arrivals.handlePacket(new Uint8Array(12), 0);
    arrivals.handlePacket(packet(1, 0, 1).subarray(0, 12), 0);
    expect(taken.marks).toEqual([]);
    expect(arrivals.counters).toMatchObject({ otherType: 1, rtpTooShort: 1, rtpVersion: 1, empty: 1 });
  });

  test('whatever comes in which order: in order, once, accounted for, few held', () => {
    const step = fc.oneof(
      fc.nat({ max: 120 }).map((at) => packet(at, at * FRAME_SAMPLES, at)),
      fc.uint8Array({ maxLength: 40 }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (packets) => {
        const taken = new Taken();
        const { arrivals } = taken;
        packets.forEach((bytes, at) => {
          arrivals.handlePacket(bytes, at * 5);
          arrivals.handleTime(at * 5);
          expect(arrivals.held).toBeLessThanOrEqual(MAX_HELD_PACKETS);
        });
        const { counters } = arrivals;
        expect(counters.received).toBe(
          counters.taken +
            counters.late +
            counters.duplicate +
            counters.otherType +
            counters.empty +
            counters.rtpTooShort +
            counters.rtpVersion +
            counters.rtpLengths +
            arrivals.held,
        );
        expect(taken.skipped.every((samples) => samples >= 0 && samples <= MAX_SKIPPED_SAMPLES)).toBe(true);
        expect(taken.marks).toHaveLength(counters.taken);
      }),
    );
  });
});
