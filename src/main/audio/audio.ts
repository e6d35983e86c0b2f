import { SHARE_ENV, Worker } from 'node:worker_threads';
import type { Side } from './audio-device.ts';
import type { AudioCommand, AudioEvent, AudioWorkerData } from './audio-protocol.ts';
import { parseWavePpm } from './wave-device.ts';

/** First pause before a crashed worker is started again, in ms; it doubles. */
const FIRST_RESTART_MS = 250;

/** Longest pause, in ms. */
const MAX_RESTART_MS = 5_000;

/** A worker that ran this long, in ms, was healthy: its next crash is the first again. */
const HEALTHY_MS = 10_000;

/** Longest wait for the devices to be closed in order, in ms. */
const CLOSE_TIMEOUT_MS = 2_500;

/** What the program hears of the devices. */
export type AudioFact = Exclude<AudioEvent, { kind: 'closed' | 'buffer' | 'latency' }>;

/** Which buffers a device has: `nextStep` is to be kept under `key` and given back in `remembered`. */
export type AudioBuffer = Extract<AudioEvent, { kind: 'buffer' }>;

/** Where the delay of the devices is, once a second. */
export type AudioLatency = Extract<AudioEvent, { kind: 'latency' }>;

export interface AudioOptions {
  /** Where the built audio worker lies. */
  readonly workerPath: string;
  readonly resourcesPath: string;
  readonly captureMemory: SharedArrayBuffer;
  readonly playbackMemory: SharedArrayBuffer;
  /** Takes a copy of what the speaker plays, for the echo canceller. */
  readonly referenceMemory?: SharedArrayBuffer;
  readonly inputId: string;
  readonly outputId: string;
  /**
   * SIDETONE_AUDIO_BACKEND (pulse, naudiodon, decibri, wave, null) forces a backend. For wave: SIDETONE_WAVE_INPUT and
   * SIDETONE_WAVE_OUTPUT are the files, SIDETONE_WAVE_ONCE=1 plays the first only once, SIDETONE_WAVE_PPM is the error of their clock.
   */
  readonly environment: NodeJS.ProcessEnv;
  readonly onFact: (fact: AudioFact) => void;
  /** Steps of buffers to begin with, by `AudioBuffer.key`. */
  readonly remembered?: Readonly<Record<string, number>>;
  readonly onBuffer?: (buffer: AudioBuffer) => void;
  readonly onLatency?: (latency: AudioLatency) => void;
}

/** Main thread's handle on the audio worker. */
export interface AudioHandle {
  /** @param id out of the last `devices` fact; '' is the system's default */
  select(side: Side, id: string): void;
  /** Lists the devices again; a machine without sound is searched again. */
  refresh(): void;
  /** Closes the devices and ends the worker. */
  close(): Promise<void>;
}

class Audio implements AudioHandle {
  readonly #options: AudioOptions;
  readonly #selected: Record<Side, string>;
  readonly #remembered: Map<string, number>;
  #worker: Worker;
  #startedMs = 0;
  #crashes = 0;
  #restartTimer: NodeJS.Timeout | null = null;
  #closing = false;
  #abandonedStreams = 0;
  #onDidClose: () => void = () => undefined;

  constructor(options: AudioOptions) {
    this.#options = options;
    this.#selected = { input: options.inputId, output: options.outputId };
    this.#remembered = new Map(Object.entries(options.remembered ?? {}));
    this.#worker = this.#start();
    process.once('exit', this.#leave);
  }

  select(side: Side, id: string): void {
    this.#selected[side] = id;
    this.#send({ kind: 'select', side, id });
  }

  refresh(): void {
    this.#send({ kind: 'refresh' });
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    if (this.#restartTimer !== null) clearTimeout(this.#restartTimer);
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#onDidClose = resolve;
      timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
      this.#send({ kind: 'close' });
    });
    clearTimeout(timer);
    // A worker with a thread stuck in a dead device would never end; the process must not wait for it.
    if (this.#abandonedStreams > 0) this.#worker.unref();
    else await this.#worker.terminate();
    if (this.#abandonedStreams === 0) process.off('exit', this.#leave);
  }

  /**
   * Node waits for its thread pool when it exits, and a thread that is stuck in a dead sound device never comes
   * back: the process would stay for ever, without a window. All else has been closed when 'exit' comes.
   */
  readonly #leave = (): void => {
    if (this.#abandonedStreams > 0) process.kill(process.pid, 'SIGKILL');
  };

  #send(command: AudioCommand): void {
    this.#worker.postMessage(command);
  }

  #start(): Worker {
    const { environment, captureMemory, playbackMemory, resourcesPath } = this.#options;
    const workerData: AudioWorkerData = {
      captureMemory,
      playbackMemory,
      referenceMemory: this.#options.referenceMemory ?? null,
      resourcesPath,
      backend: environment['SIDETONE_AUDIO_BACKEND'] ?? '',
      inputId: this.#selected.input,
      outputId: this.#selected.output,
      remembered: Object.fromEntries(this.#remembered),
      waveInputPath: environment['SIDETONE_WAVE_INPUT'] ?? '',
      waveInputOnce: environment['SIDETONE_WAVE_ONCE'] === '1',
      waveOutputPath: environment['SIDETONE_WAVE_OUTPUT'] ?? '',
      wavePpm: parseWavePpm(environment['SIDETONE_WAVE_PPM'] ?? ''),
    };
    this.#startedMs = performance.now();
    const worker = new Worker(this.#options.workerPath, { workerData, env: SHARE_ENV });
    worker.on('message', (event: AudioEvent) => this.#handle(event));
    worker.on('error', (error) => this.#handleCrash(error instanceof Error ? error.message : String(error)));
    worker.on('exit', () => this.#handleExit());
    return worker;
  }

  #handle(event: AudioEvent): void {
    if (event.kind === 'closed') {
      this.#onDidClose();
      return;
    }
    switch (event.kind) {
      case 'buffer':
        this.#remembered.set(event.key, event.nextStep);
        this.#options.onBuffer?.(event);
        return;
      case 'latency':
        this.#options.onLatency?.(event);
        return;
      case 'counters':
        this.#abandonedStreams = event.counters['abandonedStreams'] ?? 0;
        this.#options.onFact(event);
        return;
      default:
        this.#options.onFact(event);
    }
  }

  #handleCrash(why: string): void {
    if (this.#closing) return;
    const reason = `The sound thread stopped (${why}) and is started again.`;
    for (const side of ['input', 'output'] as const) {
      this.#options.onFact({ kind: 'status', side, status: 'lost', reason });
    }
  }

  #handleExit(): void {
    if (this.#closing) {
      this.#onDidClose();
      return;
    }
    if (performance.now() - this.#startedMs > HEALTHY_MS) this.#crashes = 0;
    const pauseMs = Math.min(MAX_RESTART_MS, FIRST_RESTART_MS * 2 ** this.#crashes);
    this.#crashes += 1;
    this.#restartTimer = setTimeout(() => {
      this.#worker = this.#start();
    }, pauseMs);
  }
}

/** Starts the audio worker. It is started again when it crashes, with the devices chosen last. */
export function startAudio(options: AudioOptions): AudioHandle {
  return new Audio(options);
}
