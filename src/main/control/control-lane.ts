import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { MAX_CONTROL_LENGTH } from '../../core/wire/control.ts';

/** Why a lane did not open, or closed. */
export type LaneFailure = 'refused' | 'unreachable' | 'timeout' | 'certificate' | 'closed' | 'nameNotFound';

export interface ControlLaneOptions {
  readonly host: string;
  readonly port: number;
  /**
   * Judges the relay's certificate by its SHA-256 (base64url) before a single byte is sent to it.
   *
   * @returns true to go on
   */
  readonly acceptCertificate: (sha256: string) => boolean;
  readonly onDidOpen: (remoteAddress: string) => void;
  readonly onMessage: (text: string) => void;
  /** Called once, unless `close` was called before. */
  readonly onDidClose: (failure: LaneFailure) => void;
}

function failureOf(error: unknown): LaneFailure {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_FAIL':
    case 'EAI_NODATA':
      return 'nameNotFound';
    case 'ECONNREFUSED':
      return 'refused';
    case 'ETIMEDOUT':
      return 'timeout';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'closed';
    default:
      return 'unreachable';
  }
}

/**
 * The client's end of the control lane: one WebSocket over TLS 1.3.
 *
 * Relays sign their own certificates, so no authority is asked; `acceptCertificate` compares the fingerprint after
 * the handshake and before the WebSocket's first byte.
 */
export class ControlLane {
  readonly #options: ControlLaneOptions;
  readonly #socket: TLSSocket;
  #webSocket: WebSocket | null = null;
  #over = false;

  constructor(options: ControlLaneOptions) {
    this.#options = options;
    this.#socket = connect({
      host: options.host,
      port: options.port,
      minVersion: 'TLSv1.3',
      rejectUnauthorized: false,
      ...(isIP(options.host) === 0 ? { servername: options.host } : {}),
    });
    this.#socket.once('secureConnect', () => this.#handleSecureConnect());
    this.#socket.on('error', (error) => this.#end(failureOf(error)));
    this.#socket.on('close', () => this.#end('closed'));
  }

  send(text: string): void {
    if (this.#webSocket?.readyState === WebSocket.OPEN) this.#webSocket.send(text);
  }

  /** Closes, or gives up opening. Nothing more is reported. */
  close(): void {
    this.#over = true;
    if (this.#webSocket?.readyState === WebSocket.OPEN) this.#webSocket.close();
    else this.#socket.destroy();
  }

  #handleSecureConnect(): void {
    const certificate = this.#socket.getPeerX509Certificate();
    const sha256 =
      certificate === undefined ? '' : createHash('sha256').update(certificate.raw).digest('base64url');
    if (!this.#options.acceptCertificate(sha256)) {
      this.#end('certificate');
      return;
    }
    this.#socket.setNoDelay(true);
    const webSocket = new WebSocket(
      `ws://${isIP(this.#options.host) === 6 ? `[${this.#options.host}]` : this.#options.host}/`,
      {
        // The TLS socket is already up; "ws:" only says that the library shall not open one of its own.
        createConnection: () => this.#socket,
        perMessageDeflate: false,
        maxPayload: MAX_CONTROL_LENGTH,
      },
    );
    this.#webSocket = webSocket;
    webSocket.on('open', () => {
      if (!this.#over) this.#options.onDidOpen(this.#socket.remoteAddress ?? this.#options.host);
    });
    webSocket.on('message', (message, isBinary) => {
      if (!this.#over && !isBinary) this.#options.onMessage(message.toString());
    });
    webSocket.on('error', (error) => this.#end(failureOf(error)));
    webSocket.on('close', () => this.#end('closed'));
  }

  #end(failure: LaneFailure): void {
    if (this.#over) return;
    this.#over = true;
    this.#webSocket?.terminate();
    this.#socket.destroy();
    this.#options.onDidClose(failure);
  }
}
