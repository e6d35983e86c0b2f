import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import type { UplinkTarget } from '../../../core/signalling/uplink-address.ts';

/** Longest message of a relay, in bytes: what the schema admits, all of it outside ASCII. */
const MAX_MESSAGE_BYTES = 196_608;

/** A relay has so long to answer, in ms. */
const HANDSHAKE_LIMIT_MS = 10_000;

/** How often the relay is asked whether it is there, in ms; one that has not answered by the next time is left. */
const PING_INTERVAL_MS = 30_000;

/** What waits for a relay that does not read, in bytes; then it is left. */
const MAX_BACKLOG_BYTES = 262_144;

const HTTPS_PORT = 443;

export interface RelaySocketWatcher {
  handleOpen(): void;
  handleText(text: string): void;
  /** It is over, or never began; once. Why is not told: errors of the library name addresses with keys in them. */
  handleClosed(): void;
}

const OPTIONS = {
  perMessageDeflate: false,
  maxPayload: MAX_MESSAGE_BYTES,
  handshakeTimeout: HANDSHAKE_LIMIT_MS,
  // Whoever answers with another address must not be sent our key.
  followRedirects: false,
} as const;

/** A room's connection to a signalling relay. Pings are answered by the library. */
export class RelaySocket {
  readonly #watcher: RelaySocketWatcher;
  readonly #target: UplinkTarget;
  #tls: TLSSocket | null = null;
  #webSocket: WebSocket | null = null;
  #pings: NodeJS.Timeout | null = null;
  #answered = true;
  #over = false;

  constructor(target: UplinkTarget, watcher: RelaySocketWatcher) {
    this.#target = target;
    this.#watcher = watcher;
    if (target.certificateSha256 === null) this.#open(target.address);
    else this.#openPinned(target.address, Buffer.from(target.certificateSha256, 'hex'));
  }

  send(text: string): void {
    if (this.#webSocket?.readyState !== WebSocket.OPEN) return;
    if (this.#webSocket.bufferedAmount > MAX_BACKLOG_BYTES) this.#webSocket.terminate();
    else this.#webSocket.send(text);
  }

  /** Says goodbye, or gives up connecting. Nothing more is told. */
  close(): void {
    this.#over = true;
    this.#stopPings();
    const webSocket = this.#webSocket;
    if (webSocket?.readyState === WebSocket.OPEN) {
      webSocket.close();
      setTimeout(() => webSocket.terminate(), 1_000).unref();
    } else {
      webSocket?.terminate();
      this.#tls?.destroy();
    }
  }

  /** The certificate is looked at before the first byte of ours, for in it is the key. */
  #openPinned(address: string, expected: Buffer): void {
    const { hostname, port } = new URL(address);
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    const tls = connect({
      host,
      port: port === '' ? HTTPS_PORT : Number(port),
      rejectUnauthorized: false,
      ...(isIP(host) === 0 ? { servername: host } : {}),
    });
    this.#tls = tls;
    tls.setTimeout(HANDSHAKE_LIMIT_MS, () => tls.destroy());
    tls.on('error', () => this.#end());
    tls.on('close', () => this.#end());
    tls.once('secureConnect', () => {
      tls.setTimeout(0);
      const certificate = tls.getPeerX509Certificate();
      const sha256 = createHash('sha256')
        .update(certificate?.raw ?? Buffer.alloc(0))
        .digest();
      if (!timingSafeEqual(sha256, expected)) tls.destroy();
      // "ws:" only says that the library shall not begin TLS once more.
      else this.#open(address.replace(/^wss:/, 'ws:'), tls);
    });
  }

  #open(address: string, socket: TLSSocket | null = null): void {
    const { headers } = this.#target;
    const webSocket = new WebSocket(address, {
      ...OPTIONS,
      headers,
      ...(socket === null ? {} : { createConnection: () => socket }),
    });
    this.#webSocket = webSocket;
    webSocket.on('open', () => {
      if (this.#over) return;
      this.#pings = setInterval(() => this.#ping(webSocket), PING_INTERVAL_MS);
      this.#watcher.handleOpen();
    });
    webSocket.on('pong', () => {
      this.#answered = true;
    });
    webSocket.on('message', (message, isBinary) => {
      if (!this.#over && !isBinary) this.#watcher.handleText(message.toString());
    });
    // Followed by 'close'.
    webSocket.on('error', () => undefined);
    webSocket.on('close', () => this.#end());
  }

  #ping(webSocket: WebSocket): void {
    if (!this.#answered) {
      webSocket.terminate();
      return;
    }
    this.#answered = false;
    webSocket.ping();
  }

  #stopPings(): void {
    if (this.#pings !== null) clearInterval(this.#pings);
    this.#pings = null;
  }

  #end(): void {
    this.#stopPings();
    if (this.#over) return;
    this.#over = true;
    this.#watcher.handleClosed();
  }
}
