import type { Connection } from '../../contract/dto.ts';
import type { Outcome } from '../../contract/ipc.ts';
import { base64UrlToBytes, bytesToBase64Url } from '../../core/base/base64url.ts';
import type { Rng } from '../../core/base/rng.ts';
import {
  type ChatOutcome,
  type HistoryMessage,
  type KeyMessage,
  type OwnKeyMessage,
  type RequestAnswer,
  SessionEngine,
  type SessionOut,
  type WelcomeMessage,
  type WhisperKeyFromMessage,
} from '../../core/session/session-engine.ts';
import type { ChannelInfo } from '../../core/wire/channels.ts';
import type { ChatMessage, ChatTarget } from '../../core/wire/chat.ts';
import type { Ban, MemberInfo, Request, VoicePath } from '../../core/wire/control.ts';
import type { Invite } from '../../core/wire/invite.ts';
import { loginStatement } from '../../core/wire/login.ts';
import type { Role } from '../../core/wire/roles.ts';
import { DeadlineTimer } from '../base/deadline-timer.ts';
import type { IdentityPort, Lane, OpenLane, PeoplePort, VoicePort, WhisperCryptoPort } from './ports.ts';
import { judgeCertificate, relayName } from './trust.ts';

export interface CallOptions {
  readonly rng: Rng;
  readonly voice: Pick<
    VoicePort,
    'connect' | 'disconnect' | 'forget' | 'setCodec' | 'setInRoom' | 'handleLaneDatagram'
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
  readonly onKeyMessage: (message: KeyMessage) => void;
  readonly onDidRefuseKey: (code: 'keyRejected' | 'staleCommit') => void;
  readonly onWhisperKey: (message: WhisperKeyFromMessage) => void;
  readonly onChat: (message: ChatMessage, own: boolean) => void;
  readonly onDidSettleChat: (id: number, outcome: ChatOutcome) => void;
  readonly onHistory: (history: HistoryMessage) => void;
}

/** What the path to the relay is like, as the voice thread sees it. */
interface Path {
  readonly alive: boolean;
  readonly pingMs: number | null;
  readonly deafForMs: number | null;
}

const NO_PATH: Path = { alive: false, pingMs: null, deafForMs: null };

type RoomConnection = Extract<Connection, { phase: 'connected' }>;

/** One room at a time: drives the session engine with a real control lane and tells the voice threads. */
export class Call {
  readonly #options: CallOptions;
  readonly #engine: SessionEngine;
  readonly #timer: DeadlineTimer;
  readonly #out: SessionOut = {
    openLane: () => this.#openLane(),
    closeLane: () => this.#closeLane(),
    sendControl: (message) => this.#lane?.send(JSON.stringify(message)),
    signLogin: (nonce) => this.#signLogin(nonce),
    onDidChange: () => this.#handleChange(),
    onDidWelcome: (welcome) => this.#handleWelcome(welcome),
    onDidEnd: (end) => this.#handleEnd(end.sentence),
    onDidAnswer: (request, answer) => this.#handleAnswer(request, answer),
    onChat: (message, { own }) => this.#options.onChat(message, own),
    onDidSettleChat: (chat, outcome) => this.#options.onDidSettleChat(chat, outcome),
    onHistory: (history) => this.#options.onHistory(history),
    onBans: (bans) => this.#bans.push(...bans),
    onKeyMessage: (message) => this.#options.onKeyMessage(message),
    onDidRefuseKey: (code) => this.#options.onDidRefuseKey(code),
    onWhisperKey: (message) => this.#options.onWhisperKey(message),
  };
  #target: Invite | null = null;
  #lane: Lane | null = null;
  #laneFacts: { readonly remoteAddress: string; readonly exporter: Uint8Array } | null = null;
  #whisperCrypto: WhisperCryptoPort | null = null;
  #password: string | null = null;
  #shownCertificate = '';
  #distrust: string | null = null;
  #certificatesRefused = 0;
  #answer: ((outcome: Outcome) => void) | null = null;
  readonly #requests = new Map<number, (outcome: Outcome) => void>();
  #bans: Ban[] = [];
  #path = NO_PATH;
  #voiceRoute: VoicePath = 'udp';
  #codec = '';
  #members = new Set<number>();

  constructor(options: CallOptions) {
    this.#options = options;
    this.#engine = new SessionEngine({ rng: options.rng });
    this.#timer = new DeadlineTimer(this.#engine, (nowMs) => this.#engine.handleDeadline(nowMs, this.#out));
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

  get idle(): boolean {
    return this.#engine.phase === 'idle';
  }

  get target(): Invite | null {
    return this.#engine.phase === 'idle' ? null : this.#target;
  }

  get roomName(): string {
    return this.#engine.roomName;
  }

  /** SHA-256 of the relay's certificate, base64url. */
  get server(): string {
    return this.#shownCertificate;
  }

  /** The password we entered with, to be kept with a bookmark. */
  get password(): string | null {
    return this.#password;
  }

  get whisperCrypto(): WhisperCryptoPort | null {
    return this.#whisperCrypto;
  }

  counters(): Record<string, number> {
    const { counters, tcpPingMs } = this.#engine;
    return { ...counters, certificatesRefused: this.#certificatesRefused, tcpPingMs: tcpPingMs ?? -1 };
  }

  /** What the window shows of the connection; `room` are the facts of the room that others know. */
  describe(room: Pick<RoomConnection, 'speakRule' | 'sealing'>): Connection {
    const relay = this.#target === null ? '' : relayName(this.#target);
    switch (this.#engine.phase) {
      case 'idle':
        return { phase: 'idle' };
      case 'connected': {
        const channel = this.#engine.ownChannel;
        return {
          phase: 'connected',
          relay,
          roomName: this.#engine.roomName,
          channel: channel?.id ?? null,
          channelName: channel?.name ?? '',
          bitrate: channel?.config.bitrate ?? 0,
          voicePath: this.#path.alive,
          voiceRoute: this.#voiceRoute,
          deafForMs: this.#path.deafForMs,
          pingMs: this.#path.pingMs,
          ...room,
        };
      }
      default:
        // Without an answer pending, the person was in the room before.
        return this.#answer === null
          ? { phase: 'reconnecting', relay, attempt: this.#engine.attempt }
          : { phase: 'connecting', relay };
    }
  }

  /** Enters the room at `target`; resolves when the relay let us in, or with the reason why not. */
  async join(target: Invite, nickname: string, password: string | null): Promise<Outcome> {
    this.leave();
    const identity = this.#options.identity();
    const crypto = await identity.createWhisperCrypto();
    // Two joins at once: the later one counts, and the earlier is told so.
    this.leave();
    this.#target = target;
    this.#distrust = null;
    this.#whisperCrypto = crypto;
    this.#password = password;
    const answered = new Promise<Outcome>((resolve) => {
      this.#answer = resolve;
    });
    const entrant = { nickname, identity: identity.publicKey, ...(password === null ? {} : { password }) };
    this.#engine.handleConnect(entrant, performance.now(), this.#out);
    this.#timer.reschedule();
    return answered;
  }

  leave(): void {
    if (this.#engine.phase === 'idle') return;
    this.#engine.handleLeave(performance.now(), this.#out);
    this.#timer.reschedule();
  }

  /** The room at `target` is the one we are in, or on the way into. */
  isAt(target: Invite): boolean {
    if (this.#target === null || this.#engine.phase === 'idle') return false;
    return this.#target.host === target.host && this.#target.port === target.port;
  }

  setState(muted: boolean, deafened: boolean): void {
    this.#engine.setState({ muted, deafened }, performance.now(), this.#out);
  }

  /** @param channel null: leave the channel, stay in the room */
  async joinChannel(channel: number | null, password: string | null): Promise<Outcome> {
    const number = this.#engine.joinChannel(channel, performance.now(), this.#out, password ?? undefined);
    this.#timer.reschedule();
    return number === null ? { ok: true } : this.#answerTo(number);
  }

  async request(request: Request): Promise<Outcome> {
    if (this.#engine.phase !== 'connected')
      return { ok: false, sentence: 'You are not connected to a room.' };
    const number = this.#engine.request(request, performance.now(), this.#out);
    this.#timer.reschedule();
    return this.#answerTo(number);
  }

  async listBans(): Promise<{ ok: true; bans: Ban[] } | { ok: false; sentence: string }> {
    this.#bans = [];
    const outcome = await this.request({ kind: 'listBans' });
    return outcome.ok ? { ok: true, bans: this.#bans.splice(0) } : outcome;
  }

  sendChat(
    to: ChatTarget,
    text: string,
  ): { readonly ok: true; readonly id: number } | { readonly ok: false; readonly sentence: string } {
    const sent = this.#engine.sendChat(to, text, performance.now(), this.#out);
    this.#timer.reschedule();
    return sent;
  }

  sendKey(message: OwnKeyMessage): void {
    this.#engine.sendKey(message, performance.now(), this.#out);
  }

  setWhisperList(list: number, targets: readonly number[]): void {
    this.#engine.setWhisperList(list, targets, performance.now(), this.#out);
    this.#timer.reschedule();
  }

  handlePath(path: Path): void {
    this.#path = path;
    this.#options.onDidChange();
  }

  /** Which way voice takes, as the path engine found out. */
  handleVoiceRoute(route: VoicePath): void {
    this.#voiceRoute = route;
    this.#engine.setVoicePath(route, performance.now(), this.#out);
    this.#options.onDidChange();
  }

  /** The voice thread sends a datagram over the control lane. */
  sendLaneDatagram(bytes: Uint8Array): void {
    this.#lane?.sendDatagram(bytes);
  }

  #openLane(): void {
    const target = this.#target;
    if (target === null) return;
    this.#laneFacts = null;
    this.#lane = this.#options.openLane({
      host: target.host,
      port: target.port,
      acceptCertificate: (sha256) => this.#acceptCertificate(target, sha256),
      onDidOpen: (facts) => {
        this.#laneFacts = facts;
        this.#engine.handleLaneOpened(performance.now(), this.#out);
        this.#timer.reschedule();
      },
      onMessage: (text) => {
        this.#engine.handleLaneMessage(text, performance.now(), this.#out);
        this.#timer.reschedule();
      },
      onDatagram: (bytes) => this.#options.voice.handleLaneDatagram(bytes),
      onDidClose: (failure) => {
        this.#lane = null;
        this.#engine.handleLaneClosed(failure, performance.now(), this.#out);
        this.#timer.reschedule();
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
      this.#engine.handleLoginSigned(
        { signature: bytesToBase64Url(signature), whisperKey: crypto.publicKey },
        performance.now(),
        this.#out,
      );
      this.#timer.reschedule();
    });
  }

  #acceptCertificate(target: Invite, sha256: string): boolean {
    this.#shownCertificate = sha256;
    const known = this.#options.people.knownRelay(relayName(target)) ?? undefined;
    const decision = judgeCertificate(target, known, sha256);
    if (decision.accept) return true;
    this.#distrust = decision.sentence;
    this.#certificatesRefused += 1;
    return false;
  }

  #handleWelcome(welcome: WelcomeMessage): void {
    const key = base64UrlToBytes(welcome.pathKey);
    if (this.#target === null || this.#laneFacts === null || key === null) return;
    const server = this.#shownCertificate;
    const name = relayName(this.#target);
    if (this.#options.people.knownRelay(name) !== server) this.#options.people.rememberRelay(name, server);
    this.#path = NO_PATH;
    this.#voiceRoute = 'udp';
    this.#options.voice.connect(this.#laneFacts.remoteAddress, this.#target.port, welcome.token, key);
    this.#options.onDidWelcome({ server, resumed: welcome.resumed });
    this.#settle({ ok: true });
  }

  /** Keeps the voice threads at what the room says: who is here, and what the channel dictates. */
  #handleChange(): void {
    const present = new Set(this.#engine.members.map((member) => member.token));
    for (const token of this.#members) if (!present.has(token)) this.#options.voice.forget(token);
    this.#members = present;
    const config = this.#engine.ownChannel?.config;
    const codec = config === undefined ? '' : `${config.bitrate}/${config.frameSamples}`;
    if (config !== undefined && codec !== this.#codec) {
      this.#options.voice.setCodec(config.bitrate, config.frameSamples);
    }
    this.#codec = codec;
    // While the lane is away voice goes on: the relay holds our place and the path may well stand.
    const inRoom = this.#engine.phase !== 'idle' && config !== undefined;
    this.#options.voice.setInRoom(inRoom);
    this.#options.onDidChange();
  }

  #handleEnd(sentence: string): void {
    this.#options.voice.setInRoom(false);
    this.#options.voice.disconnect();
    this.#path = NO_PATH;
    this.#options.onDidEnd();
    const told = this.#distrust ?? sentence;
    if (this.#answer !== null) this.#settle({ ok: false, sentence: told === '' ? 'You left.' : told });
    else if (told !== '') this.#options.onDidDrop(told);
    this.#options.onDidChange();
  }

  #answerTo(number: number): Promise<Outcome> {
    return new Promise((resolve) => this.#requests.set(number, resolve));
  }

  #handleAnswer(number: number, answer: RequestAnswer): void {
    const resolve = this.#requests.get(number);
    this.#requests.delete(number);
    resolve?.(answer.ok ? { ok: true } : { ok: false, sentence: answer.sentence });
  }

  #settle(outcome: Outcome): void {
    this.#answer?.(outcome);
    this.#answer = null;
  }
}
