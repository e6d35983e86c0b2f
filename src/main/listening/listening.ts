import type { ListeningLinks } from '../../contract/admin.ts';
import { type ListeningChannel, slugsOf } from '../../core/program/listening.ts';
import type { AdminNews, RelayAdmin } from '../../core/relay/admin-port.ts';
import type { ChannelInfo } from '../../core/wire/channels.ts';
import type { CertificatePair } from '../base/certificate-pair.ts';
import { type ListeningPlace, listeningLinks } from './listening-links.ts';
import type { ChannelNow, ListeningLog, ListeningThreads, StartThreads } from './listening-ports.ts';
import {
  changeSettings,
  drawKey,
  firstSettings,
  type ListeningSettings,
  type SettingsChange,
} from './listening-settings.ts';
import type { ListeningStore } from './listening-store.ts';
import { MemberDesk } from './member-desk.ts';
import { ThreadKeeper } from './thread-keeper.ts';

/** A relay that could not be asked is asked again after this time, in ms, unless it tells of itself before. */
const ASK_AGAIN_MS = 2_000;

/** Longest wait until the relay has put the members out at the end, in ms: it puts out whoever is silent anyway. */
const DISMISS_LIMIT_MS = 2_000;

const STORAGE_SENTENCE = 'The settings for listening could not be kept: the disk refuses.';

export interface ListeningOptions {
  /** Outlives the relay that runs at the moment. */
  readonly relay: RelayAdmin;
  readonly store: Pick<ListeningStore, 'all' | 'save' | 'keepOnly' | 'close'>;
  /** Null: nobody is to be heard, though it can be settled how. */
  readonly start: StartThreads | null;
  readonly anyPortsWillDo: boolean;
  /** The ports are of use to others than listeners of this room, and are open whatever the switches say. */
  readonly alwaysOpen: boolean;
  readonly place: Omit<ListeningPlace, 'host' | 'webPort' | 'rtspPort'>;
  /** Name or address that links are to carry, as it is now. */
  readonly host: () => string;
  readonly log: ListeningLog;
  readonly nowMs: () => number;
}

/** What is told of a channel; see the admin API's port, which this fits. */
export interface DescribedListening {
  readonly source: ListeningSettings['source'];
  readonly access: ListeningSettings['access'];
  readonly hasPassword: boolean;
  readonly publish: boolean;
  readonly publishKey: string | null;
  readonly talk: boolean;
  readonly maxListeners: number;
  readonly links: ListeningLinks | null;
  readonly now: Omit<ChannelNow, 'channel'>;
  readonly sentence: string | null;
}

export type ListeningAnswer =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: 'badRequest' | 'storageFailed'; readonly sentence: string };

const NOTHING_ON = Object.freeze({ listeners: 0, source: null, title: '' });

/**
 * Who may be heard from outside: keeps how, has the threads run while a channel's `listeners` switch is on, and the
 * relay let their members in. Methods neither throw nor reject.
 */
export class Listening {
  readonly #options: ListeningOptions;
  readonly #settings = new Map<number, ListeningSettings>();
  readonly #keeper: ThreadKeeper;
  readonly #members: MemberDesk;
  readonly #watchers = new Set<() => void>();
  /** All channels of the room, as they were told last. */
  #channels: readonly ChannelInfo[] = [];
  #open = new Map<number, ListeningChannel>();
  #now = new Map<number, ChannelNow>();
  #counters: Readonly<Record<string, number>> = {};
  #memberCounters: Readonly<Record<string, number>> = {};
  #stopWatching: () => void = () => undefined;
  #asking = false;
  #askAgain = false;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;
  /** Newer than the one that threads start with; null: that is the newest. */
  #certificate: CertificatePair | null = null;

  constructor(options: ListeningOptions) {
    this.#options = options;
    for (const settings of options.store.all()) this.#settings.set(settings.channel, settings);
    this.#members = new MemberDesk({
      relay: options.relay,
      onAdmitted: (channel) => this.#keeper.threads?.admitted(channel),
      onDidChange: () => this.#tell(),
    });
    this.#keeper = this.#createKeeper(options);
  }

  /** From now on channels open and close with their switches. */
  start(): void {
    this.#stopWatching = this.#options.relay.watch((news) => this.#handleNews(news));
    this.#ask();
  }

  /** Ends whoever listens; resolves when the threads have ended and their members are put out. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#stopWatching();
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#keeper.stop();
    let limit: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      limit = setTimeout(resolve, DISMISS_LIMIT_MS);
    });
    await Promise.race([this.#members.dismissAll(), patience]);
    clearTimeout(limit);
    this.#options.store.close();
  }

  /** `failing`: something should be open and is not. */
  get status(): 'closed' | 'open' | 'failing' {
    if (this.#keeper.sentence !== null) return 'failing';
    return this.#keeper.ports === null ? 'closed' : 'open';
  }

  describe(channel: number): DescribedListening {
    const settings = this.#settings.get(channel) ?? firstSettings(channel);
    const { source, access, password, publishKey, talk, maxListeners } = settings;
    const { listeners, source: from, title } = this.#now.get(channel) ?? NOTHING_ON;
    return {
      source,
      access,
      hasPassword: password !== null,
      publish: publishKey !== null,
      publishKey,
      talk,
      maxListeners,
      links: this.#links(settings),
      now: { listeners, source: from, title },
      sentence: this.#sentence(channel),
    };
  }

  /** Channels that are open, by name, and the address of each one's page. */
  openPages(): { readonly channel: string; readonly link: string }[] {
    return [...this.#open.values()].flatMap(({ id, name }) => {
      const link = this.describe(id).links?.page;
      return link === undefined ? [] : [{ channel: name, link }];
    });
  }

  save(channel: number, change: SettingsChange): ListeningAnswer {
    const changed = changeSettings(this.#settings.get(channel) ?? firstSettings(channel), change);
    return changed.ok ? this.#keep(changed.settings) : { ...changed, reason: 'badRequest' };
  }

  /** Listeners who connect from now on are shown this one, those that threads let in which start later too. */
  renewCertificate(certificate: CertificatePair): void {
    this.#certificate = certificate;
    this.#keeper.threads?.setCertificate(certificate);
  }

  renewLink(channel: number): ListeningAnswer {
    const before = this.#settings.get(channel) ?? firstSettings(channel);
    return this.#keep({ ...before, linkKey: drawKey() });
  }

  renewPublishKey(channel: number): ListeningAnswer {
    const before = this.#settings.get(channel) ?? firstSettings(channel);
    if (before.publishKey !== null) return this.#keep({ ...before, publishKey: drawKey() });
    const sentence = 'Nobody may publish in this channel. Let a publisher in first.';
    return { ok: false, reason: 'badRequest', sentence };
  }

  counters(): Readonly<Record<string, number>> {
    const counters: Record<string, number> = { ...this.#counters };
    for (const [name, count] of Object.entries(this.#memberCounters)) counters[`members.${name}`] = count;
    counters['channelsOpen'] = this.#open.size;
    counters['publishers'] = this.#publishers();
    counters['restarts'] = this.#keeper.restarts;
    return counters;
  }

  /** @returns stops it */
  onDidChange(listener: () => void): () => void {
    const watcher = (): void => listener();
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #createKeeper({ start, anyPortsWillDo, log, nowMs }: ListeningOptions): ThreadKeeper {
    return new ThreadKeeper({
      start: start ?? neverStarted,
      anyPortsWillDo,
      log,
      nowMs,
      onDidStart: (threads) => this.#brief(threads),
      onDidChange: () => this.#handleThreads(),
      news: {
        onState: (now, counters) => this.#handleState(now, counters),
        onIdentity: (channel, identity) => {
          if (this.#open.has(channel)) this.#members.handleIdentity(channel, identity);
        },
        onDropped: (channel, sentence) => this.#members.handleDropped(channel, sentence),
        onMemberCounters: (counters) => {
          this.#memberCounters = counters;
        },
      },
    });
  }

  #publishers(): number {
    let publishers = 0;
    for (const [channel, { source }] of this.#now)
      if (source !== null && this.#open.get(channel)?.source === 'publisher') publishers += 1;
    return publishers;
  }

  #links(settings: ListeningSettings): ListeningLinks | null {
    const open = this.#open.get(settings.channel);
    const ports = this.#keeper.ports;
    if (open === undefined || ports === null) return null;
    const { place, host } = this.#options;
    return listeningLinks({ ...place, ...ports, host: host() }, open.slug, settings);
  }

  #sentence(channel: number): string | null {
    if (this.#options.start === null) return 'Listening is switched off in the settings of this relay.';
    return this.#keeper.sentence ?? this.#members.sentence(channel);
  }

  #keep(settings: ListeningSettings): ListeningAnswer {
    try {
      this.#options.store.save(settings);
    } catch {
      this.#options.log('error', 'listeningNotKept', {});
      return { ok: false, reason: 'storageFailed', sentence: STORAGE_SENTENCE };
    }
    this.#settings.set(settings.channel, settings);
    this.#apply();
    this.#tell();
    return { ok: true };
  }

  #handleNews(news: AdminNews): void {
    // It comes first when a relay was opened in the place of another.
    if (news.type === 'config') this.#members.handleRelay();
    if (news.type === 'channel' || news.type === 'channelRemoved' || news.type === 'config') this.#ask();
  }

  /** Looks at the room; while that is under way, once more after it. */
  #ask(): void {
    this.#askAgain = true;
    if (!this.#asking) void this.#look();
  }

  async #look(): Promise<void> {
    this.#asking = true;
    while (this.#askAgain && !this.#stopped) {
      this.#askAgain = false;
      try {
        const { channels } = await this.#options.relay.view();
        if (!this.#stopped) this.#take(channels);
      } catch {
        this.#lookLater();
      }
    }
    this.#asking = false;
  }

  #lookLater(): void {
    if (this.#timer !== null || this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#ask();
    }, ASK_AGAIN_MS);
  }

  #take(channels: readonly ChannelInfo[]): void {
    this.#channels = channels;
    const present = new Set(channels.map(({ id }) => id));
    for (const id of [...this.#settings.keys()]) if (!present.has(id)) this.#settings.delete(id);
    try {
      this.#options.store.keepOnly([...present]);
    } catch {
      this.#options.log('error', 'listeningNotKept', {});
    }
    this.#apply();
    this.#tell();
  }

  /** Brings the threads in line with the switches and the settings. */
  #apply(): void {
    if (this.#stopped) return;
    const before = this.#open;
    this.#open = this.#openChannels();
    const { threads } = this.#keeper;
    threads?.setChannels([...this.#open.values()]);
    for (const id of before.keys()) {
      if (this.#open.has(id)) continue;
      threads?.withdraw(id);
      this.#members.dismiss(id);
      this.#now.delete(id);
      this.#options.log('info', 'channelClosedToListeners', { channel: id });
    }
    for (const channel of this.#open.values()) {
      const { id, access, source } = channel;
      if (!before.has(id))
        this.#options.log('info', 'channelOpenToListeners', { channel: id, access, source });
      threads?.stand(id, channel.bitrate, source);
    }
    const { alwaysOpen, start } = this.#options;
    this.#keeper.want((this.#open.size > 0 || alwaysOpen) && start !== null);
  }

  #openChannels(): Map<number, ListeningChannel> {
    const slugs = slugsOf(this.#channels);
    const open = new Map<number, ListeningChannel>();
    for (const { id, name, config } of this.#channels) {
      if (!config.listeners) continue;
      const { channel: _, ...settings } = this.#settingsOf(id);
      const slug = slugs.get(id) ?? String(id);
      open.set(id, { id, name, slug, ...settings, bitrate: config.bitrate });
    }
    return open;
  }

  /** Makes them for a channel that is opened for the first time. */
  #settingsOf(channel: number): ListeningSettings {
    const known = this.#settings.get(channel);
    if (known !== undefined) return known;
    const first = firstSettings(channel);
    this.#settings.set(channel, first);
    try {
      this.#options.store.save(first);
    } catch {
      // It is open until the next start, then behind another link.
      this.#options.log('error', 'listeningNotKept', {});
    }
    return first;
  }

  #brief(threads: ListeningThreads): void {
    if (this.#certificate !== null) threads.setCertificate(this.#certificate);
    threads.setChannels([...this.#open.values()]);
    for (const { id, bitrate, source } of this.#open.values()) threads.stand(id, bitrate, source);
  }

  #handleThreads(): void {
    if (this.#keeper.ports === null) {
      this.#now.clear();
      this.#counters = {};
      this.#memberCounters = {};
    }
    this.#tell();
  }

  #handleState(now: readonly ChannelNow[], counters: Readonly<Record<string, number>>): void {
    this.#counters = counters;
    const before = this.#now;
    this.#now = new Map(
      now.filter(({ channel }) => this.#open.has(channel)).map((one) => [one.channel, one]),
    );
    const changed = [...this.#now].some(([channel, one]) => !isSame(one, before.get(channel)));
    if (changed || before.size !== this.#now.size) this.#tell();
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

function neverStarted(): never {
  throw new Error('broken invariant: where nobody is heard, no thread is wanted');
}

function isSame(one: ChannelNow, other: ChannelNow | undefined): boolean {
  return one.listeners === other?.listeners && one.source === other.source && one.title === other.title;
}
