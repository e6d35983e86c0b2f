import { WebSocket } from 'ws';

/**
 * A lane with this much unsent is that of a reader who stopped reading: it is cut, so that memory stays bounded. Four
 * full member lists.
 */
export const MAX_LANE_BACKLOG_BYTES = 1_048_576;

/** Voice behind this much unsent comes too late to be heard: half a second of one speaker. */
export const MAX_VOICE_BACKLOG_BYTES = 8_192;

/** A peer that does not answer a close within this time is hung up on, in ms. */
const CLOSE_LIMIT_MS = 2_000;

/** What was done with something to be sent. */
export type SendOutcome = 'sent' | 'tooSlow' | 'gone';

/**
 * One member's WebSocket, and how far its reader is behind.
 *
 * Messages wait here for the one before to have gone to the kernel, instead of in the socket: a text that many are told
 * is there once, whoever waits for it, and TLS keeps the buffers of the most it was ever given at once.
 */
export class LaneSocket {
  readonly #socket: WebSocket;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #sending = false;
  #closing = false;
  readonly #onSent = (): void => {
    this.#sending = false;
    this.#sendNext();
  };
  /** The turn of the engine in which the backlog was measured, and what it was. */
  #turn = -1;
  #backlogBytes = 0;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** What has not gone to the kernel yet. */
  get backlogBytes(): number {
    return this.#waitingBytes + this.#socket.bufferedAmount;
  }

  /**
   * Sends a control message, or cuts the lane of a reader who is too far behind.
   *
   * What counts is the backlog before the turn: in one turn a member who comes back may get a whole inbox, several
   * megabytes, which is no sign of anything.
   *
   * @param turn number of the engine's call that this message belongs to
   */
  sendText(text: string, turn: number): SendOutcome {
    if (this.#socket.readyState !== WebSocket.OPEN) return 'gone';
    if (turn !== this.#turn) {
      this.#turn = turn;
      this.#backlogBytes = this.backlogBytes;
    }
    if (this.#backlogBytes > MAX_LANE_BACKLOG_BYTES) {
      this.#socket.terminate();
      return 'tooSlow';
    }
    this.#waiting.push(text);
    this.#waitingBytes += Buffer.byteLength(text);
    this.#sendNext();
    return 'sent';
  }

  /** Sends voice, or leaves it out. @param bytes not changed after the call */
  sendDatagram(bytes: Uint8Array): SendOutcome {
    if (this.#socket.readyState !== WebSocket.OPEN) return 'gone';
    if (this.backlogBytes > MAX_VOICE_BACKLOG_BYTES) return 'tooSlow';
    this.#socket.send(bytes);
    return 'sent';
  }

  /** Closes after what was sent has gone out, whether the peer agrees or not. */
  close(): void {
    this.#closing = true;
    this.#sendNext();
    setTimeout(() => this.#socket.terminate(), CLOSE_LIMIT_MS).unref();
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #sendNext(): void {
    if (this.#sending) return;
    const text = this.#waiting.shift();
    if (text === undefined) {
      if (this.#closing) this.#socket.close();
      return;
    }
    this.#waitingBytes -= Buffer.byteLength(text);
    this.#sending = true;
    // Called with an error too, when the socket is gone.
    this.#socket.send(text, this.#onSent);
  }
}
