import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const zip = promisify(gzip);

/** Kinds of file that a page loads; nothing else is served. */
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** A file as it is answered. */
export interface PageFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly zipped: Buffer;
}

/**
 * The page and what it loads, read and packed once each, off this thread: who listens must not wait for who opens the
 * page. Read when first asked for, and kept; the names are those of the start.
 */
export class PageFiles {
  readonly #folder: string;
  readonly #names: ReadonlySet<string>;
  readonly #files = new Map<string, Promise<PageFile | null>>();

  /** @param folder that of the built renderer @param page name of the page's file in it */
  constructor(folder: string, page: string) {
    this.#folder = folder;
    const assets = join(folder, 'assets');
    const loaded = existsSync(assets) ? readdirSync(assets).map((name) => `assets/${name}`) : [];
    this.#names = new Set([page, ...loaded].filter((name) => existsSync(join(folder, name))));
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** Null: there is none of that name, or it cannot be read any more. */
  file(name: string): Promise<PageFile | null> {
    const type = TYPES[extname(name)];
    if (!this.#names.has(name) || type === undefined) return Promise.resolve(null);
    let file = this.#files.get(name);
    if (file === undefined) {
      file = this.#read(name, type);
      this.#files.set(name, file);
    }
    return file;
  }

  async #read(name: string, type: string): Promise<PageFile | null> {
    try {
      const plain = await readFile(join(this.#folder, name));
      return { type, plain, zipped: await zip(plain) };
    } catch {
      this.#files.delete(name);
      return null;
    }
  }
}
