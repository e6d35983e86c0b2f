import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PacketRing } from '../../core/ring/packet-ring.ts';
import { SampleRing } from '../../core/ring/sample-ring.ts';
import { SAMPLES_PER_MS } from '../../core/voice/sample-rate.ts';
import { TAP_RING_SAMPLES, tapMoment } from '../../core/voice/tap-ring.ts';
import {
  type EncoderCommand,
  type EncoderEvent,
  type EncoderWorkerData,
  MAX_OPUS_PACKET_BYTES,
  PACKET_LAST,
  PACKET_RING_SLOTS,
} from './voice-protocol.ts';

const BLOCK_SAMPLES = 480;
const FRAME_SAMPLES = 960;

/** A loaded machine is no fault of the thread. */
const PATIENCE_MS = 20_000;

const ALL_OFF = {
  highPass: false,
  echoCancellation: false,
  noiseSuppression: 'off',
  gainControl: false,
  limiter: false,
} as const;

interface SentFrame {
  readonly timestamp: number;
  readonly last: boolean;
}

/** The encoder thread as it runs in the program, between a device and a voice thread that are made up. */
class EncoderRig {
  readonly capture: SampleRing;
  readonly sent: SentFrame[] = [];
  readonly events: EncoderEvent[] = [];
  captured = 0;
  readonly #worker: Worker;
  readonly #packets: PacketRing;

  constructor() {
    const captureMemory = SampleRing.allocate(16_384);
    const packetMemory = PacketRing.allocate(PACKET_RING_SLOTS, MAX_OPUS_PACKET_BYTES);
    const referenceMemory = SampleRing.allocate(16_384);
    const workerData: EncoderWorkerData = { captureMemory, packetMemory, referenceMemory, firstTimestamp: 0 };
    this.capture = new SampleRing(captureMemory);
    this.#packets = new PacketRing(packetMemory);
    this.#worker = new Worker(join(import.meta.dirname, 'encoder-worker.ts'), { workerData });
    this.#worker.on('message', (event: EncoderEvent) => this.events.push(event));
    for (const command of [
      { kind: 'processing', settings: ALL_OFF },
      { kind: 'talkTiming', releaseDelayMs: 100, preRollMs: 60 },
      { kind: 'inRoom', inRoom: true },
      { kind: 'reportEvery', intervalMs: 50 },
    ] satisfies EncoderCommand[])
      this.send(command);
  }

  send(command: EncoderCommand): void {
    this.#worker.postMessage(command);
  }

  counter(name: string): number {
    const newest = this.events.findLast((event) => event.kind === 'counters');
    return newest?.counters[name] ?? -1;
  }

  /** Hands over sound, and waits until it is worked off and every order before it heard. */
  async run(samples: number): Promise<void> {
    const block = new Float32Array(BLOCK_SAMPLES);
    for (let done = 0; done < samples; done += BLOCK_SAMPLES) {
      for (let at = 0; at < BLOCK_SAMPLES; at += 1) block[at] = soundAt(this.captured + at);
      this.capture.push(block, BLOCK_SAMPLES);
      this.captured += BLOCK_SAMPLES;
      while (this.capture.readable() > 0) await sleep(1);
      this.#takePackets();
    }
  }

  /** Waits until the thread has heard what was sent: of two reports the second was made after it. */
  async settle(): Promise<void> {
    const seen = this.events.length;
    const reports = (): number => this.events.slice(seen).filter(({ kind }) => kind === 'counters').length;
    await expect.poll(reports, { timeout: PATIENCE_MS }).toBeGreaterThanOrEqual(2);
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #takePackets(): void {
    const slot = this.#packets.createSlot();
    while (this.#packets.pull(slot)) {
      const timestamp = Math.round(slot.stampMs * SAMPLES_PER_MS);
      this.sent.push({ timestamp, last: (slot.kind & PACKET_LAST) !== 0 });
    }
  }
}

/** Steady sound, with a beat so that no moment is like another. */
function soundAt(position: number): number {
  return 0.3 * Math.sin(position / 17) * Math.sin(position / 40_000);
}

let rig: EncoderRig;
beforeEach(() => {
  rig = new EncoderRig();
});
afterEach(() => rig.close());

describe('the encoder thread', { timeout: PATIENCE_MS }, () => {
  it('sends the pre-roll, what is said while the key is down, and the release delay', async () => {
    await rig.run(48_000);
    expect(rig.sent).toEqual([]);
    await rig.settle();
    expect(rig.counter('processedBlocks')).toBe(0);
    const pressed = rig.captured;
    rig.send({ kind: 'pushToTalk', held: true });
    await rig.settle();
    await rig.run(9_600);
    const released = rig.captured;
    rig.send({ kind: 'pushToTalk', held: false });
    await rig.settle();
    await rig.run(48_000);
    const [first] = rig.sent;
    expect(pressed - (first?.timestamp ?? 0)).toBeGreaterThanOrEqual(2_880);
    expect(pressed - (first?.timestamp ?? 0)).toBeLessThan(2_880 + FRAME_SAMPLES);
    for (const [at, { timestamp }] of rig.sent.entries())
      expect(timestamp).toBe((first?.timestamp ?? 0) + at * FRAME_SAMPLES);
    const last = rig.sent.at(-1);
    expect(rig.sent.filter((frame) => frame.last)).toEqual([last]);
    const heardAfter = (last?.timestamp ?? 0) + FRAME_SAMPLES - released;
    expect(heardAfter).toBeGreaterThanOrEqual(4_800);
    expect(heardAfter).toBeLessThanOrEqual(4_800 + 2 * FRAME_SAMPLES);
  });

  it('records the sound before and behind the processing, in step while its delay changes', async () => {
    await rig.run(9_600);
    const memories = {
      raw: SampleRing.allocate(TAP_RING_SAMPLES),
      processed: SampleRing.allocate(TAP_RING_SAMPLES),
    };
    rig.send({ kind: 'taps', memories });
    await rig.settle();
    const from = rig.captured;
    await rig.run(19_200);
    rig.send({ kind: 'processing', settings: { ...ALL_OFF, noiseSuppression: 'light' } });
    await rig.settle();
    await expect
      .poll(
        async () => {
          await rig.run(BLOCK_SAMPLES);
          await rig.settle();
          return rig.counter('processingDelaySamples');
        },
        { timeout: PATIENCE_MS },
      )
      .toBe(480);
    await rig.run(9_600);
    rig.send({ kind: 'processing', settings: ALL_OFF });
    await rig.settle();
    await rig.run(19_200);
    // The last block has left the ring; whether it is written, too, the next report tells.
    await rig.settle();
    const raw = new SampleRing(memories.raw);
    const processed = new SampleRing(memories.processed);
    const length = rig.captured - from;
    expect([raw.readable(), processed.readable()]).toEqual([length, length]);
    expect(tapMoment(raw)).toBe(tapMoment(processed));
    const sounds = { raw: new Float32Array(length), processed: new Float32Array(length) };
    raw.pull(sounds.raw, length);
    processed.pull(sounds.processed, length);
    for (let at = 0; at < length; at += 1) expect(sounds.raw[at]).toBe(Math.fround(soundAt(from + at)));
    // Untouched before and after: the very same samples at the very same places.
    const equal = (start: number, end: number): boolean =>
      sounds.processed.subarray(start, end).every((sample, at) => sample === sounds.raw[start + at]);
    expect(equal(0, 19_200)).toBe(true);
    expect(equal(length - 9_600, length)).toBe(true);
    expect(equal(19_200, length - 19_200)).toBe(false);
  });

  it('mutes at once, and reports what each stage does', async () => {
    rig.send({ kind: 'activation', mode: 'open', thresholdDb: -45 });
    await rig.settle();
    await rig.run(19_200);
    expect(rig.sent.some(({ last }) => last)).toBe(false);
    rig.send({ kind: 'muted', muted: true });
    await rig.settle();
    await rig.run(9_600);
    expect(rig.sent.filter(({ last }) => last)).toHaveLength(1);
    expect(rig.sent.at(-1)?.last).toBe(true);
    const stages = rig.events.findLast((event) => event.kind === 'processing')?.stages ?? [];
    expect(stages.map(({ stage }) => stage)).toContain('noiseSuppression');
    expect(rig.counter('encodedBytes')).toBeGreaterThan(0);
  });
});
