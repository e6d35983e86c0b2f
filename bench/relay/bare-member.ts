import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { PathEngine, type PathOut } from '../../src/core/session/path-engine.ts';
import { type ClientMessage, PROTOCOL_VERSION, type RelayMessage } from '../../src/core/wire/control.ts';
import { LOGIN_EXPORTER_LABEL, LOGIN_SECRET_BYTES, loginStatement } from '../../src/core/wire/login.ts';

/** The relay closes a lane that is silent for 30 s. */
const PING_INTERVAL_MS = 10_000;

/** Longest login, and longest way to the first answer by UDP, in ms, with thousands of others. */
const MAX_WAIT_MS = 30_000;

const LOOPBACK = '127.0.0.1';

export interface BareMemberOptions {
  readonly port: number;
  readonly nickname: string;
  /** Its own address for the lane: a relay admits only so many from one. */
  readonly localAddress: string;
}

type Welcome = Extract<RelayMessage, { type: 'welcome' }>;

/** A member of our room by its control lane alone; its voice, if any, is the load generator's. */
export class BareMember {
  readonly #lane: WebSocket;
  readonly #port: number;
  readonly #privateKey: KeyObject;
  readonly #identity: string;
  readonly #nickname: string;
  #pings: NodeJS.Timeout | undefined;
  #pingId = 0;
  #settle: ((outcome: Welcome | string) => void) | null = null;
  #welcome: Welcome | null = null;
  #failed: string | null = null;

  /** @throws Error when the relay does not let it in */
  static async enter(options: BareMemberOptions): Promise<BareMember> {
    const member = new BareMember(options);
    const limit = setTimeout(() => member.#finish('the relay does not answer'), MAX_WAIT_MS);
    const outcome = await new Promise<Welcome | string>((resolve) => {
      member.#settle = resolve;
    });
    clearTimeout(limit);
    if (typeof outcome !== 'string') return member;
    member.leave();
    throw new Error(`the relay did not let ${options.nickname} in: ${outcome}`);
  }

  private constructor({ port, nickname, localAddress }: BareMemberOptions) {
    const pair = generateKeyPairSync('ed25519');
    this.#privateKey = pair.privateKey;
    this.#identity = pair.publicKey.export({ format: 'jwk' }).x ?? '';
    this.#nickname = nickname;
    this.#port = port;
    this.#lane = new WebSocket(`wss://${LOOPBACK}:${port}/`, {
      rejectUnauthorized: false,
      localAddress,
      perMessageDeflate: false,
    });
    this.#lane.on('open', () =>
      this.#say({
        type: 'hello',
        protocol: PROTOCOL_VERSION,
        nickname: this.#nickname,
        identity: this.#identity,
      }),
    );
    this.#lane.on('message', (data, isBinary) => {
      // Once it is in, what is said in the room concerns it no more: thousands of others come.
      if (this.#welcome === null && !isBinary) this.#handle(JSON.parse(String(data)) as RelayMessage);
    });
    this.#lane.on('error', (error) => this.#finish(error.message));
    this.#lane.on('close', () => this.#finish('the lane was closed'));
  }

  get token(): number {
    return this.#welcome?.token ?? 0;
  }

  /** Why it is no longer there; null while it is. */
  get failed(): string | null {
    return this.#failed;
  }

  /**
   * Binds its voice to a port of the loopback address, and lets go of the port again: the relay keeps sending there.
   *
   * @throws Error when no answer comes
   */
  async bind(): Promise<number> {
    const udp = createSocket('udp4').bind(0, LOOPBACK);
    await once(udp, 'listening');
    try {
      await this.#probe(udp);
      return udp.address().port;
    } finally {
      udp.close();
      await once(udp, 'close');
    }
  }

  leave(): void {
    clearInterval(this.#pings);
    this.#lane.terminate();
  }

  async #probe(udp: Socket): Promise<void> {
    const welcome = this.#welcome;
    if (welcome === null) throw new Error('it has not logged in');
    const out: PathOut = {
      sendDatagram: (bytes, lengthBytes) => udp.send(bytes.slice(0, lengthBytes), this.#port, LOOPBACK),
      sendLaneDatagram: () => undefined,
      onDidChangeVoicePath: () => undefined,
    };
    const path = new PathEngine({
      token: welcome.token,
      pathKey: new Uint8Array(Buffer.from(welcome.pathKey, 'base64url')),
      mac: (key, bytes) => createHmac('sha256', key).update(bytes).digest(),
    });
    const untilMs = performance.now() + MAX_WAIT_MS;
    udp.on('message', (bytes) => path.handleDatagram(bytes, bytes.length, performance.now(), out));
    path.handleStart(performance.now(), out);
    while (!path.alive) {
      const deadlineMs = Math.min(path.nextDeadlineMs() ?? untilMs, untilMs);
      const wait = AbortSignal.timeout(Math.max(1, Math.ceil(deadlineMs - performance.now())));
      await once(udp, 'message', { signal: wait }).catch(() => undefined);
      if (performance.now() > untilMs) throw new Error('the relay does not answer by UDP');
      path.handleDeadline(performance.now(), out);
    }
  }

  #say(message: ClientMessage): void {
    if (this.#lane.readyState === WebSocket.OPEN) this.#lane.send(JSON.stringify(message));
  }

  #handle(message: RelayMessage): void {
    if (message.type === 'challenge') this.#logIn(Buffer.from(message.nonce, 'base64url'));
    if (message.type === 'refused') this.#finish(message.code);
    if (message.type !== 'welcome') return;
    this.#welcome = message;
    this.#pings = setInterval(() => {
      this.#pingId += 1;
      this.#say({ type: 'ping', id: this.#pingId });
    }, PING_INTERVAL_MS);
    this.#settle?.(message);
  }

  #logIn(nonce: Buffer): void {
    // The library keeps the TLS socket to itself.
    const socket: unknown = Reflect.get(this.#lane, '_socket');
    if (!(socket instanceof TLSSocket)) {
      this.#finish('the lane is not open');
      return;
    }
    const exporter = socket.exportKeyingMaterial(LOGIN_SECRET_BYTES, LOGIN_EXPORTER_LABEL, Buffer.alloc(0));
    const whisperKey = Buffer.alloc(32, 7);
    const signed = (bytes: Uint8Array): string => sign(null, bytes, this.#privateKey).toString('base64url');
    this.#say({
      type: 'login',
      signature: signed(loginStatement(exporter, nonce, whisperKey)),
      whisperKey: { key: whisperKey.toString('base64url'), signature: signed(whisperKey) },
    });
  }

  #finish(reason: string): void {
    this.#failed ??= reason;
    this.#settle?.(reason);
  }
}
