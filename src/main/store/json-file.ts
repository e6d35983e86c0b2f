import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { z } from 'zod';

/** What became of the file when it was read. `damaged`: it was there and was no good; it is kept as `.damaged`. */
export type ReadState = 'read' | 'absent' | 'damaged';

/**
 * A small settings file: read whole, written whole, checked against a schema.
 *
 * A write goes to a new file that is flushed and then takes the old one's place: whoever pulls the plug finds
 * either the old or the new content.
 */
export class JsonFile<Content> {
  readonly #path: string;
  readonly #schema: z.ZodType<Content>;
  readonly #fallback: Content;
  readState: ReadState = 'absent';

  constructor(path: string, schema: z.ZodType<Content>, fallback: Content) {
    this.#path = path;
    this.#schema = schema;
    this.#fallback = fallback;
  }

  read(): Content {
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch {
      this.readState = 'absent';
      return this.#fallback;
    }
    try {
      const content = this.#schema.parse(JSON.parse(text));
      this.readState = 'read';
      return content;
    } catch {
      this.readState = 'damaged';
      renameSync(this.#path, `${this.#path}.damaged`);
      return this.#fallback;
    }
  }

  /** @throws Error when the disk refuses */
  write(content: Content): void {
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
    const next = `${this.#path}.new`;
    const file = openSync(next, 'w', 0o600);
    try {
      writeSync(file, `${JSON.stringify(content, null, 2)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(next, this.#path);
  }
}
