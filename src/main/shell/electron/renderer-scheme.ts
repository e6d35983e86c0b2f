import { readFile } from 'node:fs/promises';
import { extname, resolve, sep } from 'node:path';
import { protocol, type Session } from 'electron';
import { contentSecurityPolicy, HARDENING_HEADERS } from '../../base/content-security.ts';

/**
 * The window's own scheme. Pages of `file:` share one opaque origin with every other file of the machine and
 * carry no headers; pages of a scheme of ours have an origin of their own and a policy in every response.
 */
export const RENDERER_SCHEME = 'sidetone-window';

/** Where the window's pages live. */
export const RENDERER_ORIGIN = `${RENDERER_SCHEME}://app`;

/** The window's first page. */
export const RENDERER_PAGE = `${RENDERER_ORIGIN}/index.html`;

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** Announces the scheme. Electron takes it only before `ready`. */
export function registerRendererScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: RENDERER_SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
}

/**
 * The file an address of the scheme stands for.
 *
 * @returns null where the address leaves the folder, is of another host or is no address
 */
export function rendererFile(folder: string, address: string): string | null {
  let path: string;
  try {
    const url = new URL(address);
    if (url.protocol !== `${RENDERER_SCHEME}:` || url.host !== 'app') return null;
    path = decodeURIComponent(url.pathname);
  } catch {
    return null;
  }
  if (path.includes('\0')) return null;
  const root = resolve(folder);
  const file = resolve(root, `.${path === '/' ? '/index.html' : path}`);
  return file.startsWith(root + sep) ? file : null;
}

/** Answers the scheme from the built renderer, and refuses every request to anywhere else. */
export function serveRenderer(session: Session, folder: string, allowDevTools: boolean): void {
  session.protocol.handle(RENDERER_SCHEME, async (request) => {
    const file = rendererFile(folder, request.url);
    const type = file === null ? undefined : CONTENT_TYPES[extname(file)];
    if (file === null || type === undefined) return new Response('Not found', { status: 404 });
    try {
      const body = await readFile(file);
      return new Response(new Uint8Array(body), {
        headers: {
          ...HARDENING_HEADERS,
          'Content-Type': type,
          'Content-Security-Policy': contentSecurityPolicy("'none'"),
        },
      });
    } catch {
      return new Response('Not found', { status: 404 });
    }
  });
  session.webRequest.onBeforeRequest((details, callback) => {
    const own = details.url.startsWith(`${RENDERER_ORIGIN}/`) || details.url.startsWith('data:');
    callback({ cancel: !own && !(allowDevTools && details.url.startsWith('devtools:')) });
  });
}
