import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRng } from '../base/rng.ts';
import {
  JitterBuffer,
  type JitterCounters,
  MAX_CONCEALED_FRAMES,
  MAX_HELD_PACKETS,
  MAX_PAYLOAD_BYTES,
} from './jitter-buffer.ts';

const FRAME = 960;
const FRAME_MS = 20;
/** Short by default; FUZZ_RUNS=100000 for a long night. */
const numRuns = Number(process.env.FUZZ_RUNS ?? 200);

function expectBalance(counters: JitterCounters, depthFrames: number): void {
  const { played, late, duplicate, overflow, tooFarAhead, tooLarge, empty, drained, flushed } = counters;
  const dropped = late + duplicate + overflow + tooFarAhead + tooLarge + empty + flushed;
  expect(counters.received).toBe(played + drained + dropped + depthFrames);
}

interface Network {
  seed: number;
  talkspurts: { frames: number; pauseFrames: number; emptyLast: boolean }[];
  lossShare: number;
  duplicateShare: number;
  jitterMs: number;
  startFrames: number;
}

interface Arrival {
  atMs: number;
  sequence: number;
  timestamp: number;
  last: boolean;
  length: number;
}

/** What the network makes of the talkspurts, in order of arrival. */
function arrivalsOf(network: Network): Arrival[] {
  const rng = createRng(network.seed);
  const arrivals: Arrival[] = [];
  let sequence = 100;
  let frame = 0;
  for (const { frames, pauseFrames, emptyLast } of network.talkspurts) {
    for (let index = 0; index < frames; index++, sequence++, frame++) {
      const last = index === frames - 1;
      const timestamp = (2 ** 32 - 20 * FRAME + frame * FRAME) >>> 0;
      const packet = { sequence, timestamp, last, length: last && emptyLast ? 0 : 1 + (sequence % 50) };
      const copies = rng.next() < network.lossShare ? 0 : rng.next() < network.duplicateShare ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) {
        arrivals.push({ ...packet, atMs: frame * FRAME_MS + 5 + rng.next() * network.jitterMs });
      }
    }
    frame += pauseFrames;
  }
  return arrivals.sort((a, b) => a.atMs - b.atMs);
}

/** Plays a whole call. @returns one word per pull, and the totals */
function play(network: Network): { trace: string[]; counters: JitterCounters; heard: number[] } {
  const buffer = new JitterBuffer({ frameSamples: FRAME, startFrames: network.startFrames });
  const slot = JitterBuffer.createSlot();
  const arrivals = arrivalsOf(network);
  const endMs = (arrivals.at(-1)?.atMs ?? 0) + (MAX_HELD_PACKETS + 20) * FRAME_MS;
  const trace: string[] = [];
  const heard: number[] = [];
  let inRow = 0;
  let next = 0;
  for (let nowMs = 0; nowMs < endMs; nowMs += FRAME_MS) {
    for (let arrival = arrivals[next]; arrival && arrival.atMs <= nowMs; arrival = arrivals[++next]) {
      const payload = new Uint8Array(arrival.length).fill(arrival.sequence);
      buffer.handlePacket(arrival.sequence, arrival.timestamp, arrival.last, payload, arrival.atMs);
    }
    const playout = buffer.pull(nowMs, slot);
    trace.push(playout === 'frame' ? `${slot.sequence}+${slot.secondLength}` : playout);
    if (playout === 'frame') {
      expect(slot.length).toBe(1 + (slot.sequence % 50));
      expect(slot.payload[slot.length - 1]).toBe(slot.sequence & 0xff);
      heard.push(slot.sequence);
      if (slot.secondLength > 0) heard.push(slot.sequence + 1);
    }
    inRow = playout === 'conceal' ? inRow + 1 : 0;
    expect(inRow).toBeLessThanOrEqual(MAX_CONCEALED_FRAMES);
    expect(buffer.depthFrames).toBeLessThanOrEqual(MAX_HELD_PACKETS);
    expectBalance(buffer.counters(), buffer.depthFrames);
  }
  expect(buffer.depthFrames).toBe(0);
  return { trace, counters: buffer.counters(), heard };
}

const talkspurts = fc.array(
  fc.record({
    frames: fc.integer({ min: 1, max: 150 }),
    pauseFrames: fc.integer({ min: 15, max: 60 }),
    emptyLast: fc.boolean(),
  }),
  { minLength: 1, maxLength: 4 },
);
const networks: fc.Arbitrary<Network> = fc.record({
  seed: fc.integer(),
  talkspurts,
  lossShare: fc.double({ min: 0, max: 0.6, noNaN: true }),
  duplicateShare: fc.double({ min: 0, max: 0.5, noNaN: true }),
  jitterMs: fc.double({ min: 0, max: 250, noNaN: true }),
  startFrames: fc.integer({ min: 1, max: 4 }),
});

describe('a call over a bad network', () => {
  it('plays each frame at most once and in order, and the totals balance after every step', () => {
    fc.assert(
      fc.property(networks, (network) => {
        const { counters, heard } = play(network);
        expect(heard).toEqual([...new Set(heard)].sort((a, b) => a - b));
        // Every turn between the first and the last was played or lost; ends without a frame are not heard.
        const emptyEnds = counters.played + counters.drained - heard.length;
        expect(emptyEnds).toBeGreaterThanOrEqual(0);
        expect(emptyEnds).toBeLessThanOrEqual(network.talkspurts.length);
        if (heard.length > 0 && emptyEnds === 0 && counters.flushed === 0) {
          const turns = (heard.at(-1) ?? 0) - (heard[0] ?? 0) + 1;
          expect(counters.lost + counters.played + counters.drained).toBe(turns);
        }
      }),
      { numRuns },
    );
  });

  it('plays the same call twice alike', () => {
    fc.assert(
      fc.property(networks, (network) => {
        expect(play(network)).toEqual(play(network));
      }),
      { numRuns: Math.min(numRuns, 30) },
    );
  });

  it('plays every frame of a network that only delays by less than a frame', () => {
    const calm = fc.record({
      seed: fc.integer(),
      talkspurts,
      lossShare: fc.constant(0),
      duplicateShare: fc.double({ min: 0, max: 0.5, noNaN: true }),
      jitterMs: fc.double({ min: 0, max: FRAME_MS - 1, noNaN: true }),
      startFrames: fc.constant(2),
    });
    fc.assert(
      fc.property(calm, (network) => {
        const { counters, trace } = play(network);
        const sent = network.talkspurts.reduce((sum, { frames }) => sum + frames, 0);
        expect(counters.played + counters.drained).toBe(sent);
        expect([counters.lost, counters.late, counters.concealed]).toEqual([0, 0, 0]);
        expect(trace).not.toContain('conceal');
      }),
      { numRuns },
    );
  });
});

describe('a hostile sender', () => {
  const near = fc.integer({ min: 0, max: 300 });
  const packet = fc.record({
    sequence: fc.oneof(near, near, fc.maxSafeNat()),
    timestamp: fc.oneof(
      fc.integer({ min: 0, max: 300 }).map((frame) => frame * FRAME),
      fc.integer({ min: 0, max: 0xffff_ffff }),
    ),
    last: fc.boolean(),
    length: fc.oneof(
      fc.integer({ min: 0, max: 3 }),
      fc.constantFrom(MAX_PAYLOAD_BYTES, MAX_PAYLOAD_BYTES + 1),
    ),
    pulls: fc.integer({ min: 0, max: 3 }),
  });

  it('makes nothing throw, hold more than its slots, or go uncounted', () => {
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 300, size: 'max' }), (packets) => {
        const buffer = new JitterBuffer({ frameSamples: FRAME });
        const slot = JitterBuffer.createSlot();
        let nowMs = 0;
        let inRow = 0;
        for (const { sequence, timestamp, last, length, pulls } of packets) {
          buffer.handlePacket(sequence, timestamp, last, new Uint8Array(length), nowMs);
          expect(buffer.depthFrames).toBeLessThanOrEqual(MAX_HELD_PACKETS);
          for (let pull = 0; pull < pulls; pull++, nowMs += FRAME_MS) {
            const playout = buffer.pull(nowMs, slot);
            inRow = playout === 'conceal' ? inRow + 1 : 0;
            expect(inRow).toBeLessThanOrEqual(MAX_CONCEALED_FRAMES);
            if (playout === 'frame') expect(slot.length).toBeGreaterThan(0);
          }
          expectBalance(buffer.counters(), buffer.depthFrames);
        }
      }),
      { numRuns },
    );
  });
});
