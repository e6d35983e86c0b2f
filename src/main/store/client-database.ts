import { join } from 'node:path';
import { z } from 'zod';
import { MAX_MEMBER_VOLUME } from '../../contract/limits.ts';
import type { SecretBox } from '../base/secret-box.ts';
import { type OpenDatabase, openDatabase } from '../base/sqlite/open-database.ts';
import { Bookmarks } from './bookmarks.ts';
import { type ClientStatements, prepareStatements } from './client-statements.ts';
import { IdentityStore } from './identity-store.ts';
import { Secrets } from './secrets.ts';
import { putSettingsFileAside, readSettingsFile } from './settings-file.ts';
import { readSettings, type Settings } from './settings-schema.ts';

/** In the data folder. */
export const CLIENT_DATABASE_NAME = 'client.db';

/** Most relays whose certificates are remembered; the one not seen for longest gives way. */
export const MAX_KNOWN_RELAYS = 1_000;

/** Most people of whom something is kept; the unverified give way first, oldest first. */
export const MAX_PEOPLE = 10_000;

/** Set once the settings file of earlier versions was read: a second reading would undo what was changed since. */
const FILE_IMPORTED = 'settingsFileImported';

const personSchema = z.object({
  nickname: z.string(),
  volume: z.number().min(0).max(MAX_MEMBER_VOLUME),
  mutedHere: z.boolean(),
  verified: z.boolean(),
});

/** What was decided about somebody on one relay. `volume` is a linear gain. */
export type Person = Readonly<z.infer<typeof personSchema>>;

export interface ClientStoreOptions {
  /** The data folder. */
  readonly folder: string;
  readonly migrationsFolder: string;
  /** The first one seals; each opens what a box of its kind sealed. */
  readonly boxes: readonly [SecretBox, ...SecretBox[]];
}

/** What the client keeps from one start to the next, in `client.db` of the data folder. */
export class ClientStore {
  readonly bookmarks: Bookmarks;
  readonly identity: IdentityStore;
  /** The settings, or some of them, were there and could not be understood; the defaults stand in. */
  readonly wasDamaged: boolean;
  readonly #open: OpenDatabase;
  readonly #sql: ClientStatements;
  readonly #transaction: (work: () => void) => void;
  #settings: Settings;

  /** @throws DatabaseError, whose message is a sentence for people; Error when the settings file cannot be read */
  constructor(options: ClientStoreOptions) {
    const { folder, migrationsFolder, boxes } = options;
    const path = join(folder, CLIENT_DATABASE_NAME);
    this.#open = openDatabase({ path, migrationsFolder, secureDelete: true });
    const { database } = this.#open;
    this.#sql = prepareStatements(database);
    this.#transaction = database.transaction((work: () => void) => work());
    const secrets = new Secrets(database, boxes);
    this.bookmarks = new Bookmarks(this.#sql, secrets, this.#transaction);
    this.identity = new IdentityStore(secrets);
    const fileDamaged = this.#importSettingsFile(folder);
    const { settings, bad } = readSettings(this.#storedSettings());
    this.#settings = settings;
    this.wasDamaged = fileDamaged || bad > 0;
  }

  get current(): Readonly<Settings> {
    return this.#settings;
  }

  /** @throws Error when the disk refuses; the change then holds until the program ends */
  update(change: Partial<Settings>): void {
    this.#settings = { ...this.#settings, ...change };
    this.#saveSettings(change);
  }

  /** The fingerprint (SHA-256, base64url) of the certificate that a relay showed the last time. */
  knownRelay(hostAndPort: string): string | null {
    const sha256 = this.#sql.relay.get(hostAndPort)?.sha256;
    return typeof sha256 === 'string' ? sha256 : null;
  }

  /** Remembers a relay's certificate, and that it was seen now. */
  rememberRelay(hostAndPort: string, sha256: string): void {
    this.#transaction(() => {
      this.#sql.rememberRelay.run({ hostPort: hostAndPort, sha256, nowMs: Date.now() });
      this.#sql.trimRelays.run(MAX_KNOWN_RELAYS);
    });
  }

  /** @param server SHA-256 of the relay's certificate @param identity both base64url */
  person(server: string, identity: string): Person | null {
    const row = this.#sql.person.get(server, identity);
    if (row === undefined) return null;
    const person = personSchema.safeParse({
      ...row,
      mutedHere: row.muted_here === 1,
      verified: row.verified === 1,
    });
    return person.success ? person.data : null;
  }

  savePerson(server: string, identity: string, person: Person): void {
    const { nickname, volume, mutedHere, verified } = person;
    this.#transaction(() => {
      this.#sql.savePerson.run({
        server,
        identity,
        nickname,
        volume,
        mutedHere: Number(mutedHere),
        verified: Number(verified),
        nowMs: Date.now(),
      });
      this.#sql.trimPeople.run(MAX_PEOPLE);
    });
  }

  close(): void {
    this.#open.close();
  }

  #storedSettings(): Record<string, unknown> {
    return Object.fromEntries(
      this.#sql.settings.all().map(({ key, value }) => [String(key), parseJson(value)]),
    );
  }

  #saveSettings(change: Partial<Settings> | Record<string, boolean>): void {
    this.#transaction(() => {
      for (const [key, value] of Object.entries(change)) {
        this.#sql.saveSetting.run(key, JSON.stringify(value));
      }
    });
  }

  /** Takes over the settings file of earlier versions, once. @returns whether it was damaged */
  #importSettingsFile(folder: string): boolean {
    const file = readSettingsFile(folder);
    if (file.state === 'absent') return false;
    if (file.state === 'read' && this.#storedSettings()[FILE_IMPORTED] !== true) {
      this.#transaction(() => {
        this.#saveSettings(file.settings);
        for (const [hostAndPort, sha256] of file.knownRelays) this.rememberRelay(hostAndPort, sha256);
        this.#saveSettings({ [FILE_IMPORTED]: true });
      });
    }
    putSettingsFileAside(folder, file.state === 'read' ? 'imported' : 'damaged');
    return file.state === 'damaged';
  }
}

/** Undefined, which no schema takes, when it is no JSON. */
function parseJson(text: unknown): unknown {
  if (typeof text !== 'string') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
