import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SampleRing } from '../../core/ring/sample-ring.ts';
import { TapRing } from '../../core/voice/tap-ring.ts';
import { WAVE_HEADER_BYTES } from '../base/wave-writer.ts';
import { Recording } from './recording.ts';
import { MAX_RECORDING_SECONDS, MAX_TAP_FILES, MIN_FREE_BYTES } from './tap-protocol.ts';

const BLOCK_SAMPLES = 480;
const ORIGIN_MS = 1_790_000_000_000;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidetone-taps-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Samples of a file, the size its header states. */
function read(name: string): Int16Array {
  const bytes = new Uint8Array(readFileSync(join(folder, name)));
  const stated = new DataView(bytes.buffer).getUint32(40, true);
  expect(stated).toBeLessThanOrEqual(bytes.length - WAVE_HEADER_BYTES);
  const sound = bytes.slice(WAVE_HEADER_BYTES, WAVE_HEADER_BYTES + stated);
  return new Int16Array(sound.buffer, 0, stated >> 1);
}

function description(): { problem: string; complete: boolean; refusedSpeakers: number } {
  return JSON.parse(readFileSync(join(folder, 'recording.json'), 'utf8')) as ReturnType<typeof description>;
}

/** A stream whose samples are their number, cut to what 16 bits tell apart. */
class Stream {
  readonly memory: SharedArrayBuffer;
  tap: TapRing;
  position = 0;

  constructor(capacitySamples = 2 ** 17) {
    this.memory = SampleRing.allocate(capacitySamples);
    this.tap = new TapRing(this.memory, 0);
  }

  run(samples: number): void {
    for (let done = 0; done < samples; done += BLOCK_SAMPLES) {
      const block = Float32Array.from(
        { length: BLOCK_SAMPLES },
        (_, at) => (1 + ((this.position + at) % 30_000)) / 32_767,
      );
      this.tap.write(block, BLOCK_SAMPLES, this.position);
      this.position += BLOCK_SAMPLES;
    }
  }
}

function rigOf(freeBytes = () => 10 * MIN_FREE_BYTES) {
  const raw = new Stream();
  const processed = new Stream();
  const mix = new Stream();
  const recording = new Recording({
    folder,
    raw: raw.memory,
    processed: processed.memory,
    mix: mix.memory,
    freeBytes,
    startedAt: '',
  });
  let nowMs = 0;
  const tick = (): void => {
    nowMs += 200;
    recording.tick(nowMs);
  };
  return { raw, processed, mix, recording, tick };
}

/** Where the first sample of a stream lies in a file. */
const beginning = (samples: Int16Array): number => samples.indexOf(1);

describe('Recording', () => {
  it('lays streams that were opened at different moments beside each other', () => {
    const { raw, processed, mix, recording, tick } = rigOf();
    raw.tap.open(ORIGIN_MS);
    processed.tap.open(ORIGIN_MS);
    raw.run(9_600);
    processed.run(9_600);
    tick();
    mix.tap.open(ORIGIN_MS + 25);
    for (let done = 0; done < 10; done += 1) {
      raw.run(9_600);
      processed.run(9_600);
      mix.run(9_600);
      tick();
    }
    recording.close(10_000);
    expect(beginning(read('raw_mic.wav'))).toBe(0);
    expect(beginning(read('post_dsp.wav'))).toBe(0);
    expect(beginning(read('post_opus_decode.wav'))).toBe(25 * 48);
    const raws = read('raw_mic.wav');
    expect(raws.length).toBe(11 * 9_600);
    for (let at = 0; at < raws.length; at += 1) expect(raws[at]).toBe(1 + (at % 30_000));
    // Equally long in the end.
    for (const name of ['post_dsp.wav', 'post_opus_decode.wav']) expect(read(name).length).toBe(raws.length);
    expect(description()).toMatchObject({ complete: true, problem: '' });
  });

  it('puts a voice where it appeared in the mix', () => {
    const { raw, processed, mix, recording, tick } = rigOf();
    for (const { tap } of [raw, processed]) tap.open(ORIGIN_MS);
    mix.tap.open(ORIGIN_MS + 10);
    for (const stream of [raw, processed, mix]) stream.run(48_000);
    tick();
    const voice = new Stream();
    recording.addSpeaker('post_opus_decode-1-anna.wav', voice.memory, 48_000);
    for (const stream of [raw, processed, mix, voice]) stream.run(48_000);
    tick();
    recording.close(10_000);
    const anna = read('post_opus_decode-1-anna.wav');
    expect(beginning(anna)).toBe(480 + 48_000);
    expect(anna.length).toBe(480 + 96_000);
  });

  it('does not wait for a thread that is away', () => {
    const { raw, processed, recording, tick } = rigOf();
    raw.tap.open(ORIGIN_MS);
    processed.tap.open(ORIGIN_MS);
    for (let done = 0; done < 10; done += 1) {
      raw.run(9_600);
      tick();
    }
    expect(recording.seconds).toBe(2);
    recording.close(10_000);
  });

  it('stands for the time that a thread was away with silence', () => {
    const { raw, processed, mix, recording, tick } = rigOf();
    for (const { tap } of [raw, processed, mix]) tap.open(ORIGIN_MS);
    for (const stream of [raw, processed, mix]) stream.run(4_800);
    tick();
    raw.run(48_000);
    mix.tap = new TapRing(mix.memory, 0);
    mix.tap.open(ORIGIN_MS + 600);
    mix.position = 0;
    tick();
    mix.run(4_800);
    tick();
    recording.close(10_000);
    const mixed = read('post_opus_decode.wav');
    expect([...mixed.slice(4_800, 600 * 48)].every((sample) => sample === 0)).toBe(true);
    expect(mixed[600 * 48]).toBe(1);
  });

  it('ends with a sentence when the disk is almost full', () => {
    let free = MIN_FREE_BYTES;
    const { raw, processed, mix, recording, tick } = rigOf(() => free);
    for (const { tap } of [raw, processed, mix]) tap.open(ORIGIN_MS);
    for (let done = 0; done < 5; done += 1) tick();
    expect(recording.problem).toBe('');
    free -= 1;
    for (let done = 0; done < 5; done += 1) tick();
    expect(recording.problem).toContain('the disk is almost full');
    recording.close(10_000);
    expect(description()).toMatchObject({ complete: true, problem: recording.problem });
  });

  it('ends with a sentence when it has grown too long', () => {
    const { raw, processed, mix, recording, tick } = rigOf();
    for (const { tap } of [raw, processed]) tap.open(ORIGIN_MS);
    for (let done = 0; done < 6; done += 1) tick();
    // A thread that was away all the time, and comes back at the very end.
    mix.tap.open(ORIGIN_MS + MAX_RECORDING_SECONDS * 1_000 - 100);
    tick();
    mix.run(4_320);
    for (let done = 0; done < 3; done += 1) tick();
    expect(recording.problem).toBe('');
    mix.run(480);
    for (let done = 0; done < 3; done += 1) tick();
    expect(recording.problem).toBe('The recording was ended after 30 minutes.');
    recording.close(10_000);
  });

  it('takes MAX_TAP_FILES files and no more, and says how many were refused', () => {
    const { recording } = rigOf();
    for (let number = 1; number <= MAX_TAP_FILES; number += 1)
      recording.addSpeaker(`post_opus_decode-${number}-x.wav`, SampleRing.allocate(64), 0);
    recording.close(10_000);
    expect(readdirSync(folder).filter((name) => name.endsWith('.wav'))).toHaveLength(MAX_TAP_FILES);
    expect(description().refusedSpeakers).toBe(3);
  });

  it('ends with a sentence when a file cannot be created', () => {
    const { recording } = rigOf();
    recording.addSpeaker('no-such-folder/x.wav', SampleRing.allocate(64), 0);
    expect(recording.problem).toContain('cannot be written');
    recording.close(10_000);
  });

  it('leaves files that can be read when the whole program is killed, less the last second', async () => {
    const urlOf = (path: string): string => pathToFileURL(join(import.meta.dirname, path)).href;
    const program = `
      const { SampleRing } = await import('${urlOf('../../core/ring/sample-ring.ts')}');
      const { TapRing } = await import('${urlOf('../../core/voice/tap-ring.ts')}');
      const { Recording } = await import('${urlOf('./recording.ts')}');
      const memories = [0, 1, 2].map(() => SampleRing.allocate(2 ** 17));
      const taps = memories.map((memory) => new TapRing(memory, 0));
      // One moment for all: a file that begins a millisecond later begins with silence.
      const openedMs = Date.now();
      for (const tap of taps) tap.open(openedMs);
      const [raw, processed, mix] = memories;
      const recording = new Recording(
        { folder: ${JSON.stringify(folder)}, raw, processed, mix, freeBytes: () => 1e12, startedAt: '' });
      const block = new Float32Array(480).fill(0.25);
      let position = 0;
      const startMs = performance.now();
      setInterval(() => {
        while (position / 48 < performance.now() - startMs) {
          for (const tap of taps) tap.write(block, 480, position);
          position += 480;
        }
        process.stdout.write(position + '\\n');
      }, 10);
      setInterval(() => recording.tick(performance.now()), 200);
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let written = 0;
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (text: Buffer) => {
        written = Number(text.toString().trim().split('\n').at(-1));
        if (written > 130_000) child.kill('SIGKILL');
      });
      child.on('exit', () => resolve());
    });
    expect(child.signalCode).toBe('SIGKILL');
    for (const name of ['raw_mic.wav', 'post_dsp.wav', 'post_opus_decode.wav']) {
      const samples = read(name);
      expect(samples.length).toBeGreaterThan(written - 48_000);
      expect(samples.every((sample) => sample === Math.round(0.25 * 32_767))).toBe(true);
    }
    expect(description().complete).toBe(false);
  });
});
