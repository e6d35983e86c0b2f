import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { contentSecurityPolicy, HARDENING_HEADERS } from '../../base/content-security.ts';
import { ServedFolder } from '../../base/served-folder.ts';
import type { ShellProgram } from '../program.ts';
import { Access, cookieName, readCookie } from './access.ts';
import { MAX_REQUEST_BYTES } from './request-bounds.ts';
import { type LaneCounters, WindowLane } from './window-lane.ts';

/** Only this machine: the window server is no service for others. */
const LOOPBACK = '127.0.0.1';

/** Path of the windows' socket. */
const SOCKET_PATH = '/ipc';

/** Most windows at once: one person's, with tabs left open. */
export const MAX_WINDOWS = 8;

/** Longest wait for a request's headers, in ms. Nothing on this machine is slower. */
const HEADERS_TIMEOUT_MS = 10_000;

/**
 * How long no window may be open, after the last address was used, before a new one is printed, in ms.
 * A page that reloads is back well within it.
 */
export const NEW_ADDRESS_AFTER_MS = 3_000;

/** Requests refused before any command was read, by reason. */
export interface ServerCounters {
  badHost: number;
  badOrigin: number;
  badMethod: number;
  badToken: number;
  noCookie: number;
  badPath: number;
  tooManyWindows: number;
}

export interface WindowServerOptions extends ShellProgram {
  /** Folder of the built renderer. */
  readonly rendererPath: string;
  /** A new address to show the person: the first at once, others when the last was used and no window is left. */
  readonly onAddress: (address: string) => void;
  /** How many windows are open, at every change. */
  readonly onWindowCount: (open: number) => void;
  /** NEW_ADDRESS_AFTER_MS unless a test is in a hurry. */
  readonly newAddressAfterMs?: number;
}

export interface WindowServer {
  readonly port: number;
  readonly counters: Readonly<ServerCounters & LaneCounters>;
  close(): Promise<void>;
}

/**
 * Serves the window to a browser on this machine, and carries its commands.
 *
 * @throws where no loopback port can be opened
 */
export async function startWindowServer(options: WindowServerOptions): Promise<WindowServer> {
  const server = createServer({ headersTimeout: HEADERS_TIMEOUT_MS, maxHeaderSize: MAX_REQUEST_BYTES });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: LOOPBACK, port: 0 }, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the window server has no port');
  return new LoopbackServer(server, address.port, options);
}

class LoopbackServer implements WindowServer {
  readonly port: number;
  readonly #options: WindowServerOptions;
  readonly #server: Server;
  readonly #access = new Access();
  readonly #lane: WindowLane;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_REQUEST_BYTES,
    perMessageDeflate: false,
  });
  readonly #files: ServedFolder;
  readonly #refused: ServerCounters = {
    badHost: 0,
    badOrigin: 0,
    badMethod: 0,
    badToken: 0,
    noCookie: 0,
    badPath: 0,
    tooManyWindows: 0,
  };
  #newAddressTimer: NodeJS.Timeout | null = null;

  constructor(server: Server, port: number, options: WindowServerOptions) {
    this.port = port;
    this.#server = server;
    this.#options = options;
    this.#files = new ServedFolder(options.rendererPath);
    this.#lane = new WindowLane(options, this.#sockets, (open) => this.#handleCount(open));
    server.on('request', (request, response) => this.#handleRequest(request, response));
    server.on('upgrade', (request, socket, head) => this.#handleUpgrade(request, socket, head));
    this.#announceAddress();
  }

  get counters(): ServerCounters & LaneCounters {
    return { ...this.#refused, ...this.#lane.counters };
  }

  async close(): Promise<void> {
    if (this.#newAddressTimer !== null) clearTimeout(this.#newAddressTimer);
    this.#lane.close();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeIdleConnections();
      // A browser that does not answer the closing handshake is not waited for.
      setTimeout(() => {
        for (const socket of this.#sockets.clients) socket.terminate();
        this.#server.closeAllConnections();
      }, CLOSE_WAIT_MS).unref();
    });
  }

  #announceAddress(): void {
    this.#options.onAddress(`http://${LOOPBACK}:${this.port}/?token=${this.#access.issueToken()}`);
  }

  #handleCount(open: number): void {
    this.#options.onWindowCount(open);
    this.#watchForNobody();
  }

  /** Starts over the wait for a window whenever one could come or went. */
  #watchForNobody(): void {
    if (this.#newAddressTimer !== null) clearTimeout(this.#newAddressTimer);
    this.#newAddressTimer = null;
    if (this.#lane.open > 0 || this.#access.tokenWaits || !this.#server.listening) return;
    this.#newAddressTimer = setTimeout(
      () => this.#announceAddress(),
      this.#options.newAddressAfterMs ?? NEW_ADDRESS_AFTER_MS,
    );
  }

  #handleRequest(request: IncomingMessage, response: ServerResponse): void {
    for (const [name, value] of Object.entries(HARDENING_HEADERS)) response.setHeader(name, value);
    response.setHeader('Cache-Control', 'no-cache');
    const host = this.#ownHost(request);
    if (host === null) {
      this.#refuse(response, 'badHost', 421, 'This address is not served here.');
      return;
    }
    response.setHeader('Content-Security-Policy', contentSecurityPolicy(`'self' ws://${host}`));
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      this.#refuse(response, 'badMethod', 405, 'Only reading is possible here.');
      return;
    }
    const token = request.url === undefined ? null : tokenIn(request.url);
    if (token !== null && request.method === 'GET') {
      this.#exchange(token, response);
      return;
    }
    if (!this.#admits(request)) {
      this.#refuse(response, 'noCookie', 403, 'Open the address that Sidetone printed where it was started.');
      return;
    }
    const path = (request.url ?? '/').replace(/[?#].*$/, '');
    this.#files.serve(request, response, path === '/' ? '/index.html' : path, () => {
      this.#refuse(response, 'badPath', 404, 'There is no such page.');
    });
  }

  #exchange(token: string, response: ServerResponse): void {
    const cookie = this.#access.exchange(token);
    if (cookie === null) {
      this.#refuse(
        response,
        'badToken',
        403,
        'This address was used already. Sidetone prints a new one where it was started, once no window is open.',
      );
      return;
    }
    this.#watchForNobody();
    response.setHeader('Set-Cookie', `${cookieName(this.port)}=${cookie}; HttpOnly; SameSite=Strict; Path=/`);
    // The token leaves the address bar, and with it the history.
    response.writeHead(303, { Location: '/' }).end();
  }

  #handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const problem = this.#upgradeProblem(request);
    if (problem !== null) {
      this.#refused[problem] += 1;
      socket.on('error', () => {});
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.#sockets.emit('connection', webSocket, request);
    });
  }

  #upgradeProblem(request: IncomingMessage): keyof ServerCounters | null {
    const host = this.#ownHost(request);
    if (host === null) return 'badHost';
    // Any page may open a socket to any port; browsers at least say who asks.
    if (request.headers.origin !== `http://${host}`) return 'badOrigin';
    if (request.url !== SOCKET_PATH) return 'badPath';
    if (!this.#admits(request)) return 'noCookie';
    return this.#lane.open >= MAX_WINDOWS ? 'tooManyWindows' : null;
  }

  /** The Host header where it names us: a name of someone else's that resolves to loopback is refused. */
  #ownHost(request: IncomingMessage): string | null {
    const { host } = request.headers;
    return host === `${LOOPBACK}:${this.port}` || host === `localhost:${this.port}` ? host : null;
  }

  #admits(request: IncomingMessage): boolean {
    return this.#access.admits(readCookie(request.headers.cookie, cookieName(this.port)));
  }

  #refuse(response: ServerResponse, reason: keyof ServerCounters, status: number, sentence: string): void {
    this.#refused[reason] += 1;
    response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${sentence}\n`);
  }
}

/** Longest wait for windows to take leave, in ms. */
const CLOSE_WAIT_MS = 500;

/** The token of the address that was printed, which is one of the root page only. */
function tokenIn(url: string): string | null {
  const query = /^\/\?(.*)$/.exec(url)?.[1];
  return query === undefined ? null : new URLSearchParams(query).get('token');
}
