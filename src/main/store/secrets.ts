import type Database from 'better-sqlite3';
import type { SecretBox } from '../base/secret-box.ts';

/** A secret, opened. `unopenable`: it is there, and none of the boxes we have opens it. */
export type OpenedSecret =
  | { readonly state: 'opened'; readonly bytes: Uint8Array }
  | { readonly state: 'absent' }
  | { readonly state: 'unopenable' };

/** The sealed part of the client's database. */
export class Secrets {
  readonly #boxes: readonly SecretBox[];
  readonly #get: Database.Statement<[string], { box: unknown; sealed: unknown }>;
  readonly #put: Database.Statement<[string, string, Uint8Array]>;
  readonly #remove: Database.Statement<[string]>;
  readonly #rename: Database.Statement<[string, string]>;
  readonly #names: Database.Statement<[string], string>;

  /** @param boxes the first one seals; each opens what a box of its kind sealed */
  constructor(database: Database.Database, boxes: readonly [SecretBox, ...SecretBox[]]) {
    this.#boxes = boxes;
    this.#get = database.prepare('SELECT box, sealed FROM secret WHERE name = ?');
    this.#put = database.prepare(`INSERT INTO secret (name, box, sealed) VALUES (?, ?, ?)
      ON CONFLICT (name) DO UPDATE SET box = excluded.box, sealed = excluded.sealed`);
    this.#remove = database.prepare('DELETE FROM secret WHERE name = ?');
    this.#rename = database.prepare('UPDATE secret SET name = ? WHERE name = ?');
    this.#names = database.prepare<[string], string>('SELECT name FROM secret WHERE name GLOB ?').pluck();
  }

  /** What new secrets are sealed under. */
  get kind(): SecretBox['kind'] {
    return this.#boxes[0]?.kind ?? 'file';
  }

  open(name: string): OpenedSecret {
    const row = this.#get.get(name);
    if (row === undefined) return { state: 'absent' };
    const { box: kind, sealed } = row;
    const box = this.#boxes.find((candidate) => candidate.kind === kind);
    const bytes = sealed instanceof Uint8Array ? (box?.open(sealed) ?? null) : null;
    return bytes === null ? { state: 'unopenable' } : { state: 'opened', bytes };
  }

  /** @throws Error when the box or the disk refuses */
  seal(name: string, bytes: Uint8Array): void {
    const [box] = this.#boxes;
    if (box !== undefined) this.#put.run(name, box.kind, box.seal(bytes));
  }

  remove(name: string): void {
    this.#remove.run(name);
  }

  rename(from: string, to: string): void {
    this.#rename.run(to, from);
  }

  /** Names that match an SQLite GLOB pattern. */
  names(pattern: string): string[] {
    return this.#names.all(pattern);
  }
}
