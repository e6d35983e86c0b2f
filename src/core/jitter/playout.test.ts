import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRng } from '../base/rng.ts';
import type { FrameDecoder } from './frame-decoder.ts';
import { MAX_HELD_PACKETS } from './frame-queue.ts';
import { MAX_BACKLOG_SAMPLES, Playout } from './playout.ts';

const RATE = 48_000;
const HZ = 140;
/** Short by default; FUZZ_RUNS=100000 for a long night. */
const numRuns = Number(process.env.FUZZ_RUNS ?? 60);

/** A voice that never pauses, by the sample since its start. */
function voice(at: number): number {
  const phase = (2 * Math.PI * HZ * at) / RATE;
  return 0.2 * (Math.sin(phase) + 0.5 * Math.sin(2 * phase + 1) + 0.3 * Math.sin(3 * phase + 2));
}

const STEEPEST = Math.max(...Array.from({ length: 1_000 }, (_, at) => Math.abs(voice(at + 1) - voice(at))));

/** Packets hold the number of their frame; concealment goes on as the voice would have. */
function voiceDecoder(frameSamples: number, decoded: number[]): FrameDecoder {
  let next = 0;
  const write = (into: Float32Array): number => {
    for (let at = 0; at < frameSamples; at++) into[at] = voice(next + at);
    next += frameSamples;
    return frameSamples;
  };
  return {
    decode(packet, into) {
      const frame = new DataView(packet.buffer, packet.byteOffset).getUint32(0);
      decoded.push(frame);
      next = frame * frameSamples;
      return write(into);
    },
    conceal: write,
  };
}

interface Sent {
  readonly frame: number;
  readonly atMs: number;
  readonly last?: boolean;
  readonly copy?: boolean;
}

interface CallOptions {
  readonly frameSamples?: number;
  readonly blockSamples?: number;
  /** The card runs at so many ppm more than the sender's. */
  readonly driftPpm?: number;
  readonly endMs: number;
}

/** Plays packets, pulls blocks by a card's clock. */
function call(packets: readonly Sent[], options: CallOptions) {
  const { frameSamples = 960, blockSamples = 480, driftPpm = 0, endMs } = options;
  const decoded: number[] = [];
  const playout = new Playout(frameSamples, voiceDecoder(frameSamples, decoded));
  const arrivals = packets.toSorted((a, b) => a.atMs - b.atMs);
  const blockMs = (blockSamples / 48) * (1 - driftPpm / 1e6);
  const heard: number[] = [];
  const talking: boolean[] = [];
  const delaysMs: number[] = [];
  const block = new Float32Array(blockSamples);
  let next = 0;
  for (let nowMs = 3; nowMs < endMs; nowMs += blockMs) {
    for (let packet = arrivals[next]; packet && packet.atMs <= nowMs; packet = arrivals[++next]) {
      const payload = new Uint8Array(4);
      new DataView(payload.buffer).setUint32(0, packet.frame);
      const timestamp = (2 ** 32 - 5 * frameSamples + packet.frame * frameSamples) >>> 0;
      const { frame, last = false, copy = false, atMs } = packet;
      playout.handlePacket(frame, timestamp, last, payload, atMs, copy);
    }
    playout.pull(block, blockSamples, nowMs);
    for (const sample of block) heard.push(sample);
    talking.push(playout.talking);
    delaysMs.push(playout.statistics().currentDelayMs);
  }
  return { playout, heard, talking, delaysMs, decoded, statistics: playout.statistics() };
}

function steepest(samples: readonly number[]): number {
  let largest = 0;
  for (let at = 1; at < samples.length; at++) {
    largest = Math.max(largest, Math.abs((samples[at] ?? 0) - (samples[at - 1] ?? 0)));
  }
  return largest;
}

/** Frames sent every frame's length, each with a delay; null is lost. */
function stream(count: number, frameMs: number, delay: (frame: number) => number | null): Sent[] {
  return Array.from({ length: count }, (_, frame) => ({ frame, delayMs: delay(frame) })).flatMap(
    ({ frame, delayMs }) => (delayMs === null ? [] : [{ frame, atMs: frame * frameMs + delayMs }]),
  );
}

/** No step that the voice itself does not have, cross-fades of voices out of step included. */
const NO_CLICK = 1.6 * STEEPEST;

describe('Playout', () => {
  it.each([480, 960, 1_920, 2_880])(
    'plays frames of %i samples whole, with hardly a wait in the end',
    (frameSamples) => {
      const frameMs = frameSamples / 48;
      const { heard, decoded, statistics } = call(
        stream(6_000 / frameMs, frameMs, () => 30),
        { frameSamples, endMs: 5_990 },
      );
      expect(decoded).toEqual(decoded.map((_, index) => index));
      expect(statistics).toMatchObject({ concealedSamples: 0, lostFrames: 0, concealmentEvents: 0 });
      expect(statistics.currentDelayMs).toBeLessThan(8);
      expect(steepest(heard)).toBeLessThan(NO_CLICK);
    },
  );

  it('starts a talkspurt two frames after its first packet, when nothing is known yet', () => {
    const { heard } = call(
      stream(50, 20, () => 0),
      { endMs: 200 },
    );
    const first = heard.findIndex((sample) => sample !== 0) / 48;
    // Pulls are at 3, 13… ms: the first frame could have been heard at 3, and the clock of what is heard begins there.
    expect(first).toBeGreaterThanOrEqual(40);
    expect(first).toBeLessThanOrEqual(50);
  });

  it.each([60, 200, 500])(
    'waits for what is late by %i ms, loses nothing, drains, and forgets',
    (stallMs) => {
      const packets = stream(1_500, 20, (frame) => {
        const atMs = frame * 20 + 30;
        return atMs >= 3_000 && atMs < 3_000 + stallMs ? 3_000 + stallMs - frame * 20 : 30;
      });
      const { heard, decoded, delaysMs, statistics } = call(packets, { endMs: 30_000 });
      expect(statistics.lostFrames).toBe(0);
      expect(new Set(decoded).size).toBe(decoded.length);
      expect(statistics.concealedSamples).toBeGreaterThan(0);
      expect(statistics.concealedSamples).toBeLessThanOrEqual(stallMs * 48 + 960);
      // What piled up is gone in two seconds; what such a stall may need again is held ready for some more.
      expect(Math.max(...delaysMs.slice((3_000 + stallMs + 2_000) / 10))).toBeLessThan(190);
      expect(Math.max(...delaysMs.slice(2_500))).toBeLessThan(30);
      expect(steepest(heard)).toBeLessThan(NO_CLICK);
    },
  );

  it('skips a backlog that piled up while the network was away for long', () => {
    const awayMs = MAX_BACKLOG_SAMPLES / 48 + 300;
    const packets = stream(300, 20, (frame) =>
      frame * 20 >= 2_000 && frame * 20 < 2_000 + awayMs ? 2_030 + awayMs - frame * 20 : 30,
    );
    const { playout, heard, delaysMs } = call(packets, { endMs: 6_000 });
    expect(playout.counters.flushed).toBeGreaterThan(10);
    expect(delaysMs.at(-1)).toBeLessThan(190);
    expect(steepest(heard)).toBeLessThan(NO_CLICK);
  });

  it.each([300, -300])('follows a card that is off by %i ppm for a minute, without a hole', (driftPpm) => {
    const { statistics, delaysMs, heard } = call(
      stream(3_000, 20, () => 30),
      { driftPpm, endMs: 60_000 },
    );
    expect(statistics.concealedSamples).toBeLessThan(0.0005 * 60 * RATE);
    expect(Math.max(...delaysMs.slice(1_000))).toBeLessThan(25);
    expect(steepest(heard)).toBeLessThan(NO_CLICK);
  });

  it('never clicks, whatever is lost or late', () => {
    for (const [seed, loss] of [
      [1, 0.05],
      [2, 0.2],
      [3, 0.5],
    ] as const) {
      const rng = createRng(seed);
      const packets = stream(500, 20, () => (rng.next() < loss ? null : 30 + 80 * rng.next() ** 4));
      const { heard, statistics } = call(packets, { blockSamples: 240, endMs: 10_200 });
      expect(statistics.concealmentEvents + statistics.lostFrames).toBeGreaterThan(20);
      expect(steepest(heard)).toBeLessThan(NO_CLICK);
    }
  });

  it('fades out when a voice breaks off, tells so, and comes back without a click', () => {
    const packets = stream(400, 20, (frame) => (frame >= 100 && frame < 250 ? null : 30));
    const { heard, talking } = call(packets, { endMs: 8_000 });
    expect(talking[230]).toBe(false);
    expect(talking[700]).toBe(true);
    expect(Math.max(...heard.slice(4 * RATE, 5 * RATE).map(Math.abs))).toBe(0);
    expect(steepest(heard)).toBeLessThan(NO_CLICK);
  });

  it('ends after LAST and begins the next talkspurt at the delay that is right by then', () => {
    const spurts = stream(600, 20, () => 30)
      .filter(({ frame }) => frame % 100 < 60)
      .map((packet) => ({ ...packet, last: packet.frame % 100 === 59 }));
    // Sequences go on without a hole in the silence, timestamps run on.
    const sequences = new Map(spurts.map(({ frame }, index) => [frame, index]));
    const playout = new Playout(960, voiceDecoder(960, []));
    const block = new Float32Array(480);
    let largest = 0;
    let previous = 0;
    let next = 0;
    for (let nowMs = 0; nowMs < 12_000; nowMs += 10) {
      for (let packet = spurts[next]; packet && packet.atMs <= nowMs; packet = spurts[++next]) {
        const payload = new Uint8Array(4);
        new DataView(payload.buffer).setUint32(0, packet.frame);
        const sequence = sequences.get(packet.frame) ?? 0;
        playout.handlePacket(sequence, packet.frame * 960, packet.last, payload, packet.atMs, false);
      }
      playout.pull(block, 480, nowMs);
      for (const sample of block) {
        largest = Math.max(largest, Math.abs(sample - previous));
        previous = sample;
      }
    }
    expect(largest).toBeLessThan(NO_CLICK);
    expect(playout.talkspurtCount).toBe(6);
    expect(playout.statistics()).toMatchObject({ lostFrames: 0, concealedSamples: 0 });
    expect(playout.statistics().currentDelayMs).toBeLessThan(8);
  });

  it('takes the burst of a pre-roll from its beginning, and catches up', () => {
    const packets = stream(200, 20, (frame) => 30 + Math.max(0, 60 - frame * 20));
    const { decoded, delaysMs, statistics } = call(packets, { endMs: 4_000 });
    expect(decoded.slice(0, 5)).toEqual([0, 1, 2, 3, 4]);
    expect(statistics.concealedSamples).toBe(0);
    expect(statistics.targetDelayMs).toBeLessThan(20);
    expect(Math.max(...delaysMs.slice(300))).toBeLessThan(25);
  });

  it('plays copies in their places, and waits for them where packets are lost all the time', () => {
    const rng = createRng(5);
    // One copy of the frame before in each packet: what is lost twice in a row is lost.
    const lost: boolean[] = [];
    for (let frame = 0; frame < 500; frame++) lost.push(frame > 0 && !lost[frame - 1] && rng.next() < 0.1);
    const jitter = Array.from({ length: 500 }, () => 5 * rng.next());
    const packets = lost.flatMap((isLost, frame) => {
      if (isLost) return [];
      const atMs = frame * 20 + 30 + (jitter[frame] ?? 0);
      return [{ frame, atMs }, ...(frame > 0 ? [{ frame: frame - 1, atMs, copy: true }] : [])];
    });
    const { decoded, statistics, playout } = call(packets, { endMs: 10_000 });
    expect(decoded).toEqual(decoded.toSorted((a, b) => a - b));
    expect(statistics.recovered).toBeGreaterThan(20);
    expect([statistics.late, statistics.duplicates, statistics.lostFrames]).toEqual([0, 0, 0]);
    // Hardly any of the tenth that is lost is concealed.
    expect(statistics.concealedSamples).toBeLessThan(0.01 * statistics.totalSamplesReceived);
    expect(statistics.currentDelayMs).toBeLessThan(40);
    const { lost: reported, expected } = playout.takeLossWindow();
    expect(reported / expected).toBeGreaterThan(0.08);
    expect(reported / expected).toBeLessThan(0.16);
  });

  it.each([960, 1_920])(
    'fills the end of a hole with the frame behind it, in step, and moves the delay by nothing (%i samples)',
    (frameSamples) => {
      const frameMs = frameSamples / 48;
      const rng = createRng(11);
      const packets = stream(60_000 / frameMs, frameMs, () =>
        rng.next() < 0.1 ? null : 30 + 4 * rng.next(),
      );
      const { heard, decoded, delaysMs, statistics } = call(packets, { frameSamples, endMs: 59_900 });
      const lostSamples = statistics.lostFrames * frameSamples;
      expect(new Set(decoded).size).toBe(decoded.length);
      expect(statistics.concealedSamples).toBeLessThan(0.95 * lostSamples);
      // What is not concealed is repeated, and nothing is lost by it: holes keep their length.
      const filled = statistics.concealedSamples + statistics.insertedSamplesForDeceleration;
      expect(filled - statistics.removedSamplesForAcceleration).toBeGreaterThan(0.98 * lostSamples);
      expect(Math.max(...delaysMs.slice(2_000))).toBeLessThan(30);
      expect(steepest(heard)).toBeLessThan(NO_CLICK);
    },
  );

  it('survives a device that stood still, and a sender that starts anew', () => {
    const playout = new Playout(960, voiceDecoder(960, []));
    const block = new Float32Array(480);
    const give = (sequence: number, timestamp: number, nowMs: number): void => {
      playout.handlePacket(sequence, timestamp >>> 0, false, new Uint8Array(4), nowMs, false);
    };
    for (let at = 0; at < 1_000; at++) {
      const nowMs = at * 10;
      const anew = at >= 600;
      if (at % 2 === 0) give(anew ? at / 2 - 300 : 9_000 + at / 2, (anew ? 77_777_777 : 0) + at * 480, nowMs);
      // From 3 to 5 s nobody asks for sound.
      if (at < 300 || at >= 500) playout.pull(block, 480, nowMs);
      if (at === 590 || at === 999) {
        expect(playout.talking).toBe(true);
        expect(playout.statistics().currentDelayMs).toBeLessThan(30);
        expect(playout.depthFrames).toBeLessThan(3);
      }
    }
  });

  it('plays each frame once and in order on any network, and the totals balance', () => {
    const network = fc.record({
      seed: fc.integer(),
      frameSamples: fc.constantFrom(480, 960, 1_920, 2_880),
      blockSamples: fc.constantFrom(240, 441, 480, 960),
      loss: fc.double({ min: 0, max: 0.6, noNaN: true }),
      twice: fc.double({ min: 0, max: 0.5, noNaN: true }),
      jitterMs: fc.double({ min: 0, max: 300, noNaN: true }),
    });
    fc.assert(
      fc.property(network, ({ seed, frameSamples, blockSamples, loss, twice, jitterMs }) => {
        const rng = createRng(seed);
        const frameMs = frameSamples / 48;
        const packets = stream(3_000 / frameMs, frameMs, () => 0).flatMap(({ frame, atMs }) => {
          const times = rng.next() < loss ? 0 : rng.next() < twice ? 2 : 1;
          return Array.from({ length: times }, () => ({
            frame,
            atMs: atMs + 20 + jitterMs * rng.next() ** 2,
            copy: rng.next() < 0.3,
          }));
        });
        const { playout, decoded, heard } = call(packets, { frameSamples, blockSamples, endMs: 5_500 });
        expect(decoded).toEqual([...new Set(decoded)].sort((a, b) => a - b));
        expect(heard.every((sample) => Number.isFinite(sample) && Math.abs(sample) < 0.6)).toBe(true);
        const { received, copies, played, recovered, late, duplicate, unneeded, overflow, ...rest } =
          playout.counters;
        const dropped = late + duplicate + unneeded + overflow + rest.tooFarAhead + rest.flushed;
        expect(received + copies).toBe(played + recovered + dropped + playout.depthFrames);
        expect(playout.depthFrames).toBeLessThanOrEqual(MAX_HELD_PACKETS);
        expect(decoded.length).toBe(played + recovered);
      }),
      { numRuns },
    );
  });

  it('ends, and does not conceal for hours, where a packet behind a hole bears a time half of 2^32 away', () => {
    // Behind what was played for the queue, ahead of it for the playout: found by the property below.
    const playout = new Playout(960, voiceDecoder(960, []));
    const block = new Float32Array(480);
    playout.handlePacket(3, 2 ** 31 + 960, false, new Uint8Array(4), 0, false);
    playout.handlePacket(1, 0, true, new Uint8Array(0), 0, false);
    playout.handlePacket(0, 27_841, false, new Uint8Array(4), 0, false);
    let nowMs = 0;
    for (; nowMs < 60_000 && (playout.talking || playout.depthFrames > 0); nowMs += 10)
      playout.pull(block, block.length, nowMs);
    // The last frame waits a second for its time, and what follows it is concealed for 140 ms.
    expect(nowMs).toBeLessThan(1_500);
    // By its time, the end of the talkspurt is as old as a backlog.
    expect(playout.counters).toMatchObject({ played: 2, flushed: 1, lost: 1 });
    expect(playout.statistics().concealedSamples).toBeLessThan(0.2 * RATE);
  });

  it('survives whatever a hostile sender hands in: finite sound, counted packets, an end', () => {
    const near = fc.integer({ min: 0, max: 300 });
    const packet = fc.record({
      sequence: fc.oneof(near, near, fc.maxSafeNat()),
      timestamp: fc.oneof(
        near.map((frame) => frame * 960),
        fc.integer({ min: 0, max: 0xffff_ffff }),
      ),
      last: fc.boolean(),
      copy: fc.boolean(),
      length: fc.nat(2),
      decodesTo: fc.constantFrom(0, 1, 120, 960, 5_760),
      pulls: fc.nat(6),
    });
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 200, size: 'max' }), (packets) => {
        let samples = 960;
        const fill = (into: Float32Array): number => {
          into.fill(0.1, 0, samples);
          return samples;
        };
        const playout = new Playout(960, { decode: (_packet, into) => fill(into), conceal: fill });
        const block = new Float32Array(480);
        let nowMs = 0;
        const pull = (): void => {
          playout.pull(block, block.length, nowMs);
          expect(block.every((sample) => Number.isFinite(sample))).toBe(true);
          nowMs += 10;
        };
        for (const { sequence, timestamp, last, copy, length, decodesTo, pulls } of packets) {
          samples = decodesTo;
          playout.handlePacket(sequence, timestamp, last, new Uint8Array(length), nowMs, copy);
          for (let count = 0; count < pulls; count++) pull();
        }
        samples = 960;
        const timeout = 64 * 1_500 + 5_000;
        for (const endMs = nowMs + timeout; nowMs < endMs && (playout.talking || playout.depthFrames > 0); )
          pull();
        expect([playout.talking, playout.depthFrames]).toEqual([false, 0]);
      }),
      { numRuns },
    );
  });
});
