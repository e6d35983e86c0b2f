import type { Connection } from '../../contract/dto.ts';
import type { Outcome } from '../../contract/ipc.ts';
import { base64UrlToBytes } from '../../core/base/base64url.ts';
import type { Rng } from '../../core/base/rng.ts';
import { SessionEngine, type SessionOut } from '../../core/session/session-engine.ts';
import type { MemberInfo } from '../../core/wire/control.ts';
import type { Invite } from '../../core/wire/invite.ts';
import { DeadlineTimer } from '../base/deadline-timer.ts';
import type { Lane, OpenLane, SettingsPort, VoicePort } from './ports.ts';
import { judgeCertificate, relayName } from './trust.ts';

export interface CallOptions {
  readonly rng: Rng;
  readonly voice: VoicePort;
  readonly settings: SettingsPort;
  readonly openLane: OpenLane;
  readonly onDidChange: () => void;
  /** The call ended without the person asking for it. */
  readonly onDidDrop: (sentence: string) => void;
}

/** One room at a time: drives the session engine with a real control lane and tells the voice threads. */
export class Call {
  readonly #options: CallOptions;
  readonly #engine: SessionEngine;
  readonly #timer: DeadlineTimer;
  readonly #out: SessionOut = {
    openLane: () => this.#openLane(),
    closeLane: () => this.#closeLane(),
    sendControl: (message) => this.#lane?.send(JSON.stringify(message)),
    onDidChange: () => this.#handleChange(),
    onDidWelcome: (welcome) => this.#handleWelcome(welcome.token, welcome.pathKey),
    onDidEnd: (end) => this.#handleEnd(end.sentence),
  };
  #target: Invite | null = null;
  #lane: Lane | null = null;
  #remoteAddress = '';
  #shownCertificate = '';
  #distrust: string | null = null;
  #certificatesRefused = 0;
  #answer: ((outcome: Outcome) => void) | null = null;
  #path: { alive: boolean; pingMs: number | null } = { alive: false, pingMs: null };
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

  get token(): number | null {
    return this.#engine.token;
  }

  counters(): Record<string, number> {
    const { counters, tcpPingMs } = this.#engine;
    return { ...counters, certificatesRefused: this.#certificatesRefused, tcpPingMs: tcpPingMs ?? -1 };
  }

  /** What the window shows of the connection. */
  describe(): Connection {
    const relay = this.#target === null ? '' : relayName(this.#target);
    switch (this.#engine.phase) {
      case 'idle':
        return { phase: 'idle' };
      case 'connected':
        return {
          phase: 'connected',
          relay,
          roomName: this.#engine.roomName,
          channelName: this.#engine.ownChannel?.name ?? '',
          bitrate: this.#engine.ownChannel?.config.bitrate ?? 0,
          voicePath: this.#path.alive,
          pingMs: this.#path.pingMs,
        };
      default:
        // Without an answer pending, the person was in the room before.
        return this.#answer === null
          ? { phase: 'reconnecting', relay, attempt: this.#engine.attempt }
          : { phase: 'connecting', relay };
    }
  }

  /** Enters the room at `target`; resolves when the relay let us in, or with the reason why not. */
  async join(target: Invite, nickname: string): Promise<Outcome> {
    this.leave();
    this.#target = target;
    this.#distrust = null;
    const answered = new Promise<Outcome>((resolve) => {
      this.#answer = resolve;
    });
    this.#engine.handleConnect(nickname, performance.now(), this.#out);
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

  handlePath(alive: boolean, pingMs: number | null): void {
    this.#path = { alive, pingMs };
    this.#options.onDidChange();
  }

  #openLane(): void {
    const target = this.#target;
    if (target === null) return;
    this.#lane = this.#options.openLane({
      host: target.host,
      port: target.port,
      acceptCertificate: (sha256) => this.#acceptCertificate(target, sha256),
      onDidOpen: (remoteAddress) => {
        this.#remoteAddress = remoteAddress;
        this.#engine.handleLaneOpened(performance.now(), this.#out);
        this.#timer.reschedule();
      },
      onMessage: (text) => {
        this.#engine.handleLaneMessage(text, performance.now(), this.#out);
        this.#timer.reschedule();
      },
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

  #acceptCertificate(target: Invite, sha256: string): boolean {
    this.#shownCertificate = sha256;
    const decision = judgeCertificate(
      target,
      this.#options.settings.current.knownRelays[relayName(target)],
      sha256,
    );
    if (decision.accept) return true;
    this.#distrust = decision.sentence;
    this.#certificatesRefused += 1;
    return false;
  }

  #handleWelcome(token: number, pathKey: string): void {
    const key = base64UrlToBytes(pathKey);
    if (this.#target === null || key === null) return;
    const name = relayName(this.#target);
    if (this.#options.settings.current.knownRelays[name] !== this.#shownCertificate) {
      this.#options.settings.rememberRelay(name, this.#shownCertificate);
    }
    this.#path = { alive: false, pingMs: null };
    this.#options.voice.connect(this.#remoteAddress, this.#target.port, token, key);
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
    this.#options.voice.setInRoom(this.#engine.phase === 'connected' && config !== undefined);
    this.#options.onDidChange();
  }

  #handleEnd(sentence: string): void {
    this.#options.voice.setInRoom(false);
    this.#options.voice.disconnect();
    this.#path = { alive: false, pingMs: null };
    const told = this.#distrust ?? sentence;
    if (this.#answer !== null) this.#settle({ ok: false, sentence: told === '' ? 'You left.' : told });
    else if (told !== '') this.#options.onDidDrop(told);
    this.#options.onDidChange();
  }

  #settle(outcome: Outcome): void {
    this.#answer?.(outcome);
    this.#answer = null;
  }
}
