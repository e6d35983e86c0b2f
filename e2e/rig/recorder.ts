import { Child } from './child.ts';
import { RIG_RATE_HZ } from './pulse.ts';

const SAMPLES_PER_MS = RIG_RATE_HZ / 1000;
const SAMPLE_BYTES = 2;

/** The first 100 ms come in as they can; they do not help to place the stream in time. */
const SETTLING_SAMPLES = RIG_RATE_HZ / 10;

/** Longest recording, in samples: ten minutes, well above any test. */
const MAX_RECORDING_SAMPLES = RIG_RATE_HZ * 600;

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

/**
 * Records a monitor of the rig's sound server.
 *
 * Sound that a pipe delivers is placed in time by the earliest arrival: a chunk can come late but never early,
 * so the smallest difference between a chunk's arrival and its position in the stream over the whole run is the
 * stream's start, the same way for every recorder. Two recorders therefore share a clock to about 0.1 ms (what
 * remains is equal on both sides and cancels out).
 */
export class Recorder {
  readonly #child: Child;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #startMs = Number.POSITIVE_INFINITY;

  /** @param monitor - for example `spk_b.monitor` */
  static async start(monitor: string, env: NodeJS.ProcessEnv): Promise<Recorder> {
    const format = [`--rate=${RIG_RATE_HZ}`, '--channels=1', '--format=s16le'];
    const latency = ['--latency-msec=5', '--process-time-msec=5'];
    const child = await Child.start('parec', ['-d', monitor, ...format, ...latency], {
      env,
      pipeStdout: true,
    });
    return new Recorder(child);
  }

  private constructor(child: Child) {
    this.#child = child;
    child.stdout?.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  #take(chunk: Buffer): void {
    const nowMs = performance.now();
    if (this.#bytes > MAX_RECORDING_SAMPLES * SAMPLE_BYTES) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    const samples = this.#bytes / SAMPLE_BYTES;
    if (samples > SETTLING_SAMPLES) this.#startMs = Math.min(this.#startMs, nowMs - samples / SAMPLES_PER_MS);
  }

  /** What was recorded so far. */
  snapshot(): Recording {
    const bytes = Buffer.concat(this.#chunks);
    const samples = new Float32Array(Math.floor(bytes.length / SAMPLE_BYTES));
    for (let i = 0; i < samples.length; i += 1) samples[i] = bytes.readInt16LE(i * SAMPLE_BYTES) / 32_768;
    return new Recording(samples, this.#startMs);
  }

  /** @returns everything recorded */
  async stop(): Promise<Recording> {
    await this.#child.stop();
    return this.snapshot();
  }
}
