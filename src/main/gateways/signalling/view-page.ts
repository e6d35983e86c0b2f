import { existsSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { contentSecurityPolicy, HARDENING_HEADERS } from '../../base/content-security.ts';
import { ServedFolder } from '../../base/served-folder.ts';
import type { WebRequest } from '../gateway.ts';

const PAGE = '/webrtc-relay/view';

/** The page, in the folder of the built renderer. */
const PAGE_FILE = 'room-view.html';

/** What the page loads, relative to where it is shown; nothing else of the folder is served. */
const ASSET = /^\/webrtc-relay(\/assets\/[A-Za-z0-9._-]+)$/;

/** A host as it may stand in a policy; whatever else a client calls us is left out. */
const PLAIN_HOST = /^[A-Za-z0-9.-]+(?::\d{1,5})?$|^\[[0-9A-Fa-f:]+\](?::\d{1,5})?$/;

/** Names of assets change with their content; the page has to be asked for again each time. */
const KEPT = 'public, max-age=31536000, immutable';

/** The page on which a person listens to a room through this relay. */
export class ViewPage {
  readonly #files: ServedFolder | null;

  /** @param folder that of the built renderer; where it holds no such page, none is served */
  constructor(folder: string) {
    this.#files = existsSync(join(folder, PAGE_FILE)) ? new ServedFolder(folder) : null;
  }

  /** @returns false: not its address */
  handleRequest({ url, request, origin }: WebRequest, response: ServerResponse): boolean {
    const asset = ASSET.exec(url.pathname)?.[1];
    if (this.#files === null || (asset === undefined && url.pathname !== PAGE)) return false;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { Allow: 'GET, HEAD' }).end();
      return true;
    }
    for (const [name, value] of Object.entries(HARDENING_HEADERS)) response.setHeader(name, value);
    if (asset === undefined)
      response.setHeader('Content-Security-Policy', policyFor(request.headers.host, origin.secure));
    response.setHeader('Cache-Control', asset === undefined ? 'no-cache' : KEPT);
    this.#files.serve(request, response, asset ?? `/${PAGE_FILE}`, () => {
      response.removeHeader('Cache-Control');
      response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' });
      response.end('There is nothing at this address.\n');
    });
    return true;
  }
}

/** Its own files and its own socket: browsers differ in whether 'self' covers that. */
function policyFor(host: string | undefined, secure: boolean): string {
  const socket = host !== undefined && PLAIN_HOST.test(host) ? ` ${secure ? 'wss' : 'ws'}://${host}` : '';
  return contentSecurityPolicy(`'self'${socket}`);
}
