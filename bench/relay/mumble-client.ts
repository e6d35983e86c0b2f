import { connect, type TLSSocket } from 'node:tls';
import { decodeMessage, encodeMessage, type Field } from './protobuf.ts';

/** Numbers of messages on Mumble's control channel, those that are needed. */
const MESSAGE = {
  version: 0,
  udpTunnel: 1,
  authenticate: 2,
  ping: 3,
  reject: 4,
  serverSync: 5,
  cryptSetup: 15,
};

/** Type (2) and length (4), big-endian, before each message. */
const PREFIX_BYTES = 6;

/** The version we say we are: 1.3.4, two bytes, one, one. */
const VERSION = 0x01_03_04;

/** The server ends connections that are silent for 30 s. */
const PING_INTERVAL_MS = 15_000;

/** Longest login, in ms, with two hundred others. */
const MAX_LOGIN_MS = 20_000;

/** A message on the control channel, with its prefix. */
export function frameMessage(type: number, fields: readonly Field[]): Buffer {
  const body = encodeMessage(fields);
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt16BE(type, 0);
  prefix.writeUInt32BE(body.length, 2);
  return Buffer.concat([prefix, body]);
}

/** Takes whole messages off the head of what has come in. @returns what is left */
export function takeMessages(bytes: Buffer, onMessage: (type: number, body: Buffer) => void): Buffer {
  let rest = bytes;
  while (rest.length >= PREFIX_BYTES) {
    const end = PREFIX_BYTES + rest.readUInt32BE(2);
    if (rest.length < end) break;
    onMessage(rest.readUInt16BE(0), rest.subarray(PREFIX_BYTES, end));
    rest = rest.subarray(end);
  }
  return rest;
}

interface Keys {
  readonly secret: Buffer;
  readonly sendNonce: Buffer;
  readonly receiveNonce: Buffer;
}

/** A member of a Mumble server by its control channel alone; its voice is the load generator's. */
export class MumbleClient {
  readonly #socket: TLSSocket;
  readonly #pings: NodeJS.Timeout;
  #rest: Buffer = Buffer.alloc(0);
  #keys: Keys | null = null;
  #session: number | null = null;
  #resolve: (() => void) | null = null;
  #failed: string | null = null;
  /** Voice that came by the control channel: the server did not take the UDP path. */
  tunnelled = 0;

  private constructor(port: number, name: string) {
    this.#socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      this.#say(MESSAGE.version, [
        [1, VERSION],
        [2, 'load'],
      ]);
      this.#say(MESSAGE.authenticate, [
        [1, name],
        [5, 1],
      ]);
    });
    this.#socket.on('data', (bytes) => {
      const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
      this.#rest = takeMessages(all, (type, body) => this.#handle(type, body));
    });
    this.#socket.on('error', (error) => this.#fail(error.message));
    this.#socket.on('close', () => this.#fail('the connection was closed'));
    this.#pings = setInterval(() => this.#say(MESSAGE.ping, [[1, Date.now()]]), PING_INTERVAL_MS);
  }

  /** @throws Error when the server does not let it in */
  static async enter(port: number, name: string): Promise<MumbleClient> {
    const client = new MumbleClient(port, name);
    const limit = setTimeout(() => client.#fail('the server does not answer'), MAX_LOGIN_MS);
    await new Promise<void>((resolve) => {
      client.#resolve = resolve;
    });
    clearTimeout(limit);
    if (client.#failed === null) return client;
    client.leave();
    throw new Error(`Mumble's server did not let ${name} in: ${client.#failed}`);
  }

  get session(): number {
    return this.#session ?? 0;
  }

  get keys(): Keys {
    if (this.#keys === null) throw new Error('it has not logged in');
    return this.#keys;
  }

  /** Why it is no longer there; null while it is. */
  get failed(): string | null {
    return this.#failed;
  }

  leave(): void {
    clearInterval(this.#pings);
    this.#socket.destroy();
  }

  #say(type: number, fields: readonly Field[]): void {
    this.#socket.write(frameMessage(type, fields));
  }

  #handle(type: number, body: Buffer): void {
    if (type === MESSAGE.udpTunnel) {
      this.tunnelled += 1;
    } else if (type === MESSAGE.reject) {
      this.#fail(String(decodeMessage(body).get(2) ?? 'no reason given'));
    } else if (type === MESSAGE.cryptSetup) {
      const fields = decodeMessage(body);
      const [secret, sendNonce, receiveNonce] = [fields.get(1), fields.get(2), fields.get(3)];
      if (secret instanceof Buffer && sendNonce instanceof Buffer && receiveNonce instanceof Buffer)
        this.#keys = {
          secret: Buffer.from(secret),
          sendNonce: Buffer.from(sendNonce),
          receiveNonce: Buffer.from(receiveNonce),
        };
    } else if (type === MESSAGE.serverSync) {
      this.#session = Number(decodeMessage(body).get(1) ?? 0);
      if (this.#keys === null) this.#fail('it sent no keys');
      this.#resolve?.();
    }
  }

  #fail(reason: string): void {
    this.#failed ??= reason;
    this.#resolve?.();
  }
}
