import { once } from 'node:events';
import { join } from 'node:path';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { ListeningChannel } from '../../src/core/program/listening.ts';
import type { FromRoom, ToRoom } from '../../src/core/program/room-link.ts';
import type {
  GatewaysCommand,
  GatewaysEvent,
  GatewaysWorkerData,
  ProgramState,
  SignallingRobot,
  SignallingUplink,
} from '../../src/main/gateways/gateways-protocol.ts';
import { loadOrCreateCertificate } from '../../src/main/relay/certificate.ts';

const ROOT = join(import.meta.dirname, '../..');
const WORKER = join(ROOT, 'src/main/gateways-worker.ts');
const PAGES = join(ROOT, 'out/renderer');

/** A worker that does not end within this time after being told so is ended, in ms. */
const STOP_LIMIT_MS = 5_000;

/** The key of every channel of the checks' own that asks for one. */
export const PUBLISH_KEY = 'publish-key-of-checks1';
export const LINK_KEY = 'listening-key-of-check';

export interface StandaloneOptions {
  readonly channels: readonly ListeningChannel[];
  readonly uplinks?: readonly SignallingUplink[];
  readonly robots?: readonly SignallingRobot[];
  readonly visitsPerNetwork?: number;
  readonly secretsInTheClear?: boolean;
}

/** A public channel that takes a publisher; the first is number 1 and called Music. */
export function publisherChannel(changes: Partial<ListeningChannel> = {}): ListeningChannel {
  return {
    id: 1,
    name: 'Music',
    slug: 'music',
    source: 'publisher',
    access: 'public',
    linkKey: LINK_KEY,
    password: null,
    publishKey: PUBLISH_KEY,
    talk: false,
    maxListeners: 2_000,
    bitrate: 64_000,
    ...changes,
  };
}

/** A public channel whose members' voices are mixed; what is mixed comes from `Standalone.mix`. */
export function conversationChannel(changes: Partial<ListeningChannel> = {}): ListeningChannel {
  return publisherChannel({
    id: 2,
    name: 'Talk',
    slug: 'talk',
    source: 'conversation',
    publishKey: null,
    ...changes,
  });
}

/** The gateways' thread as the program runs it, straight from its source, with nobody behind it but the test. */
export class Standalone {
  readonly webPort: number;
  readonly rtspPort: number | null;
  readonly #worker: Worker;
  readonly #room: MessagePort;
  /** What the gateways told the members in the channels, oldest first. */
  readonly toRoom: ToRoom[] = [];
  #programs: readonly ProgramState[] = [];
  #counters: Readonly<Record<string, number>> = {};
  #alive = true;

  static async start(folder: string, options: StandaloneOptions): Promise<Standalone> {
    const certificate = await loadOrCreateCertificate(folder);
    const { port1, port2 } = new MessageChannel();
    const workerData: GatewaysWorkerData = {
      host: '127.0.0.1',
      webPort: 0,
      rtspPort: 0,
      tls: { certificatePem: certificate.certificatePem, keyPem: certificate.keyPem },
      visitsPerNetwork: options.visitsPerNetwork ?? 2_000,
      secretsInTheClear: options.secretsInTheClear ?? false,
      rendererPath: PAGES,
      publicHosts: [],
      webRtcPorts: null,
      uplinks: options.uplinks ?? [],
      robots: options.robots ?? [],
      room: port2,
    };
    const worker = new Worker(WORKER, { workerData, transferList: [port2] });
    const event = await new Promise<GatewaysEvent>((resolve, reject) => {
      worker.once('error', reject);
      worker.once('message', resolve);
    });
    if (event.kind !== 'listening')
      throw new Error(event.kind === 'failed' ? event.detail : `the gateways said ${event.kind}`);
    const standalone = new Standalone(worker, port1, event);
    standalone.setChannels(options.channels);
    return standalone;
  }

  private constructor(
    worker: Worker,
    room: MessagePort,
    { webPort, rtspPort }: Extract<GatewaysEvent, { kind: 'listening' }>,
  ) {
    this.#worker = worker;
    this.#room = room;
    this.webPort = webPort;
    this.rtspPort = rtspPort;
    worker.on('message', (event: GatewaysEvent) => {
      if (event.kind !== 'state') return;
      this.#programs = event.programs;
      this.#counters = event.counters;
    });
    worker.once('exit', () => {
      this.#alive = false;
    });
    room.on('message', (message: ToRoom) => this.toRoom.push(message));
  }

  /** False: the thread has ended, by itself or because it was told to. */
  get alive(): boolean {
    return this.#alive;
  }

  /** What the thread's own objects take, in bytes; those that nobody needs any more are among them. */
  async heapBytes(): Promise<number> {
    return (await this.#worker.getHeapStatistics()).used_heap_size;
  }

  /** As told last, at most a second ago. */
  get programs(): readonly ProgramState[] {
    return this.#programs;
  }

  get counters(): Readonly<Record<string, number>> {
    return this.#counters;
  }

  /** The same without those: a snapshot clears them away first. The thread stands still meanwhile. */
  async liveHeapBytes(): Promise<number> {
    const snapshot = await this.#worker.getHeapSnapshot();
    await once(snapshot.resume(), 'end');
    return this.heapBytes();
  }

  setChannels(channels: readonly ListeningChannel[]): void {
    this.#order({ kind: 'channels', channels });
  }

  /** The member stands in the channel, so that its mix can be heard. */
  stand(channel: number, bitrate: number): void {
    this.#tell({ kind: 'standing', channel, standing: true, bitrate });
  }

  /** 20 ms of the mix of a channel. */
  mix(channel: number, packet: Uint8Array): void {
    this.#tell({ kind: 'mixed', channel, packet });
  }

  /** @throws Error when it has to be killed */
  async stop(): Promise<void> {
    const ended = once(this.#worker, 'exit');
    this.#order({ kind: 'stop' });
    let killed = false;
    const limit = setTimeout(() => {
      killed = true;
      void this.#worker.terminate();
    }, STOP_LIMIT_MS);
    await ended;
    clearTimeout(limit);
    this.#room.close();
    if (killed) throw new Error('the gateways did not end when they were told to');
  }

  #order(command: GatewaysCommand): void {
    this.#worker.postMessage(command);
  }

  #tell(message: FromRoom): void {
    this.#room.postMessage(message);
  }
}
