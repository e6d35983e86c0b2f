import { type ListenerText, listenerTextSchema } from '../../contract/listener-page.ts';

/** First and longest wait before a new connection, in ms. */
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 20_000;

/** A relay that is full is asked again after this, in ms, unless it says when. */
const FULL_RETRY_MS = 15_000;

/** A connection that stood so long was a good one, in ms: the next wait is the first again. */
const GOOD_MS = 5_000;

/** Refusals that pass by themselves; any other has to be changed by somebody. */
const PASSING = ['channelFull', 'networkFull', 'relayFull', 'tooManyTries'];

export interface ListenerSocketOptions {
  readonly channel: string;
  /** Null: none was given. */
  readonly secret: string | null;
  /** Whether frames are wanted, or only what is told beside them. */
  readonly frames: boolean;
  readonly ptt: boolean;
  readonly onText: (message: ListenerText) => void;
  readonly onFrame: (message: ArrayBuffer) => void;
  /** The connection is lost, and tried again in so many ms; null: it is not. */
  readonly onLost: (retryMs: number | null) => void;
}

/** The page's connection to the relay; comes back by itself. */
export class ListenerSocket {
  readonly #options: ListenerSocketOptions;
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #closed = false;
  #givenUp = false;
  #retryAfterMs: number | null = null;
  #welcomedAtMs: number | null = null;

  constructor(options: ListenerSocketOptions) {
    this.#options = options;
    this.#connect();
  }

  /** Bytes that wait for the network. */
  get backlogBytes(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  send(message: Uint8Array<ArrayBuffer>): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(message);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
  }

  #connect(): void {
    const { channel, secret, frames, ptt } = this.#options;
    const socket = new WebSocket(socketAddress(channel));
    this.#socket = socket;
    this.#welcomedAtMs = null;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      const delivery = frames ? 'webcodecs' : 'ogg-http';
      const secretPart = secret === null ? {} : { key: secret };
      const hello = { type: 'hello', clientType: 'web', supports: [delivery], preferred: delivery, ptt };
      socket.send(JSON.stringify({ ...hello, ...secretPart }));
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (this.#closed) return;
      if (typeof data === 'string') this.#handleText(data);
      else this.#options.onFrame(data);
    };
    socket.onclose = () => this.#handleClose();
  }

  #handleText(text: string): void {
    const message = parsed(text);
    if (message === null) return;
    if (message.type === 'welcome') {
      if (message.accepted) this.#welcomedAtMs = performance.now();
      else if (PASSING.includes(message.code))
        this.#retryAfterMs =
          message.retryAfterSeconds === undefined ? FULL_RETRY_MS : message.retryAfterSeconds * 1_000;
      else this.#givenUp = true;
    }
    this.#options.onText(message);
  }

  #handleClose(): void {
    if (this.#closed) return;
    if (this.#givenUp) {
      this.#options.onLost(null);
      return;
    }
    const good = this.#welcomedAtMs !== null && performance.now() - this.#welcomedAtMs >= GOOD_MS;
    this.#failures = good ? 0 : this.#failures + 1;
    const backoffMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.#failures, 10));
    // Up to a quarter less, so that all pages of a relay do not come back in step.
    const retryMs = this.#retryAfterMs ?? backoffMs * (1 - Math.random() / 4);
    this.#retryAfterMs = null;
    this.#timer = setTimeout(() => this.#connect(), retryMs);
    this.#options.onLost(retryMs);
  }
}

function socketAddress(channel: string): string {
  const address = new URL('/ws', window.location.href);
  address.protocol = window.location.protocol === 'https:' ? 'wss:' : 'ws:';
  address.searchParams.set('channel', channel);
  return address.href;
}

/** Null: it is nothing that this page understands. */
function parsed(text: string): ListenerText | null {
  try {
    const read = listenerTextSchema.safeParse(JSON.parse(text));
    return read.success ? read.data : null;
  } catch {
    return null;
  }
}
