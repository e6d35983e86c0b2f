import type { ListeningChannel, ProgramSource } from '../../core/program/listening.ts';
import type {
  AdminActor,
  AdminCommand,
  AdminNews,
  AdminOutcome,
  AdminView,
  RelayAdmin,
} from '../../core/relay/admin-port.ts';
import type { ChannelConfig, ChannelInfo } from '../../core/wire/channels.ts';
import { BUILT_IN_ROLES } from '../../core/wire/roles.ts';
import type { CertificatePair } from '../base/certificate-pair.ts';
import { Listening, type ListeningOptions } from './listening.ts';
import type { ListeningThreads, ThreadNews } from './listening-ports.ts';
import type { ListeningSettings } from './listening-settings.ts';

const CONFIG: ChannelConfig = {
  bitrate: 48_000,
  frameSamples: 960,
  redundancyCopies: 1,
  maxMembers: 50,
  listeners: false,
  enterRole: 1,
  speakRole: 1,
  whisperRole: 1,
  manageRole: 3,
  historyDays: 0,
};

/** A relay with a list of channels that a test changes. */
export class ChannelRelay implements RelayAdmin {
  readonly commands: AdminCommand[] = [];
  readonly actors: AdminActor[] = [];
  outcome: AdminOutcome = { ok: true, channel: null };
  /** Every question fails. */
  gone = false;
  views = 0;
  #channels: ChannelInfo[] = [];
  readonly #watchers = new Set<(news: AdminNews) => void>();

  get watchers(): number {
    return this.#watchers.size;
  }

  put(id: number, name: string, changes: Partial<ChannelConfig> = {}): void {
    const channel = { id, parent: null, name, locked: false, config: { ...CONFIG, ...changes } };
    this.#channels = [...this.#channels.filter((one) => one.id !== id), channel];
    this.tell({ type: 'channel', channel });
  }

  remove(id: number): void {
    this.#channels = this.#channels.filter((one) => one.id !== id);
    this.tell({ type: 'channelRemoved', channel: id });
  }

  tell(news: AdminNews): void {
    for (const watcher of this.#watchers) watcher(news);
  }

  async command(actor: AdminActor, command: AdminCommand): Promise<AdminOutcome> {
    if (this.gone) throw new Error('the relay is gone');
    this.actors.push(actor);
    this.commands.push(command);
    return this.outcome;
  }

  async view(): Promise<AdminView> {
    this.views += 1;
    if (this.gone) throw new Error('the relay is gone');
    return {
      roomName: 'The cellar',
      maxMembers: 50,
      channels: this.#channels,
      members: [],
      roles: BUILT_IN_ROLES,
    };
  }

  bans = async () => [];
  audit = async () => [];
  writeAudit = async () => undefined;

  figures(): never {
    throw new Error('nobody asks here for figures');
  }

  watch(onNews: (news: AdminNews) => void): () => void {
    this.#watchers.add(onNews);
    return () => this.#watchers.delete(onNews);
  }
}

/** Threads that do nothing, and remember what they were told. */
export class ScriptedThreads implements ListeningThreads {
  readonly news: ThreadNews;
  readonly taken: readonly number[];
  channels: readonly ListeningChannel[] = [];
  readonly standing = new Map<number, { bitrate: number; source: ProgramSource }>();
  readonly admissions: number[] = [];
  readonly certificates: CertificatePair[] = [];
  stopped = false;
  /** They end when this is called; at once unless a test holds it back. */
  endStop: (() => void) | null = null;
  readonly #holdsStop: boolean;

  constructor(news: ThreadNews, taken: ReadonlySet<number>, holdsStop: boolean) {
    this.news = news;
    this.taken = [...taken];
    this.#holdsStop = holdsStop;
  }

  open(webPort = 48_482, rtspPort: number | null = 8_554): void {
    this.news.onOpen({ webPort, rtspPort });
  }

  setChannels(channels: readonly ListeningChannel[]): void {
    this.channels = channels;
  }

  setCertificate(certificate: CertificatePair): void {
    this.certificates.push(certificate);
  }

  stand(channel: number, bitrate: number, source: ProgramSource): void {
    this.standing.set(channel, { bitrate, source });
  }

  admitted(channel: number): void {
    this.admissions.push(channel);
  }

  withdraw(channel: number): void {
    this.standing.delete(channel);
  }

  stop(): Promise<void> {
    this.stopped = true;
    if (!this.#holdsStop) return Promise.resolve();
    return new Promise((resolve) => {
      this.endStop = resolve;
    });
  }
}

/** A store in memory. */
export class MemoryStore {
  readonly rows = new Map<number, ListeningSettings>();
  failing = false;
  closed = false;

  all(): ListeningSettings[] {
    return [...this.rows.values()];
  }

  save(settings: ListeningSettings): void {
    if (this.failing) throw new Error('the disk refuses');
    this.rows.set(settings.channel, settings);
  }

  keepOnly(channels: readonly number[]): void {
    if (this.failing) throw new Error('the disk refuses');
    for (const id of [...this.rows.keys()]) if (!channels.includes(id)) this.rows.delete(id);
  }

  close(): void {
    this.closed = true;
  }
}

/** `Listening` with its surroundings, all scripted; its timers are those of the test. */
export class ListeningRig {
  readonly relay = new ChannelRelay();
  readonly store: MemoryStore;
  readonly listening: Listening;
  readonly started: ScriptedThreads[] = [];
  readonly logged: { event: string; fields: Readonly<Record<string, unknown>> }[] = [];
  nowMs = 0;
  holdsStop = false;
  told = 0;

  constructor(changes: Partial<ListeningOptions> = {}, store = new MemoryStore()) {
    this.store = store;
    this.listening = new Listening({
      relay: this.relay,
      store,
      start: (news, taken) => {
        const threads = new ScriptedThreads(news, taken, this.holdsStop);
        this.started.push(threads);
        return threads;
      },
      anyPortsWillDo: false,
      alwaysOpen: false,
      place: { trusted: false, secretsInTheClear: false },
      host: () => 'voice.example.org',
      log: (_level, event, fields) => this.logged.push({ event, fields }),
      nowMs: () => this.nowMs,
      ...changes,
    });
    this.listening.onDidChange(() => {
      this.told += 1;
    });
  }

  /** Those that run now. @throws Error when there are none */
  get threads(): ScriptedThreads {
    const threads = this.started.at(-1);
    if (threads === undefined) throw new Error('no threads were started');
    return threads;
  }
}
