import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Counters, createCounters } from '../../../core/base/counters.ts';
import type { Gateway, Origin, WebRequest } from '../gateway.ts';
import { HeadLimits } from './head-limits.ts';
import { MAX_HEAD_BYTES, readRawHead } from './raw-head.ts';

/** Longest wait for a whole head, in ms. */
const HEAD_LIMIT_MS = 10_000;

/** A connection that was answered and asks nothing more is kept so long, in ms. */
const KEEP_ALIVE_MS = 5_000;

/** A peer that takes nothing of an answer that waits for it for so long is cut, in ms. */
const TAKE_LIMIT_MS = 30_000;

/** A peer that was refused and does not hang up is hung up on, in ms: it has read the answer by then, or never will. */
const LINGER_MS = 2_000;

/** Stands for this relay where an address has to be parsed; the client's own idea of it is not to be trusted. */
const ANY_HOST = 'http://relay.invalid';

/** A connection whose origin is not known came by no door. */
const NOWHERE: Origin = { address: '', secure: false, private: false };

const COUNTED = [
  'requests',
  'upgrades',
  'raw',
  'unknownAddress',
  'badTarget',
  'headTooSlow',
  'badRequest',
  'defects',
] as const;
export type WebFrontCounter = (typeof COUNTED)[number];

/** The web port: gives each request to the gateway whose it is. */
export class WebFront {
  readonly counters: Counters<WebFrontCounter> = createCounters(COUNTED);
  readonly #gateways: readonly Gateway[];
  readonly #server: Server;
  readonly #origins = new WeakMap<object, Origin>();
  readonly #heads = new HeadLimits(HEAD_LIMIT_MS, KEEP_ALIVE_MS + HEAD_LIMIT_MS, () => {
    this.counters.headTooSlow += 1;
  });

  constructor(gateways: readonly Gateway[]) {
    this.#gateways = gateways;
    this.#server = createServer(
      {
        maxHeaderSize: MAX_HEAD_BYTES,
        keepAliveTimeout: KEEP_ALIVE_MS,
        // A publisher's body goes on for as long as it publishes; its gateway ends it when nothing comes.
        requestTimeout: 0,
        // Icecast's source clients offer TLS within HTTP (RFC 2817) when they ask for options: nobody has to take it.
        shouldUpgradeCallback: ({ method }) => method === 'GET',
      },
      (request, response) => this.#handleRequest(request, response),
    );
    // Without these, Node answers "Expect: 100-continue" before anybody has looked at who asks.
    this.#server.on('checkContinue', (request, response) => this.#handleRequest(request, response));
    this.#server.on('upgrade', (request, socket, head) => this.#handleUpgrade(request, socket, head));
    this.#server.on('clientError', (_error, socket) => {
      this.counters.badRequest += 1;
      refuse(socket, '400 Bad Request', 'That is no request that this relay understands.');
    });
  }

  /** @param socket paused, with what came so far waiting in it */
  handleConnection(socket: Socket, origin: Origin): void {
    this.#origins.set(socket, origin);
    let bytes: Buffer = Buffer.alloc(0);
    const limit = setTimeout(() => {
      this.counters.headTooSlow += 1;
      socket.destroy();
    }, HEAD_LIMIT_MS);
    const onClose = (): void => clearTimeout(limit);
    const onData = (chunk: Buffer): void => {
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
      const read = readRawHead(bytes);
      if (read.kind === 'incomplete') return;
      clearTimeout(limit);
      socket.off('data', onData);
      socket.off('close', onClose);
      socket.pause();
      if (read.kind === 'http') {
        socket.unshift(bytes);
        this.#heads.handleConnection(socket);
        this.#server.emit('connection', socket);
        socket.resume();
        return;
      }
      const rest = bytes.subarray(read.lengthBytes);
      if (rest.length > 0) socket.unshift(rest);
      this.#handleRaw(read.head, socket, origin);
    };
    socket.on('close', onClose);
    socket.on('data', onData);
    socket.resume();
  }

  close(): void {
    this.#server.closeAllConnections();
  }

  #handleRaw(
    head: { readonly method: string; readonly target: string; readonly headers: ReadonlyMap<string, string> },
    socket: Socket,
    origin: Origin,
  ): void {
    this.counters.raw += 1;
    const url = parseTarget(head.target);
    if (url === null) {
      this.counters.badTarget += 1;
      refuse(socket, '400 Bad Request', 'That is no address.');
      return;
    }
    const raw = { origin, method: head.method, url, headers: head.headers, socket };
    const taken = this.#firstThat(
      (gateway) => gateway.handleRaw?.(raw) === true,
      () => socket.destroy(),
    );
    if (taken) return;
    this.counters.unknownAddress += 1;
    refuse(socket, '404 Not Found', 'Nobody publishes to this address.');
  }

  #handleRequest(request: IncomingMessage, response: ServerResponse): void {
    this.counters.requests += 1;
    this.#heads.handleRequest(request.socket);
    response.once('close', () => this.#heads.handleAnswered(request.socket));
    // The answer is complete. Node sets another limit when all of it is taken.
    response.once('prefinish', () => request.socket.setTimeout(TAKE_LIMIT_MS));
    const web = this.#webRequest(request);
    // Whoever goes away in mid-answer is no error of ours.
    response.on('error', () => undefined);
    request.on('error', () => undefined);
    if (web === null) {
      this.counters.badTarget += 1;
      answer(response, 400, 'That is no address.');
      return;
    }
    const taken = this.#firstThat(
      (gateway) => gateway.handleRequest?.(web, response) === true,
      () => request.socket.destroy(),
    );
    if (taken) return;
    this.counters.unknownAddress += 1;
    answer(response, 404, 'There is nothing at this address.');
  }

  #handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.counters.upgrades += 1;
    this.#heads.handleRequest(request.socket);
    const web = this.#webRequest(request);
    socket.on('error', () => undefined);
    const taken =
      web !== null &&
      this.#firstThat(
        (gateway) => gateway.handleUpgrade?.(web, socket, head) === true,
        () => socket.destroy(),
      );
    if (taken) return;
    this.counters.unknownAddress += 1;
    refuse(socket, '404 Not Found', 'There is no WebSocket at this address.');
  }

  /** Asks the gateways in turn; a defect of one ends that connection alone. */
  #firstThat(takes: (gateway: Gateway) => boolean, onDefect: () => void): boolean {
    try {
      return this.#gateways.some(takes);
    } catch {
      this.counters.defects += 1;
      onDefect();
      return true;
    }
  }

  #webRequest(request: IncomingMessage): WebRequest | null {
    const url = parseTarget(request.url ?? '');
    const origin = this.#origins.get(request.socket) ?? NOWHERE;
    return url === null ? null : { origin, request, url };
  }
}

/** Null: it is no address of ours. "*", which asks about the relay as a whole, is kept as a path. */
function parseTarget(target: string): URL | null {
  if (target === '*') return new URL('/*', ANY_HOST);
  // "//host/path" would be another host's address, "http://host/path" a proxy's.
  if (!target.startsWith('/') || target.startsWith('//')) return null;
  return URL.canParse(target, ANY_HOST) ? new URL(target, ANY_HOST) : null;
}

function answer(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' });
  response.end(`${sentence}\n`);
}

/** Answers where there is no response object, and hangs up. */
export function refuse(
  socket: Duplex,
  status: string,
  sentence: string,
  headers: readonly string[] = [],
): void {
  if (socket.destroyed) return;
  const body = `${sentence}\n`;
  const lines = [
    `HTTP/1.1 ${status}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    ...headers,
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
  // A peer may keep its half of the connection for as long as it likes: what it still sends is thrown away.
  socket.resume();
  const limit = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(limit));
}
