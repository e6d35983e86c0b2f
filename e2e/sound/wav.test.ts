import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/core/base/rng.ts';
import { noise } from './signals.ts';
import { decodeWav, encodeWav, MAX_WAV_CHANNELS } from './wav.ts';

/** A WAV file put together by hand: format code, bits, channels, sample bytes. */
function wavBytes(
  code: number,
  bits: number,
  channels: number,
  data: Uint8Array,
  claimed = data.length,
): Uint8Array {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + data.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(code, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(16_000, 24);
  head.writeUInt32LE((16_000 * channels * bits) / 8, 28);
  head.writeUInt16LE((channels * bits) / 8, 32);
  head.writeUInt16LE(bits, 34);
  head.write('data', 36);
  head.writeUInt32LE(claimed, 40);
  return Buffer.concat([head, data]);
}

describe('WAV files', () => {
  it('read what was written, to half a 16-bit step', () => {
    const samples = noise(1000, 0.9, createRng(1));
    const result = decodeWav(encodeWav(samples, 44_100));
    if (!result.ok) throw new Error(result.reason);
    expect(result.sound.sampleRateHz).toBe(44_100);
    const back = result.sound.channels[0] ?? new Float32Array(0);
    expect(back.length).toBe(1000);
    const worst = back.reduce((most, value, i) => Math.max(most, Math.abs(value - (samples[i] ?? 0))), 0);
    expect(worst).toBeLessThanOrEqual(0.5 / 32_768 + 1e-9);
  });

  it('clip what is louder than full scale instead of wrapping it', () => {
    const result = decodeWav(encodeWav(Float32Array.of(2, -2), 8_000));
    expect(result.ok && Array.from(result.sound.channels[0] ?? [])).toEqual([32_767 / 32_768, -1]);
  });

  it('read 32-bit floats and separate the channels', () => {
    const data = new Uint8Array(Float32Array.of(0.5, -0.25, 0.125, 1).buffer);
    const result = decodeWav(wavBytes(3, 32, 2, data));
    expect(result.ok && result.sound.channels.map((channel) => Array.from(channel))).toEqual([
      [0.5, 0.125],
      [-0.25, 1],
    ]);
  });

  it('skip chunks of odd length before the format', () => {
    const plain = encodeWav(Float32Array.of(0.5), 8_000);
    const extra = Buffer.from([0x4c, 0x49, 0x53, 0x54, 3, 0, 0, 0, 1, 2, 3, 0]);
    const bytes = Buffer.concat([plain.subarray(0, 12), extra, plain.subarray(12)]);
    const result = decodeWav(bytes);
    expect(result.ok && result.sound.channels[0]?.[0]).toBe(0.5);
  });

  it('read a stream whose length was never filled in as far as it goes', () => {
    const result = decodeWav(wavBytes(1, 16, 1, Uint8Array.of(0, 64, 0, 64), 0xffff_ffff));
    expect(result.ok && result.sound.channels[0]?.length).toBe(2);
  });

  it('refuse what they cannot read, each with its reason', () => {
    const reason = (bytes: Uint8Array): string => {
      const result = decodeWav(bytes);
      return result.ok ? 'ok' : result.reason;
    };
    expect(reason(new Uint8Array(0))).toBe('notRiffWave');
    expect(reason(new Uint8Array(64))).toBe('notRiffWave');
    expect(reason(encodeWav(new Float32Array(4), 8_000).subarray(0, 12))).toBe('noFormat');
    expect(reason(encodeWav(new Float32Array(4), 8_000).subarray(0, 36))).toBe('noData');
    expect(reason(wavBytes(1, 24, 1, new Uint8Array(6)))).toBe('unsupportedFormat');
    expect(reason(wavBytes(1, 16, MAX_WAV_CHANNELS + 1, new Uint8Array(64)))).toBe('unsupportedFormat');
    expect(reason(wavBytes(1, 16, 0, new Uint8Array(64)))).toBe('unsupportedFormat');
    expect(reason(wavBytes(1, 16, MAX_WAV_CHANNELS, new Uint8Array(64)))).toBe('ok');
  });
});
