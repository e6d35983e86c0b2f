import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WAVE_HEADER_BYTES, WaveWriter, waveHeader } from './wave-writer.ts';

const FLUSH_SAMPLES = 9_600;

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidetone-wave-'));
  path = join(folder, 'sound.wav');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Header and sound of the file as it lies on the disk. */
function onDisk(): { stated: number; riff: number; samples: Int16Array } {
  const bytes = new Uint8Array(readFileSync(path));
  const view = new DataView(bytes.buffer);
  const sound = bytes.slice(WAVE_HEADER_BYTES);
  return {
    stated: view.getUint32(40, true),
    riff: view.getUint32(4, true),
    samples: new Int16Array(sound.buffer, 0, sound.length >> 1),
  };
}

describe('WaveWriter', () => {
  it('has a right header while it is still being written, and everything once it is closed', () => {
    const writer = new WaveWriter(path, FLUSH_SAMPLES);
    expect(onDisk().stated).toBe(0);
    writer.append(new Float32Array(10_000).fill(0.5), 10_000);
    expect(onDisk()).toMatchObject({ stated: FLUSH_SAMPLES * 2, riff: FLUSH_SAMPLES * 2 + 36 });
    expect(writer.samples).toBe(10_000);
    writer.close();
    const { stated, samples } = onDisk();
    expect(stated).toBe(20_000);
    expect(samples).toEqual(new Int16Array(10_000).fill(Math.round(0.5 * 32_767)));
  });

  it('clips instead of wrapping round', () => {
    const writer = new WaveWriter(path, FLUSH_SAMPLES);
    writer.append(Float32Array.of(3, -3, Number.NaN), 3);
    writer.close();
    expect([...onDisk().samples]).toEqual([32_767, -32_767, 0]);
  });

  it('skips over silence, and takes no more room for it than the file system needs', () => {
    const writer = new WaveWriter(path, FLUSH_SAMPLES);
    writer.append(Float32Array.of(1, 1), 2);
    writer.skip(48_000);
    expect(onDisk().stated).toBe(48_002 * 2);
    writer.append(Float32Array.of(1), 1);
    writer.close();
    const { samples } = onDisk();
    expect(samples.length).toBe(48_003);
    expect(samples.findLastIndex((sample) => sample !== 0)).toBe(48_002);
    expect(samples.filter((sample) => sample !== 0).length).toBe(3);
  });

  it('is for its owner alone', () => {
    new WaveWriter(path, FLUSH_SAMPLES).close();
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('states the largest size that a header can, of a file that is larger', () => {
    const view = new DataView(waveHeader(5 * 1024 ** 3).buffer);
    expect(view.getUint32(40, true)).toBe(0xffff_ffff - WAVE_HEADER_BYTES);
    expect(view.getUint32(4, true)).toBe(0xffff_ffff - 8);
  });
});
