import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { MAX_LANE_MESSAGE_BYTES } from '../../core/wire/control.ts';
import { MAX_DATAGRAM_BYTES } from '../../core/wire/datagram.ts';
import { LOGIN_EXPORTER_LABEL, LOGIN_SECRET_BYTES } from '../../core/wire/login.ts';

/** Why a lane did not open, or closed. */
export type LaneFailure = 'refused' | 'unreachable' | 'timeout' | 'certificate' | 'closed' | 'nameNotFound';

/** Voice that waits behind this much in the lane, in bytes, comes too late to be heard: half a second of one speaker. */
const MAX_VOICE_BACKLOG_BYTES = 8_192;

/** An open lane. */
export interface LaneFacts {
  readonly remoteAddress: string;
  /** LOGIN_SECRET_BYTES that only the two ends of this TLS connection know (RFC 8446, section 7.5). */
  readonly exporter: Uint8Array;
}

export interface ControlLaneOptions {
  readonly host: string;
  readonly port: number;
  /**
   * Judges the relay's certificate by its SHA-256 (base64url) before a single byte is sent to it.
   *
   * @returns true to go on
   */
  readonly acceptCertificate: (sha256: string) => boolean;
  readonly onDidOpen: (facts: LaneFacts) => void;
  readonly onMessage: (text: string) => void;
  /** A datagram that came over the lane because UDP does not get through. */
  readonly onDatagram: (bytes: Uint8Array) => void;
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
  /** Datagrams left out because the lane was backed up. */
  voiceLeftOut = 0;

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

  /** Sends a datagram as one binary message; left out and counted when the lane is backed up. */
  sendDatagram(bytes: Uint8Array): void {
    if (this.#webSocket?.readyState !== WebSocket.OPEN) return;
    if (this.#webSocket.bufferedAmount > MAX_VOICE_BACKLOG_BYTES) this.voiceLeftOut += 1;
    else this.#webSocket.send(bytes);
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
        maxPayload: MAX_LANE_MESSAGE_BYTES,
      },
    );
    this.#webSocket = webSocket;
    webSocket.on('open', () => {
      if (this.#over) return;
      const exporter = this.#socket.exportKeyingMaterial(
        LOGIN_SECRET_BYTES,
        LOGIN_EXPORTER_LABEL,
        Buffer.alloc(0),
      );
      const remoteAddress = this.#socket.remoteAddress ?? this.#options.host;
      this.#options.onDidOpen({ remoteAddress, exporter: new Uint8Array(exporter) });
    });
    webSocket.on('message', (message, isBinary) => {
      if (this.#over) return;
      if (!isBinary) this.#options.onMessage(message.toString());
      else if (message instanceof Buffer && message.length <= MAX_DATAGRAM_BYTES)
        this.#options.onDatagram(message);
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
