import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { z } from 'zod';
import { listeningAccessSchema, listeningSourceSchema, MAX_CHANNEL_LISTENERS } from '../../contract/admin.ts';
import { u32Schema } from '../../core/wire/fields.ts';
import { type OpenDatabase, openDatabase } from '../base/sqlite/open-database.ts';
import type { ListeningSettings } from './listening-settings.ts';

/** In the room's folder. */
const LISTENING_DATABASE_NAME = 'listening.db';

const keySchema = z.string().regex(/^[A-Za-z0-9_-]{22}$/);

const rowSchema = z.object({
  id: u32Schema,
  source: listeningSourceSchema,
  access: listeningAccessSchema,
  link_key: keySchema,
  password_md5: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .nullable(),
  password_sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
  publish_key: keySchema.nullable(),
  talk: z.union([z.literal(0), z.literal(1)]),
  max_listeners: z.number().int().min(1).max(MAX_CHANNEL_LISTENERS),
});

/** A row of the database; null when it is not what it should be: the channel then begins anew, behind a new link. */
function readSettings(row: unknown): ListeningSettings | null {
  const parsed = rowSchema.safeParse(row);
  if (!parsed.success) return null;
  const { id, source, access, password_md5: md5, password_sha256: sha256 } = parsed.data;
  return {
    channel: id,
    source,
    access,
    linkKey: parsed.data.link_key,
    password: md5 === null || sha256 === null ? null : { md5, sha256 },
    publishKey: parsed.data.publish_key,
    talk: parsed.data.talk === 1,
    maxListeners: parsed.data.max_listeners,
  };
}

function prepareStatements(database: Database.Database) {
  return {
    all: database.prepare<[], unknown>('SELECT * FROM channel ORDER BY id'),
    ids: database.prepare<[], number>('SELECT id FROM channel').pluck(),
    save: database.prepare<unknown[]>(`INSERT OR REPLACE INTO channel
      (id, source, access, link_key, password_md5, password_sha256, publish_key, talk, max_listeners)
      VALUES ($channel, $source, $access, $linkKey, $md5, $sha256, $publishKey, $talk, $maxListeners)`),
    remove: database.prepare<[number]>('DELETE FROM channel WHERE id = ?'),
  };
}

/** How the channels of a room may be listened to, in a file for its owner alone. */
export class ListeningStore {
  readonly #open: OpenDatabase;
  readonly #sql: ReturnType<typeof prepareStatements>;
  readonly #transaction: <T>(work: () => T) => T;

  /** @throws DatabaseError, whose message is a sentence for people */
  constructor(folder: string, migrationsFolder: string) {
    const path = join(folder, LISTENING_DATABASE_NAME);
    // Keys and passwords that are no more must not be found in the file.
    this.#open = openDatabase({ path, migrationsFolder, secureDelete: true });
    const { database } = this.#open;
    this.#sql = prepareStatements(database);
    this.#transaction = <T>(work: () => T): T => database.transaction(work)();
  }

  all(): ListeningSettings[] {
    return this.#sql.all
      .all()
      .map(readSettings)
      .filter((settings) => settings !== null);
  }

  /** In the place of what was kept for that channel. @throws Error when the disk refuses */
  save({ password, talk, ...settings }: ListeningSettings): void {
    const md5 = password?.md5 ?? null;
    const sha256 = password?.sha256 ?? null;
    this.#sql.save.run({ ...settings, md5, sha256, talk: talk ? 1 : 0 });
  }

  /**
   * Forgets all channels but these: the next one with the id of a channel that is gone must not be open to those who
   * could listen to that.
   *
   * @throws Error when the disk refuses
   */
  keepOnly(channels: readonly number[]): void {
    const kept = new Set(channels);
    const gone = this.#sql.ids.all().filter((id) => !kept.has(id));
    if (gone.length > 0) this.#transaction(() => gone.forEach((id) => void this.#sql.remove.run(id)));
  }

  close(): void {
    this.#open.close();
  }
}
