import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';

/** Bytes before the sound in the files written here: RIFF, one `fmt ` chunk, the head of `data`. */
export const WAVE_HEADER_BYTES = 44;

const SAMPLE_RATE_HZ = 48_000;
const PCM = 1;
const BYTES_PER_SAMPLE = 2;

/** RIFF sizes are u32; a longer file keeps its sound and states the largest size. */
const MAX_DATA_BYTES = 0xffff_ffff - WAVE_HEADER_BYTES;

/** Header of a 16-bit mono WAV file at 48 kHz with `dataBytes` of sound. */
export function waveHeader(dataBytes: number): Uint8Array {
  const header = new Uint8Array(WAVE_HEADER_BYTES);
  const view = new DataView(header.buffer);
  const stated = Math.min(dataBytes, MAX_DATA_BYTES);
  const tag = (offset: number, text: string): void => {
    for (let index = 0; index < 4; index += 1) header[offset + index] = text.charCodeAt(index);
  };
  tag(0, 'RIFF');
  view.setUint32(4, stated + WAVE_HEADER_BYTES - 8, true);
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

/** Writes 16-bit mono WAV at 48 kHz, for its owner alone. The header is right after every flush, come what may. */
export class WaveWriter {
  readonly #file: number;
  readonly #pending: Int16Array;
  #held = 0;
  #dataBytes = 0;

  /**
   * @param flushSamples gathered at most before they go to the disk
   * @throws Error when the file cannot be created
   */
  constructor(path: string, flushSamples: number) {
    this.#pending = new Int16Array(flushSamples);
    this.#file = openSync(path, 'w', 0o600);
    this.#write(waveHeader(0), 0);
  }

  /** Samples so far, those not on the disk yet included. */
  get samples(): number {
    return this.#dataBytes / BYTES_PER_SAMPLE + this.#held;
  }

  /** @throws Error when the disk refuses */
  append(samples: Float32Array, count: number): void {
    for (let index = 0; index < count; index += 1) {
      const clipped = Math.min(1, Math.max(-1, samples[index] ?? 0));
      this.#pending[this.#held] = Math.round(clipped * 32_767);
      this.#held += 1;
      if (this.#held === this.#pending.length) this.flush();
    }
  }

  /** Goes on after `count` samples of silence, which take no room where the file system knows holes. */
  skip(count: number): void {
    this.flush();
    ftruncateSync(this.#file, WAVE_HEADER_BYTES + this.#dataBytes + count * BYTES_PER_SAMPLE);
    this.#dataBytes += count * BYTES_PER_SAMPLE;
    this.#write(waveHeader(this.#dataBytes), 0);
  }

  /** The sound first and then the header: whoever is killed in between leaves a file that says too little. */
  flush(): void {
    if (this.#held === 0) return;
    const lengthBytes = this.#held * BYTES_PER_SAMPLE;
    this.#write(new Uint8Array(this.#pending.buffer, 0, lengthBytes), WAVE_HEADER_BYTES + this.#dataBytes);
    this.#dataBytes += lengthBytes;
    this.#held = 0;
    this.#write(waveHeader(this.#dataBytes), 0);
  }

  /** @throws Error when the disk refuses the rest; the file is closed all the same */
  close(): void {
    try {
      this.flush();
    } finally {
      closeSync(this.#file);
    }
  }

  #write(bytes: Uint8Array, position: number): void {
    for (let done = 0; done < bytes.length; )
      done += writeSync(this.#file, bytes, done, bytes.length - done, position + done);
  }
}
