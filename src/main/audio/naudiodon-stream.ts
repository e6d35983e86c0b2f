import type { AudioStream, InputRequest, OutputRequest, StreamLatency } from './audio-device.ts';
import { SAMPLE_RATE_HZ } from './audio-device.ts';
import type { PortAudioStream } from './naudiodon-binding.ts';

const BYTES_PER_SAMPLE = Float32Array.BYTES_PER_ELEMENT;

const samplesToMs = (samples: number): number => (samples * 1_000) / SAMPLE_RATE_HZ;

/** A stream silent for this long, in ms, is dead: closing it in the ordinary way could block for ever. */
const DEAD_AFTER_MS = 300;

/** An output that was just opened, in ms, may be silent because the device has not started. It needs 500. */
const YOUNG_MS = 2_000;

/** Longest wait for a live stream to end, in ms. It takes about 30. */
const QUIT_TIMEOUT_MS = 1_000;

/** Outcome of `settledWithin`. */
async function settledWithin(work: Promise<unknown>, limitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), limitMs);
  });
  const done = work.then(
    () => true,
    () => true,
  );
  const settled = await Promise.race([done, late]);
  clearTimeout(timer);
  return settled;
}

/** Hears of streams whose native side hangs. Whoever hears keeps them referenced: their callbacks may still run. */
export interface Graveyard {
  /** The stream is dead and holds a libuv thread. */
  add(stream: AudioStream): void;
  /** It came back to life and has been ended after all. */
  delete(stream: AudioStream): void;
}

/** A running PortAudio input: one read outstanding at a time. */
export class NaudiodonInput implements AudioStream {
  readonly counters = { deviceXruns: 0 };
  readonly #io: PortAudioStream;
  readonly #request: InputRequest;
  readonly #bytes: number;
  readonly #silence: Float32Array;
  readonly #graveyard: Graveyard;
  readonly #running: Promise<void>;
  #closing = false;

  constructor(io: PortAudioStream, request: InputRequest, graveyard: Graveyard) {
    this.#io = io;
    this.#graveyard = graveyard;
    this.#request = request;
    this.#bytes = request.step.blockSamples * BYTES_PER_SAMPLE;
    this.#silence = new Float32Array(request.step.blockSamples);
    this.#running = this.#run();
  }

  async adopt(): Promise<boolean> {
    return false;
  }

  /** PortAudio's own buffers are not told through this binding. */
  async latency(): Promise<StreamLatency> {
    return { deviceMs: null, bufferMs: samplesToMs(this.#request.step.blockSamples) };
  }

  async close(): Promise<void> {
    this.#closing = true;
    // An input that died can mostly be quit: its queue lets go of the reader. Not always, though.
    const ended = Promise.all([this.#io.quit('ABORT'), this.#running]);
    if (await settledWithin(ended, QUIT_TIMEOUT_MS)) return;
    this.#graveyard.add(this);
    void ended.then(() => this.#graveyard.delete(this));
  }

  async #run(): Promise<void> {
    try {
      while (!this.#closing) {
        const { err, buf, finished } = await this.#io.read(this.#bytes);
        if (this.#closing) return;
        if (finished === true) break;
        if (buf === undefined) {
          // Told of an overflow instead of given a block: silence keeps the time.
          if (err?.includes('overflow') === true) this.counters.deviceXruns += 1;
          this.#request.onBlock(this.#silence, this.#silence.length);
          continue;
        }
        const samples = new Float32Array(buf.buffer, buf.byteOffset, buf.length / BYTES_PER_SAMPLE);
        this.#request.onBlock(samples, samples.length);
      }
      if (!this.#closing) this.#request.onDidFail('The microphone stopped by itself.');
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (!this.#closing) this.#request.onDidFail(`The microphone stopped (${why}).`);
    }
  }
}

/** A running PortAudio output: one write outstanding at a time, which is also what paces it. */
export class NaudiodonOutput implements AudioStream {
  readonly counters = { deviceXruns: 0 };
  readonly #io: PortAudioStream;
  readonly #request: OutputRequest;
  readonly #mono: Float32Array;
  readonly #frames: Float32Array;
  readonly #buffer: Buffer;
  readonly #channels: number;
  readonly #graveyard: Graveyard;
  readonly #running: Promise<void>;
  #closing = false;
  #quitting: Promise<void> | null = null;
  readonly #openedMs = performance.now();
  #lastWriteMs = this.#openedMs;

  constructor(io: PortAudioStream, request: OutputRequest, channels: number, graveyard: Graveyard) {
    const { blockSamples } = request.step;
    this.#io = io;
    this.#request = request;
    this.#channels = channels;
    this.#mono = new Float32Array(blockSamples);
    this.#frames = channels === 1 ? this.#mono : new Float32Array(blockSamples * channels);
    this.#buffer = Buffer.from(this.#frames.buffer);
    this.#graveyard = graveyard;
    this.#running = this.#run();
  }

  async adopt(): Promise<boolean> {
    return false;
  }

  /** What waits in the binding; PortAudio's own buffers are not told through it. */
  async latency(): Promise<StreamLatency> {
    const { blockSamples, queueBlocks } = this.#request.step;
    return { deviceMs: null, bufferMs: samplesToMs(blockSamples * (queueBlocks + 1)) };
  }

  async close(): Promise<void> {
    this.#closing = true;
    const nowMs = performance.now();
    const young = nowMs - this.#openedMs < YOUNG_MS;
    if (young || nowMs - this.#lastWriteMs < DEAD_AFTER_MS) {
      if (await settledWithin(Promise.all([this.#quit(), this.#running]), QUIT_TIMEOUT_MS)) return;
    }
    this.#graveyard.add(this);
    // Should the device come back to life, the writer returns and the stream can be ended after all.
    void this.#running.then(() => this.#quit()).then(() => this.#graveyard.delete(this));
  }

  async #run(): Promise<void> {
    try {
      while (!this.#closing) {
        await this.#request.prepare(this.#mono.length);
        this.#request.pullBlock(this.#mono, this.#mono.length);
        this.#spread();
        const status = await this.#io.write(this.#buffer);
        this.#lastWriteMs = performance.now();
        if (status?.includes('underflow') === true) this.counters.deviceXruns += 1;
      }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (!this.#closing) this.#request.onDidFail(`The speaker stopped (${why}).`);
    }
  }

  /** Once only: a second `quit` would end PortAudio under the other streams. */
  #quit(): Promise<void> {
    this.#quitting ??= this.#io.quit('ABORT');
    return this.#quitting;
  }

  #spread(): void {
    if (this.#channels === 1) return;
    for (let i = 0; i < this.#mono.length; i++) {
      this.#frames.fill(this.#mono[i] ?? 0, i * this.#channels, (i + 1) * this.#channels);
    }
  }
}
