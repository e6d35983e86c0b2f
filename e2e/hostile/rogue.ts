import { createHmac } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import type { SeqNo, SessionToken } from '../../src/core/base/brand.ts';
import { PathEngine } from '../../src/core/session/path-engine.ts';
import {
  type ClientMessage,
  PROTOCOL_VERSION,
  type RelayMessage,
  type Request,
} from '../../src/core/wire/control.ts';
import { createHeader, encodeHeader, FLAG_CONTROL, FLAGS_OFFSET } from '../../src/core/wire/datagram.ts';
import { LOGIN_EXPORTER_LABEL, LOGIN_SECRET_BYTES, loginStatement } from '../../src/core/wire/login.ts';
import { TestIdentity } from '../../src/main/relay/test-client.ts';
import { waitFor } from '../rig/child.ts';

export type MessageOf<Type extends RelayMessage['type']> = Extract<RelayMessage, { type: Type }>;
export type Welcome = MessageOf<'welcome'>;
export type Refused = MessageOf<'refused'>;
export type Resume = NonNullable<Extract<ClientMessage, { type: 'hello' }>['resume']>;

/** Longest wait for an answer of the relay, in ms. */
const PATIENCE_MS = 8_000;

/** Longest wait for a connection, in ms. */
const MAX_OPENING_MS = 10_000;

export interface HelloOptions {
  /** base64url of the identity to claim; the own one unless given. */
  readonly claim?: string;
  readonly nickname?: string;
  readonly resume?: Resume;
  readonly password?: string;
}

export interface RecordedDatagram {
  readonly atMs: number;
  readonly bytes: Uint8Array;
}

export const mac = (key: Uint8Array, bytes: Uint8Array): Uint8Array =>
  createHmac('sha256', key).update(bytes).digest();

/**
 * An attacker: bare sockets from an address of its own on the loopback network, and every message of the protocol in
 * whatever order and shape it likes.
 */
export class Rogue {
  readonly identity: TestIdentity;
  readonly nickname: string;
  readonly address: string;
  readonly lane: WebSocket;
  readonly udp: Socket = createSocket('udp4');
  /** Voice that came by UDP. */
  readonly voice: RecordedDatagram[] = [];
  /** Probes that went out. */
  readonly probes: Uint8Array[] = [];
  readonly chats: MessageOf<'chat'>[] = [];
  readonly refusals: Refused[] = [];
  /** The newest challenge of the relay. */
  nonce: Uint8Array | null = null;
  welcome: Welcome | null = null;
  onMessage: (message: RelayMessage) => void = () => undefined;
  readonly #port: number;
  #path: PathEngine | null = null;
  #lastRequest = 0;
  readonly #answers = new Map<number, 'done' | Refused>();
  #done = false;

  constructor(port: number, address: string, nickname: string, identity = new TestIdentity()) {
    this.#port = port;
    this.address = address;
    this.nickname = nickname;
    this.identity = identity;
    this.lane = new WebSocket(`wss://127.0.0.1:${port}/`, {
      rejectUnauthorized: false,
      localAddress: address,
      perMessageDeflate: false,
    });
    this.lane.on('message', (data, isBinary) => {
      if (!isBinary) this.#take(JSON.parse(data.toString()) as RelayMessage);
    });
    this.lane.on('error', () => undefined);
    this.udp.on('error', () => undefined);
    this.udp.on('message', (bytes) => {
      if (((bytes[FLAGS_OFFSET] ?? 0) & FLAG_CONTROL) === 0)
        this.voice.push({ atMs: performance.now(), bytes });
      else this.#path?.handleDatagram(bytes, bytes.length, performance.now(), this.#pathOut);
    });
  }

  /** An attacker whose lane is open, and who has not said hello. */
  static async open(
    port: number,
    address: string,
    nickname: string,
    identity?: TestIdentity,
  ): Promise<Rogue> {
    const rogue = new Rogue(port, address, nickname, identity);
    await waitFor(`a lane from ${address}`, MAX_OPENING_MS, () =>
      rogue.lane.readyState === WebSocket.OPEN || rogue.closed ? true : null,
    );
    return rogue;
  }

  /** An attacker who is a member. @throws Error when the relay does not let it in */
  static async enter(
    port: number,
    address: string,
    nickname: string,
    identity?: TestIdentity,
  ): Promise<Rogue> {
    const rogue = await Rogue.open(port, address, nickname, identity);
    const answer = await rogue.login();
    if (answer.type === 'refused') throw new Error(`${nickname} was not let in: ${answer.code}`);
    return rogue;
  }

  get closed(): boolean {
    return this.lane.readyState === WebSocket.CLOSED || this.lane.readyState === WebSocket.CLOSING;
  }

  get token(): number {
    return this.welcome?.token ?? 0;
  }

  say(message: ClientMessage): void {
    this.sayText(JSON.stringify(message));
  }

  sayText(text: string): void {
    if (this.lane.readyState === WebSocket.OPEN) this.lane.send(text);
  }

  sayDatagram(bytes: Uint8Array): void {
    if (this.lane.readyState === WebSocket.OPEN) this.lane.send(bytes);
  }

  /** Says hello and waits for the challenge. @returns the refusal instead, if there was one */
  async hello(options: HelloOptions = {}): Promise<Refused | null> {
    const { claim = this.identity.name, nickname = this.nickname, resume, password } = options;
    const refusals = this.refusals.length;
    this.nonce = null;
    this.say({
      type: 'hello',
      protocol: PROTOCOL_VERSION,
      nickname,
      identity: claim,
      ...(password === undefined ? {} : { password }),
      ...(resume === undefined ? {} : { resume }),
    });
    await this.until(
      'a challenge',
      () => this.nonce !== null || this.refusals.length > refusals || this.closed,
    );
    return this.refusals[refusals] ?? null;
  }

  /** What this connection's login signs. */
  statement(whisperKey: Uint8Array): Uint8Array {
    return loginStatement(this.#exporter(), this.nonce ?? new Uint8Array(LOGIN_SECRET_BYTES), whisperKey);
  }

  /** The message that proves the own identity on this connection. */
  loginMessage(): Extract<ClientMessage, { type: 'login' }> {
    const whisperKey = Buffer.alloc(32, 7);
    return {
      type: 'login',
      signature: this.identity.sign(this.statement(whisperKey)).toString('base64url'),
      whisperKey: {
        key: whisperKey.toString('base64url'),
        signature: this.identity.sign(whisperKey).toString('base64url'),
      },
    };
  }

  /** Sends a login and waits for what comes of it. */
  async prove(message: Extract<ClientMessage, { type: 'login' }>): Promise<Welcome | Refused> {
    const refusals = this.refusals.length;
    this.welcome = null;
    this.say(message);
    const settled = (): boolean => this.welcome !== null || this.refusals.length > refusals || this.closed;
    await this.until('an answer to a login', settled);
    const answer = this.welcome ?? this.refusals[refusals];
    if (answer === undefined) throw new Error('the lane was closed without a word');
    return answer;
  }

  async login(options: HelloOptions = {}): Promise<Welcome | Refused> {
    return (await this.hello(options)) ?? (await this.prove(this.loginMessage()));
  }

  async request(request: Request): Promise<'done' | Refused> {
    this.#lastRequest += 1;
    const id = this.#lastRequest;
    this.say({ type: 'request', id, request });
    await this.until(`an answer to ${request.kind}`, () => this.#answers.has(id) || this.closed);
    const answer = this.#answers.get(id);
    if (answer === undefined) throw new Error('the lane was closed without an answer');
    return answer;
  }

  /** Binds the own UDP socket to the session, as any client does. */
  async bindVoice(): Promise<void> {
    if (this.welcome === null) throw new Error('only members have a path');
    await new Promise<void>((resolve) => this.udp.bind(0, this.address, resolve));
    const { token, pathKey } = this.welcome;
    const path = new PathEngine({ token, pathKey: new Uint8Array(Buffer.from(pathKey, 'base64url')), mac });
    this.#path = path;
    path.handleStart(performance.now(), this.#pathOut);
    await this.until('a voice path', () => path.alive);
  }

  sendVoice(bytes: Uint8Array): void {
    if (!this.#done) this.udp.send(bytes, this.#port, '127.0.0.1');
  }

  async until(what: string, found: () => boolean, maxMs = PATIENCE_MS): Promise<void> {
    await waitFor(what, maxMs, () => (found() ? true : null));
  }

  /** Leaves the room for good. */
  leave(): void {
    this.say({ type: 'bye' });
    this.#closeUdp();
  }

  /** The connection breaks without a word. */
  drop(): void {
    this.lane.terminate();
    this.#closeUdp();
  }

  /** Stops reading what the relay sends. */
  stopReading(): void {
    this.#socket().pause();
    this.lane.pause();
  }

  #closeUdp(): void {
    if (this.#done) return;
    this.#done = true;
    this.udp.removeAllListeners('message');
    this.udp.close();
  }

  #take(message: RelayMessage): void {
    switch (message.type) {
      case 'challenge':
        this.nonce = new Uint8Array(Buffer.from(message.nonce, 'base64url'));
        break;
      case 'welcome':
        this.welcome = message;
        break;
      case 'chat':
        this.chats.push(message);
        break;
      case 'done':
        this.#answers.set(message.id, 'done');
        break;
      case 'refused':
        this.refusals.push(message);
        if (message.request !== null) this.#answers.set(message.request, message);
        break;
      default:
    }
    this.onMessage(message);
  }

  readonly #pathOut = {
    sendDatagram: (bytes: Uint8Array, lengthBytes: number): void => {
      this.probes.push(bytes.slice(0, lengthBytes));
      this.sendVoice(bytes.slice(0, lengthBytes));
    },
    sendLaneDatagram: (): void => undefined,
    onDidChangeVoicePath: (): void => undefined,
  };

  #socket(): TLSSocket {
    // The library keeps the TLS socket to itself; an attacker may look.
    const socket: unknown = Reflect.get(this.lane, '_socket');
    if (!(socket instanceof TLSSocket)) throw new Error('the lane is not open');
    return socket;
  }

  #exporter(): Uint8Array {
    return this.#socket().exportKeyingMaterial(LOGIN_SECRET_BYTES, LOGIN_EXPORTER_LABEL, Buffer.alloc(0));
  }
}

/** One voice datagram as anybody may write it. */
export function voiceDatagram(
  fields: {
    readonly token: number;
    readonly flags?: number;
    readonly sequence: number;
    readonly target?: number;
  },
  payload: Uint8Array,
): Uint8Array {
  const header = createHeader();
  header.token = fields.token as SessionToken;
  header.flags = fields.flags ?? 0;
  header.sequence = fields.sequence as SeqNo;
  header.timestamp = (fields.sequence * 960) >>> 0;
  header.target = fields.target ?? 0;
  const datagram = new Uint8Array(32 + payload.length);
  const offset = encodeHeader(header, datagram);
  datagram.set(payload, offset);
  return datagram.subarray(0, offset + payload.length);
}
