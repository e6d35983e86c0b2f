import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SampleRing } from '../../core/ring/sample-ring.ts';
import { TapRing } from '../../core/voice/tap-ring.ts';
import { WAVE_HEADER_BYTES } from '../base/wave-writer.ts';
import { speakerFileName, Taps } from './taps.ts';

const WRITER = join(import.meta.dirname, 'tap-writer.ts');

let folder = '';
let changes = 0;
let taps: Taps;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidetone-taps-'));
  changes = 0;
  taps = createTaps(WRITER);
});
afterEach(async () => {
  await taps.stop();
  rmSync(folder, { recursive: true });
});

function createTaps(writerPath: string): Taps {
  return new Taps({
    writerPath,
    folder: join(folder, 'recordings'),
    onDidChange: () => {
      changes += 1;
    },
  });
}

function samplesOf(name: string): number {
  return (readFileSync(join(taps.state.folder, name)).length - WAVE_HEADER_BYTES) / 2;
}

describe('Taps', () => {
  it('records all places and a voice, from one thread into files of another', async () => {
    const memories = taps.start();
    expect(taps.state).toMatchObject({ recording: true, problem: '' });
    const all = Object.values(memories ?? {});
    expect(all).toHaveLength(3);
    const block = new Float32Array(480).fill(0.5);
    for (const memory of all) {
      const tap = new TapRing(memory, 0);
      tap.open(Date.now());
      for (let position = 0; position < 48_000; position += 480) tap.write(block, 480, position);
    }
    const memory = SampleRing.allocate(2 ** 17);
    const voice = new TapRing(memory, 0);
    taps.addSpeaker(42, memory, 24_000, 'Anna / ../ B.');
    for (let position = 0; position < 24_000; position += 480) voice.write(block, 480, position);
    await taps.stop();
    expect(taps.state.recording).toBe(false);
    expect(taps.state.problem).toBe('');
    const names = ['raw_mic.wav', 'post_dsp.wav', 'post_opus_decode.wav', 'post_opus_decode-1-Anna-B.wav'];
    for (const name of names) {
      expect(samplesOf(name)).toBeGreaterThanOrEqual(48_000);
      expect(samplesOf(name)).toBeLessThan(48_000 + 4_800);
    }
    expect(readdirSync(taps.state.folder).sort()).toEqual([...names, 'recording.json'].sort());
  });

  it('runs one recording at a time, and keeps the one before', async () => {
    expect(taps.start()).not.toBeNull();
    expect(taps.start()).toBeNull();
    const first = taps.state.folder;
    await taps.stop();
    expect(taps.start()).not.toBeNull();
    await taps.stop();
    expect(taps.state.folder).not.toBe(first);
    expect(existsSync(join(first, 'raw_mic.wav'))).toBe(true);
  });

  it('tells how far it is', async () => {
    const memories = taps.start();
    for (const memory of Object.values(memories ?? {})) {
      const tap = new TapRing(memory, 0);
      tap.open(Date.now());
      tap.write(new Float32Array(480), 480, 0);
    }
    await expect.poll(() => taps.state.seconds, { timeout: 5_000 }).toBe(0.01);
    expect(changes).toBeGreaterThan(1);
  });

  it('says why it cannot begin, or had to end', async () => {
    writeFileSync(join(folder, 'recordings'), 'a file in the way');
    expect(taps.start()).toBeNull();
    expect(taps.state.problem).toContain('cannot be created');
    rmSync(join(folder, 'recordings'));
    taps = createTaps(join(folder, 'no-such-writer.js'));
    expect(taps.start()).not.toBeNull();
    await expect.poll(() => taps.state, { timeout: 5_000 }).toMatchObject({ recording: false });
    expect(taps.state.problem).toContain('its writer failed');
  });
});

describe('speakerFileName', () => {
  it.each([
    ['Anna', 'post_opus_decode-2-Anna.wav'],
    ['../../etc/passwd', 'post_opus_decode-2-etc-passwd.wav'],
    ['', 'post_opus_decode-2-token-7.wav'],
    ['\u0000/\\:*?"<>|', 'post_opus_decode-2-token-7.wav'],
    ['名前', 'post_opus_decode-2-名前.wav'],
    ['x'.repeat(300), `post_opus_decode-2-${'x'.repeat(32)}.wav`],
  ])('makes a safe name of %j', (name, expected) => {
    expect(speakerFileName(2, 7, name)).toBe(expected);
  });
});
