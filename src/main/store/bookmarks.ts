import { z } from 'zod';
import { MAX_ADDRESS_LENGTH, MAX_NAME_TEXT_LENGTH } from '../../contract/limits.ts';
import type { ClientStatements } from './client-statements.ts';
import type { Secrets } from './secrets.ts';

const bookmarkSchema = z.object({
  id: z.number().int(),
  name: z.string().max(MAX_NAME_TEXT_LENGTH),
  address: z.string().max(MAX_ADDRESS_LENGTH),
  port: z.number().int().min(1).max(65_535),
  nickname: z.string().max(MAX_NAME_TEXT_LENGTH),
  /** Base64url of the SHA-256 of the relay's certificate, as the invite gave it or the first visit showed it. */
  certificateSha256: z.string().max(64).nullable(),
  hasPassword: z.boolean(),
});

/** A room kept for later, without its password. */
export type StoredBookmark = Readonly<z.infer<typeof bookmarkSchema>>;

function secretName(id: number): string {
  return `bookmark.${id}`;
}

/** Rooms kept for later. Their passwords are sealed. */
export class Bookmarks {
  readonly #sql: ClientStatements;
  readonly #secrets: Secrets;
  readonly #transaction: (work: () => void) => void;
  /** What is in the database; null: not read since it was changed. */
  #list: readonly StoredBookmark[] | null = null;

  constructor(sql: ClientStatements, secrets: Secrets, transaction: (work: () => void) => void) {
    this.#sql = sql;
    this.#secrets = secrets;
    this.#transaction = transaction;
  }

  /** In the order they were made. One that is not what it should be is left out. */
  list(): readonly StoredBookmark[] {
    this.#list ??= this.#sql.bookmarks.all().flatMap((row) => {
      const bookmark = bookmarkSchema.safeParse({
        ...row,
        certificateSha256: row.certificate_sha256,
        hasPassword: row.has_password === 1,
      });
      return bookmark.success ? [bookmark.data] : [];
    });
    return this.#list;
  }

  /**
   * @param bookmark id null: a new one; the id of one that is gone changes nothing
   * @param password undefined: as it is; null: none
   * @throws Error when the disk or the key store refuses; then nothing has changed
   */
  save(
    bookmark: Omit<StoredBookmark, 'id' | 'hasPassword'> & { readonly id: number | null },
    password: string | null | undefined,
  ): void {
    this.#list = null;
    this.#transaction(() => {
      const { changes, lastInsertRowid } =
        bookmark.id === null ? this.#sql.addBookmark.run(bookmark) : this.#sql.changeBookmark.run(bookmark);
      if (changes === 0 || password === undefined) return;
      const name = secretName(bookmark.id ?? Number(lastInsertRowid));
      if (password === null) this.#secrets.remove(name);
      else this.#secrets.seal(name, Buffer.from(password, 'utf8'));
    });
  }

  /** Its password goes with it. */
  remove(id: number): void {
    this.#list = null;
    this.#sql.removeBookmark.run(id);
  }

  /** @returns null when there is none, or it cannot be opened any more */
  password(id: number): string | null {
    const secret = this.#secrets.open(secretName(id));
    return secret.state === 'opened' ? Buffer.from(secret.bytes).toString('utf8') : null;
  }
}
