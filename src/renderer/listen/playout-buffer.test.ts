import { describe, expect, test } from 'vitest';
import { FIRST_TARGET_MS, MIN_TARGET_MS, PLAYOUT_RATE_HZ, PlayoutBuffer } from './playout-buffer.ts';

const PACKET = 960;
const BLOCK = 128;
const TONE_HZ = 440;

/** A tone, as the decoder gives it. */
function tone(position: number, count = PACKET): Float32Array {
  return Float32Array.from(
    { length: count },
    (_, i) => 0.5 * Math.sin((2 * Math.PI * TONE_HZ * (position + i)) / PLAYOUT_RATE_HZ),
  );
}

interface Play {
  readonly seconds: number;
  /** The sound card's clock beside the publisher's: 1.0001 runs 100 ppm fast. */
  readonly cardSpeed?: number;
  /** When a packet arrives, in ms after it was made; null: never. */
  readonly delayMs?: (packet: number) => number | null;
}

/** Plays packets through a buffer in virtual time. */
function play(buffer: PlayoutBuffer, { seconds, cardSpeed = 1, delayMs = () => 0 }: Play): Float32Array {
  const arrivals: { readonly atMs: number; readonly packet: number }[] = [];
  let lastMs = 0;
  for (let packet = 0; packet < seconds * 50; packet += 1) {
    const delay = delayMs(packet);
    if (delay === null) continue;
    // Over a stream nothing overtakes.
    lastMs = Math.max(lastMs, packet * 20 + delay);
    arrivals.push({ atMs: lastMs, packet });
  }
  const played = new Float32Array(Math.floor((seconds * PLAYOUT_RATE_HZ) / BLOCK) * BLOCK);
  let next = 0;
  for (let at = 0; at < played.length; at += BLOCK) {
    const nowMs = (at / PLAYOUT_RATE_HZ / cardSpeed) * 1_000;
    for (; (arrivals[next]?.atMs ?? Number.POSITIVE_INFINITY) <= nowMs; next += 1) {
      const position = (arrivals[next]?.packet ?? 0) * PACKET;
      buffer.push(tone(position), tone(position), position);
    }
    buffer.pull(played.subarray(at, at + BLOCK), new Float32Array(BLOCK));
  }
  return played;
}

/** Largest step from one sample to the next: a tone of this height makes 0.029, a click much more. */
function largestStep(samples: Float32Array): number {
  let largest = 0;
  for (let i = 1; i < samples.length; i += 1)
    largest = Math.max(largest, Math.abs((samples[i] ?? 0) - (samples[i - 1] ?? 0)));
  return largest;
}

/** The tone's own steps, and those of a change-over within one block. */
const SMOOTH = 0.04;

describe('the playout buffer', () => {
  test('begins after its first delay, and then plays without end', () => {
    const buffer = new PlayoutBuffer();
    const played = play(buffer, { seconds: 3 });
    const first = played.findIndex((sample) => sample !== 0);
    expect(first / 48).toBeGreaterThanOrEqual(FIRST_TARGET_MS - 21);
    expect(first / 48).toBeLessThan(FIRST_TARGET_MS + 21);
    expect(buffer.reading).toMatchObject({ playing: true, dry: 0, skips: 0, holes: 0 });
    expect(largestStep(played)).toBeLessThan(SMOOTH);
  });

  test('gives the tone back: what comes between two samples is right to a thousandth', () => {
    const played = play(new PlayoutBuffer(), { seconds: 4, cardSpeed: 1.0003 });
    const end = played.subarray(2 * PLAYOUT_RATE_HZ);
    const peak = end.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    expect(peak).toBeCloseTo(0.5, 3);
  });

  test('plays what came as it came, while nothing has to be mended', () => {
    const played = play(new PlayoutBuffer(), { seconds: 3 });
    const from = PLAYOUT_RATE_HZ;
    const waited = played.findIndex((sample) => sample !== 0) - 1;
    const heard = played.subarray(from, 2 * PLAYOUT_RATE_HZ);
    // The first sample of a sine is zero, and so is the first of the ramp.
    const said = [0, 1, 2].map((more) => tone(from - waited + more, PLAYOUT_RATE_HZ));
    const distances = said.map((sound) =>
      sound.reduce((most, x, i) => Math.max(most, Math.abs(x - (heard[i] ?? 0))), 0),
    );
    expect(Math.min(...distances)).toBeLessThan(1e-6);
  });

  test('lets the delay shrink on a quiet wire, without a click', () => {
    const buffer = new PlayoutBuffer();
    const played = play(buffer, { seconds: 60 });
    expect(buffer.reading.targetMs).toBeLessThan(FIRST_TARGET_MS - 15);
    expect(buffer.reading.targetMs).toBeGreaterThanOrEqual(MIN_TARGET_MS);
    expect(buffer.reading).toMatchObject({ dry: 0, skips: 0 });
    expect(largestStep(played)).toBeLessThan(SMOOTH);
  });

  test.each([0.9997, 1.0003])(
    'follows a sound card at %f of the publisher’s pace for minutes',
    (cardSpeed) => {
      const buffer = new PlayoutBuffer();
      const played = play(buffer, { seconds: 90, cardSpeed });
      expect(buffer.reading).toMatchObject({ dry: 0, skips: 0 });
      expect(Math.abs(buffer.reading.bufferedMs - buffer.reading.targetMs)).toBeLessThan(40);
      expect(largestStep(played)).toBeLessThan(SMOOTH);
    },
  );

  test('runs dry once on a network that jams, then waits longer', () => {
    const buffer = new PlayoutBuffer();
    // Every second, 150 ms of packets come at once.
    const jam = (packet: number): number => (packet % 50 < 8 ? (8 - (packet % 50)) * 20 : 0);
    const played = play(buffer, { seconds: 30, delayMs: jam });
    expect(buffer.reading.dry).toBeGreaterThanOrEqual(1);
    expect(buffer.reading.dry).toBeLessThanOrEqual(3);
    expect(buffer.reading.targetMs).toBeGreaterThan(FIRST_TARGET_MS);
    expect(largestStep(played)).toBeLessThan(SMOOTH);
  });

  test('leaves out what waited during a long jam, and is as near as before', () => {
    const buffer = new PlayoutBuffer();
    const played = play(buffer, {
      seconds: 12,
      delayMs: (packet) => (packet >= 200 && packet < 300 ? (300 - packet) * 20 : 0),
    });
    expect(buffer.reading.dry).toBe(1);
    expect(buffer.reading.bufferedMs).toBeLessThan(buffer.reading.targetMs + 60);
    expect(largestStep(played)).toBeLessThan(SMOOTH);
  });

  test('keeps a hole as silence, with soft edges', () => {
    const buffer = new PlayoutBuffer();
    const played = play(buffer, {
      seconds: 4,
      delayMs: (packet) => (packet === 100 || packet === 101 ? null : 0),
    });
    expect(buffer.reading).toMatchObject({ holes: 1, dry: 0 });
    const from = 2 * PLAYOUT_RATE_HZ;
    const silent = played.subarray(from).reduce((count, sample) => count + (sample === 0 ? 1 : 0), 0);
    expect(silent).toBeGreaterThan(1_700);
    expect(largestStep(played)).toBeLessThan(SMOOTH);
  });

  test('plays to the end when nothing more comes, which is no fault', () => {
    const buffer = new PlayoutBuffer();
    play(buffer, { seconds: 2 });
    const waitingMs = buffer.reading.bufferedMs;
    buffer.rest();
    const rest = new Float32Array(PLAYOUT_RATE_HZ - (PLAYOUT_RATE_HZ % BLOCK));
    for (let at = 0; at < rest.length; at += BLOCK)
      buffer.pull(rest.subarray(at, at + BLOCK), new Float32Array(BLOCK));
    expect(buffer.reading).toMatchObject({ playing: false, dry: 0 });
    const lastSound = rest.findLastIndex((sample) => sample !== 0);
    expect(lastSound / 48).toBeGreaterThan(waitingMs - 10);
    expect(largestStep(rest)).toBeLessThan(SMOOTH);
  });

  test('holds no more than a few seconds while nobody plays', () => {
    const buffer = new PlayoutBuffer();
    for (let packet = 0; packet < 50 * 60; packet += 1) buffer.push(tone(0), tone(0), packet * PACKET);
    expect(buffer.reading.bufferedMs).toBeLessThan(5_500);
    const block = new Float32Array(BLOCK);
    buffer.pull(block, new Float32Array(BLOCK));
    expect(buffer.reading.bufferedMs).toBeLessThan(FIRST_TARGET_MS + 1);
  });
});
