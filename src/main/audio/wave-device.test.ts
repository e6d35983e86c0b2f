import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WaveWriter } from '../base/wave-writer.ts';
import type { OpenResult } from './audio-device.ts';
import { MAX_WAVE_PPM, parseWavePpm, WAVE_BLOCK_SAMPLES, WaveDevice } from './wave-device.ts';
import { parseWave } from './wave-file.ts';

const step = { blockSamples: WAVE_BLOCK_SAMPLES, queueBlocks: 1 };

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidetone-wave-'));
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

function streamOf(result: OpenResult) {
  if (!result.ok) throw new Error(result.reason);
  return result.stream;
}

/** A ramp of 600 samples: one block and a quarter. */
function writeRamp(path: string): void {
  const writer = new WaveWriter(path, 9_600);
  writer.append(
    Float32Array.from({ length: 600 }, (_, i) => i / 1_000),
    600,
  );
  writer.close();
}

async function hear(once: boolean, ms: number): Promise<number[]> {
  const inputPath = join(folder, 'in.wav');
  writeRamp(inputPath);
  const device = new WaveDevice('wave', { inputPath, inputOnce: once, outputPath: '', errorPpm: 0 });
  const heard: number[] = [];
  const result = await device.openInput({
    id: '',
    step,
    onBlock: (samples, count) => heard.push(...samples.subarray(0, count)),
    onDidFail: (reason) => expect.unreachable(reason),
  });
  await vi.advanceTimersByTimeAsync(ms);
  await streamOf(result).close();
  await vi.advanceTimersByTimeAsync(100);
  return heard;
}

describe('WaveDevice', () => {
  it('plays a file over and over, 10 ms of it every 10 ms', async () => {
    const heard = await hear(false, 30);
    expect(heard.length).toBe(3 * WAVE_BLOCK_SAMPLES);
    expect(heard[599]).toBeCloseTo(0.599, 4);
    expect(heard[600]).toBe(0);
    expect(heard[1_200 + 239]).toBeCloseTo(0.239, 4);
  });

  it('plays a file once and is silent after that', async () => {
    const heard = await hear(true, 30);
    expect(heard[599]).toBeCloseTo(0.599, 4);
    expect(heard.slice(600).every((sample) => sample === 0)).toBe(true);
  });

  it('writes what it pulls', async () => {
    const outputPath = join(folder, 'out.wav');
    const device = new WaveDevice('wave', { inputPath: '', inputOnce: false, outputPath, errorPpm: 0 });
    const result = await device.openOutput({
      id: '',
      step,
      prepare: async () => true,
      pullBlock: (into, count) => into.fill(0.25, 0, count),
      onDidFail: (reason) => expect.unreachable(reason),
    });
    await vi.advanceTimersByTimeAsync(1_000);
    await streamOf(result).close();
    const wave = parseWave(readFileSync(outputPath));
    expect(wave.ok && wave.samples.length).toBe(48_000);
    expect(wave.ok && wave.samples[47_999]).toBeCloseTo(0.25, 4);
  });

  it.each([
    [0, 6_000],
    [5_000, 6_030],
    [-5_000, 5_970],
  ])('with a clock error of %i ppm writes %i blocks in a minute', async (errorPpm, blocks) => {
    const outputPath = join(folder, 'out.wav');
    const device = new WaveDevice('wave', { inputPath: '', inputOnce: false, outputPath, errorPpm });
    let pulled = 0;
    const result = await device.openOutput({
      id: '',
      step,
      prepare: async () => true,
      pullBlock: () => {
        pulled += 1;
      },
      onDidFail: (reason) => expect.unreachable(reason),
    });
    await vi.advanceTimersByTimeAsync(60_001);
    await streamOf(result).close();
    expect(Math.abs(pulled - blocks)).toBeLessThanOrEqual(1);
  });

  it.each([
    ['', 0],
    ['-50', -50],
    ['12.5', 12.5],
    [String(MAX_WAVE_PPM), MAX_WAVE_PPM],
    [String(MAX_WAVE_PPM + 1), 0],
    ['fast', 0],
  ])('takes "%s" for a clock error of %d ppm', (text, ppm) => {
    expect(parseWavePpm(text)).toBe(ppm);
  });

  it('says why a file cannot be used', async () => {
    const device = new WaveDevice('wave', {
      inputPath: join(folder, 'none.wav'),
      inputOnce: false,
      outputPath: folder,
      errorPpm: 0,
    });
    const handlers = { id: '', step, onDidFail: () => undefined };
    expect(await device.openInput({ ...handlers, onBlock: () => undefined })).toMatchObject({
      kind: 'failed',
    });
    expect(
      await device.openOutput({ ...handlers, prepare: async () => true, pullBlock: () => undefined }),
    ).toMatchObject({
      kind: 'failed',
    });
  });

  it('as null device gives silence and has nothing to list', async () => {
    const device = new WaveDevice('null', { inputPath: '', inputOnce: false, outputPath: '', errorPpm: 0 });
    expect(await device.list()).toEqual({ inputs: [], outputs: [] });
    let silent = 0;
    const result = await device.openInput({
      id: '',
      step,
      onBlock: (samples, count) => {
        if (samples.subarray(0, count).every((sample) => sample === 0)) silent += count;
      },
      onDidFail: (reason) => expect.unreachable(reason),
    });
    await vi.advanceTimersByTimeAsync(10_000);
    await streamOf(result).close();
    expect(silent).toBe(480_000);
  });
});
