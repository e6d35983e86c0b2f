import type { DeviceInfo } from '../../contract/dto.ts';
import { WaveWriter } from '../base/wave-writer.ts';
import type {
  AudioDevice,
  AudioStream,
  BackendName,
  BufferStep,
  DeviceList,
  InputRequest,
  OpenResult,
  OutputRequest,
  StreamLatency,
} from './audio-device.ts';
import { SAMPLE_RATE_HZ } from './audio-device.ts';
import { BlockClock } from './block-clock.ts';
import { resampleAll } from './resampler.ts';
import { readWave } from './wave-file.ts';

/** Samples gathered before they go to the disk: a fifth of a second, which is what a crash costs. */
const FLUSH_SAMPLES = 9_600;

/** A block of the devices that are no hardware: 10 ms, what most sound hardware delivers. */
export const WAVE_BLOCK_SAMPLES = 480;

/** Nothing can run dry here. */
const STEPS: readonly BufferStep[] = [{ blockSamples: WAVE_BLOCK_SAMPLES, queueBlocks: 1 }];

const BLOCK_MS = (WAVE_BLOCK_SAMPLES * 1_000) / SAMPLE_RATE_HZ;

/** Largest clock error a WAV file can be given, in parts per million: ten times the worst of real sound cards. */
export const MAX_WAVE_PPM = 10_000;

/** Clock error out of SIDETONE_WAVE_PPM, in parts per million; 0 for what is not a number within `MAX_WAVE_PPM`. */
export function parseWavePpm(text: string): number {
  const ppm = Number(text);
  return Math.abs(ppm) <= MAX_WAVE_PPM ? ppm : 0;
}

/** Calls `onBlock` once per block of real time, in bursts where the thread was held up. */
export class PacedStream implements AudioStream {
  readonly counters = { deviceXruns: 0 };
  readonly #clock: BlockClock;
  readonly #onBlock: () => void;
  readonly #onDidClose: () => void;
  #timer: NodeJS.Timeout | null = null;

  constructor(onBlock: () => void, onDidClose: () => void = () => undefined, errorPpm = 0) {
    this.#onBlock = onBlock;
    this.#onDidClose = onDidClose;
    this.#clock = new BlockClock(BLOCK_MS, performance.now(), errorPpm);
    this.#schedule();
  }

  async adopt(): Promise<boolean> {
    return false;
  }

  async latency(): Promise<StreamLatency> {
    return { deviceMs: 0, bufferMs: BLOCK_MS };
  }

  async close(): Promise<void> {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#onDidClose();
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      for (let due = this.#clock.take(performance.now()); due > 0 && this.#timer !== null; due--)
        this.#onBlock();
      if (this.#timer !== null) this.#schedule();
    }, this.#clock.waitMs(performance.now()));
  }
}

/** Pulls sound and throws it away, at the pace of a device. */
export function openSink(request: Pick<OutputRequest, 'pullBlock'>): AudioStream {
  const block = new Float32Array(WAVE_BLOCK_SAMPLES);
  return new PacedStream(() => request.pullBlock(block, WAVE_BLOCK_SAMPLES));
}

export interface WaveDeviceOptions {
  /** Empty: silence. */
  readonly inputPath: string;
  /** Silence after the end of the file instead of its start. */
  readonly inputOnce: boolean;
  /** Empty: thrown away. */
  readonly outputPath: string;
  /** How much faster the files' clock runs than the machine's, in parts per million. */
  readonly errorPpm: number;
}

/**
 * No hardware: a WAV file speaks and another one listens, both paced by the monotonic clock. Without files it is
 * the null device, which gives silence and throws away.
 */
export class WaveDevice implements AudioDevice {
  readonly name: BackendName;
  readonly exhausted = '';
  readonly abandonedStreams = 0;
  readonly steps = { input: STEPS, output: STEPS };
  readonly #options: WaveDeviceOptions;

  constructor(name: 'wave' | 'null', options: WaveDeviceOptions) {
    this.name = name;
    this.#options = options;
  }

  async list(): Promise<DeviceList> {
    const file = (path: string, name: string): DeviceInfo[] =>
      path === '' ? [] : [{ id: 'wave:file', name }];
    return {
      inputs: file(this.#options.inputPath, 'WAV file'),
      outputs: file(this.#options.outputPath, 'WAV file'),
    };
  }

  watch(): void {
    // A file comes and goes only when it is opened.
  }

  async openInput(request: InputRequest): Promise<OpenResult> {
    const block = new Float32Array(WAVE_BLOCK_SAMPLES);
    if (this.#options.inputPath === '') {
      return { ok: true, stream: new PacedStream(() => request.onBlock(block, WAVE_BLOCK_SAMPLES)) };
    }
    const wave = readWave(this.#options.inputPath);
    if (!wave.ok) return { ok: false, kind: 'failed', reason: wave.reason };
    const samples = await resampleAll(wave.samples, wave.rateHz, SAMPLE_RATE_HZ);
    const { inputOnce, errorPpm } = this.#options;
    let position = 0;
    const play = (): void => {
      for (let i = 0; i < WAVE_BLOCK_SAMPLES; i++) {
        if (position >= samples.length && !inputOnce) position = 0;
        block[i] = samples[position] ?? 0;
        position += 1;
      }
      request.onBlock(block, WAVE_BLOCK_SAMPLES);
    };
    return { ok: true, stream: new PacedStream(play, () => undefined, errorPpm) };
  }

  async openOutput(request: OutputRequest): Promise<OpenResult> {
    if (this.#options.outputPath === '') return { ok: true, stream: openSink(request) };
    try {
      const writer = new WaveWriter(this.#options.outputPath, FLUSH_SAMPLES);
      const block = new Float32Array(WAVE_BLOCK_SAMPLES);
      const stream = new PacedStream(
        () => {
          request.pullBlock(block, WAVE_BLOCK_SAMPLES);
          writer.append(block, WAVE_BLOCK_SAMPLES);
        },
        () => writer.close(),
        this.#options.errorPpm,
      );
      return { ok: true, stream };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { ok: false, kind: 'failed', reason: `The WAV file cannot be written (${why}).` };
    }
  }

  close(): void {
    // Nothing runs besides the streams.
  }
}
