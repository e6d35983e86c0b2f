import { readFileSync, writeFileSync } from 'node:fs';

/** Longest sound read, in samples per channel: ten minutes at 48 kHz, far above any test recording. */
export const MAX_WAV_SAMPLES = 48_000 * 600;

/** Most channels read; the rig records one or two. */
export const MAX_WAV_CHANNELS = 8;

const FORMAT_PCM = 1;
const FORMAT_FLOAT = 3;
/** WAVE_FORMAT_EXTENSIBLE: the real format stands in the first two bytes of the sub-format GUID. */
const FORMAT_EXTENSIBLE = 0xfffe;
const HEADER_BYTES = 12;
const CHUNK_HEADER_BYTES = 8;
const SUB_FORMAT_OFFSET = 24;

/** Sound in memory: one array per channel, full scale is 1. */
export type Sound = { readonly sampleRateHz: number; readonly channels: readonly Float32Array[] };

export type WavReason = 'notRiffWave' | 'noFormat' | 'noData' | 'unsupportedFormat' | 'tooLong';
export type WavResult =
  | { readonly ok: true; readonly sound: Sound }
  | { readonly ok: false; readonly reason: WavReason };

type Format = {
  readonly code: number;
  readonly channels: number;
  readonly rateHz: number;
  readonly bits: number;
};

function fourLetters(view: DataView, offset: number): string {
  return String.fromCharCode(
    view.getUint8(offset),
    view.getUint8(offset + 1),
    view.getUint8(offset + 2),
    view.getUint8(offset + 3),
  );
}

function readFormat(view: DataView, body: number, length: number): Format {
  const code = view.getUint16(body, true);
  const extended = code === FORMAT_EXTENSIBLE && length >= SUB_FORMAT_OFFSET + 2;
  return {
    code: extended ? view.getUint16(body + SUB_FORMAT_OFFSET, true) : code,
    channels: view.getUint16(body + 2, true),
    rateHz: view.getUint32(body + 4, true),
    bits: view.getUint16(body + 14, true),
  };
}

function sampleReader(format: Format): ((view: DataView, offset: number) => number) | null {
  if (format.code === FORMAT_PCM && format.bits === 16) return (view, at) => view.getInt16(at, true) / 32_768;
  if (format.code === FORMAT_FLOAT && format.bits === 32) return (view, at) => view.getFloat32(at, true);
  return null;
}

function readSamples(view: DataView, body: number, length: number, format: Format): WavResult {
  const read = sampleReader(format);
  if (!read || format.rateHz === 0 || format.channels === 0 || format.channels > MAX_WAV_CHANNELS) {
    return { ok: false, reason: 'unsupportedFormat' };
  }
  const sampleBytes = format.bits / 8;
  const frameBytes = sampleBytes * format.channels;
  const frames = Math.floor(length / frameBytes);
  if (frames > MAX_WAV_SAMPLES) return { ok: false, reason: 'tooLong' };
  const channels: Float32Array[] = [];
  for (let channel = 0; channel < format.channels; channel += 1) {
    const samples = new Float32Array(frames);
    for (let frame = 0; frame < frames; frame += 1) {
      samples[frame] = read(view, body + frame * frameBytes + channel * sampleBytes);
    }
    channels.push(samples);
  }
  return { ok: true, sound: { sampleRateHz: format.rateHz, channels } };
}

/**
 * Reads a RIFF/WAVE file: 16-bit integers or 32-bit floats, plain or extensible.
 *
 * A data chunk that claims more than the file holds (a stream written by a program that was ended) is read as
 * far as it goes.
 */
export function decodeWav(bytes: Uint8Array): WavResult {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES || fourLetters(view, 0) !== 'RIFF' || fourLetters(view, 8) !== 'WAVE') {
    return { ok: false, reason: 'notRiffWave' };
  }
  let format: Format | null = null;
  let offset = HEADER_BYTES;
  while (offset + CHUNK_HEADER_BYTES <= bytes.length) {
    const id = fourLetters(view, offset);
    const body = offset + CHUNK_HEADER_BYTES;
    const length = Math.min(view.getUint32(offset + 4, true), bytes.length - body);
    if (id === 'fmt ' && length >= 16) format = readFormat(view, body, length);
    if (id === 'data') {
      return format ? readSamples(view, body, length, format) : { ok: false, reason: 'noFormat' };
    }
    // Chunks start at even offsets.
    offset = body + length + (length % 2);
  }
  return { ok: false, reason: format ? 'noData' : 'noFormat' };
}

/** Writes one channel as 16-bit integers (what every player takes); louder than full scale is clipped. */
export function encodeWav(samples: Float32Array, sampleRateHz: number): Uint8Array {
  const dataBytes = samples.length * 2;
  const bytes = new Uint8Array(44 + dataBytes);
  const view = new DataView(bytes.buffer);
  const text = (at: number, letters: string): void => {
    for (let i = 0; i < letters.length; i += 1) bytes[at + i] = letters.charCodeAt(i);
  };
  text(0, 'RIFF');
  view.setUint32(4, 36 + dataBytes, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, FORMAT_PCM, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRateHz, true);
  view.setUint32(28, sampleRateHz * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, 'data');
  view.setUint32(40, dataBytes, true);
  samples.forEach((sample, i) => {
    view.setInt16(44 + i * 2, Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_768))), true);
  });
  return bytes;
}

/**
 * Reads a WAV file as one channel (the first).
 *
 * @throws Error that names the file and the reason when it is no WAV file that `decodeWav` reads
 */
export function readWavFile(path: string): { samples: Float32Array; sampleRateHz: number } {
  const result = decodeWav(readFileSync(path));
  if (!result.ok) throw new Error(`${path} cannot be read as a WAV file: ${result.reason}`);
  return {
    samples: result.sound.channels[0] ?? new Float32Array(0),
    sampleRateHz: result.sound.sampleRateHz,
  };
}

/** Writes one channel to a 16-bit WAV file. */
export function writeWavFile(path: string, samples: Float32Array, sampleRateHz: number): void {
  writeFileSync(path, encodeWav(samples, sampleRateHz));
}
