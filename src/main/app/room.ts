import type { ChatEvent, Conversation } from '../../contract/chat.ts';
import type { AppState } from '../../contract/dto.ts';
import type { Rng } from '../../core/base/rng.ts';
import { Call } from './call.ts';
import { ChannelKeys } from './channel-keys.ts';
import { ChatLog } from './chat-log.ts';
import { People } from './people.ts';
import type { IdentityPort, OpenLane, PeoplePort, SettingsPort, VoicePort } from './ports.ts';
import { viewRoom } from './room-view.ts';
import { Whispers } from './whispers.ts';

export interface RoomOptions {
  readonly rng: Rng;
  readonly voice: VoicePort;
  readonly settings: SettingsPort;
  readonly people: PeoplePort;
  readonly identity: () => IdentityPort;
  readonly openLane: OpenLane;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Milliseconds since 1970. */
  readonly wallMs: () => number;
  readonly onDidChange: () => void;
  readonly onChat: (event: ChatEvent) => void;
  readonly notify: (severity: 'info' | 'warning' | 'error', sentence: string) => void;
}

type RoomState = Pick<AppState, 'connection' | 'channels' | 'members' | 'roles' | 'ownRules'>;

/** The room we are in, with all that belongs to it: connection, keys, people, chat, whispers. */
export class Room {
  readonly call: Call;
  readonly keys: ChannelKeys;
  readonly people: People;
  readonly whispers: Whispers;
  readonly #options: RoomOptions;
  readonly #chat: ChatLog;
  /** Channels of this session whose newest messages were asked for. */
  readonly #historyOf = new Set<number>();
  #talking: ReadonlySet<number> = new Set();
  #whispering: ReadonlySet<number> = new Set();
  /** Safety codes cost a hash of many rounds each and never change. */
  readonly #safetyCodes = new Map<string, string>();

  constructor(options: RoomOptions) {
    this.#options = options;
    const { voice, onDidChange } = options;
    this.people = new People({ store: options.people, voice, onDidChange });
    this.#chat = new ChatLog({
      onDidChange: options.onChat,
      title: (target) => this.#titleOf(target),
      ownIdentity: () => {
        const own = this.#own();
        return { identity: own?.identity ?? '', nickname: own?.nickname ?? '' };
      },
      wallMs: options.wallMs,
    });
    this.call = new Call({
      rng: options.rng,
      voice,
      people: options.people,
      identity: options.identity,
      openLane: options.openLane,
      onDidChange: () => this.#handleChange(),
      onDidWelcome: ({ server, resumed }) => this.#handleWelcome(server, resumed),
      onDidEnd: () => this.#handleEnd(),
      onDidDrop: (sentence) => options.notify('error', sentence),
      onProblem: (sentence) => options.notify('warning', sentence),
      onKeyMessage: (message) => this.keys.handleMessage(message),
      onDidRefuseKey: (code) => this.keys.handleRefused(code),
      onWhisperKey: (message) => void this.whispers.handleKey(message),
      onChat: (message, own) => this.#chat.handleMessage(message, own),
      onDidSettleChat: (id, outcome) => this.#chat.handleSettled(id, outcome),
      onHistory: (history) => {
        for (const message of history.messages)
          this.#chat.handleMessage(message, message.from.identity === this.#own()?.identity);
        this.#chat.setMore(history.channel, !history.complete);
      },
    });
    this.keys = new ChannelKeys({
      createGroup: () => options.identity().createGroup(),
      ownIdentity: () => options.identity().publicKey,
      members: () => this.call.members,
      voice,
      send: (message) => this.call.sendKey(message),
      groupCode: (authenticator) => options.identity().groupCode(authenticator),
      onDidChange,
    });
    this.whispers = new Whispers({
      crypto: {
        seal: async (facts) => (await this.call.whisperCrypto?.seal(facts)) ?? null,
        open: async (facts) => (await this.call.whisperCrypto?.open(facts)) ?? { ok: false },
      },
      voice,
      members: () => this.call.members,
      ownToken: () => this.call.token,
      lists: () => options.settings.current.whisperLists,
      registerList: (list, targets) => this.call.setWhisperList(list, targets),
      sendKey: (to, target, sealed) => this.call.sendKey({ type: 'whisperKey', to, target, sealed }),
      randomBytes: options.randomBytes,
      onDidChange,
      notify: (sentence) => options.notify('warning', sentence),
    });
  }

  /** @param transmitting sound of our own goes out */
  describe(transmitting: boolean): RoomState {
    const { speakRule, ...view } = viewRoom({
      ownToken: this.call.token,
      channels: this.call.channels,
      members: this.call.members,
      roles: this.call.roles,
      person: (identity) => this.people.of(identity),
      talking: this.#talking,
      whispering: this.#whispering,
      transmitting,
      holders: this.keys.holders,
      safetyCode: (identity) => this.#safetyCode(identity),
    });
    const sealing = this.keys.describe(performance.now());
    return { ...view, connection: this.call.describe({ speakRule, sealing }) };
  }

  conversations(): Conversation[] {
    return this.#chat.conversations();
  }

  /** Writes to a channel or a person. */
  sendChat(target: ChatEvent['target'], text: string): { ok: true } | { ok: false; sentence: string } {
    const sent = this.call.sendChat(target, text);
    if (!sent.ok) return sent;
    this.#chat.handleSent(sent.id, target, text);
    return { ok: true };
  }

  loadOlderChat(channel: number): Promise<{ ok: true; more: boolean } | { ok: false; sentence: string }> {
    return this.#loadChat(channel, this.#chat.oldestOf(channel));
  }

  async #loadChat(
    channel: number,
    before: number | null,
  ): Promise<{ ok: true; more: boolean } | { ok: false; sentence: string }> {
    const outcome = await this.call.request({ kind: 'history', channel, before });
    if (!outcome.ok) return outcome;
    const conversation = this.#chat
      .conversations()
      .find(({ target }) => target.kind === 'channel' && target.channel === channel);
    return { ok: true, more: conversation?.more ?? false };
  }

  /** @returns true when who talks or whispers has changed */
  handleMeters(talking: readonly number[], whispering: readonly number[]): boolean {
    const same = isSame(this.#talking, talking) && isSame(this.#whispering, whispering);
    if (same) return false;
    this.#talking = new Set(talking);
    this.#whispering = new Set(whispering);
    this.whispers.handleWhispering(whispering);
    return true;
  }

  /** The voice thread died: no key it had may seal another packet. */
  handleVoiceCrash(): void {
    this.keys.renew();
    this.whispers.renew();
    // The new thread looks for UDP first, whatever the one before had come to.
    this.call.handleVoiceRoute('udp');
  }

  #handleWelcome(server: string, resumed: boolean): void {
    this.people.enter(server);
    if (resumed) {
      this.keys.handleResumed();
      return;
    }
    this.keys.handleNewSession();
    this.whispers.renew();
    this.#historyOf.clear();
  }

  /** What was said in our channel before we came, where it is kept. Once for each channel. */
  #loadHistory(): void {
    const channel = this.call.channels.find(({ id }) => id === this.call.channel);
    if (channel === undefined || channel.config.historyDays === 0 || this.#historyOf.has(channel.id)) return;
    this.#historyOf.add(channel.id);
    void this.#loadChat(channel.id, null);
  }

  #handleChange(): void {
    // While the lane is away our place is held, and the keys with it.
    if (this.call.connected) {
      this.keys.handleRoster(this.call.channel, performance.now());
      this.people.handleRoster(this.call.members);
      this.whispers.handleRoster();
      this.#loadHistory();
    }
    this.#options.onDidChange();
  }

  #handleEnd(): void {
    this.keys.handleNewSession();
    this.whispers.handleEnd();
    this.people.leave();
    this.#historyOf.clear();
    this.#chat.clear();
    this.#talking = new Set();
    this.#whispering = new Set();
  }

  #own(): { identity: string; nickname: string; channel: number | null } | undefined {
    return this.call.members.find(({ token }) => token === this.call.token);
  }

  #titleOf(target: ChatEvent['target']): string {
    if (target.kind === 'channel')
      return this.call.channels.find(({ id }) => id === target.channel)?.name ?? '';
    return this.call.members.find(({ identity }) => identity === target.identity)?.nickname ?? '';
  }

  #safetyCode(identity: string): string {
    const own = this.#options.identity();
    const pair = `${own.publicKey} ${identity}`;
    const known = this.#safetyCodes.get(pair);
    if (known !== undefined) return known;
    const code = own.safetyCode(identity);
    if (this.#safetyCodes.size > MAX_KEPT_CODES) this.#safetyCodes.clear();
    this.#safetyCodes.set(pair, code);
    return code;
  }
}

/** More people than a room holds; when another room fills it up, it is begun anew. */
const MAX_KEPT_CODES = 400;

function isSame(known: ReadonlySet<number>, tokens: readonly number[]): boolean {
  return tokens.length === known.size && tokens.every((token) => known.has(token));
}
