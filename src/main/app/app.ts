import type { AppState, Meters, Notice, Stats } from '../../contract/dto.ts';
import type { CommandHandlers, Outcome } from '../../contract/ipc.ts';
import type { Rng } from '../../core/base/rng.ts';
import { SILENCE_DB } from '../../core/voice/level.ts';
import { Call } from './call.ts';
import { createCommandHandlers } from './commands.ts';
import { Devices } from './devices.ts';
import type { EncoderFact, VoiceFact } from './facts.ts';
import { Hosting } from './hosting.ts';
import { Notices } from './notices.ts';
import type {
  AudioFact,
  AudioPort,
  OpenLane,
  PushToTalkPort,
  SettingsPort,
  StartHosting,
  VoicePort,
} from './ports.ts';
import { Transmission } from './transmission.ts';

export interface AppOptions {
  readonly version: string;
  readonly shell: AppState['shell'];
  readonly debug: boolean;
  readonly defaultNickname: string;
  readonly rng: Rng;
  readonly settings: SettingsPort;
  readonly voice: VoicePort;
  readonly openLane: OpenLane;
  readonly startHosting: StartHosting;
}

/** The program behind the window: one state, one set of commands, whichever shell shows them. */
export class App {
  readonly handlers: CommandHandlers;
  readonly #options: AppOptions;
  readonly #notices = new Notices();
  readonly #devices = new Devices();
  readonly #transmission: Transmission;
  readonly #hosting: Hosting;
  readonly #call: Call;
  readonly #volumes = new Map<number, number>();
  readonly #stats = new Map<string, Record<string, number>>();
  /** Groups that are read when somebody asks. */
  readonly #statsReaders = new Map<string, () => Record<string, number>>();
  readonly #refusals = new Map<string, number>();
  readonly #stateListeners = new Set<(state: AppState) => void>();
  readonly #meterListeners = new Set<(meters: Meters) => void>();
  #hotkeyProblem = '';
  #talking = new Set<number>();
  #inputDb = SILENCE_DB;
  #announcing = false;

  constructor(options: AppOptions) {
    this.#options = options;
    const { voice, settings } = options;
    const onDidChange = (): void => this.#announce();
    this.#transmission = new Transmission({ voice, settings, onDidChange });
    this.#hosting = new Hosting({
      startHosting: options.startHosting,
      settings,
      onDidChange,
      onDidDie: (sentence) => this.notify('error', sentence),
    });
    this.#call = new Call({
      rng: options.rng,
      voice,
      settings,
      openLane: options.openLane,
      onDidChange: () => this.#handleCallChange(),
      onDidDrop: (sentence) => this.notify('error', sentence),
    });
    this.handlers = createCommandHandlers({
      getState: () => this.getState(),
      getStats: () => this.getStats(),
      setMemberVolume: (token, volume) => this.#setMemberVolume(token, volume),
      debug: options.debug,
      settings,
      call: this.#call,
      hosting: this.#hosting,
      transmission: this.#transmission,
      devices: this.#devices,
      notices: this.#notices,
      announce: onDidChange,
      countRefusal: (reason) => this.#refusals.set(reason, (this.#refusals.get(reason) ?? 0) + 1),
    });
  }

  attachAudio(audio: AudioPort): void {
    this.#devices.attach(audio);
  }

  attachKeys(keys: PushToTalkPort): void {
    this.#transmission.attachKeys(keys);
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

  /** The window is gone or does not answer: what it held is released. */
  handleWindowGone(): void {
    this.#transmission.setButton(false);
  }

  handleAudioFact(fact: AudioFact): void {
    this.#devices.handleFact(fact);
    this.#announce();
  }

  handleEncoderFact(fact: EncoderFact): void {
    switch (fact.kind) {
      case 'level':
        this.#inputDb = fact.inputDb;
        return;
      case 'transmitting':
        this.#transmission.transmitting = fact.transmitting;
        this.#announce();
        return;
      case 'counters':
        this.#stats.set('encoder', fact.counters);
        return;
    }
  }

  handleVoiceFact(fact: VoiceFact): void {
    switch (fact.kind) {
      case 'meters':
        this.#handleMeters(fact.outputDb, fact.talkingTokens);
        return;
      case 'path':
        this.#call.handlePath(fact.alive, fact.pingMs);
        return;
      case 'counters':
        for (const name of [...this.#stats.keys()]) if (name.startsWith('speaker.')) this.#stats.delete(name);
        for (const [name, counters] of Object.entries(fact.groups)) this.#stats.set(name, counters);
        return;
    }
  }

  handleKey(held: boolean): void {
    this.#transmission.handleKey(held);
  }

  /** @param binding null: the person gave up choosing a key */
  handleBindingCaptured(binding: AppState['pushToTalk']): void {
    if (binding === null) this.#transmission.handleCaptureEnded();
    else this.#transmission.setBinding(binding);
  }

  /** @param problem a sentence, or empty when the global key works again */
  handleHotkeyProblem(problem: string): void {
    this.#hotkeyProblem = problem;
    if (problem !== '') this.#transmission.handleKey(false);
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
    this.#call.leave();
    await this.#hosting.stop();
  }

  #setMemberVolume(token: number, volume: number): Outcome {
    if (!this.#call.members.some((member) => member.token === token)) {
      return { ok: false, sentence: 'That person has left the room.' };
    }
    this.#volumes.set(token, volume);
    this.#options.voice.setVolume(token, volume);
    this.#announce();
    return { ok: true };
  }

  getStats(): Stats {
    const memory = process.memoryUsage();
    return {
      ...Object.fromEntries(this.#stats),
      ...Object.fromEntries([...this.#statsReaders].map(([group, read]) => [group, read()])),
      refused: Object.fromEntries(this.#refusals),
      session: this.#call.counters(),
      process: {
        rssBytes: memory.rss,
        heapUsedBytes: memory.heapUsed,
        externalBytes: memory.external,
        arrayBuffersBytes: memory.arrayBuffers,
      },
    };
  }

  getState(): AppState {
    const { settings } = this.#options;
    const own = this.#call.token;
    return {
      version: this.#options.version,
      shell: this.#options.shell,
      nickname: settings.current.nickname === '' ? this.#options.defaultNickname : settings.current.nickname,
      muted: this.#transmission.muted,
      deafened: this.#transmission.deafened,
      transmitting: this.#transmission.transmitting,
      activation: settings.current.activation,
      gateThresholdDb: settings.current.gateThresholdDb,
      pushToTalk: settings.current.pushToTalk,
      capturingBinding: this.#transmission.capturing,
      hotkeyProblem: this.#hotkeyProblem,
      hearYourself: this.#transmission.selfTest,
      audioBackend: this.#devices.backend,
      input: this.#devices.describe('input', settings.current.inputId),
      output: this.#devices.describe('output', settings.current.outputId),
      connection: this.#call.describe(),
      hosting: this.#hosting.describe(),
      members: this.#call.members.map((member) => ({
        token: member.token,
        nickname: member.nickname,
        self: member.token === own,
        talking: member.token === own ? this.#transmission.transmitting : this.#talking.has(member.token),
        muted: member.muted,
        deafened: member.deafened,
        volume: this.#volumes.get(member.token) ?? 1,
      })),
      notices: [...this.#notices.all],
    };
  }

  #handleCallChange(): void {
    const present = new Set(this.#call.members.map((member) => member.token));
    for (const token of [...this.#volumes.keys()]) if (!present.has(token)) this.#volumes.delete(token);
    this.#announce();
  }

  #handleMeters(outputDb: number, talkingTokens: number[]): void {
    const same =
      talkingTokens.length === this.#talking.size && talkingTokens.every((token) => this.#talking.has(token));
    if (!same) {
      this.#talking = new Set(talkingTokens);
      this.#announce();
    }
    const own = this.#call.token;
    const talking = this.#transmission.transmitting && own !== null ? [...talkingTokens, own] : talkingTokens;
    for (const listener of this.#meterListeners) {
      listener({ inputDb: this.#inputDb, outputDb, talkingTokens: talking });
    }
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
