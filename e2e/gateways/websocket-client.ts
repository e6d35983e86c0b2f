import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { PATIENCE_MS, waitFor } from '../rig/child.ts';

/** The platform's own client, which nobody here wrote, and what it got. */
export class WebSocketClient {
  readonly texts: Record<string, unknown>[] = [];
  readonly plain: string[] = [];
  readonly messages: Buffer[] = [];
  /** When each of `messages` came, by `performance.now()`. */
  readonly arrivedMs: number[] = [];
  readonly #socket: WebSocket;
  closed: { readonly code: number; readonly reason: string } | null = null;

  /** @param hello null: nothing is said */
  static async open(url: string, hello: object | null): Promise<WebSocketClient> {
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    const client = new WebSocketClient(socket);
    await waitFor('a WebSocket to open', PATIENCE_MS, () =>
      socket.readyState === WebSocket.CONNECTING ? null : true,
    );
    if (hello !== null) socket.send(JSON.stringify(hello));
    return client;
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data !== 'string') {
        this.messages.push(Buffer.from(data));
        this.arrivedMs.push(performance.now());
      } else {
        this.plain.push(data);
        this.texts.push(JSON.parse(data));
      }
    });
    socket.addEventListener('close', ({ code, reason }) => {
      this.closed = { code, reason };
    });
  }

  send(message: Uint8Array<ArrayBuffer>): void {
    this.#socket.send(message);
  }

  close(): void {
    this.#socket.close();
  }

  /** The first text of that type, from the one at `from` on. */
  async text(
    type: string,
    fits: (text: Record<string, unknown>) => boolean = () => true,
  ): Promise<Record<string, unknown>> {
    return waitFor(
      `a text "${type}"`,
      PATIENCE_MS,
      () => this.texts.find((text) => text['type'] === type && fits(text)) ?? null,
    );
  }

  async frames(count: number): Promise<readonly Buffer[]> {
    return waitFor(`${count} frames`, PATIENCE_MS, () =>
      this.messages.length >= count ? this.messages : null,
    );
  }

  async end(): Promise<{ readonly code: number; readonly reason: string }> {
    return waitFor('the goodbye', PATIENCE_MS, () => this.closed);
  }
}

/** A listener that says hello and then takes nothing at all. */
export async function stalledListener(port: number, path: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  const head = ['GET', path, 'HTTP/1.1'].join(' ');
  const fields = [
    'Host: relay.invalid',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ];
  socket.write(`${[head, ...fields].join('\r\n')}\r\n\r\n`);
  await once(socket, 'data');
  socket.pause();
  // A short text, masked with zeros.
  const hello = Buffer.from('{"type":"hello"}');
  socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | hello.length, 0, 0, 0, 0]), hello]));
  return socket;
}
