import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { SampleRing } from '../../core/ring/sample-ring.ts';
import { TAP_RING_SAMPLES } from '../../core/voice/tap-ring.ts';
import type { TapCommand, TapEvent, TapWriterData } from './tap-protocol.ts';

/** Longest part of a person's name in the name of a file. */
const MAX_NAME_LENGTH = 32;

/** Recordings begun within one second; more is not a person. */
const MAX_SAME_SECOND = 10;

export interface TapsOptions {
  /** The built tap-writer. */
  readonly writerPath: string;
  /** Of all recordings; each gets a folder of its own in it. They are never deleted by the program. */
  readonly folder: string;
  /** Once a second while recording, and when it begins or ends. Ended by itself: the threads must be told, too. */
  readonly onDidChange: () => void;
}

export interface TapsState {
  readonly recording: boolean;
  /** Of the recording that runs, or ran last; empty: none yet. */
  readonly folder: string;
  readonly seconds: number;
  /** Why it ended by itself or could not begin; empty otherwise. */
  readonly problem: string;
}

/** Rings for the encoder thread (raw, processed) and the voice thread (mix); see TapRing. */
export interface TapMemories {
  readonly raw: SharedArrayBuffer;
  readonly processed: SharedArrayBuffer;
  readonly mix: SharedArrayBuffer;
}

/** Main thread's handle on recordings of the sound inside the program; one runs at a time. */
export class Taps {
  readonly #options: TapsOptions;
  #worker: Worker | null = null;
  #ended: Promise<void> = Promise.resolve();
  #speakers = 0;
  #state: TapsState = { recording: false, folder: '', seconds: 0, problem: '' };

  constructor(options: TapsOptions) {
    this.#options = options;
  }

  get state(): TapsState {
    return this.#state;
  }

  /**
   * Begins a recording.
   *
   * @returns rings for the threads of the sound to write into; null when it cannot begin (see `state.problem`) or
   * when one runs already
   */
  start(): TapMemories | null {
    if (this.#worker !== null) return null;
    let folder: string;
    try {
      folder = createFolder(this.#options.folder, new Date());
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#change({ recording: false, problem: `The folder for the recording cannot be created (${why}).` });
      return null;
    }
    const memories = {
      raw: SampleRing.allocate(TAP_RING_SAMPLES),
      processed: SampleRing.allocate(TAP_RING_SAMPLES),
      mix: SampleRing.allocate(TAP_RING_SAMPLES),
    };
    this.#speakers = 0;
    this.#worker = this.#createWorker({ folder, ...memories });
    this.#change({ recording: true, folder, seconds: 0, problem: '' });
    return memories;
  }

  /**
   * A voice is recorded from now on, in a file of its own.
   *
   * @param startSample of the ring's first sample in the stream of the mix
   * @param name of the person, whatever it holds; empty: the token stands for it
   */
  addSpeaker(token: number, memory: SharedArrayBuffer, startSample: number, name = ''): void {
    this.#speakers += 1;
    const fileName = speakerFileName(this.#speakers, token, name);
    this.#send({ kind: 'addSpeaker', fileName, memory, startSample });
  }

  /** Ends the recording; resolves when its files are whole. */
  async stop(): Promise<void> {
    this.#send({ kind: 'stop' });
    if (this.#state.recording) this.#change({ recording: false });
    await this.#ended;
  }

  #createWorker(workerData: TapWriterData): Worker {
    const worker = new Worker(this.#options.writerPath, { workerData });
    let problem = '';
    worker.on('message', (event: TapEvent) => {
      if (this.#worker !== worker) return;
      if (event.kind === 'progress') this.#change({ seconds: event.seconds });
      else this.#change({ recording: false, seconds: event.seconds, problem: event.problem });
    });
    worker.on('error', (error) => {
      problem = `The recording was ended because its writer failed (${error instanceof Error ? error.message : String(error)}).`;
    });
    this.#ended = new Promise((resolve) => {
      worker.on('exit', () => {
        this.#worker = null;
        if (problem !== '') this.#change({ recording: false, problem });
        resolve();
      });
    });
    return worker;
  }

  #send(command: TapCommand): void {
    this.#worker?.postMessage(command);
  }

  #change(part: Partial<TapsState>): void {
    this.#state = { ...this.#state, ...part };
    this.#options.onDidChange();
  }
}

/** `post_opus_decode-2-anna.wav`: a name of letters and digits, whatever the person calls itself. */
export function speakerFileName(number: number, token: number, name: string): string {
  const words = name.normalize('NFKC').match(/[\p{L}\p{N}]+/gu) ?? [];
  const readable = [...words.join('-')].slice(0, MAX_NAME_LENGTH).join('');
  return `post_opus_decode-${number}-${readable === '' ? `token-${token}` : readable}.wav`;
}

/** @throws Error when the disk refuses */
function createFolder(parent: string, now: Date): string {
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  const time = `${two(now.getHours())}-${two(now.getMinutes())}-${two(now.getSeconds())}`;
  for (let attempt = 1; ; attempt += 1) {
    const folder = join(parent, attempt === 1 ? `${day}_${time}` : `${day}_${time}_${attempt}`);
    try {
      mkdirSync(folder, { mode: 0o700 });
      return folder;
    } catch (error) {
      const taken = error instanceof Error && 'code' in error && error.code === 'EEXIST';
      if (!taken || attempt === MAX_SAME_SECOND) throw error;
    }
  }
}
