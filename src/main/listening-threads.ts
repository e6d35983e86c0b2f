import { MessageChannel, Worker } from 'node:worker_threads';
import { assertNever } from '../core/base/assert.ts';
import type { ListeningChannel, ProgramSource } from '../core/program/listening.ts';
import type { CertificatePair } from './base/certificate-pair.ts';
import type { GatewaysCommand, GatewaysEvent, GatewaysWorkerData } from './gateways/gateways-protocol.ts';
import type { ListeningThreads, ThreadNews, ThreadsEnd } from './listening/listening-ports.ts';
import type { MixCommand, MixEvent, MixWorkerData } from './mix/mix-protocol.ts';

/** Threads that do not end within this time after being told so are ended, in ms. */
const STOP_LIMIT_MS = 5_000;

export interface WorkerThreadsOptions {
  readonly gatewaysPath: string;
  readonly mixPath: string;
  readonly gateways: Omit<GatewaysWorkerData, 'room'>;
  readonly mix: Omit<MixWorkerData, 'room'>;
  /** What a thread died of: it may hold anything, and is not for the log. */
  readonly onDefect: (text: string) => void;
}

/** The gateways' thread and the members', joined by a message port; if one ends, both do. */
export class WorkerThreads implements ListeningThreads {
  readonly #gateways: Worker;
  readonly #mix: Worker;
  readonly #options: WorkerThreadsOptions;
  readonly #news: ThreadNews;
  #over = false;
  readonly #farewells = new Set<Worker>();
  #onFarewell: () => void = () => undefined;

  constructor(options: WorkerThreadsOptions, news: ThreadNews) {
    this.#options = options;
    this.#news = news;
    const { port1, port2 } = new MessageChannel();
    const gateways: GatewaysWorkerData = { ...options.gateways, room: port1 };
    const mix: MixWorkerData = { ...options.mix, room: port2 };
    this.#gateways = new Worker(options.gatewaysPath, { workerData: gateways, transferList: [port1] });
    this.#mix = new Worker(options.mixPath, { workerData: mix, transferList: [port2] });
    this.#gateways.on('message', (event: GatewaysEvent) => this.#handleGateways(event));
    this.#mix.on('message', (event: MixEvent) => this.#handleMix(event));
    this.#watch(this.#gateways, 'gatewaysDied');
    this.#watch(this.#mix, 'membersDied');
  }

  setChannels(channels: readonly ListeningChannel[]): void {
    this.#tellGateways({ kind: 'channels', channels });
  }

  setCertificate(certificate: CertificatePair): void {
    this.#tellGateways({ kind: 'certificate', certificate });
  }

  stand(channel: number, bitrate: number, source: ProgramSource): void {
    this.#tellMix({ kind: 'stand', channel, bitrate, source });
  }

  admitted(channel: number): void {
    this.#tellMix({ kind: 'admitted', channel });
  }

  withdraw(channel: number): void {
    this.#tellMix({ kind: 'withdraw', channel });
  }

  /** @param limitMs after which whoever has not ended by itself is ended */
  async stop(limitMs: number = STOP_LIMIT_MS): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    await this.#depart(limitMs);
  }

  #watch(worker: Worker, kind: 'gatewaysDied' | 'membersDied'): void {
    const died = (): void => {
      const sentence = 'Listening went down, and is started again.';
      this.#end({ kind, sentence, takenPort: null });
    };
    worker.on('error', (error) => {
      this.#options.onDefect(error instanceof Error ? (error.stack ?? error.message) : String(error));
      died();
    });
    worker.on('exit', () => {
      this.#takeFarewell(worker);
      died();
    });
  }

  #handleGateways(event: GatewaysEvent): void {
    switch (event.kind) {
      case 'listening':
        if (!this.#over) this.#news.onOpen(event);
        return;
      case 'failed':
        this.#end({ kind: 'gatewaysFailed', sentence: event.detail, takenPort: event.takenPort });
        return;
      case 'state':
        if (!this.#over) this.#news.onState(event.programs, event.counters);
        return;
      case 'stopped':
        this.#takeFarewell(this.#gateways);
        return;
      default:
        assertNever(event);
    }
  }

  #handleMix(event: MixEvent): void {
    switch (event.kind) {
      case 'identity':
        if (!this.#over) this.#news.onIdentity(event.channel, event.identity);
        return;
      case 'dropped':
        if (!this.#over) this.#news.onDropped(event.channel, event.sentence);
        return;
      case 'counters':
        if (!this.#over) this.#news.onMemberCounters(event.counters);
        return;
      case 'stopped':
        this.#takeFarewell(this.#mix);
        return;
      default:
        assertNever(event);
    }
  }

  #takeFarewell(worker: Worker): void {
    this.#farewells.add(worker);
    this.#onFarewell();
  }

  /** Their ports are free when this is told. */
  #end(end: ThreadsEnd): void {
    if (this.#over) return;
    this.#over = true;
    void this.#depart(STOP_LIMIT_MS).then(() => this.#news.onDidEnd(end));
  }

  /** Both are asked to end before they are ended: a thread that is ended inside the codec takes the program with it. */
  async #depart(limitMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const limit = setTimeout(resolve, limitMs);
      this.#onFarewell = () => {
        if (this.#farewells.size < 2) return;
        clearTimeout(limit);
        resolve();
      };
      this.#tellGateways({ kind: 'stop' });
      this.#tellMix({ kind: 'stop' });
      this.#onFarewell();
    });
    await Promise.all([this.#gateways.terminate(), this.#mix.terminate()]);
  }

  #tellGateways(command: GatewaysCommand): void {
    this.#gateways.postMessage(command);
  }

  #tellMix(command: MixCommand): void {
    this.#mix.postMessage(command);
  }
}
