import { existsSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { ServedFolder } from '../base/served-folder.ts';

/** The page of the dashboard, in the folder of the built renderer. */
export const DASHBOARD_FILE = 'admin.html';

/** The files that pages share, below the folder. */
const ASSETS = /^\/assets\/[A-Za-z0-9._-]+$/;

/**
 * The dashboard: its page and what it loads. Nothing else of the folder is served; the window of the desktop program,
 * which lies beside it, is of no use here.
 */
export class StaticPages {
  readonly #files: ServedFolder | null;

  /** @param folder that of the built renderer; where it holds no dashboard, nothing is served */
  constructor(folder: string) {
    this.#files = existsSync(join(folder, DASHBOARD_FILE)) ? new ServedFolder(folder) : null;
  }

  /** Whether that path is one of a page or an asset. */
  knows(path: string): boolean {
    return this.#files !== null && (path === '/' || ASSETS.test(path));
  }

  /** Answers, or calls `onMissing`. */
  serve(request: IncomingMessage, response: ServerResponse, onMissing: () => void): void {
    const path = (request.url ?? '').replace(/[?#].*$/, '');
    if (!this.knows(path)) {
      onMissing();
      return;
    }
    // Names of assets change with their content; the page has to be asked for again each time.
    response.setHeader('Cache-Control', path === '/' ? 'no-cache' : 'public, max-age=31536000, immutable');
    this.#files?.serve(request, response, path === '/' ? `/${DASHBOARD_FILE}` : path, onMissing);
  }
}
