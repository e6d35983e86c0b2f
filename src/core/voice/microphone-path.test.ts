import { describe, expect, it } from 'vitest';
import { SampleRing } from '../ring/sample-ring.ts';
import { Microphone } from './microphone.ts';
import {
  MAX_BACKLOG_SAMPLES,
  MAX_REFERENCE_SAMPLES,
  MicrophonePath,
  PATH_BLOCK_SAMPLES,
  type Processing,
} from './microphone-path.ts';
import { TapRing } from './tap-ring.ts';
import { WHISPER_TAIL_SAMPLES } from './whisper-schedule.ts';

const DELAY_SAMPLES = 672;
const TWO_SECONDS = 96_000;
const RING_SAMPLES = 16_384;

/** Delays, counts its calls, and says that everything is a voice. */
class ToyProcessing implements Processing {
  delaySamples = DELAY_SAMPLES;
  readonly voiceProbability = 1;
  readonly calls = { process: 0, idle: 0, reference: 0 };
  readonly #held: number[] = Array.from({ length: DELAY_SAMPLES }, () => 0);

  handleReference(): void {
    this.calls.reference += 1;
  }

  process(block: Float32Array): void {
    this.calls.process += 1;
    for (let index = 0; index < block.length; index += 1) {
      this.#held.push(block[index] ?? 0);
      block[index] = this.#held.shift() ?? 0;
    }
  }

  idle(): void {
    this.calls.idle += 1;
  }
}

/** A microphone in a room, through a processing that delays; each sample tells its position, as a loud sound. */
class PathRig {
  readonly capture = new SampleRing(SampleRing.allocate(RING_SAMPLES));
  readonly reference = new SampleRing(SampleRing.allocate(RING_SAMPLES));
  readonly processing = new ToyProcessing();
  readonly microphone = new Microphone(0);
  readonly sent: { timestamp: number; first: number }[] = [];
  amplitude = 1;
  playing = 0;
  #captured = 0;
  #us = 0;
  readonly path = new MicrophonePath({
    capture: this.capture,
    reference: this.reference,
    processing: this.processing,
    microphone: this.microphone,
    nowUs: () => this.#us,
  });

  constructor() {
    this.microphone.setTalkTiming(0, 60);
    this.microphone.setInRoom(true, 0, this);
    this.run(WHISPER_TAIL_SAMPLES + TWO_SECONDS);
  }

  get captured(): number {
    return this.#captured;
  }

  encodeFrame(samples: Float32Array, _target: number, timestamp: number): void {
    this.sent.push({ timestamp, first: positionOf(samples[0] ?? 0) });
  }

  give(samples: number): void {
    const block = Float32Array.from(
      { length: samples },
      (_, at) => this.amplitude * sampleOf(this.#captured + at),
    );
    this.capture.push(block, samples);
    this.#us += samples / 0.048;
    this.#captured += samples;
    this.reference.push(new Float32Array(samples).fill(this.playing), samples);
  }

  run(samples: number): void {
    for (let done = 0; done < samples; done += PATH_BLOCK_SAMPLES) {
      this.give(PATH_BLOCK_SAMPLES);
      this.path.drain(this);
    }
  }

  standStill(seconds: number): void {
    this.#us += seconds * 1_000_000;
  }

  talk(held: boolean): void {
    this.microphone.setPushToTalk(held, this.path.waitingSamples);
  }
}

/** Between 0.5 and 1, exact in 24 bits. */
function sampleOf(position: number): number {
  return (2 ** 22 + position) * 2 ** -23;
}

function positionOf(sample: number): number {
  return sample * 2 ** 23 - 2 ** 22;
}

describe('MicrophonePath', () => {
  it('rests while the key is up and nothing is played', () => {
    const rig = new PathRig();
    expect(rig.path.takeCounters()).toMatchObject({ processedBlocks: 0 });
    expect(rig.processing.calls.idle).toBeGreaterThan(200);
    expect(rig.path.takeLoudestDb()).toBeGreaterThan(-10);
    expect(rig.path.waitingSamples + rig.microphone.capturedSamples).toBe(rig.captured);
  });

  it('processes the pre-roll late, each sample at its own time, when the key goes down', () => {
    const rig = new PathRig();
    rig.give(200);
    const pressed = rig.captured;
    rig.talk(true);
    rig.give(280);
    rig.path.drain(rig);
    rig.run(4_800);
    expect(rig.sent.length).toBeGreaterThan(4);
    for (const { timestamp, first } of rig.sent) expect(first).toBe(timestamp);
    const [{ timestamp } = { timestamp: 0 }] = rig.sent;
    expect(pressed - timestamp).toBeGreaterThanOrEqual(2_880);
    expect(pressed - timestamp).toBeLessThan(2_880 + 960);
    expect(rig.path.waitingSamples + rig.microphone.capturedSamples).toBe(rig.captured);
  });

  it('rests again after the key came up, and wakes as well a second time', () => {
    const rig = new PathRig();
    for (const wanted of [1, 2]) {
      rig.talk(true);
      rig.run(4_800);
      rig.talk(false);
      rig.run(TWO_SECONDS);
      const processed = rig.processing.calls.process;
      rig.run(4_800);
      expect(rig.processing.calls.process).toBe(processed);
      for (const { timestamp, first } of rig.sent) expect(first).toBe(timestamp);
      const starts = rig.sent.filter(
        ({ timestamp }, at) => timestamp - (rig.sent[at - 1]?.timestamp ?? 0) !== 960,
      );
      expect(starts).toHaveLength(wanted);
    }
  });

  it('goes on while something is played, as the echo canceller must hear it, until the room is silent', () => {
    const rig = new PathRig();
    rig.playing = 0.1;
    rig.run(480);
    const { calls } = rig.processing;
    const before = { ...calls };
    rig.run(48_000);
    expect(calls.process - before.process).toBe(100);
    rig.playing = 0;
    rig.run(TWO_SECONDS);
    const processed = calls.process;
    rig.run(4_800);
    expect(calls.process).toBe(processed);
  });

  it('takes a speaker that went away for a silent one', () => {
    const rig = new PathRig();
    rig.playing = 0.1;
    rig.run(4_800);
    const block = new Float32Array(PATH_BLOCK_SAMPLES);
    for (let blocks = 0; blocks < 250; blocks += 1) {
      rig.capture.push(block, PATH_BLOCK_SAMPLES);
      rig.path.drain(rig);
    }
    const { process } = rig.processing.calls;
    rig.capture.push(block, PATH_BLOCK_SAMPLES);
    rig.path.drain(rig);
    expect(rig.processing.calls.process).toBe(process);
  });

  it('keeps nothing while muted', () => {
    const rig = new PathRig();
    rig.microphone.setMuted(true, rig.path.waitingSamples, rig);
    rig.run(48_000);
    const unmuted = rig.captured;
    rig.microphone.setMuted(false, rig.path.waitingSamples, rig);
    rig.talk(true);
    rig.run(9_600);
    expect(rig.sent[0]?.first).toBeGreaterThanOrEqual(unmuted);
    for (const { timestamp, first } of rig.sent) expect(first).toBe(timestamp);
  });

  it('looks for voices, but not in what no gain could lift above the threshold', () => {
    const rig = new PathRig();
    rig.microphone.gate.mode = 'voiceActivity';
    rig.amplitude = 2 ** -13;
    rig.run(TWO_SECONDS);
    const { process } = rig.processing.calls;
    rig.run(48_000);
    expect(rig.processing.calls.process).toBe(process);
    const spoke = rig.captured;
    rig.amplitude = 1;
    rig.run(9_600);
    const loud = rig.sent.findIndex(({ first }) => first >= 0);
    expect(rig.sent[loud]?.first).toBeLessThan(spoke + 960);
    expect(spoke - (rig.sent[0]?.timestamp ?? 0)).toBeGreaterThanOrEqual(2_880);
  });

  it('hands over every block that is played, and drops what is far ahead', () => {
    const rig = new PathRig();
    const before = rig.processing.calls.reference;
    rig.reference.push(new Float32Array(MAX_REFERENCE_SAMPLES + 4_800), MAX_REFERENCE_SAMPLES + 4_800);
    rig.run(480);
    expect(rig.processing.calls.reference - before).toBe(MAX_REFERENCE_SAMPLES / PATH_BLOCK_SAMPLES);
    expect(rig.path.takeCounters()).toMatchObject({ staleReferenceSamples: 4_800 + 480 });
  });

  it('drops what a stalled machine left behind, and keeps count', () => {
    const rig = new PathRig();
    rig.talk(true);
    rig.run(9_600);
    rig.give(MAX_BACKLOG_SAMPLES + 1_000);
    rig.path.drain(rig);
    rig.run(9_600);
    expect(rig.path.takeCounters()).toMatchObject({ staleSamples: 1_000 });
    expect(rig.path.waitingSamples + rig.microphone.capturedSamples).toBe(rig.captured);
    // A frame that the gap cut short is filled up, and the next one begins behind it.
    for (const { timestamp, first } of rig.sent) expect(timestamp - first).toBeLessThan(960);
  });

  it('counts what the ring had no room for, so that everything behind it stands where it was captured', () => {
    const rig = new PathRig();
    rig.talk(true);
    rig.run(9_600);
    rig.give(RING_SAMPLES - 1_000);
    rig.give(3_000);
    const waiting = RING_SAMPLES + 2_000;
    expect(rig.path.waitingSamples).toBe(waiting);
    expect(rig.path.capturedSamples).toBe(rig.captured);
    const sent = rig.sent.length;
    rig.path.drain(rig);
    rig.run(9_600);
    expect(rig.path.takeCounters()).toMatchObject({ staleSamples: RING_SAMPLES, lostSamples: 2_000 });
    expect(rig.path.waitingSamples + rig.microphone.capturedSamples).toBe(rig.captured);
    for (const { timestamp, first } of rig.sent.slice(sent + 1)) expect(timestamp - first).toBeLessThan(960);
  });

  it('lays the sound before and behind the processing beside each other, gaps and delay included', () => {
    const rig = new PathRig();
    rig.give(100);
    const memories = { raw: SampleRing.allocate(65_536), processed: SampleRing.allocate(65_536) };
    const from = rig.path.capturedSamples;
    const raw = new TapRing(memories.raw, from);
    const processed = new TapRing(memories.processed, from);
    rig.path.setTaps({ raw, processed });
    rig.run(9_600);
    rig.give(MAX_BACKLOG_SAMPLES + 960);
    rig.run(9_600);
    const rings = { raw: new SampleRing(memories.raw), processed: new SampleRing(memories.processed) };
    const length = rings.processed.readable();
    expect(length).toBeGreaterThan(20_000);
    expect(rings.raw.readable() - length).toBe(DELAY_SAMPLES);
    const sounds = { raw: new Float32Array(length), processed: new Float32Array(length) };
    rings.raw.pull(sounds.raw, length);
    rings.processed.pull(sounds.processed, length);
    let different = 0;
    for (let at = 0; at < length; at += 1) {
      const heard = sounds.raw[at] ?? 0;
      if (heard !== 0) expect(positionOf(heard)).toBe(from + at);
      if (heard !== sounds.processed[at]) different += 1;
    }
    // Toy sound of before the gap comes out behind it; the real processing is as late.
    expect(different).toBeLessThanOrEqual(2 * DELAY_SAMPLES);
    // The block that came with them, and what did not fill one, waited too.
    expect(raw.missingSamples).toBe(960 + PATH_BLOCK_SAMPLES + 100);
  });

  it('counts the time in which the device stood still as silence in recordings', () => {
    const rig = new PathRig();
    const memories = { raw: SampleRing.allocate(65_536), processed: SampleRing.allocate(65_536) };
    const from = rig.path.capturedSamples;
    rig.path.setTaps({
      raw: new TapRing(memories.raw, from),
      processed: new TapRing(memories.processed, from),
    });
    rig.run(9_600);
    rig.standStill(0.19);
    rig.run(480);
    const raw = new SampleRing(memories.raw);
    expect(raw.readable()).toBe(10_080);
    rig.standStill(0.5);
    rig.run(480);
    // To the microseconds that the toy clock counts by itself.
    expect(Math.abs(raw.readable() - (10_080 + 24_000 + 480))).toBeLessThan(500);
  });

  it.each([
    [240, 120],
    [480, 0],
    [960, 0],
    [512, 224],
  ])(
    'tells how long sound in blocks of %i waits to be processed: %i samples in the mean',
    (block, waited) => {
      const rig = new PathRig();
      rig.path.takeCounters();
      for (let given = 0; given < 30; given += 1) {
        rig.give(block);
        rig.path.drain(rig);
      }
      expect(rig.path.takeCounters()).toMatchObject({ captureWaitSamples: waited });
      expect(rig.path.takeCounters()).toMatchObject({ captureWaitSamples: 0 });
    },
  );

  it('tells what comes out of the processing together with the end of a frame', () => {
    const rig = new PathRig();
    rig.talk(true);
    rig.run(4_800);
    // Two blocks of 480 go in until 672 samples are out again.
    expect(rig.path.takeCounters()).toMatchObject({ frameSurplusSamples: 960 - DELAY_SAMPLES });
  });
});
