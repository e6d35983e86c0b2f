import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as setTimeoutPromise } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';

/** How often a peer is asked whether it is there, in ms; one that has not answered by the next time is cut. */
export const PING_INTERVAL_MS = 30_000;

/** How often connections are looked through, in ms. */
const SWEEP_INTERVAL_MS = 1_000;

/** A peer that does not answer a close within this time is hung up on, in ms. */
const CLOSE_LIMIT_MS = 2_000;

/** When the relay ends, peers have so long to say goodbye too, in ms. */
const GOODBYE_LIMIT_MS = 500;
const GOODBYE_POLL_MS = 20;

/** Close code of a server that goes down (RFC 6455, section 7.4.1). */
const GOING_AWAY = 1_001;

/**
 * A peer that lets so much wait for it is sent no more texts, but cut: above what the kernel of a program lets wait, so
 * that sound alone never leads here.
 */
const MAX_BACKLOG_BYTES = 524_288;

/** Answers to pings wait for nobody: a peer that lets this much wait gets none. */
const MAX_PONG_BACKLOG_BYTES = 16_384;

/** More than this does not wait for the end of a turn: what waits counts as not taken by the peer. */
const MAX_HELD_BYTES = 16_384;

/** What a gateway does with one connection. */
export interface LineHandler {
  handleText(text: string): void;
  /** @param bytes changed after the call */
  handleBytes(bytes: Buffer): void;
  /** About once a second. */
  handleSweep?(nowMs: number): void;
  /** It is over, for whatever reason; once. */
  handleClosed(): void;
}

/**
 * Turns of the event loop in which something was sent. A publisher's page may hold a second of sound, and whoever is
 * behind gets several frames at once: what follows the first one in a turn waits for the turn's end and goes to the kernel
 * in one call.
 */
class SendTurns {
  #number = 0;
  #ending = false;
  #corked: Duplex[] = [];

  /** Number of the present one. */
  get number(): number {
    if (!this.#ending) {
      this.#ending = true;
      setImmediate(() => this.#end());
    }
    return this.#number;
  }

  cork(socket: Duplex): void {
    socket.cork();
    this.#corked.push(socket);
  }

  #end(): void {
    this.#ending = false;
    this.#number += 1;
    const corked = this.#corked;
    this.#corked = [];
    for (const socket of corked) socket.uncork();
  }
}

/** A server's end of one WebSocket. */
export class WebSocketLine {
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex;
  readonly #turns: SendTurns;
  /** The turn in which it sent last, and how many messages by then: more than two are no different from two. */
  #turn = -1;
  #sentInTurn = 0;
  /** Bytes that wait for the end of the turn. */
  #heldBytes = 0;
  #pingAtMs: number;
  #answered = true;

  constructor(webSocket: WebSocket, socket: Duplex, turns: SendTurns, nowMs: number) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#turns = turns;
    this.#pingAtMs = nowMs + PING_INTERVAL_MS;
    webSocket.on('pong', () => {
      this.#answered = true;
    });
    webSocket.on('ping', (data: Buffer) => {
      if (this.#open && this.backlogBytes < MAX_PONG_BACKLOG_BYTES) webSocket.pong(data);
    });
  }

  get backlogBytes(): number {
    return this.#socket.writableLength;
  }

  sendText(text: string): void {
    if (!this.#open) return;
    if (this.backlogBytes > MAX_BACKLOG_BYTES) this.cut();
    else this.#webSocket.send(text);
  }

  /**
   * Sends a whole message that is framed already (core/framing/server-frame.ts). Everything else goes through `ws`,
   * which writes each of its frames at once where nothing is compressed: this one stands between two of them.
   *
   * Measured with 1,000 connections: the same bytes for all cost 2.0 us of user time a message instead of the 3.0 of
   * `ws.send`, which makes a head and two writes for each; the kernel's 7 us stay. A burst of 50 in one turn comes to
   * 0.6 us a message, the kernel's part with it.
   *
   * @param framed not changed afterwards
   */
  sendFramed(framed: Uint8Array): void {
    if (!this.#open) return;
    const turn = this.#turns.number;
    if (turn !== this.#turn) {
      this.#turn = turn;
      this.#sentInTurn = 0;
      this.#heldBytes = 0;
    } else {
      if (this.#sentInTurn === 1) this.#turns.cork(this.#socket);
      this.#heldBytes += framed.length;
    }
    this.#sentInTurn = Math.min(2, this.#sentInTurn + 1);
    this.#socket.write(framed);
    if (this.#heldBytes < MAX_HELD_BYTES) return;
    this.#socket.uncork();
    this.#sentInTurn = 1;
    this.#heldBytes = 0;
  }

  /**
   * Says goodbye, and hangs up on a peer that does not answer.
   *
   * @param code omitted: nothing is said beside the goodbye
   * @param reason at most 123 bytes
   */
  close(code?: number, reason?: string): void {
    this.#webSocket.close(code, reason);
    setTimeout(() => this.#webSocket.terminate(), CLOSE_LIMIT_MS).unref();
  }

  /** Hangs up. What waits for the peer is forgotten. */
  cut(): void {
    this.#webSocket.terminate();
  }

  /** Asks the peer whether it is there, when it is time. */
  sweep(nowMs: number): void {
    if (nowMs < this.#pingAtMs) return;
    this.#pingAtMs = nowMs + PING_INTERVAL_MS;
    if (!this.#answered) {
      this.cut();
      return;
    }
    this.#answered = false;
    if (this.#open) this.#webSocket.ping();
  }

  get #open(): boolean {
    return this.#webSocket.readyState === WebSocket.OPEN;
  }
}

/** All WebSockets of one gateway. */
export class WebSocketLines {
  readonly #server: WebSocketServer;
  readonly #turns = new SendTurns();
  readonly #lines = new Map<WebSocketLine, LineHandler>();
  readonly #nowMs: () => number;
  readonly #timer: NodeJS.Timeout;
  #closed = false;
  /** Connections that were cut because what they sent met a defect of ours. */
  defects = 0;

  /** @param maxMessageBytes a peer that sends a longer message is cut */
  constructor(maxMessageBytes: number, nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      // Opus does not get smaller, and framed messages could not be shared.
      perMessageDeflate: false,
      maxPayload: maxMessageBytes,
      // Answered by the line, which looks at what waits.
      autoPong: false,
    });
    this.#timer = setInterval(() => this.#sweep(), SWEEP_INTERVAL_MS).unref();
  }

  get size(): number {
    return this.#lines.size;
  }

  /**
   * Answers a request to upgrade; one that is none gets an HTTP error.
   *
   * @param open called with the line before anything is read from it
   */
  accept(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    open: (line: WebSocketLine) => LineHandler,
    onRefused: () => void = () => undefined,
  ): void {
    if (this.#closed) {
      socket.destroy();
      onRefused();
      return;
    }
    // Node sets noDelay on what its HTTP server gets; a frame would otherwise wait for the answer to the one before.
    socket.once('close', onRefused);
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      socket.off('close', onRefused);
      const line = new WebSocketLine(webSocket, socket, this.#turns, this.#nowMs());
      const handler = open(line);
      this.#lines.set(line, handler);
      webSocket.on('message', (message, isBinary) => {
        if (!(message instanceof Buffer)) return;
        try {
          if (isBinary) handler.handleBytes(message);
          else handler.handleText(message.toString());
        } catch {
          // It costs that connection, and not all of them.
          this.defects += 1;
          line.cut();
        }
      });
      // Followed by 'close'.
      webSocket.on('error', () => undefined);
      webSocket.on('close', () => {
        this.#lines.delete(line);
        handler.handleClosed();
      });
    });
  }

  /** Ends all of them, with a goodbye to those who still listen. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    for (const line of this.#lines.keys()) line.close(GOING_AWAY, 'The relay is going down.');
    const endMs = this.#nowMs() + GOODBYE_LIMIT_MS;
    while (this.#lines.size > 0 && this.#nowMs() < endMs) await setTimeoutPromise(GOODBYE_POLL_MS);
    for (const line of this.#lines.keys()) line.cut();
  }

  #sweep(): void {
    const nowMs = this.#nowMs();
    for (const [line, handler] of this.#lines) {
      line.sweep(nowMs);
      handler.handleSweep?.(nowMs);
    }
  }
}
