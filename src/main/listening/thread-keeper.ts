import type {
  ListeningLog,
  ListeningThreads,
  StartThreads,
  ThreadNews,
  ThreadsEnd,
} from './listening-ports.ts';

/** Waiting before threads that ended are started again, in ms; doubled each time they do not last. */
const FIRST_WAIT_MS = 250;

/** Longest waiting, in ms: a port that was taken may be free by then. */
const MAX_WAIT_MS = 30_000;

/** Threads that last so long, in ms, were not ended by what ended those before. */
const MIN_UPTIME_MS = 10_000;

export interface Ports {
  readonly webPort: number;
  readonly rtspPort: number | null;
}

export interface ThreadKeeperOptions {
  readonly start: StartThreads;
  /** Where the usual ports are taken, others do. */
  readonly anyPortsWillDo: boolean;
  readonly news: Omit<ThreadNews, 'onDidEnd' | 'onOpen'>;
  /** New threads know nothing: they have to be told everything, before this returns. */
  readonly onDidStart: (threads: ListeningThreads) => void;
  readonly onDidChange: () => void;
  readonly log: ListeningLog;
  readonly nowMs: () => number;
}

/** Has the threads run while they are wanted, and starts them again when they end by themselves. */
export class ThreadKeeper {
  readonly #options: ThreadKeeperOptions;
  #wanted = false;
  #threads: ListeningThreads | null = null;
  #stopping: Promise<void> | null = null;
  #startedMs = 0;
  #failures = 0;
  readonly #taken = new Set<number>();
  #timer: NodeJS.Timeout | null = null;
  #ports: Ports | null = null;
  #sentence: string | null = null;
  #restarts = 0;

  constructor(options: ThreadKeeperOptions) {
    this.#options = options;
  }

  /** Null while there are none. */
  get threads(): ListeningThreads | null {
    return this.#threads;
  }

  /** Null while they are not open. */
  get ports(): Ports | null {
    return this.#ports;
  }

  /** Why there are none though they are wanted, for people; null: nothing is wrong. */
  get sentence(): string | null {
    return this.#sentence;
  }

  /** How often they were started again. */
  get restarts(): number {
    return this.#restarts;
  }

  want(wanted: boolean): void {
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    if (wanted) this.#start();
    else void this.#end();
  }

  /** Resolves when they have ended. */
  async stop(): Promise<void> {
    this.#wanted = false;
    await this.#end();
  }

  #start(): void {
    // Those before hold the ports until they have ended.
    if (this.#threads !== null || this.#stopping !== null || this.#timer !== null) return;
    const { news, onDidStart, log } = this.#options;
    this.#startedMs = this.#options.nowMs();
    const mine = (): boolean => this.#threads === threads;
    const threads = this.#options.start(
      {
        ...news,
        onOpen: (ports) => {
          if (!mine()) return;
          this.#ports = ports;
          this.#sentence = null;
          log('info', 'listeningOpened', { webPort: ports.webPort, rtspPort: ports.rtspPort ?? 0 });
          this.#options.onDidChange();
        },
        onDidEnd: (end) => {
          if (mine()) this.#handleEnd(end);
        },
      },
      this.#taken,
    );
    this.#threads = threads;
    onDidStart(threads);
  }

  #handleEnd({ kind, sentence, takenPort }: ThreadsEnd): void {
    const { anyPortsWillDo, log, nowMs, onDidChange } = this.#options;
    const lasted = this.#ports !== null && nowMs() - this.#startedMs >= MIN_UPTIME_MS;
    this.#threads = null;
    this.#ports = null;
    this.#sentence = sentence;
    this.#failures = lasted ? 0 : this.#failures;
    const waitMs = Math.min(FIRST_WAIT_MS * 2 ** this.#failures, MAX_WAIT_MS);
    this.#failures += 1;
    if (takenPort !== null && anyPortsWillDo) this.#taken.add(takenPort);
    log(kind === 'gatewaysFailed' ? 'warn' : 'error', kind, { waitMs });
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (!this.#wanted) return;
      this.#restarts += 1;
      this.#start();
    }, waitMs);
    onDidChange();
  }

  async #end(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#sentence = null;
    this.#failures = 0;
    const threads = this.#threads;
    if (threads === null) {
      await this.#stopping;
      return;
    }
    this.#threads = null;
    this.#ports = null;
    this.#stopping = threads.stop().finally(() => {
      this.#stopping = null;
      this.#options.log('info', 'listeningClosed', {});
      // Wanted again meanwhile.
      if (this.#wanted) this.#start();
    });
    this.#options.onDidChange();
    await this.#stopping;
  }
}
