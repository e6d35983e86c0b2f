import { Child, waitFor } from './child.ts';
import { RIG_RATE_HZ } from './pulse.ts';

const SAMPLES_PER_MS = RIG_RATE_HZ / 1000;
const SAMPLE_BYTES = 2;
const BYTES_PER_MS = SAMPLES_PER_MS * SAMPLE_BYTES;
const FULL_SCALE = 32_768;

/** How long the first sound may take, in ms: a null sink that nobody uses renders seldom. */
const MAX_START_MS = 15_000;

/** The first 100 ms come in as they can; they do not help to place the stream in time. */
const SETTLING_BYTES = (RIG_RATE_HZ / 10) * SAMPLE_BYTES;

/** Longest recording: ten minutes, well above any test. */
const MAX_RECORDING_BYTES = RIG_RATE_HZ * 600 * SAMPLE_BYTES;

/** Mono sound with a place in time. Times are those of `performance.now()` in this process. */
export class Recording {
  readonly samples: Float32Array;
  /** When sample 0 was heard. */
  readonly startMs: number;

  constructor(samples: Float32Array, startMs: number) {
    this.samples = samples;
    this.startMs = startMs;
  }

  get endMs(): number {
    return this.startMs + this.samples.length / SAMPLES_PER_MS;
  }

  /** The part between two moments, as far as it was recorded. */
  between(fromMs: number, toMs: number): Recording {
    const from = Math.max(0, Math.round((fromMs - this.startMs) * SAMPLES_PER_MS));
    const to = Math.max(from, Math.round((toMs - this.startMs) * SAMPLES_PER_MS));
    return new Recording(this.samples.subarray(from, to), this.startMs + from / SAMPLES_PER_MS);
  }
}

/** A chunk is placed by the earliest arrival among those within this distance, in ms. */
const PLACING_MS = 2_000;

/** One piece of the stream as it came. */
type Chunk = {
  readonly bytes: Buffer;
  /** Bytes of the stream before this chunk. */
  readonly offset: number;
  readonly arrivedMs: number;
};

/**
 * Records a monitor of the rig's sound server.
 *
 * Sound that a pipe delivers is placed in time by the earliest arrival: a chunk can come late but never early,
 * so the smallest difference between a chunk's arrival and its position in the stream is the stream's start, the
 * same way for every recorder. Two recorders therefore share a clock to about 0.1 ms (what remains is equal on
 * both sides and cancels out).
 */
export class Recorder {
  readonly #child: Child;
  readonly #chunks: Chunk[] = [];
  #bytes = 0;

  /** @param monitor - for example `spk_b.monitor` */
  static async start(monitor: string, env: NodeJS.ProcessEnv): Promise<Recorder> {
    const format = [`--rate=${RIG_RATE_HZ}`, '--channels=1', '--format=s16le'];
    const latency = ['--latency-msec=5', '--process-time-msec=5'];
    const child = await Child.start('parec', ['-d', monitor, ...format, ...latency], {
      env,
      pipeStdout: true,
    });
    const recorder = new Recorder(child);
    await waitFor(`sound from ${monitor}`, MAX_START_MS, () =>
      recorder.#bytes > SETTLING_BYTES ? true : null,
    );
    return recorder;
  }

  private constructor(child: Child) {
    this.#child = child;
    child.stdout?.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  #take(bytes: Buffer): void {
    if (this.#bytes > MAX_RECORDING_BYTES) return;
    this.#chunks.push({ bytes, offset: this.#bytes, arrivedMs: performance.now() });
    this.#bytes += bytes.length;
  }

  /** Start of the stream as seen from around a moment. */
  #startMs(fromMs: number, toMs: number): number {
    let startMs = Number.POSITIVE_INFINITY;
    for (const { bytes, offset, arrivedMs } of this.#chunks) {
      if (offset < SETTLING_BYTES) continue;
      if (arrivedMs < fromMs - PLACING_MS || arrivedMs > toMs + PLACING_MS) continue;
      startMs = Math.min(startMs, arrivedMs - (offset + bytes.length) / BYTES_PER_MS);
    }
    return startMs;
  }

  /** The bytes of the stream from one offset to another, as far as they have come. */
  #read(from: number, to: number): Buffer {
    const parts: Buffer[] = [];
    for (const { bytes, offset } of this.#chunks) {
      if (offset + bytes.length <= from || offset >= to) continue;
      parts.push(bytes.subarray(Math.max(0, from - offset), Math.max(0, to - offset)));
    }
    return Buffer.concat(parts);
  }

  /**
   * What was heard between two moments, as far as it has arrived.
   *
   * @throws Error when nothing arrived around that time
   */
  between(fromMs: number, toMs: number): Recording {
    const startMs = this.#startMs(fromMs, toMs);
    if (!Number.isFinite(startMs)) throw new Error('the recorder got no sound at that time');
    const from = Math.max(0, Math.round((fromMs - startMs) * SAMPLES_PER_MS));
    const to = Math.max(from, Math.round((toMs - startMs) * SAMPLES_PER_MS));
    const bytes = this.#read(from * SAMPLE_BYTES, to * SAMPLE_BYTES);
    const samples = new Float32Array(Math.floor(bytes.length / SAMPLE_BYTES));
    for (let i = 0; i < samples.length; i += 1) samples[i] = bytes.readInt16LE(i * SAMPLE_BYTES) / FULL_SCALE;
    return new Recording(samples, startMs + from / SAMPLES_PER_MS);
  }

  async stop(): Promise<void> {
    await this.#child.stop();
  }
}
