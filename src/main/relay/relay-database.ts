import type { AuditRow } from '../../core/relay/admin-port.ts';
import type {
  AuditEntry,
  RelaySnapshot,
  RelayStore,
  RoomConfig,
  StoredChannel,
  StoredDelivery,
  StoredSession,
  StoredWhisperList,
} from '../../core/relay/relay-store.ts';
import type { ChatMessage } from '../../core/wire/chat.ts';
import type { Ban } from '../../core/wire/control.ts';
import type { Role } from '../../core/wire/roles.ts';
import { type OpenDatabase, openDatabase } from '../base/sqlite/open-database.ts';
import {
  type Row,
  readAssignment,
  readAuditRow,
  readBan,
  readChannel,
  readConfig,
  readDelivery,
  readMessage,
  readRole,
  readSession,
  readWhisperList,
} from './relay-rows.ts';
import { prepareStatements, type RelayStatements } from './relay-statements.ts';

/** Lines of the audit log; the oldest give way. A year of a busy room, in about two megabytes. */
export const MAX_AUDIT_ROWS = 10_000;

/**
 * Message numbers skipped on every start. A message to nobody, in a channel without history, is never written, but
 * its sender was told its number; far fewer than this can pass unwritten between two that are written. Numbers stay
 * exact up to 2^53, which are nine thousand million starts.
 */
const SKIPPED_MESSAGE_IDS = 1_000_000;

const LAST_MESSAGE_ID = 'lastMessageId';
const LAST_ROLE_ID = 'lastRoleId';
const ROOM_CONFIG = 'roomConfig';

/** What a snapshot dropped because it was not what it should be, by table. */
export type DroppedRows = Readonly<Record<string, number>>;

export interface RelayDatabaseOptions {
  readonly path: string;
  readonly migrationsFolder: string;
}

/**
 * The relay's memory in SQLite. A method that returns has handed its change to the operating system: killing the
 * process loses none of it.
 *
 * Texts that were deleted or delivered are overwritten in the file.
 */
export class RelayDatabase implements RelayStore {
  readonly #open: OpenDatabase;
  readonly #sql: RelayStatements;
  readonly #transaction: (work: () => void) => void;
  readonly #dropped: Record<string, number> = {};

  /** @throws DatabaseError, whose message is a sentence for people */
  constructor(options: RelayDatabaseOptions) {
    this.#open = openDatabase({ ...options, secureDelete: true });
    this.#sql = prepareStatements(this.#open.database);
    // Within itself it makes a savepoint.
    this.#transaction = this.#open.database.transaction((work: () => void) => work());
  }

  /** Rows that could not be understood since the start, by table: they are left alone, and not used. */
  get droppedRows(): DroppedRows {
    return this.#dropped;
  }

  close(): void {
    this.#open.close();
  }

  transaction(work: () => void): void {
    this.#transaction(work);
  }

  /**
   * All that is remembered; `defaults` are the channels of a new room, parents before what lies in them.
   *
   * @throws when the disk refuses
   */
  snapshot(defaults: readonly StoredChannel[]): RelaySnapshot {
    let channels = this.#readAll('channel', this.#sql.channels.all(), readChannel);
    if (channels.length === 0) {
      this.transaction(() => {
        for (const channel of defaults) this.saveChannel(channel);
      });
      channels = [...defaults];
    }
    const known = new Set(channels.map((channel) => channel.info.id));
    const sessions = this.#readSessions(known);
    const tokens = new Set(sessions.map((session) => session.token));
    return {
      config: this.#readConfig(),
      channels: this.#connected(channels, known),
      roles: this.#readAll('role', this.#sql.roles.all(), readRole),
      assignments: new Map(
        this.#readAll('role_assignment', this.#sql.assignments.all(), readAssignment).map(
          ({ identity, role }) => [identity, role],
        ),
      ),
      bans: this.#readAll('ban', this.#sql.bans.all(), readBan),
      sessions,
      deliveries: this.#readAll('delivery', this.#sql.deliveries.all(), readDelivery).filter((delivery) =>
        tokens.has(delivery.token),
      ),
      lastRoleId: this.#readNumber(LAST_ROLE_ID),
      lastMessageId: this.#reserveMessageIds(),
      lastBanId: this.#lastId('ban'),
    };
  }

  saveConfig({ name, maxMembers }: RoomConfig): void {
    this.#sql.setMeta.run(ROOM_CONFIG, JSON.stringify({ name, maxMembers }));
  }

  saveChannel({ info, passwordHash }: StoredChannel): void {
    const { id, parent, name, config } = info;
    this.#sql.saveChannel.run({
      ...config,
      id,
      parent,
      name,
      passwordHash,
      listeners: Number(config.listeners),
    });
  }

  removeChannel(channel: number): void {
    this.transaction(() => {
      this.expireHistory(channel, Number.MAX_SAFE_INTEGER);
      this.#sql.removeChannel.run(channel);
    });
  }

  saveRole(role: Role): void {
    this.transaction(() => {
      this.#sql.saveRole.run({ ...role, permissions: JSON.stringify(role.permissions) });
      this.#sql.raiseMeta.run(LAST_ROLE_ID, String(role.id));
    });
  }

  /** Nobody has it any more. */
  removeRole(role: number): void {
    this.transaction(() => {
      this.#sql.unassignEverybody.run(role);
      this.#sql.removeRole.run(role);
    });
  }

  assignRole(identity: string, role: number | null): void {
    if (role === null) this.#sql.unassignRole.run(identity);
    else this.#sql.assignRole.run(identity, role);
  }

  saveBan({ subject, ...ban }: Ban): void {
    const identity = subject.kind === 'identity' ? subject.identity : null;
    const range = subject.kind === 'range' ? subject.range : null;
    this.#sql.saveBan.run({ ...ban, identity, range });
  }

  removeBan(ban: number): void {
    this.#sql.removeBan.run(ban);
  }

  saveSession({ whisperLists, whisperKey, ...session }: StoredSession): void {
    this.transaction(() => {
      this.#sql.saveSession.run({
        ...session,
        whisperKey: whisperKey.key,
        whisperKeySignature: whisperKey.signature,
        muted: Number(session.muted),
        deafened: Number(session.deafened),
        mutedForAll: Number(session.mutedForAll),
      });
      this.#sql.removeWhisperLists.run(session.token);
      for (const { list, targets } of whisperLists) {
        this.#sql.saveWhisperList.run(session.token, list, JSON.stringify(targets));
      }
    });
  }

  removeSession(token: number): void {
    this.#sql.removeSession.run(token);
  }

  saveMessage(message: ChatMessage): void {
    this.#saveMessage(message, true);
  }

  saveDelivery({ token, delivery, message }: StoredDelivery): void {
    this.transaction(() => {
      this.#saveMessage(message, false);
      this.#sql.saveDelivery.run(token, delivery, message.id);
    });
  }

  removeDeliveries(token: number, upTo: number): void {
    this.#sql.removeDeliveries.run(token, upTo);
  }

  readHistory(channel: number, before: number | null, count: number): ChatMessage[] {
    const rows = this.#sql.history.all(channel, before ?? Number.MAX_SAFE_INTEGER, count);
    return this.#readAll('message', rows, readMessage).reverse();
  }

  expireHistory(channel: number, beforeMs: number): void {
    this.transaction(() => {
      this.#sql.releaseHistory.run(channel, beforeMs);
      this.#sql.expireHistory.run(channel, beforeMs);
    });
  }

  audit(entry: AuditEntry): void {
    this.transaction(() => {
      const { lastInsertRowid } = this.#sql.audit.run(entry);
      this.#sql.trimAudit.run(Number(lastInsertRowid) - MAX_AUDIT_ROWS);
    });
  }

  /**
   * The newest `count` lines of the audit log with an id below `before` (null: the newest), newest first.
   *
   * @throws when the disk refuses
   */
  readAudit(before: number | null, count: number): AuditRow[] {
    const rows = this.#sql.auditLines.all(before ?? Number.MAX_SAFE_INTEGER, count);
    return this.#readAll('audit', rows, readAuditRow);
  }

  #saveMessage(message: ChatMessage, kept: boolean): void {
    const { id, from, to, text, sentMs } = message;
    this.#sql.saveMessage.run({
      id,
      fromIdentity: from.identity,
      fromNickname: from.nickname,
      toChannel: to.kind === 'channel' ? to.channel : null,
      toIdentity: to.kind === 'member' ? to.identity : null,
      text,
      sentMs,
      kept: Number(kept),
    });
  }

  /** Channels whose parent could not be read hang in the air: they move to the top. */
  #connected(channels: readonly StoredChannel[], known: ReadonlySet<number>): StoredChannel[] {
    return channels.map((channel) => {
      const { parent } = channel.info;
      if (parent === null || known.has(parent)) return channel;
      return { ...channel, info: { ...channel.info, parent: null } };
    });
  }

  #readConfig(): RoomConfig | null {
    const row = this.#sql.getMeta.get(ROOM_CONFIG);
    return row === undefined ? null : this.#readOne('meta', row, readConfig);
  }

  #readSessions(channels: ReadonlySet<number>): StoredSession[] {
    const lists = new Map<unknown, StoredWhisperList[]>();
    for (const row of this.#sql.whisperLists.all()) {
      const list = this.#readOne('whisper_list', row, readWhisperList);
      if (list === null) continue;
      const ofSession = lists.get(row.token) ?? [];
      ofSession.push(list);
      lists.set(row.token, ofSession);
    }
    return this.#readAll('session', this.#sql.sessions.all(), (row) => {
      const session = readSession(row, lists.get(row.token) ?? []);
      if (session === null || session.channel === null || channels.has(session.channel)) return session;
      return { ...session, channel: null };
    });
  }

  #readAll<T>(table: string, rows: readonly Row[], read: (row: Row) => T | null): T[] {
    const all: T[] = [];
    for (const row of rows) {
      const one = this.#readOne(table, row, read);
      if (one !== null) all.push(one);
    }
    return all;
  }

  #readOne<T>(table: string, row: Row, read: (row: Row) => T | null): T | null {
    const one = read(row);
    if (one === null) this.#dropped[table] = (this.#dropped[table] ?? 0) + 1;
    return one;
  }

  #lastId(table: 'message' | 'ban'): number {
    const row = this.#sql.lastIds.all().find(({ name }) => name === table);
    return Number(row?.seq ?? 0);
  }

  /** A number in the table of odds and ends; 0 when it is not there, or is none. */
  #readNumber(name: string): number {
    const value = this.#sql.getMeta.get(name)?.value;
    const number = typeof value === 'string' ? Number(value) : 0;
    return Number.isSafeInteger(number) ? number : 0;
  }

  /** The number below which every message may have been given out; new ones begin above. */
  #reserveMessageIds(): number {
    const before = this.#sql.getMeta.get(LAST_MESSAGE_ID)?.value;
    const stored = this.#lastId('message');
    const reserved = this.#readNumber(LAST_MESSAGE_ID);
    const last = before === undefined ? stored : Math.max(stored, reserved) + SKIPPED_MESSAGE_IDS;
    this.#sql.setMeta.run(LAST_MESSAGE_ID, String(last));
    return last;
  }
}
