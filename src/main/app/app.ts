import type { ChatEvent } from '../../contract/chat.ts';
import type { Diagnostics } from '../../contract/diagnostics.ts';
import type { AppState, Binding, Meters, Notice, Stats } from '../../contract/dto.ts';
import type { CommandHandlers } from '../../contract/ipc.ts';
import type { Rng } from '../../core/base/rng.ts';
import { SILENCE_DB } from '../../core/voice/level.ts';
import { Bindings, readKeyName } from './bindings.ts';
import { createCommandHandlers } from './commands.ts';
import { Devices } from './devices.ts';
import { viewDiagnostics } from './diagnostics-view.ts';
import { DiagnosticsWatch } from './diagnostics-watch.ts';
import type { EncoderFact, VoiceFact } from './facts.ts';
import { Hosting } from './hosting.ts';
import { Notices } from './notices.ts';
import type {
  AudioFact,
  AudioPort,
  BookmarksPort,
  IdentityPort,
  KeysPort,
  OpenLane,
  PeoplePort,
  SettingsPort,
  StartHosting,
  TapsPort,
  VoicePort,
} from './ports.ts';
import { Processing } from './processing.ts';
import { RateMeter } from './rate-meter.ts';
import { Room } from './room.ts';
import { Testing } from './testing.ts';
import { Transmission } from './transmission.ts';

export interface AppOptions {
  readonly version: string;
  readonly shell: AppState['shell'];
  readonly debug: boolean;
  readonly defaultNickname: string;
  readonly rng: Rng;
  readonly settings: SettingsPort;
  readonly people: PeoplePort;
  readonly bookmarks: BookmarksPort;
  readonly identity: () => IdentityPort;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Milliseconds since 1970. */
  readonly wallMs: () => number;
  /** Opens an address in the system's browser. */
  readonly openLink: (url: string) => void;
  readonly voice: VoicePort;
  readonly openLane: OpenLane;
  readonly startHosting: StartHosting;
}

/** The program behind the window: one state, one set of commands, whichever shell shows them. */
export class App {
  readonly handlers: CommandHandlers;
  readonly #options: AppOptions;
  readonly #notices = new Notices();
  readonly #devices: Devices;
  readonly #processing: Processing;
  readonly #testing: Testing;
  readonly #watch: DiagnosticsWatch;
  readonly #rates = new RateMeter();
  readonly #transmission: Transmission;
  readonly #hosting: Hosting;
  readonly #room: Room;
  readonly #bindings: Bindings;
  readonly #stats = new Map<string, Record<string, number>>();
  /** Groups that are read when somebody asks. */
  readonly #statsReaders = new Map<string, () => Record<string, number>>();
  readonly #refusals = new Map<string, number>();
  readonly #stateListeners = new Set<(state: AppState) => void>();
  readonly #meterListeners = new Set<(meters: Meters) => void>();
  readonly #chatListeners = new Set<(event: ChatEvent) => void>();
  #hotkeyProblem = '';
  #inputDb = SILENCE_DB;
  #outputDb = SILENCE_DB;
  #talkingTokens: number[] = [];
  #announcing = false;

  constructor(options: AppOptions) {
    this.#options = options;
    const { voice, settings } = options;
    const onDidChange = (): void => this.#announce();
    this.#devices = new Devices(settings);
    this.#processing = new Processing({ voice, settings, onDidChange });
    this.#testing = new Testing({ voice, onDidChange });
    this.#watch = new DiagnosticsWatch(voice);
    this.#transmission = new Transmission({ voice, settings, onDidChange });
    this.#bindings = new Bindings({ settings, onDidChange });
    this.#hosting = new Hosting({
      startHosting: options.startHosting,
      settings,
      ownIdentity: () => options.identity().publicKey,
      onDidChange,
      nowMs: () => performance.now(),
      onDidRecover: (sentence) => this.notify('warning', sentence),
      onDidDie: (sentence) => this.notify('error', sentence),
    });
    this.#room = new Room({
      rng: options.rng,
      voice,
      settings,
      people: options.people,
      identity: options.identity,
      openLane: options.openLane,
      randomBytes: options.randomBytes,
      wallMs: options.wallMs,
      onDidChange,
      onChat: (event) => {
        for (const listener of this.#chatListeners) listener(event);
      },
      notify: (severity, sentence) => this.notify(severity, sentence),
    });
    this.handlers = createCommandHandlers({
      getState: () => {
        // A window that has just opened has heard of no meters, and those that do not change are not told again.
        this.#tellMeters();
        return this.getState();
      },
      getStats: () => this.getStats(),
      getDiagnostics: () => this.getDiagnostics(),
      debug: options.debug,
      settings,
      room: this.#room,
      bindings: this.#bindings,
      bookmarks: options.bookmarks,
      identity: options.identity,
      openLink: options.openLink,
      hosting: this.#hosting,
      transmission: this.#transmission,
      devices: this.#devices,
      processing: this.#processing,
      testing: this.#testing,
      notices: this.#notices,
      announce: onDidChange,
      countRefusal: (reason) => this.#refusals.set(reason, (this.#refusals.get(reason) ?? 0) + 1),
    });
  }

  attachAudio(audio: AudioPort): void {
    this.#devices.attach(audio);
  }

  attachTaps(taps: TapsPort): void {
    this.#testing.attachTaps(taps);
  }

  attachKeys(keys: KeysPort): void {
    this.#bindings.attach(keys);
  }

  /** @returns a function that ends the subscription */
  onStateChanged(listener: (state: AppState) => void): () => void {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  }

  /** @returns a function that ends the subscription */
  onMetersChanged(listener: (meters: Meters) => void): () => void {
    this.#meterListeners.add(listener);
    return () => this.#meterListeners.delete(listener);
  }

  /** @returns a function that ends the subscription */
  onChatChanged(listener: (event: ChatEvent) => void): () => void {
    this.#chatListeners.add(listener);
    return () => this.#chatListeners.delete(listener);
  }

  /** The window is gone or does not answer: what it held is released. */
  handleWindowGone(): void {
    this.#transmission.setButton(false);
    this.#room.whispers.setHeld('button', { kind: 'reply' }, false);
  }

  handleAudioFact(fact: AudioFact): void {
    this.#devices.handleFact(fact);
    // What the window does not show is no reason to send it everything.
    if (fact.kind !== 'latency' && fact.kind !== 'buffer') this.#announce();
  }

  /** A recording went on, or ended by itself. */
  handleTaps(): void {
    this.#testing.handleTaps();
  }

  handleEncoderFact(fact: EncoderFact): void {
    switch (fact.kind) {
      case 'level':
        this.#inputDb = fact.inputDb;
        this.#tellMeters();
        return;
      case 'transmitting':
        this.#transmission.transmitting = fact.transmitting;
        this.#tellMeters();
        this.#announce();
        return;
      case 'processing':
        this.#processing.handleReports(fact.stages);
        return;
      case 'counters':
        this.#stats.set('encoder', fact.counters);
        return;
    }
  }

  handleVoiceFact(fact: VoiceFact): void {
    switch (fact.kind) {
      case 'meters':
        this.#handleMeters(fact.outputDb, fact.talkingTokens, fact.whisperingTokens);
        return;
      case 'path':
        this.#room.call.handlePath(fact);
        return;
      case 'voicePath':
        this.#room.call.handleVoiceRoute(fact.path);
        return;
      case 'laneDatagram':
        this.#room.call.sendLaneDatagram(fact.bytes);
        return;
      case 'hearing':
        this.#room.call.sendHearing(fact.reports);
        return;
      case 'trace':
        this.#testing.handleTrace(fact.text, fact.packets);
        return;
      case 'tapOpened':
        this.#testing.handleTapOpened(
          fact.token,
          fact.memory,
          fact.startSample,
          this.#nicknameOf(fact.token),
        );
        return;
      case 'counters':
        for (const name of [...this.#stats.keys()]) if (name.startsWith('speaker.')) this.#stats.delete(name);
        for (const [name, counters] of Object.entries(fact.groups)) this.#stats.set(name, counters);
        return;
    }
  }

  /** @param reason why the sound thread died; it is started again */
  handleThreadCrash(thread: 'encoder' | 'voice', reason: string): void {
    this.notify('error', `The ${thread} thread stopped (${reason}) and was started again.`);
    if (thread !== 'voice') return;
    this.#room.handleVoiceCrash();
    this.#testing.handleVoiceCrash();
  }

  /** A global key went down or up. */
  handleKey(name: string, held: boolean): void {
    const use = readKeyName(name);
    if (use?.kind === 'pushToTalk') this.#transmission.handleKey(held);
    else if (use?.kind === 'whisper')
      this.#room.whispers.setHeld(
        `key.${name}`,
        use.key === 'reply' ? { kind: 'reply' } : { kind: 'list', list: use.key },
        held,
      );
  }

  /** @param binding null: the person gave up choosing a key */
  handleBindingCaptured(name: string, binding: Binding | null): void {
    this.#bindings.handleCaptured(name, binding);
  }

  /** @param problem a sentence, or empty when the global key works again */
  handleHotkeyProblem(problem: string): void {
    this.#hotkeyProblem = problem;
    if (problem !== '') {
      this.#transmission.handleKey(false);
      this.#room.whispers.release('key.');
    }
    this.#announce();
  }

  handleCounters(group: string, counters: Record<string, number>): void {
    this.#stats.set(group, counters);
  }

  /** Adds a group of counters that is read whenever the statistics are. */
  addCounters(group: string, read: () => Record<string, number>): void {
    this.#statsReaders.set(group, read);
  }

  notify(severity: Notice['severity'], text: string): void {
    this.#notices.raise(severity, text);
    this.#announce();
  }

  /** Leaves the room and closes the hosted one. */
  async close(): Promise<void> {
    this.#room.call.leave();
    await this.#hosting.stop();
  }

  getStats(): Stats {
    const memory = process.memoryUsage();
    return {
      ...Object.fromEntries(this.#stats),
      ...Object.fromEntries([...this.#statsReaders].map(([group, read]) => [group, read()])),
      refused: Object.fromEntries(this.#refusals),
      session: this.#room.call.counters(),
      keys: { ...this.#room.keys.counters },
      whispers: { ...this.#room.whispers.counters },
      process: {
        rssBytes: memory.rss,
        heapUsedBytes: memory.heapUsed,
        externalBytes: memory.external,
        arrayBuffersBytes: memory.arrayBuffers,
      },
    };
  }

  /** Figures for whoever looks closely; the threads report more often while somebody asks. */
  getDiagnostics(): Diagnostics {
    this.#watch.handleAsked();
    return viewDiagnostics({
      stats: this.getStats(),
      connection: this.#room.describe(this.#transmission.transmitting).connection,
      members: this.#room.call.members,
      sending: this.#room.call.sending,
      latency: this.#devices.latency,
      stages: this.#processing.reports,
      rates: this.#rates,
      nowMs: performance.now(),
    });
  }

  getState(): AppState {
    const { settings } = this.#options;
    const identity = this.#options.identity();
    const { transmitting } = this.#transmission;
    const capturing = this.#bindings.capturing;
    return {
      ...this.#room.describe(transmitting),
      version: this.#options.version,
      shell: this.#options.shell,
      nickname: settings.current.nickname === '' ? this.#options.defaultNickname : settings.current.nickname,
      muted: this.#transmission.muted,
      deafened: this.#transmission.deafened,
      transmitting,
      activation: settings.current.activation,
      gateThresholdDb: settings.current.gateThresholdDb,
      pushToTalk: settings.current.pushToTalk,
      capturingBinding: capturing?.kind === 'pushToTalk',
      hotkeyProblem: this.#hotkeyProblem,
      hearYourself: this.#transmission.selfTest,
      ...this.#processing.describe(),
      testing: this.#testing.describe(),
      audioBackend: this.#devices.backend,
      input: this.#devices.describe('input', settings.current.inputId),
      output: this.#devices.describe('output', settings.current.outputId),
      identity: {
        publicKey: identity.publicKey,
        storage: identity.storage,
        problem: identity.problem,
      },
      bookmarks: this.#options.bookmarks
        .list()
        .map(({ certificateSha256: _pinned, ...bookmark }) => ({ ...bookmark })),
      whispers: this.#room.whispers.describe(
        capturing?.kind === 'whisper' ? capturing.key : null,
        settings.current.replyKey,
      ),
      hosting: this.#hosting.describe(),
      notices: [...this.#notices.all],
    };
  }

  #handleMeters(outputDb: number, talkingTokens: number[], whisperingTokens: number[]): void {
    if (this.#room.handleMeters(talkingTokens, whisperingTokens)) this.#announce();
    this.#outputDb = outputDb;
    this.#talkingTokens = talkingTokens;
    this.#tellMeters();
  }

  /** Both threads report changes only; whoever listens paces them. */
  #tellMeters(): void {
    const own = this.#room.call.token;
    const talkingTokens =
      this.#transmission.transmitting && own !== null ? [...this.#talkingTokens, own] : this.#talkingTokens;
    const meters = { inputDb: this.#inputDb, outputDb: this.#outputDb, talkingTokens };
    for (const listener of this.#meterListeners) listener(meters);
  }

  #nicknameOf(token: number): string {
    return this.#room.call.members.find((member) => member.token === token)?.nickname ?? '';
  }

  /** Several changes in one turn of the event loop are one announcement. */
  #announce(): void {
    if (this.#announcing) return;
    this.#announcing = true;
    setImmediate(() => {
      this.#announcing = false;
      const state = this.getState();
      for (const listener of this.#stateListeners) listener(state);
    });
  }
}
