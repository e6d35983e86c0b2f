import { Worker } from 'node:worker_threads';

/** Pause before a crashed worker is started again, in ms: long enough not to spin, short enough to keep a call. */
const RESTART_DELAY_MS = 250;

/** A thread that has not ended by itself this long after being told so is ended, in ms. */
const CLOSE_LIMIT_MS = 2_000;

export interface WorkerThreadOptions<Command, Event> {
  readonly path: string;
  /** @param threadsBefore how many threads there were before the one this is for */
  readonly workerData: (threadsBefore: number) => unknown;
  readonly onEvent: (event: Event) => void;
  /** The thread died with `reason` and will be started again. */
  readonly onDidCrash: (reason: string) => void;
  /** Has the thread end by itself. */
  readonly farewell: Command;
  /** Commands that a new thread must hear again to stand where the old one stood. */
  readonly replay: () => Command[];
}

/** A worker thread that is started again when it crashes, with its standing orders repeated. */
export class WorkerThread<Command, Event> {
  readonly #options: WorkerThreadOptions<Command, Event>;
  #worker: Worker;
  #running = true;
  #threads = 0;
  #closing = false;
  #restartTimer: NodeJS.Timeout | null = null;

  constructor(options: WorkerThreadOptions<Command, Event>) {
    this.#options = options;
    this.#worker = this.#start();
  }

  /** False between a crash and the next start. */
  get running(): boolean {
    return this.#running;
  }

  /** While the thread is not running nothing hears `command`: what must be heard is in `replay`. */
  send(command: Command): void {
    if (this.#running) this.#worker.postMessage(command);
  }

  async close(): Promise<void> {
    this.#closing = true;
    if (this.#restartTimer !== null) clearTimeout(this.#restartTimer);
    if (this.#running) await this.#sayFarewell();
    await this.#worker.terminate();
  }

  /** A thread that is ended while it is inside the codec takes the whole program with it. */
  #sayFarewell(): Promise<void> {
    return new Promise((resolve) => {
      const limit = setTimeout(resolve, CLOSE_LIMIT_MS);
      this.#worker.once('exit', () => {
        clearTimeout(limit);
        resolve();
      });
      this.send(this.#options.farewell);
    });
  }

  #start(): Worker {
    const worker = new Worker(this.#options.path, { workerData: this.#options.workerData(this.#threads) });
    this.#threads += 1;
    worker.on('message', (event: Event) => this.#options.onEvent(event));
    worker.on('error', (error) => this.#handleCrash(error instanceof Error ? error.message : String(error)));
    worker.on('exit', (code) => {
      this.#handleCrash(`it ended with code ${code}`);
      if (this.#closing) return;
      this.#restartTimer = setTimeout(() => {
        this.#worker = this.#start();
        this.#running = true;
        for (const command of this.#options.replay()) this.send(command);
      }, RESTART_DELAY_MS);
    });
    return worker;
  }

  /** A thread that throws reports an error and then its end; one that ends by itself only the latter. */
  #handleCrash(reason: string): void {
    if (this.#closing || !this.#running) return;
    this.#running = false;
    this.#options.onDidCrash(reason);
  }
}
