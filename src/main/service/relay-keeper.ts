import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenRelay, ServiceRelay, ServiceStart, StopReason } from './service-ports.ts';

/** A relay that lives shorter than this, in ms, went down at once: what ended it would end it again. */
export const MIN_UPTIME_MS = 10_000;

/** Deaths at once in a row after which whoever started the program should know. */
export const MAX_EARLY_DEATHS = 5;

/** Waiting before the first attempt to open it again, in ms; doubled for each further death at once. */
const FIRST_WAIT_MS = 250;

/** Longest waiting, in ms: places are held for two minutes, and should be found. */
const MAX_WAIT_MS = 5_000;

export interface KeeperOptions {
  readonly open: OpenRelay;
  readonly nowMs: () => number;
  /** By default a timer. */
  readonly wait?: (durationMs: number) => Promise<unknown>;
  /** `reason` may hold anything: it is not for the log. */
  readonly onDidDie: (reason: string, waitMs: number) => void;
  readonly onDidReturn: (relay: ServiceRelay) => void;
  readonly onDidGiveUp: () => void;
}

/** Keeps a relay open: one that dies is opened again, until it dies at once, again and again. */
export class RelayKeeper {
  readonly #options: KeeperOptions;
  #relay: ServiceRelay | null = null;
  #openedMs = 0;
  #earlyDeaths = 0;
  /** Counts relays: a late word about an earlier one is not about this one. */
  #generation = 0;
  #stopping = false;
  #opening: Promise<unknown> = Promise.resolve();

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Null while there is none, or none yet again. */
  get relay(): ServiceRelay | null {
    return this.#relay;
  }

  /** Opens it for the first time; one that does not open then is not tried again. */
  start(): Promise<ServiceStart> {
    return this.#open();
  }

  async stop(reason: StopReason): Promise<void> {
    this.#stopping = true;
    await this.#opening;
    const relay = this.#relay;
    this.#relay = null;
    await relay?.stop(reason);
  }

  async #open(): Promise<ServiceStart> {
    this.#generation += 1;
    const generation = this.#generation;
    const opening = this.#options.open((reason) => {
      if (generation === this.#generation) this.#handleDeath(reason);
    });
    this.#opening = opening;
    const started = await opening;
    if (started.ok) {
      this.#relay = started.relay;
      this.#openedMs = this.#options.nowMs();
    }
    return started;
  }

  #handleDeath(reason: string): void {
    this.#relay = null;
    if (this.#stopping) return;
    const early = this.#options.nowMs() - this.#openedMs < MIN_UPTIME_MS;
    this.#earlyDeaths = early ? this.#earlyDeaths + 1 : 0;
    void this.#openAgain(reason);
  }

  async #openAgain(reason: string): Promise<void> {
    if (this.#earlyDeaths >= MAX_EARLY_DEATHS) {
      this.#options.onDidDie(reason, 0);
      this.#options.onDidGiveUp();
      return;
    }
    const waitMs = Math.min(FIRST_WAIT_MS * 2 ** this.#earlyDeaths, MAX_WAIT_MS);
    this.#options.onDidDie(reason, waitMs);
    await (this.#options.wait ?? sleep)(waitMs);
    if (this.#stopping) return;
    const started = await this.#open();
    if (this.#stopping) return;
    if (started.ok) {
      this.#options.onDidReturn(started.relay);
      return;
    }
    this.#earlyDeaths += 1;
    await this.#openAgain(started.sentence);
  }
}
