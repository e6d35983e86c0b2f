import { existsSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import sirv from 'sirv';
import { type ChannelList, MAX_LISTED_CHANNELS } from '../../../contract/listener-page.ts';
import { type Counters, createCounters } from '../../../core/base/counters.ts';
import { tagOf } from '../../../core/program/broadcast.ts';
import { contentSecurityPolicy, HARDENING_HEADERS } from '../../base/content-security.ts';
import type { Gateway, GatewayParts, WebRequest } from '../gateway.ts';

/** The page, in the folder of the built renderer. */
const PAGE_FILE = 'listen.html';

/** What the page loads, relative to wherever it is shown; nothing else of the folder is served. */
const ASSET = /^(?:\/listen)?(\/assets\/[A-Za-z0-9._-]+)$/;
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
  readonly #serve: ReturnType<typeof sirv> | null;
  readonly #counters: Counters<(typeof COUNTED)[number]> = createCounters(COUNTED);

  /** @param folder that of the built renderer; where it holds no listener page, none is served */
  constructor(parts: GatewayParts, folder: string) {
    this.#parts = parts;
    this.#serve = existsSync(join(folder, PAGE_FILE)) ? sirv(folder, { etag: true }) : null;
  }

  handleRequest(web: WebRequest, response: ServerResponse): boolean {
    const { pathname } = web.url;
    const asset = ASSET.exec(pathname)?.[1];
    const isList = pathname === LIST;
    if (this.#serve === null || (!isList && asset === undefined && !PAGE.test(pathname))) return false;
    for (const [name, value] of Object.entries(HARDENING_HEADERS)) response.setHeader(name, value);
    if (web.request.method !== 'GET' && web.request.method !== 'HEAD') {
      this.#counters.methodNotAllowed += 1;
      response.writeHead(405, { Allow: 'GET, HEAD' }).end();
    } else if (isList) this.#answerList(web, response);
    else this.#answerFile(web, response, asset);
    return true;
  }

  counters(): Readonly<Record<string, number>> {
    return this.#counters;
  }

  async close(): Promise<void> {
    // Answers are over as soon as they are given.
  }

  #answerFile({ request, origin }: WebRequest, response: ServerResponse, asset: string | undefined): void {
    if (asset === undefined) {
      this.#counters.pages += 1;
      response.setHeader('Content-Security-Policy', policyFor(request.headers.host, origin.secure));
      response.setHeader('Permissions-Policy', 'microphone=(self), camera=(), geolocation=()');
    } else {
      this.#counters.assets += 1;
    }
    response.setHeader('Cache-Control', asset === undefined ? 'no-cache' : KEPT);
    request.url = asset ?? `/${PAGE_FILE}`;
    this.#serve?.(request, response, () => {
      this.#counters.missing += 1;
      response.removeHeader('Cache-Control');
      response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' });
      response.end('There is nothing at this address.\n');
    });
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
function policyFor(host: string | undefined, secure: boolean): string {
  const socket = host !== undefined && PLAIN_HOST.test(host) ? ` ${secure ? 'wss' : 'ws'}://${host}` : '';
  return contentSecurityPolicy(`'self'${socket}`, "'self' 'wasm-unsafe-eval'");
}
