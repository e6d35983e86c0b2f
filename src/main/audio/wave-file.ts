import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { SAMPLE_RATE_HZ } from './audio-device.ts';
import { MAX_RATE_HZ, MIN_RATE_HZ } from './resampler.ts';

/** Largest file taken as a microphone, in bytes: 20 minutes of stereo float; it is held in memory. */
export const MAX_WAVE_BYTES = 512 * 1024 * 1024;

const PCM = 1;
const IEEE_FLOAT = 3;
const EXTENSIBLE = 0xfffe;
const HEADER_BYTES = 44;
const BYTES_PER_SAMPLE = 2;

/** RIFF sizes are u32; a longer recording keeps its sound and states the largest size. */
const MAX_RIFF_BYTES = 0xffff_ffff - HEADER_BYTES;

export type WaveResult =
  | { readonly ok: true; readonly samples: Float32Array; readonly rateHz: number }
  | { readonly ok: false; readonly reason: string };

interface WaveFormat {
  encoding: number;
  channels: number;
  rateHz: number;
  bits: number;
}

/** Scale of one stored sample to -1…1, or null for a format that is not read. */
function sampleReader(format: WaveFormat, view: DataView): ((offset: number) => number) | null {
  if (format.encoding === IEEE_FLOAT && format.bits === 32) return (offset) => view.getFloat32(offset, true);
  if (format.encoding !== PCM) return null;
  if (format.bits === 16) return (offset) => view.getInt16(offset, true) / 32_768;
  if (format.bits === 24) {
    return (offset) => (view.getInt8(offset + 2) * 65_536 + view.getUint16(offset, true)) / 8_388_608;
  }
  if (format.bits === 32) return (offset) => view.getInt32(offset, true) / 2_147_483_648;
  return null;
}

function readFormat(view: DataView, at: number, size: number): WaveFormat {
  const tag = view.getUint16(at, true);
  // WAVE_FORMAT_EXTENSIBLE: the real tag is the start of the sub-format's GUID.
  const encoding = tag === EXTENSIBLE && size >= 26 ? view.getUint16(at + 24, true) : tag;
  return {
    encoding,
    channels: view.getUint16(at + 2, true),
    rateHz: view.getUint32(at + 4, true),
    bits: view.getUint16(at + 14, true),
  };
}

/**
 * Decodes a WAV file (RIFF; PCM of 16, 24 or 32 bit, or float) at 8 to 192 kHz; channels are averaged to mono.
 *
 * A data chunk that says it is longer than the file, as after a crash of its writer, is read as far as it goes.
 */
export function parseWave(bytes: Uint8Array): WaveResult {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tagAt = (offset: number): string => String.fromCharCode(...bytes.subarray(offset, offset + 4));
  if (bytes.length < 12 || tagAt(0) !== 'RIFF' || tagAt(8) !== 'WAVE') {
    return { ok: false, reason: 'This file is not a WAV file.' };
  }
  let format: WaveFormat | null = null;
  for (let offset = 12; offset + 8 <= bytes.length; ) {
    const size = view.getUint32(offset + 4, true);
    const start = offset + 8;
    const held = Math.min(size, bytes.length - start);
    if (tagAt(offset) === 'fmt ' && held >= 16) format = readFormat(view, start, held);
    if (tagAt(offset) === 'data') return decode(format, view, start, held);
    offset = start + size + (size % 2);
  }
  return { ok: false, reason: 'This WAV file holds no sound.' };
}

function decode(format: WaveFormat | null, view: DataView, start: number, length: number): WaveResult {
  if (format === null) return { ok: false, reason: 'This WAV file does not say what its sound is made of.' };
  if (format.rateHz < MIN_RATE_HZ || format.rateHz > MAX_RATE_HZ) {
    return { ok: false, reason: `This WAV file has ${format.rateHz} Hz; 8000 to 192000 Hz can be read.` };
  }
  const read = sampleReader(format, view);
  if (read === null || format.channels < 1) {
    return { ok: false, reason: 'This WAV file is in a format that is not read: use 16-bit PCM.' };
  }
  const sampleBytes = format.bits / 8;
  const frames = Math.floor(length / (sampleBytes * format.channels));
  const samples = new Float32Array(frames);
  for (let frame = 0; frame < frames; frame++) {
    let sum = 0;
    for (let channel = 0; channel < format.channels; channel++) {
      sum += read(start + (frame * format.channels + channel) * sampleBytes);
    }
    samples[frame] = sum / format.channels;
  }
  return { ok: true, samples, rateHz: format.rateHz };
}

/** Reads a WAV file whole; see `parseWave`. A file that cannot be read is a reason too. */
export function readWave(path: string): WaveResult {
  try {
    const bytes = readFileSync(path);
    if (bytes.length > MAX_WAVE_BYTES) return { ok: false, reason: 'This WAV file is too long.' };
    return parseWave(bytes);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, reason: `The WAV file cannot be read (${why}).` };
  }
}

/** Header of a 16-bit mono WAV file at 48 kHz with `dataBytes` of sound. */
export function waveHeader(dataBytes: number): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  const stated = Math.min(dataBytes, MAX_RIFF_BYTES);
  const tag = (offset: number, text: string): void => {
    for (let i = 0; i < 4; i++) header[offset + i] = text.charCodeAt(i);
  };
  tag(0, 'RIFF');
  view.setUint32(4, stated + HEADER_BYTES - 8, true);
  tag(8, 'WAVE');
  tag(12, 'fmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, PCM, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, SAMPLE_RATE_HZ, true);
  view.setUint32(28, SAMPLE_RATE_HZ * BYTES_PER_SAMPLE, true);
  view.setUint16(32, BYTES_PER_SAMPLE, true);
  view.setUint16(34, BYTES_PER_SAMPLE * 8, true);
  tag(36, 'data');
  view.setUint32(40, stated, true);
  return header;
}

/** Samples gathered before they go to the disk: a fifth of a second. */
const FLUSH_SAMPLES = 9_600;

/** Writes 16-bit mono WAV at 48 kHz. The header is right after every flush, so a crash costs 200 ms at most. */
export class WaveWriter {
  readonly #file: number;
  readonly #pending = new Int16Array(FLUSH_SAMPLES);
  #held = 0;
  #dataBytes = 0;

  /** @throws Error when the file cannot be created */
  constructor(path: string) {
    this.#file = openSync(path, 'w');
    writeSync(this.#file, waveHeader(0), 0, HEADER_BYTES, 0);
  }

  append(samples: Float32Array, count: number): void {
    for (let i = 0; i < count; i++) {
      const clipped = Math.min(1, Math.max(-1, samples[i] ?? 0));
      this.#pending[this.#held++] = Math.round(clipped * 32_767);
      if (this.#held === FLUSH_SAMPLES) this.#flush();
    }
  }

  close(): void {
    this.#flush();
    closeSync(this.#file);
  }

  #flush(): void {
    const bytes = new Uint8Array(this.#pending.buffer, 0, this.#held * BYTES_PER_SAMPLE);
    writeSync(this.#file, bytes, 0, bytes.length, HEADER_BYTES + this.#dataBytes);
    this.#dataBytes += bytes.length;
    this.#held = 0;
    writeSync(this.#file, waveHeader(this.#dataBytes), 0, HEADER_BYTES, 0);
  }
}
