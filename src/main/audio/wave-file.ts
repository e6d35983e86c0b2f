import { readFileSync } from 'node:fs';
import { MAX_RATE_HZ, MIN_RATE_HZ } from './resampler.ts';

/** Largest file taken as a microphone, in bytes: 20 minutes of stereo float; it is held in memory. */
export const MAX_WAVE_BYTES = 512 * 1024 * 1024;

const PCM = 1;
const IEEE_FLOAT = 3;
const EXTENSIBLE = 0xfffe;

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
