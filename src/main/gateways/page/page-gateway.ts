import type { ServerResponse } from 'node:http';
import { type ChannelList, MAX_LISTED_CHANNELS } from '../../../contract/listener-page.ts';
import { type Counters, createCounters } from '../../../core/base/counters.ts';
import { tagOf } from '../../../core/program/broadcast.ts';
import { contentSecurityPolicy, HARDENING_HEADERS } from '../../base/content-security.ts';
import type { Gateway, GatewayParts, WebRequest } from '../gateway.ts';
import { PageFiles } from './page-files.ts';

/** The page, in the folder of the built renderer. */
const PAGE_FILE = 'listen.html';

/** What the page loads, relative to wherever it is shown; nothing else of the folder is served. */
const ASSET = /^(?:\/listen)?\/(assets\/[A-Za-z0-9._-]+)$/;
const PAGE = /^\/(?:listen(?:\/[^/]*)?)?$/;
const LIST = '/listen/channels.json';

/** A host as it may stand in a policy; whatever else a client calls us is left out. */
const PLAIN_HOST = /^[A-Za-z0-9.-]+(?::\d{1,5})?$|^\[[0-9A-Fa-f:]+\](?::\d{1,5})?$/;

/** Names of assets change with their content; the page has to be asked for again each time. */
const KEPT = 'public, max-age=31536000, immutable';

const COUNTED = ['pages', 'assets', 'lists', 'methodNotAllowed', 'missing'] as const;

/** The listener page: `/listen/<channel>`, and at `/` a list of what anybody may hear. Asks for no account. */
export class PageGateway implements Gateway {
  readonly name = 'page';
  readonly #parts: GatewayParts;
  readonly #files: PageFiles;
  readonly #counters: Counters<(typeof COUNTED)[number]> = createCounters(COUNTED);

  /** @param folder that of the built renderer; where it holds no listener page, none is served */
  constructor(parts: GatewayParts, folder: string) {
    this.#parts = parts;
    this.#files = new PageFiles(folder, PAGE_FILE);
  }

  handleRequest(web: WebRequest, response: ServerResponse): boolean {
    const { pathname } = web.url;
    const asset = ASSET.exec(pathname)?.[1];
    const isList = pathname === LIST;
    if (!this.#files.has(PAGE_FILE) || (!isList && asset === undefined && !PAGE.test(pathname))) return false;
    for (const [name, value] of Object.entries(HARDENING_HEADERS)) response.setHeader(name, value);
    if (web.request.method !== 'GET' && web.request.method !== 'HEAD') {
      this.#counters.methodNotAllowed += 1;
      response.writeHead(405, { Allow: 'GET, HEAD' }).end();
    } else if (isList) this.#answerList(web, response);
    else void this.#answerFile(web, response, asset);
    return true;
  }

  counters(): Readonly<Record<string, number>> {
    return this.#counters;
  }

  async close(): Promise<void> {
    // Answers are over as soon as they are given.
  }

  async #answerFile(
    { request, origin }: WebRequest,
    response: ServerResponse,
    asset: string | undefined,
  ): Promise<void> {
    this.#counters[asset === undefined ? 'pages' : 'assets'] += 1;
    const file = await this.#files.file(asset ?? PAGE_FILE);
    if (file === null) {
      this.#counters.missing += 1;
      response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' });
      response.end('There is nothing at this address.\n');
      return;
    }
    if (asset === undefined) {
      response.setHeader('Content-Security-Policy', policyFor(request.headers.host, origin.secure));
      response.setHeader('Permissions-Policy', 'microphone=(self), camera=(), geolocation=()');
    }
    const packed = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
    const body = packed ? file.zipped : file.plain;
    if (packed) response.setHeader('Content-Encoding', 'gzip');
    response.writeHead(200, {
      'Content-Type': file.type,
      'Content-Length': body.length,
      'Cache-Control': asset === undefined ? 'no-cache' : KEPT,
      Vary: 'Accept-Encoding',
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  #answerList({ request }: WebRequest, response: ServerResponse): void {
    this.#counters.lists += 1;
    const channels = this.#parts.programs
      .all()
      .filter(({ channel }) => channel.access === 'public')
      .slice(0, MAX_LISTED_CHANNELS)
      .map(({ channel: { slug, name }, program }) => ({
        slug,
        name,
        source: program.broadcast?.source ?? null,
        title: tagOf(program.tags, 'title') ?? '',
      }));
    const body = JSON.stringify({ channels } satisfies ChannelList);
    response.writeHead(200, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': Buffer.byteLength(body),
      'Cache-Control': 'no-store',
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }
}

/** Its own files, Wasm among them, and its own socket: browsers differ in whether 'self' covers that. */
export function policyFor(host: string | undefined, secure: boolean): string {
  const socket = host !== undefined && PLAIN_HOST.test(host) ? ` ${secure ? 'wss' : 'ws'}://${host}` : '';
  return contentSecurityPolicy(`'self'${socket}`, "'self' 'wasm-unsafe-eval'");
}
