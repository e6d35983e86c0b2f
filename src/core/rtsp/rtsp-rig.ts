import { createRng } from '../base/rng.ts';
import type { Seat } from '../program/fan-out.ts';
import type { ListeningChannel } from '../program/listening.ts';
import type { Feed } from '../program/program.ts';
import { Programs } from '../program/programs.ts';
import { GuessLimit } from '../relay/guess-limit.ts';
import { DatagramRoutes } from './datagram-routes.ts';
import { type DigestFunctions, digestHashes } from './digest.ts';
import { NonceBook } from './nonce-book.ts';
import { RtspConnection } from './rtsp-connection.ts';
import type { RtspEnd, RtspOut } from './rtsp-out.ts';
import { createRtspCounters, type RtspOrigin, type RtspParts } from './rtsp-parts.ts';
import type { Opening, RtspSession } from './rtsp-session.ts';
import { latin1Text, utf8Bytes } from './text-bytes.ts';

const LIMITS = { maxBacklogBytes: 65_536, maxStallMs: 10_000 };

/** A hash that no test mistakes for a real one, and that tells texts apart. */
const TOY: DigestFunctions = {
  md5: (text) => `m${latin1Text(utf8Bytes(text)).length}${text.replaceAll(/["\\, ]/g, '')}`.toLowerCase(),
  sha256: (text) => `s${text.replaceAll(/["\\, ]/g, '')}`.toLowerCase(),
  equal: (one, other) => one === other,
};

export const RIG_PASSWORD = 'open-sesame';
export const RIG_KEY = 'a-key-of-22-characters';
export const RIG_ORIGIN: RtspOrigin = { address: '192.0.2.1', secure: false, private: false };

function channel(changes: Partial<ListeningChannel>): ListeningChannel {
  return {
    id: 1,
    name: 'Music',
    slug: 'music',
    source: 'publisher',
    access: 'public',
    linkKey: RIG_KEY,
    password: null,
    publishKey: 'p',
    talk: false,
    maxListeners: 100,
    bitrate: 64_000,
    ...changes,
  };
}

const CHANNELS: readonly ListeningChannel[] = [
  channel({}),
  channel({
    id: 2,
    name: 'Locked',
    slug: 'locked',
    access: 'password',
    password: digestHashes(RIG_PASSWORD, TOY),
  }),
  channel({ id: 3, name: 'Link', slug: 'link', access: 'link' }),
];

/** Opus, 20 ms, mono: a first byte that says so, and any other. */
export function opusPacket(mark: number): Uint8Array {
  return Uint8Array.of(0x78, mark & 255, mark >> 8);
}

/** A server without sockets, for tests: programs, and what its connections share. */
export class RtspRig {
  readonly programs: Programs;
  readonly parts: RtspParts;
  readonly feed: Feed;
  nowMs = 1_000;
  #marks = 0;

  constructor(seed = 1) {
    this.programs = new Programs({
      limits: { frames: LIMITS, pages: LIMITS, units: LIMITS },
      secretsInTheClear: false,
      equalSecrets: TOY.equal,
      fitsPassword: (password, { md5 }) => digestHashes(password, TOY).md5 === md5,
    });
    this.programs.setChannels(CHANNELS);
    const feed = this.begin(1);
    if (feed === null) throw new Error('the channel has a publisher');
    this.feed = feed;
    let tokens = 0;
    this.parts = {
      programs: this.programs,
      counters: createRtspCounters(),
      routes: new DatagramRoutes(),
      nonces: new NonceBook(),
      guesses: new GuessLimit(),
      digest: TOY,
      fromBase64: (text) => (text === 'broken' ? null : `listener:${text}`),
      randomToken: () => {
        tokens += 1;
        return `token-${tokens}`;
      },
      rng: createRng(seed),
      reports: { cname: 'somebody', unixMsAt: (atMs) => atMs + 1_000_000 },
      serverPorts: { rtp: 6_970, rtcp: 6_971 },
    };
  }

  begin(id: number): Feed | null {
    const request = {
      kind: 'publisher',
      source: 'x',
      channels: 2,
      bitrate: null,
      preSkipSamples: 0,
      container: null,
    } as const;
    return this.programs.program(id)?.begin(request) ?? null;
  }

  /** Frames of 20 ms, one each 20 ms. */
  publish(frames: number, feed: Feed = this.feed): void {
    for (let sent = 0; sent < frames; sent += 1) {
      this.nowMs += 20;
      feed.frame(opusPacket(this.#marks), this.nowMs);
      this.#marks += 1;
    }
  }

  setChannels(change: (channels: readonly ListeningChannel[]) => readonly ListeningChannel[]): void {
    this.programs.setChannels(change(CHANNELS));
  }

  connect(origin: RtspOrigin = RIG_ORIGIN): RigConnection {
    return new RigConnection(this, origin);
  }
}

/** A player's end, and the sockets between. */
export class RigConnection implements RtspOut {
  readonly connection: RtspConnection;
  readonly #rig: RtspRig;
  readonly #seats = new Map<RtspSession, Seat[]>();
  /** What came over the connection since it was taken. */
  #received: Uint8Array[] = [];
  readonly datagrams: {
    readonly kind: 'rtp' | 'rtcp';
    readonly port: number;
    readonly packet: Uint8Array;
  }[] = [];
  ended: RtspEnd | null = null;
  backlog = 0;

  constructor(rig: RtspRig, origin: RtspOrigin) {
    this.#rig = rig;
    const revoked = (): void => this.connection.handleEnd('revoked', rig.nowMs, this);
    this.connection = new RtspConnection(rig.parts, origin, revoked, rig.nowMs);
  }

  get seats(): number {
    return this.#seats.size;
  }

  /** What it was answered and sent since the last time, as text. */
  take(): string {
    const text = this.#received.map(latin1Text).join('');
    this.#received = [];
    return text;
  }

  takeChunks(): readonly Uint8Array[] {
    const chunks = this.#received;
    this.#received = [];
    return chunks;
  }

  /** @returns the answer, and what came behind it */
  ask(method: string, address: string, headers: Record<string, string> = {}, body = ''): string {
    const lines = Object.entries({ CSeq: '7', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
    return this.tell(`${method} ${address} RTSP/1.0\r\n${lines.join('')}\r\n${body}`);
  }

  tell(text: string): string {
    this.connection.handleBytes(
      Uint8Array.from(text, (character) => character.charCodeAt(0)),
      this.#rig.nowMs,
      this,
    );
    return this.take();
  }

  wait(ms: number): void {
    const untilMs = this.#rig.nowMs + ms;
    while (this.connection.nextDeadlineMs() <= untilMs) {
      this.#rig.nowMs = Math.max(this.#rig.nowMs, this.connection.nextDeadlineMs());
      this.connection.handleTime(this.#rig.nowMs, this);
    }
    this.#rig.nowMs = untilMs;
  }

  send(bytes: Uint8Array): void {
    this.#received.push(bytes);
  }

  sendDatagram(kind: 'rtp' | 'rtcp', port: number, packet: Uint8Array): void {
    this.datagrams.push({ kind, port, packet });
  }

  backlogBytes(): number {
    return this.backlog;
  }

  play(session: RtspSession, { frames, units }: Opening): void {
    const { program } = session.visit;
    const part = {
      backlogBytes: () => this.backlog,
      end: () => this.connection.handleEnd('tooSlow', this.#rig.nowMs, this),
    };
    const { connection } = this;
    this.#seats.set(session, [
      program.frames.join(
        { ...part, send: (frame) => connection.handleFrame(session, frame, this.#rig.nowMs, this) },
        frames,
      ),
      program.units.join(
        { ...part, send: (unit) => connection.handleAccessUnit(session, unit, false, this.#rig.nowMs, this) },
        units,
      ),
    ]);
  }

  stop(session: RtspSession): void {
    for (const seat of this.#seats.get(session) ?? []) seat.leave();
    this.#seats.delete(session);
  }

  end(reason: RtspEnd): void {
    this.ended = reason;
  }
}
