import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import type { SeqNo, SessionToken } from '../../core/base/brand.ts';
import { PathEngine, type PathOut } from '../../core/session/path-engine.ts';
import {
  type ClientMessage,
  PROTOCOL_VERSION,
  type RelayMessage,
  type Request,
} from '../../core/wire/control.ts';
import { createHeader, encodeHeader, FLAG_CONTROL, FLAGS_OFFSET } from '../../core/wire/datagram.ts';
import { LOGIN_EXPORTER_LABEL, LOGIN_SECRET_BYTES, loginStatement } from '../../core/wire/login.ts';

type MessageOf<Type extends RelayMessage['type']> = Extract<RelayMessage, { type: Type }>;
type Welcome = MessageOf<'welcome'>;

/** An Ed25519 key, as tests need one. */
export class TestIdentity {
  readonly #privateKey: KeyObject;
  /** base64url of the public key. */
  readonly name: string;

  constructor() {
    const pair = generateKeyPairSync('ed25519');
    this.#privateKey = pair.privateKey;
    this.name = pair.publicKey.export({ format: 'jwk' }).x ?? '';
  }

  sign(bytes: Uint8Array): Buffer {
    return sign(null, bytes, this.#privateKey);
  }
}

export interface EnterOptions {
  readonly resume?: Extract<ClientMessage, { type: 'hello' }>['resume'];
  readonly password?: string;
  /** Signs this instead of the TLS connection's exporter: a login stolen from another connection. */
  readonly exporter?: Uint8Array;
}

/** A member made of bare sockets, for tests of the relay over real ones. */
export class TestClient {
  readonly lane: WebSocket;
  readonly udp: Socket = createSocket('udp4');
  /** Voice that came in, by UDP and by the lane. */
  readonly voice: Buffer[] = [];
  readonly laneVoice: Buffer[] = [];
  readonly identity: TestIdentity;
  readonly #port: number;
  readonly #messages: RelayMessage[] = [];
  readonly #header = createHeader();
  #wakes: (() => void)[] = [];
  #path: PathEngine | null = null;
  #lastRequest = 0;
  token = 0 as SessionToken;

  constructor(port: number, identity = new TestIdentity()) {
    this.#port = port;
    this.identity = identity;
    this.lane = new WebSocket(`wss://127.0.0.1:${port}/`, { rejectUnauthorized: false });
    this.lane.on('message', (data, isBinary) => {
      if (!(data instanceof Buffer)) return;
      if (isBinary) this.laneVoice.push(data);
      else this.#messages.push(JSON.parse(data.toString()) as RelayMessage);
      this.#wake();
    });
    this.lane.on('open', () => this.#wake());
    this.lane.on('close', () => this.#wake());
    this.lane.on('error', () => undefined);
    this.udp.on('message', (bytes) => {
      if (((bytes[FLAGS_OFFSET] ?? 0) & FLAG_CONTROL) === 0) this.voice.push(bytes);
      else this.#path?.handleDatagram(bytes, bytes.length, performance.now(), this.#pathOut);
      this.#wake();
    });
  }

  get closed(): boolean {
    return this.lane.readyState === WebSocket.CLOSED;
  }

  /** Waits until `found` is true; looks whenever something has come in. */
  async until(found: () => boolean): Promise<void> {
    while (!found()) await new Promise<void>((resolve) => this.#wakes.push(resolve));
  }

  /** The next message of that type; those before it are dropped. */
  async next<Type extends RelayMessage['type']>(type: Type): Promise<MessageOf<Type>> {
    const at = (): number => this.#messages.findIndex((message) => message.type === type);
    await this.until(() => at() >= 0 || this.closed);
    const found = this.#messages.splice(0, at() + 1).at(-1);
    if (found?.type !== type) throw new Error(`the lane was closed before there was a ${type}`);
    return found as MessageOf<Type>;
  }

  say(message: ClientMessage): void {
    this.lane.send(JSON.stringify(message));
  }

  /** Hello, login: the relay answers with `welcome` or with `refused`. */
  async greet(nickname: string, options: EnterOptions = {}): Promise<void> {
    await this.until(() => this.lane.readyState === WebSocket.OPEN || this.closed);
    const { resume, password } = options;
    this.say({
      type: 'hello',
      protocol: PROTOCOL_VERSION,
      nickname,
      identity: this.identity.name,
      ...(password === undefined ? {} : { password }),
      ...(resume === undefined ? {} : { resume }),
    });
    const { nonce } = await this.next('challenge');
    const whisperKey = Buffer.alloc(32, 7);
    const challenge = Buffer.from(nonce, 'base64url');
    const statement = loginStatement(options.exporter ?? this.#exporter(), challenge, whisperKey);
    this.say({
      type: 'login',
      signature: this.identity.sign(statement).toString('base64url'),
      whisperKey: {
        key: whisperKey.toString('base64url'),
        signature: this.identity.sign(whisperKey).toString('base64url'),
      },
    });
  }

  /** Logs in, and binds the voice path to this client's UDP socket. */
  async enter(nickname: string, options: EnterOptions = {}): Promise<Welcome> {
    await this.greet(nickname, options);
    const welcome = await this.next('welcome');
    this.token = welcome.token as SessionToken;
    const path = new PathEngine({
      token: welcome.token,
      pathKey: new Uint8Array(Buffer.from(welcome.pathKey, 'base64url')),
      mac: (key, bytes) => createHmac('sha256', key).update(bytes).digest(),
    });
    this.#path = path;
    path.handleStart(performance.now(), this.#pathOut);
    await this.until(() => path.alive);
    return welcome;
  }

  /** Asks the relay for something. @returns its answer */
  async request(request: Request): Promise<'done' | MessageOf<'refused'>> {
    this.#lastRequest += 1;
    const id = this.#lastRequest;
    this.say({ type: 'request', id, request });
    const isAnswer = (message: RelayMessage): boolean =>
      (message.type === 'done' && message.id === id) ||
      (message.type === 'refused' && message.request === id);
    await this.until(() => this.#messages.some(isAnswer) || this.closed);
    const [answer] = this.#messages.splice(this.#messages.findIndex(isAnswer), 1);
    if (answer?.type === 'refused') return answer;
    if (answer?.type !== 'done') throw new Error('the lane was closed before there was an answer');
    return 'done';
  }

  /** One voice datagram of ours. */
  datagram(sequence: number, payload: Uint8Array): Buffer {
    this.#header.token = this.token;
    this.#header.sequence = sequence as SeqNo;
    const datagram = Buffer.alloc(64 + payload.length);
    const offset = encodeHeader(this.#header, datagram);
    datagram.set(payload, offset);
    return datagram.subarray(0, offset + payload.length);
  }

  send(bytes: Uint8Array): void {
    this.udp.send(bytes, this.#port, '127.0.0.1');
  }

  close(): void {
    this.lane.terminate();
    if (this.#path !== null || this.udp.eventNames().length > 0) this.udp.removeAllListeners().close();
    this.#path = null;
  }

  readonly #pathOut: PathOut = {
    sendDatagram: (bytes, lengthBytes) => this.send(bytes.slice(0, lengthBytes)),
    sendLaneDatagram: () => undefined,
    onDidChangeVoicePath: () => undefined,
  };

  #exporter(): Uint8Array {
    // The library keeps the TLS socket to itself; a test may look.
    const socket: unknown = Reflect.get(this.lane, '_socket');
    if (!(socket instanceof TLSSocket)) throw new Error('the lane is not open');
    return socket.exportKeyingMaterial(LOGIN_SECRET_BYTES, LOGIN_EXPORTER_LABEL, Buffer.alloc(0));
  }

  #wake(): void {
    const wakes = this.#wakes;
    this.#wakes = [];
    for (const wake of wakes) wake();
  }
}
