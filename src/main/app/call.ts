import type { Connection } from '../../contract/dto.ts';
import type { Outcome } from '../../contract/ipc.ts';
import { base64UrlToBytes, bytesToBase64Url } from '../../core/base/base64url.ts';
import type { Rng } from '../../core/base/rng.ts';
import {
  type ChatOutcome,
  type HistoryMessage,
  type KeyMessage,
  type OwnKeyMessage,
  SessionEngine,
  type SessionOut,
  type WelcomeMessage,
  type WhisperKeyFromMessage,
} from '../../core/session/session-engine.ts';
import type { ChannelInfo } from '../../core/wire/channels.ts';
import type { ChatMessage, ChatTarget } from '../../core/wire/chat.ts';
import type { MemberInfo, Request, VoicePath } from '../../core/wire/control.ts';
import type { HearingReport } from '../../core/wire/hearing.ts';
import type { Invite } from '../../core/wire/invite.ts';
import { loginStatement } from '../../core/wire/login.ts';
import type { Role } from '../../core/wire/roles.ts';
import { DeadlineTimer } from '../base/deadline-timer.ts';
import { Answers, type ListBansOutcome } from './answers.ts';
import { CertificateCheck } from './certificate-check.ts';
import { NO_PATH, type Path, type RoomConnectionFacts, viewConnection } from './connection-view.ts';
import type { Sending } from './diagnostics-view.ts';
import { EngineTurn } from './engine-turn.ts';
import { Outgoing } from './outgoing.ts';
import type { IdentityPort, Lane, OpenLane, PeoplePort, VoicePort, WhisperCryptoPort } from './ports.ts';
import { relayName } from './trust.ts';

export interface CallOptions {
  readonly rng: Rng;
  readonly voice: Pick<
    VoicePort,
    'connect' | 'disconnect' | 'forget' | 'setCodec' | 'setRedundancy' | 'setInRoom' | 'handleLaneDatagram'
  >;
  readonly people: Pick<PeoplePort, 'knownRelay' | 'rememberRelay'>;
  readonly identity: () => IdentityPort;
  readonly openLane: OpenLane;
  readonly onDidChange: () => void;
  /** A session begins or goes on; `server` is the SHA-256 of the relay's certificate. */
  readonly onDidWelcome: (facts: { readonly server: string; readonly resumed: boolean }) => void;
  /** The session is over. */
  readonly onDidEnd: () => void;
  /** The call ended without the person asking for it. */
  readonly onDidDrop: (sentence: string) => void;
  /** Something did not work that the person should know of; the call goes on. */
  readonly onProblem: (sentence: string) => void;
  readonly onKeyMessage: (message: KeyMessage) => void;
  readonly onDidRefuseKey: (code: 'keyRejected' | 'staleCommit') => void;
  readonly onWhisperKey: (message: WhisperKeyFromMessage) => void;
  readonly onChat: (message: ChatMessage, own: boolean) => void;
  readonly onDidSettleChat: (id: number, outcome: ChatOutcome) => void;
  readonly onHistory: (history: HistoryMessage) => void;
}

const NOT_CONNECTED = { ok: false, sentence: 'You are not connected to a room.' } as const;
const LEFT = { ok: false, sentence: 'You left.' } as const;

/** One room at a time: drives the session engine with a real control lane and tells the voice threads. */
export class Call {
  readonly #options: CallOptions;
  readonly #engine: SessionEngine;
  readonly #timer: DeadlineTimer;
  readonly #turn = new EngineTurn();
  readonly #answers = new Answers();
  readonly #outgoing: Outgoing;
  readonly #certificate: CertificateCheck;
  readonly #out: SessionOut = {
    openLane: () => this.#openLane(),
    closeLane: () => this.#closeLane(),
    sendControl: (message) => this.#lane?.send(JSON.stringify(message)),
    signLogin: (nonce) => this.#signLogin(nonce),
    onDidChange: () => this.#tell(() => this.#handleChange()),
    onDidWelcome: (welcome) => this.#tell(() => this.#handleWelcome(welcome)),
    onDidEnd: (end) => this.#tell(() => this.#handleEnd(end.sentence)),
    onDidAnswer: (request, answer) => this.#tell(() => this.#answers.handleAnswer(request, answer)),
    onChat: (message, { own }) => this.#tell(() => this.#options.onChat(message, own)),
    onDidSettleChat: (chat, outcome) => this.#tell(() => this.#options.onDidSettleChat(chat, outcome)),
    onHistory: (history) => this.#tell(() => this.#options.onHistory(history)),
    onBans: (bans) => this.#tell(() => this.#answers.handleBans(bans)),
    onKeyMessage: (message) => this.#tell(() => this.#options.onKeyMessage(message)),
    onDidRefuseKey: (code) => this.#tell(() => this.#options.onDidRefuseKey(code)),
    onWhisperKey: (message) => this.#tell(() => this.#options.onWhisperKey(message)),
    onHeard: (losses) => this.#tell(() => this.#outgoing.handleHeard(losses, performance.now())),
  };
  #target: Invite | null = null;
  #lane: Lane | null = null;
  #laneFacts: { readonly remoteAddress: string; readonly exporter: Uint8Array } | null = null;
  #whisperCrypto: WhisperCryptoPort | null = null;
  #password: string | null = null;
  /** Counts attempts to enter and leavings: an attempt that was overtaken is dropped. */
  #entries = 0;
  /** On the way in, and no lane is opened yet. */
  #entering = false;
  /** What has to be over before anybody enters. */
  #outside: Promise<unknown> = Promise.resolve();
  #answer: ((outcome: Outcome) => void) | null = null;
  #path = NO_PATH;
  #voiceRoute: VoicePath = 'udp';
  #members = new Set<number>();
  /** The channel that the microphone was last opened for. */
  #speaksIn: number | null = null;

  constructor(options: CallOptions) {
    this.#options = options;
    this.#outgoing = new Outgoing(options.voice);
    this.#certificate = new CertificateCheck({ people: options.people, onProblem: options.onProblem });
    this.#engine = new SessionEngine({ rng: options.rng });
    this.#timer = new DeadlineTimer(this.#engine, (nowMs) =>
      this.#turn.run(() => this.#engine.handleDeadline(nowMs, this.#out)),
    );
  }

  get members(): readonly MemberInfo[] {
    return this.#engine.members;
  }

  get channels(): readonly ChannelInfo[] {
    return this.#engine.channels;
  }

  get roles(): readonly Role[] {
    return this.#engine.roles;
  }

  get token(): number | null {
    return this.#engine.token;
  }

  /** The channel we are in; null: none, or not connected. */
  get channel(): number | null {
    return this.#engine.phase === 'connected' ? (this.#engine.ownChannel?.id ?? null) : null;
  }

  get connected(): boolean {
    return this.#engine.phase === 'connected';
  }

  /** In no room, and on the way into none. */
  get idle(): boolean {
    return this.#engine.phase === 'idle' && !this.#entering;
  }

  get target(): Invite | null {
    return this.#engine.phase === 'idle' ? null : this.#target;
  }

  get roomName(): string {
    return this.#engine.roomName;
  }

  /** SHA-256 of the relay's certificate, base64url; empty in no room. */
  get server(): string {
    return this.#certificate.accepted;
  }

  /** The password we entered with, to be kept with a bookmark. */
  get password(): string | null {
    return this.#password;
  }

  /** How our voice goes out. */
  get sending(): Sending {
    return this.#outgoing.sending;
  }

  get whisperCrypto(): WhisperCryptoPort | null {
    return this.#whisperCrypto;
  }

  counters(): Record<string, number> {
    const { counters, tcpPingMs } = this.#engine;
    return {
      ...counters,
      certificatesRefused: this.#certificate.refused,
      bansUnasked: this.#answers.bansUnasked,
      tcpPingMs: tcpPingMs ?? -1,
    };
  }

  /** What the window shows of the connection; `room` are the facts of the room that others know. */
  describe(room: RoomConnectionFacts): Connection {
    return viewConnection({
      engine: this.#engine,
      relay: this.#target === null ? '' : relayName(this.#target),
      entering: this.#answer !== null,
      path: this.#path,
      voiceRoute: this.#voiceRoute,
      room,
    });
  }

  /**
   * Enters the room at `target`; resolves when the relay let us in, or with the reason why not. Of two attempts at
   * once the later one counts.
   */
  async join(target: Invite, nickname: string, password: string | null): Promise<Outcome> {
    this.leave();
    const entry = this.#entries;
    this.#entering = true;
    try {
      await this.#outside;
      const identity = this.#options.identity();
      const crypto = await identity.createWhisperCrypto();
      if (entry !== this.#entries) return LEFT;
      this.#target = target;
      this.#certificate.begin();
      this.#whisperCrypto = crypto;
      this.#password = password;
      const answered = new Promise<Outcome>((resolve) => {
        this.#answer = resolve;
      });
      const entrant = { nickname, identity: identity.publicKey, ...(password === null ? {} : { password }) };
      this.#drive((nowMs) => this.#engine.handleConnect(entrant, nowMs, this.#out));
      return answered;
    } finally {
      if (entry === this.#entries) this.#entering = false;
    }
  }

  leave(): void {
    this.#entries += 1;
    this.#entering = false;
    if (this.#engine.phase === 'idle') return;
    this.#drive((nowMs) => this.#engine.handleLeave(nowMs, this.#out));
  }

  /**
   * Does something that must not happen while we are in a room; whoever wants to enter one waits until it is done.
   *
   * @returns null when we are in a room, or on the way into one
   */
  async whileOutside<Result>(work: () => Promise<Result>): Promise<Result | null> {
    if (!this.idle) return null;
    const done = this.#outside.then(work);
    this.#outside = done.catch(() => undefined);
    return done;
  }

  /** The room at `target` is the one we are in, or on the way into. */
  isAt(target: Invite): boolean {
    if (this.#target === null || this.#engine.phase === 'idle') return false;
    return this.#target.host === target.host && this.#target.port === target.port;
  }

  setState(muted: boolean, deafened: boolean): void {
    this.#drive((nowMs) => this.#engine.setState({ muted, deafened }, nowMs, this.#out));
  }

  /**
   * While the connection is lost it is asked for after its return.
   *
   * @param channel null: leave the channel, stay in the room
   */
  async joinChannel(channel: number | null, password: string | null): Promise<Outcome> {
    if (this.#engine.phase === 'idle') return NOT_CONNECTED;
    const number = this.#drive((nowMs) =>
      this.#engine.joinChannel(channel, nowMs, this.#out, password ?? undefined),
    );
    return number === null ? { ok: true } : this.#answers.to(number);
  }

  async request(request: Request): Promise<Outcome> {
    if (this.#engine.phase !== 'connected') return NOT_CONNECTED;
    return this.#answers.to(this.#drive((nowMs) => this.#engine.request(request, nowMs, this.#out)));
  }

  async listBans(): Promise<ListBansOutcome> {
    if (this.#engine.phase !== 'connected') return NOT_CONNECTED;
    const request = { kind: 'listBans' } as const;
    return this.#answers.toListing(this.#drive((nowMs) => this.#engine.request(request, nowMs, this.#out)));
  }

  sendChat(
    to: ChatTarget,
    text: string,
  ): { readonly ok: true; readonly id: number } | { readonly ok: false; readonly sentence: string } {
    return this.#drive((nowMs) => this.#engine.sendChat(to, text, nowMs, this.#out));
  }

  /** @returns false when there is no connection: it did not go out */
  sendKey(message: OwnKeyMessage): boolean {
    return this.#drive((nowMs) => this.#engine.sendKey(message, nowMs, this.#out));
  }

  setWhisperList(list: number, targets: readonly number[]): void {
    this.#drive((nowMs) => this.#engine.setWhisperList(list, targets, nowMs, this.#out));
  }

  handlePath(path: Path): void {
    this.#path = path;
    this.#options.onDidChange();
  }

  /** Which way voice takes, as the path engine found out. */
  handleVoiceRoute(route: VoicePath): void {
    this.#voiceRoute = route;
    this.#drive((nowMs) => this.#engine.setVoicePath(route, nowMs, this.#out));
    this.#options.onDidChange();
  }

  /** What we hear of the others; told at most as often as the relay likes. */
  sendHearing(reports: readonly HearingReport[]): void {
    this.#drive((nowMs) => this.#engine.sendHearing(reports, nowMs, this.#out));
  }

  /** The voice thread sends a datagram over the control lane. */
  sendLaneDatagram(bytes: Uint8Array): void {
    this.#lane?.sendDatagram(bytes);
  }

  /** Has the engine do something, with its clock set anew afterwards. */
  #drive<Result>(handler: (nowMs: number) => Result): Result {
    const result = this.#turn.run(() => handler(performance.now()));
    this.#timer.reschedule();
    return result;
  }

  #tell(fact: () => void): void {
    this.#turn.defer(fact);
  }

  #openLane(): void {
    const target = this.#target;
    if (target === null) return;
    this.#laneFacts = null;
    this.#lane = this.#options.openLane({
      host: target.host,
      port: target.port,
      acceptCertificate: (sha256) => this.#certificate.accept(target, sha256),
      onDidOpen: (facts) => {
        this.#laneFacts = facts;
        this.#drive((nowMs) => this.#engine.handleLaneOpened(nowMs, this.#out));
      },
      onMessage: (text) => this.#drive((nowMs) => this.#engine.handleLaneMessage(text, nowMs, this.#out)),
      onDatagram: (bytes) => this.#options.voice.handleLaneDatagram(bytes),
      onDidClose: (failure) => {
        this.#lane = null;
        this.#drive((nowMs) => this.#engine.handleLaneClosed(failure, nowMs, this.#out));
      },
    });
  }

  #closeLane(): void {
    this.#lane?.close();
    this.#lane = null;
  }

  /** The engine is not called back from within its own handler. */
  #signLogin(nonce: Uint8Array): void {
    const lane = this.#lane;
    queueMicrotask(() => {
      const crypto = this.#whisperCrypto;
      const exporter = this.#laneFacts?.exporter;
      const whisperKey = crypto === null ? null : base64UrlToBytes(crypto.publicKey.key);
      if (lane !== this.#lane || crypto === null || exporter === undefined || whisperKey === null) return;
      const signature = this.#options.identity().sign(loginStatement(exporter, nonce, whisperKey));
      const login = { signature: bytesToBase64Url(signature), whisperKey: crypto.publicKey };
      this.#drive((nowMs) => this.#engine.handleLoginSigned(login, nowMs, this.#out));
    });
  }

  #handleWelcome(welcome: WelcomeMessage): void {
    const key = base64UrlToBytes(welcome.pathKey);
    if (this.#target === null || this.#laneFacts === null || key === null) return;
    this.#certificate.remember(this.#target);
    this.#path = NO_PATH;
    this.#options.voice.connect(this.#laneFacts.remoteAddress, this.#target.port, welcome.token, key);
    // Every path begins with UDP, at both ends.
    this.#voiceRoute = 'udp';
    if (!welcome.resumed) this.#outgoing.handleNewSession();
    this.#options.onDidWelcome({ server: this.#certificate.accepted, resumed: welcome.resumed });
    this.#settle({ ok: true });
  }

  /** Keeps the voice threads at what the room says: who is here, and what the channel dictates. */
  #handleChange(): void {
    const present = new Set(this.#engine.members.map((member) => member.token));
    for (const token of this.#members) if (!present.has(token)) this.#options.voice.forget(token);
    this.#members = present;
    const config = this.#engine.ownChannel?.config;
    this.#outgoing.handleChannel(config ?? null);
    // While the lane is away voice goes on: the relay holds our place and the path may well stand.
    const channel = this.#engine.phase === 'idle' ? null : (this.#engine.ownChannel?.id ?? null);
    // What was said in one channel, and is kept for a talkspurt's beginning, is not for the next one.
    if (channel !== this.#speaksIn) this.#options.voice.setInRoom(false);
    this.#speaksIn = channel;
    this.#options.voice.setInRoom(channel !== null);
    this.#options.onDidChange();
  }

  #handleEnd(sentence: string): void {
    this.#speaksIn = null;
    this.#options.voice.setInRoom(false);
    this.#options.voice.disconnect();
    this.#outgoing.handleNewSession();
    this.#path = NO_PATH;
    this.#voiceRoute = 'udp';
    this.#options.onDidEnd();
    this.#whisperCrypto = null;
    this.#password = null;
    this.#laneFacts = null;
    const told = this.#certificate.distrust ?? sentence;
    this.#certificate.begin();
    if (this.#answer !== null) this.#settle(told === '' ? LEFT : { ok: false, sentence: told });
    else if (told !== '') this.#options.onDidDrop(told);
    this.#options.onDidChange();
  }

  #settle(outcome: Outcome): void {
    this.#answer?.(outcome);
    this.#answer = null;
  }
}
