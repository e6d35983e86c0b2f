import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { z } from 'zod';
import { accountNameSchema } from '../../contract/admin.ts';
import { u32Schema, wallTimeMsSchema } from '../../core/wire/fields.ts';
import { ADMIN_ROLE_ID } from '../../core/wire/roles.ts';
import { DatabaseError } from '../base/sqlite/database-error.ts';
import { type OpenDatabase, openDatabase } from '../base/sqlite/open-database.ts';

/** In the admin server's folder. */
const ADMIN_DATABASE_NAME = 'admin.db';

/** Accounts of one relay: those who look after a room are a handful. */
export const MAX_ACCOUNTS = 64;

/**
 * Logins of one account that were ended before their tokens expired. Somebody who logs out more often than that in a
 * week has all tokens ended instead, which is safe and costs a login.
 */
export const MAX_ENDED_LOGINS = 64;

/** RFC 7518, section 3.2: a key for HS256 is at least as long as the hash. */
const SIGNING_KEY_BYTES = 32;

/** An account as it is kept. */
export interface StoredAccount {
  readonly id: number;
  readonly name: string;
  /** Argon2id, PHC string format. */
  readonly passwordHash: string;
  readonly role: number;
  readonly epoch: number;
  readonly createdMs: number;
}

const rowSchema = z.object({
  id: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  name: accountNameSchema,
  password_hash: z.string().max(256).startsWith('$argon2id$'),
  role: u32Schema,
  epoch: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  created_ms: wallTimeMsSchema,
});

/** A row of the database; null when it is not what it should be: whoever it was for cannot log in. */
function readAccount(row: unknown): StoredAccount | null {
  const parsed = rowSchema.safeParse(row);
  if (!parsed.success) return null;
  const { id, name, password_hash, role, epoch, created_ms } = parsed.data;
  return { id, name, passwordHash: password_hash, role, epoch, createdMs: created_ms };
}

/** Names are the same in small and capital letters, and however a letter is put together (Unicode's form NFKC). */
export function foldName(name: string): string {
  return name.normalize('NFKC').toLowerCase();
}

function prepareStatements(database: Database.Database) {
  const write = (sql: string): Database.Statement<unknown[]> => database.prepare<unknown[]>(sql);
  return {
    getMeta: database.prepare<[string], string>('SELECT value FROM meta WHERE name = ?').pluck(),
    setMeta: write('INSERT INTO meta (name, value) VALUES (?, ?)'),
    accounts: database.prepare<[], unknown>('SELECT * FROM account ORDER BY id'),
    byId: database.prepare<[number], unknown>('SELECT * FROM account WHERE id = ?'),
    byName: database.prepare<[string], unknown>('SELECT * FROM account WHERE folded = ?'),
    count: database.prepare<[], number>('SELECT count(*) FROM account').pluck(),
    countOfRole: database.prepare<[number], number>('SELECT count(*) FROM account WHERE role = ?').pluck(),
    insert: write(`INSERT INTO account (name, folded, password_hash, role, epoch, created_ms)
      VALUES ($name, $folded, $passwordHash, $role, 0, $createdMs)`),
    setRole: write('UPDATE account SET role = ? WHERE id = ?'),
    setPassword: write('UPDATE account SET password_hash = ? WHERE id = ?'),
    nextEpoch: write('UPDATE account SET epoch = epoch + 1 WHERE id = ?'),
    remove: write('DELETE FROM account WHERE id = ?'),
    endLogin: write('INSERT OR IGNORE INTO ended_login (login, account, until_ms) VALUES (?, ?, ?)'),
    isEnded: database.prepare<[string], number>('SELECT 1 FROM ended_login WHERE login = ?').pluck(),
    endedOf: database.prepare<[number], number>('SELECT count(*) FROM ended_login WHERE account = ?').pluck(),
    forgetEnded: write('DELETE FROM ended_login WHERE until_ms <= ?'),
    forgetEndedOf: write('DELETE FROM ended_login WHERE account = ?'),
  };
}

/** The accounts of a relay, and what their tokens are signed with and checked against. */
export class AdminDatabase {
  /** Signs tokens: whoever has it is everybody. It lies in a file for its owner alone, and goes nowhere else. */
  readonly signingKey: Uint8Array;
  /** Names this relay in its tokens: those of another one are worth nothing here. */
  readonly relayId: string;
  readonly #open: OpenDatabase;
  readonly #sql: ReturnType<typeof prepareStatements>;
  readonly #transaction: <T>(work: () => T) => T;

  /** @throws DatabaseError, whose message is a sentence for people */
  constructor(folder: string, migrationsFolder: string) {
    const path = join(folder, ADMIN_DATABASE_NAME);
    this.#open = openDatabase({ path, migrationsFolder, secureDelete: true });
    const { database } = this.#open;
    this.#sql = prepareStatements(database);
    this.#transaction = <T>(work: () => T): T => database.transaction(work)();
    const key = this.#meta('signingKey', () => randomBytes(SIGNING_KEY_BYTES).toString('base64url'));
    this.signingKey = new Uint8Array(Buffer.from(key, 'base64url'));
    if (this.signingKey.length !== SIGNING_KEY_BYTES) {
      this.#open.close();
      throw new DatabaseError('damaged', path, 'the key of its tokens has another length');
    }
    this.relayId = this.#meta('relayId', randomUUID);
  }

  close(): void {
    this.#open.close();
  }

  get accountCount(): number {
    return this.#sql.count.get() ?? 0;
  }

  /** Accounts with the built-in admin's role, which nobody can change. */
  get adminCount(): number {
    return this.#sql.countOfRole.get(ADMIN_ROLE_ID) ?? 0;
  }

  /** In the order in which they were made. */
  accounts(): StoredAccount[] {
    return this.#sql.accounts
      .all()
      .map(readAccount)
      .filter((account) => account !== null);
  }

  findById(id: number): StoredAccount | null {
    return readAccount(this.#sql.byId.get(id));
  }

  findByName(name: string): StoredAccount | null {
    return readAccount(this.#sql.byName.get(foldName(name)));
  }

  /** The name is not taken: the caller has looked. */
  insert(name: string, passwordHash: string, role: number, createdMs: number): StoredAccount | null {
    this.#sql.insert.run({ name, folded: foldName(name), passwordHash, role, createdMs });
    return this.findByName(name);
  }

  /** A new password ends all tokens of the account. Null: as it is. */
  change(id: number, role: number, passwordHash: string | null): void {
    this.#transaction(() => {
      this.#sql.setRole.run(role, id);
      if (passwordHash === null) return;
      this.#sql.setPassword.run(passwordHash, id);
      this.endAllLogins(id);
    });
  }

  remove(id: number): void {
    this.#transaction(() => {
      this.#sql.remove.run(id);
      this.#sql.forgetEndedOf.run(id);
    });
  }

  /**
   * Ends one login of an account. Its row stays until its last token would have expired.
   *
   * @returns false: the account has too many of them, so its caller ends all of them
   */
  endLogin(account: number, login: string, untilMs: number, nowMs: number): boolean {
    this.#sql.forgetEnded.run(nowMs);
    if ((this.#sql.endedOf.get(account) ?? 0) >= MAX_ENDED_LOGINS) return false;
    this.#sql.endLogin.run(login, account, untilMs);
    return true;
  }

  isEnded(login: string): boolean {
    return this.#sql.isEnded.get(login) !== undefined;
  }

  endAllLogins(account: number): void {
    this.#sql.nextEpoch.run(account);
    this.#sql.forgetEndedOf.run(account);
  }

  #meta(name: string, create: () => string): string {
    const stored = this.#sql.getMeta.get(name);
    if (stored !== undefined) return stored;
    const created = create();
    this.#sql.setMeta.run(name, created);
    return created;
  }
}
