import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WaveWriter, waveHeader } from '../base/wave-writer.ts';
import { parseWave, readWave } from './wave-file.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidetone-wave-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function samplesOf(bytes: Uint8Array): Float32Array {
  const result = parseWave(bytes);
  if (!result.ok) throw new Error(result.reason);
  return result.samples;
}

function withData(header: Uint8Array, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(header.length + data.length);
  bytes.set(header);
  bytes.set(data, header.length);
  return bytes;
}

describe('WAV files', () => {
  it('reads back what it wrote, to 16 bits', () => {
    const path = join(folder, 'tone.wav');
    const tone = Float32Array.from({ length: 20_000 }, (_, i) => Math.sin(i / 10));
    const writer = new WaveWriter(path, 9_600);
    for (let at = 0; at < tone.length; at += 480) {
      const block = tone.slice(at, at + 480);
      writer.append(block, block.length);
    }
    writer.close();
    const read = samplesOf(readFileSync(path));
    expect(read.length).toBe(tone.length);
    for (let i = 0; i < tone.length; i++) expect(read[i]).toBeCloseTo(tone[i] ?? 0, 4);
  });

  it('has a right header while it is still being written', () => {
    const path = join(folder, 'open.wav');
    const writer = new WaveWriter(path, 9_600);
    writer.append(new Float32Array(10_000).fill(0.5), 10_000);
    expect(samplesOf(readFileSync(path)).length).toBe(9_600);
    writer.close();
    expect(samplesOf(readFileSync(path)).length).toBe(10_000);
  });

  it('clips instead of wrapping round', () => {
    const path = join(folder, 'loud.wav');
    const writer = new WaveWriter(path, 9_600);
    writer.append(Float32Array.of(3, -3), 2);
    writer.close();
    const read = samplesOf(readFileSync(path));
    expect(read[0]).toBeGreaterThan(0.99);
    expect(read[1]).toBeLessThan(-0.99);
  });

  it('averages channels and skips chunks that it does not know', () => {
    const header = waveHeader(8);
    new DataView(header.buffer).setUint16(22, 2, true);
    const unknown = new Uint8Array([0x4c, 0x49, 0x53, 0x54, 3, 0, 0, 0, 1, 2, 3, 0]);
    const bytes = new Uint8Array([
      ...header.subarray(0, 36),
      ...unknown,
      ...header.subarray(36),
      ...[0, 0x40, 0, 0, 0, 0x40, 0, 0xc0],
    ]);
    expect([...samplesOf(bytes)]).toEqual([0.25, 0]);
  });

  it('reads 24 bit and float', () => {
    const deep = waveHeader(6);
    new DataView(deep.buffer).setUint16(34, 24, true);
    expect([...samplesOf(withData(deep, Uint8Array.of(0, 0, 0x40, 0, 0, 0xc0)))]).toEqual([0.5, -0.5]);
    const float = waveHeader(4);
    new DataView(float.buffer).setUint16(20, 3, true);
    new DataView(float.buffer).setUint16(34, 32, true);
    expect([...samplesOf(withData(float, new Uint8Array(Float32Array.of(0.75).buffer)))]).toEqual([0.75]);
  });

  it.each([
    [7_999, { ok: false, reason: 'This WAV file has 7999 Hz; 8000 to 192000 Hz can be read.' }],
    [8_000, { ok: true, rateHz: 8_000 }],
    [192_000, { ok: true, rateHz: 192_000 }],
    [192_001, { ok: false }],
  ])('asked to read %i Hz says %j', (rateHz, result) => {
    const header = waveHeader(0);
    new DataView(header.buffer).setUint32(24, rateHz, true);
    expect(parseWave(header)).toMatchObject(result);
  });

  it('refuses another format and a missing file', () => {
    const law = waveHeader(0);
    new DataView(law.buffer).setUint16(20, 7, true);
    expect(parseWave(law)).toMatchObject({ ok: false });
    expect(readWave(join(folder, 'none.wav'))).toMatchObject({ ok: false });
  });

  it('never throws, whatever the bytes are', () => {
    const start = waveHeader(64);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.integer({ min: 0, max: 44 }), (noise, kept) => {
        expect(() => parseWave(withData(start.slice(0, kept), noise))).not.toThrow();
      }),
    );
  });
});
