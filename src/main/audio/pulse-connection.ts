import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  COMMAND,
  ERROR_NO_ENTITY,
  PacketReader,
  PROTOCOL_VERSION,
  TagReader,
  TagWriter,
} from './pulse-wire.ts';

/** A server that does not answer within this, in ms, is not going to. */
const ANSWER_TIMEOUT_MS = 2_000;

const COOKIE_BYTES = 256;

/** One read of the socket, in bytes: a dozen blocks. */
const READ_BYTES = 32 * 1024;

const NO_COOKIE = new Uint8Array(COOKIE_BYTES);

/** The server said no. `code` is PulseAudio's. */
export class PulseRefusal extends Error {
  readonly isAbsent: boolean;

  constructor(code: number) {
    super(`the sound server refuses, code ${code}`);
    this.isAbsent = code === ERROR_NO_ENTITY;
  }
}

/** What a connection hears while it is open. `bytes` are only valid during the call. */
export interface PulseListener {
  /** The server has room for that many bytes more. */
  handleRequest(bytes: number): void;
  handleUnderflow(): void;
  handleOverflow(): void;
  handleSound(bytes: Buffer, start: number, end: number): void;
  /** The stream or the connection is gone. Called at most once. */
  handleEnd(reason: string): void;
}

/**
 * The server's socket: null where it is not a local one (another machine, or a setting this does not read).
 *
 * @param env PULSE_SERVER, PULSE_RUNTIME_PATH and XDG_RUNTIME_DIR are read, as libpulse does
 */
export function pulseSocketPath(env: NodeJS.ProcessEnv): string | null {
  const server = env['PULSE_SERVER'];
  if (server !== undefined && server !== '') {
    const path = server.replace(/^\{[^}]*\}/, '').replace(/^unix:/, '');
    return path.startsWith('/') && !path.includes(' ') ? path : null;
  }
  const runtime = env['PULSE_RUNTIME_PATH'];
  if (runtime !== undefined && runtime !== '') return join(runtime, 'native');
  const user = env['XDG_RUNTIME_DIR'];
  return user === undefined || user === '' ? null : join(user, 'pulse', 'native');
}

/** The secret that lets another user in; who started the server is known to it by the socket. */
function readCookie(env: NodeJS.ProcessEnv): Uint8Array {
  const path =
    env['PULSE_COOKIE'] ?? join(env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'pulse/cookie');
  try {
    const cookie = readFileSync(path);
    return cookie.length === COOKIE_BYTES ? cookie : NO_COOKIE;
  } catch {
    return NO_COOKIE;
  }
}

interface Waiting {
  readonly resolve: (answer: TagReader) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** A connection to the sound server for one stream. */
export class PulseConnection {
  readonly #socket: Socket;
  readonly #listener: PulseListener;
  readonly #waiting = new Map<number, Waiting>();
  readonly #fields = new TagReader();
  #serial = 0;
  #ended = false;

  /** @throws Error when there is no server or it does not let us in */
  static async open(env: NodeJS.ProcessEnv, listener: PulseListener): Promise<PulseConnection> {
    const path = pulseSocketPath(env);
    if (path === null) throw new Error('the sound server has no socket on this machine');
    const connection = new PulseConnection(path, listener);
    try {
      await connection.call(COMMAND.auth, (fields) => fields.u32(PROTOCOL_VERSION).bytes(readCookie(env)));
      await connection.call(COMMAND.setClientName, (fields) =>
        fields.properties({ 'application.name': 'Sidetone', 'application.process.id': String(process.pid) }),
      );
    } catch (error) {
      connection.close();
      throw error;
    }
    return connection;
  }

  private constructor(path: string, listener: PulseListener) {
    this.#listener = listener;
    const reader = new PacketReader({
      handleCommand: (bytes, start, end) => this.#handleCommand(bytes, start, end),
      handleSound: (bytes, start, end) => {
        if (!this.#ended) listener.handleSound(bytes, start, end);
      },
    });
    const buffer = Buffer.alloc(READ_BYTES);
    // One buffer for all reads: the ordinary 'data' events would make garbage hundreds of times a second.
    const onread = {
      buffer,
      callback: (count: number): boolean => {
        if (!reader.push(buffer, count)) this.#end('The sound server speaks another language.');
        return true;
      },
    };
    this.#socket = connect({ path, onread });
    this.#socket.on('error', (error) => this.#end(`The sound server is gone (${error.message}).`));
    this.#socket.on('close', () => this.#end('The sound server is gone.'));
  }

  /**
   * Sends a command and waits for its answer.
   *
   * @throws PulseRefusal, or Error when no answer comes
   */
  call(command: number, write: (fields: TagWriter) => TagWriter): Promise<TagReader> {
    return new Promise((resolve, reject) => {
      if (this.#ended) {
        reject(new Error('the sound server is gone'));
        return;
      }
      const serial = this.#serial++;
      const timer = setTimeout(() => {
        this.#waiting.delete(serial);
        reject(new Error('the sound server does not answer'));
      }, ANSWER_TIMEOUT_MS);
      this.#waiting.set(serial, { resolve, reject, timer });
      this.#socket.write(write(new TagWriter(command, serial)).packet());
    });
  }

  /** Sends a packet; its bytes must stay until it is out, which is at once unless the server is stuck. */
  send(packet: Uint8Array): void {
    if (!this.#ended) this.#socket.write(packet);
  }

  /** Bytes that the server has not taken yet. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  /** Ends the stream: the server forgets it with its connection. */
  close(): void {
    this.#ended = true;
    this.#rejectAll('the connection was closed');
    this.#socket.destroy();
  }

  #handleCommand(bytes: Buffer, start: number, end: number): void {
    if (this.#ended) return;
    const fields = this.#fields.reset(bytes, start, end);
    const command = fields.u32();
    const serial = fields.u32();
    switch (command) {
      case COMMAND.reply:
        this.#settle(serial)?.resolve(
          new TagReader().reset(Buffer.from(bytes.subarray(start + 10, end)), 0, end - start - 10),
        );
        return;
      case COMMAND.error:
        this.#settle(serial)?.reject(new PulseRefusal(fields.u32()));
        return;
      case COMMAND.request: {
        fields.u32();
        const room = fields.u32();
        if (!fields.failed) this.#listener.handleRequest(room);
        return;
      }
      case COMMAND.underflow:
        this.#listener.handleUnderflow();
        return;
      case COMMAND.overflow:
        this.#listener.handleOverflow();
        return;
      case COMMAND.playbackStreamKilled:
      case COMMAND.recordStreamKilled:
        this.#end('The device was taken away.');
        return;
      default:
      // Started, moved, suspended, …: what matters of them shows in the sound.
    }
  }

  #settle(serial: number): Waiting | undefined {
    const waiting = this.#waiting.get(serial);
    this.#waiting.delete(serial);
    clearTimeout(waiting?.timer);
    return waiting;
  }

  #end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#rejectAll(reason);
    this.#socket.destroy();
    this.#listener.handleEnd(reason);
  }

  #rejectAll(reason: string): void {
    for (const serial of [...this.#waiting.keys()]) this.#settle(serial)?.reject(new Error(reason));
  }
}
