import { Worker } from 'node:worker_threads';

/** Pause before a crashed worker is started again, in ms: long enough not to spin, short enough to keep a call. */
const RESTART_DELAY_MS = 250;

export interface WorkerThreadOptions<Command, Event> {
  readonly path: string;
  readonly workerData: unknown;
  readonly onEvent: (event: Event) => void;
  /** The thread died with `reason` and is started again. */
  readonly onDidCrash: (reason: string) => void;
  /** Commands that a new thread must hear again to stand where the old one stood. */
  readonly replay: () => Command[];
}

/** A worker thread that is started again when it crashes, with its standing orders repeated. */
export class WorkerThread<Command, Event> {
  readonly #options: WorkerThreadOptions<Command, Event>;
  #worker: Worker;
  #closing = false;
  #restartTimer: NodeJS.Timeout | null = null;

  constructor(options: WorkerThreadOptions<Command, Event>) {
    this.#options = options;
    this.#worker = this.#start();
  }

  send(command: Command): void {
    this.#worker.postMessage(command);
  }

  async close(): Promise<void> {
    this.#closing = true;
    if (this.#restartTimer !== null) clearTimeout(this.#restartTimer);
    await this.#worker.terminate();
  }

  #start(): Worker {
    const worker = new Worker(this.#options.path, { workerData: this.#options.workerData });
    worker.on('message', (event: Event) => this.#options.onEvent(event));
    worker.on('error', (error) => {
      this.#options.onDidCrash(error instanceof Error ? error.message : String(error));
    });
    worker.on('exit', () => {
      if (this.#closing) return;
      this.#restartTimer = setTimeout(() => {
        this.#worker = this.#start();
        for (const command of this.#options.replay()) this.send(command);
      }, RESTART_DELAY_MS);
    });
    return worker;
  }
}
