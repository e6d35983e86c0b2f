import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import type { ListeningChannel } from '../../../core/program/listening.ts';
import type { Program } from '../../../core/program/program.ts';
import { Programs } from '../../../core/program/programs.ts';
import type { Gateway, GatewayParts, TalkPort } from '../gateway.ts';

const LIMITS = { maxBacklogBytes: 65_536, maxStallMs: 1_000 };

export const LINK_KEY = 'link-key';

/** A channel that may be listened to. */
export function someChannel(changes: Partial<ListeningChannel> = {}): ListeningChannel {
  return {
    id: 1,
    name: 'Music',
    slug: 'music',
    source: 'conversation',
    access: 'public',
    linkKey: LINK_KEY,
    password: null,
    publishKey: null,
    talk: false,
    maxListeners: 100,
    bitrate: 32_000,
    ...changes,
  };
}

/** What one client got: texts as JSON, binary messages, its close code. */
export class SocketClient {
  readonly texts: unknown[] = [];
  readonly messages: Buffer[] = [];
  readonly socket: WebSocket;
  pings = 0;
  closed: { readonly code: number; readonly reason: string } | null = null;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.messages.push(data);
      else this.texts.push(data.toString());
    });
    socket.on('ping', () => {
      this.pings += 1;
    });
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
    });
    socket.on('error', () => undefined);
  }

  /** The texts so far, taken apart. */
  get said(): Record<string, unknown>[] {
    return this.texts.map((text) => JSON.parse(String(text)));
  }
}

/** One gateway behind a real HTTP server on loopback, with programs that a test fills itself. */
export class WebSocketRig {
  readonly programs: Programs;
  readonly spoken: Uint8Array[] = [];
  pauses = 0;
  /** What the next talker is answered. */
  floorFree = true;
  readonly #gateway: Gateway;
  readonly #server: Server;
  readonly #clients: SocketClient[] = [];
  readonly #startMs = performance.now();
  /** Added to the clock, in ms. */
  skippedMs = 0;

  constructor(create: (parts: GatewayParts) => Gateway) {
    this.programs = new Programs({
      limits: { frames: LIMITS, pages: LIMITS, units: LIMITS },
      secretsInTheClear: false,
      equalSecrets: (one, other) => one === other,
      fitsPassword: () => false,
    });
    const talk: TalkPort = {
      speak: (_channel, _talker, packet) => {
        if (this.floorFree) this.spoken.push(packet);
        return this.floorFree;
      },
      pause: () => {
        this.pauses += 1;
      },
    };
    this.#gateway = create({ programs: this.programs, talk, nowMs: () => this.nowMs() });
    this.#server = createServer();
    this.#server.on('upgrade', (request, socket, head) => {
      const url = new URL(request.url ?? '/', 'http://relay.invalid');
      const origin = { address: '127.0.0.1', secure: false, private: true };
      if (this.#gateway.handleUpgrade?.({ origin, request, url }, socket, head) !== true) socket.destroy();
    });
  }

  nowMs(): number {
    return performance.now() - this.#startMs + this.skippedMs;
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  program(id = 1): Program {
    const program = this.programs.program(id);
    if (program === null) throw new Error(`There is no channel ${id}`);
    return program;
  }

  /** @param hello null: nothing is said */
  async connect(path: string, hello: object | null = { type: 'hello' }): Promise<SocketClient> {
    const { port } = this.#server.address() as AddressInfo;
    const client = new SocketClient(new WebSocket(`ws://127.0.0.1:${port}${path}`));
    this.#clients.push(client);
    await Promise.race([once(client.socket, 'open'), once(client.socket, 'close')]);
    if (hello !== null) client.socket.send(JSON.stringify(hello));
    return client;
  }

  counters(): Readonly<Record<string, number>> {
    return this.#gateway.counters();
  }

  async close(): Promise<void> {
    this.programs.close();
    await this.#gateway.close();
    for (const { socket } of this.#clients) socket.terminate();
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
