import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StoredChannel, StoredDelivery, StoredSession } from '../../core/relay/relay-store.ts';
import { MAX_ROOM_MEMBERS } from '../../core/wire/channels.ts';
import type { ChatMessage } from '../../core/wire/chat.ts';
import type { Ban } from '../../core/wire/control.ts';
import type { Role } from '../../core/wire/roles.ts';
import { MAX_AUDIT_ROWS, RelayDatabase } from './relay-database.ts';
import { defaultChannels } from './room-defaults.ts';

const migrationsFolder = join(import.meta.dirname, '../../../resources/migrations/relay');
const ADA = `${'A'.repeat(42)}E`;
const BOB = `${'B'.repeat(42)}E`;

let folder = '';
let path = '';
let database: RelayDatabase;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidetone-relay-database-'));
  path = join(folder, 'relay.db');
  database = new RelayDatabase({ path, migrationsFolder });
  database.snapshot(defaultChannels());
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

function reopen(): void {
  database.close();
  database = new RelayDatabase({ path, migrationsFolder });
}

/** What is remembered after a restart. */
function restart(): ReturnType<RelayDatabase['snapshot']> {
  reopen();
  return database.snapshot(defaultChannels());
}

/** Asks or changes the file behind the database's back. */
function raw<T>(work: (connection: Database.Database) => T): T {
  const connection = new Database(path);
  try {
    return work(connection);
  } finally {
    connection.close();
  }
}

const [lobby] = defaultChannels();
if (lobby === undefined) throw new Error('a new room has a channel');

function channel(id: number, change: Partial<StoredChannel['info']> = {}): StoredChannel {
  const info = { ...(lobby as StoredChannel).info, id, name: `Channel ${id}`, ...change };
  return { info, passwordHash: info.locked ? '$argon2id$v=19$m=65536,t=3,p=1$c2FsdA$aGFzaA' : null };
}

function session(token: number, change: Partial<StoredSession> = {}): StoredSession {
  return {
    token,
    identity: ADA,
    nickname: 'Ada',
    resumeHash: `${'R'.repeat(42)}E`,
    previousResumeHash: null,
    whisperKey: { key: `${'W'.repeat(42)}E`, signature: `${'S'.repeat(85)}A` },
    channel: 1,
    muted: true,
    deafened: false,
    mutedForAll: true,
    whisperLists: [],
    chatTaken: 7,
    delivered: 9,
    heldSinceMs: null,
    ...change,
  };
}

function message(id: number, change: Partial<ChatMessage> = {}): ChatMessage {
  return {
    id,
    from: { identity: BOB, nickname: 'Bob' },
    to: { kind: 'channel', channel: 1 },
    text: `text ${id}`,
    sentMs: 1_000 * id,
    ...change,
  };
}

function count(table: string): unknown {
  return raw((connection) => connection.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
}

describe('RelayDatabase', () => {
  it('begins with the default channels and remembers the room as it was changed', () => {
    expect(restart().channels).toEqual(defaultChannels());
    const inner = channel(5, { parent: 1, locked: true });
    inner.info.config.listeners = true;
    database.saveChannel(inner);
    database.saveChannel(channel(3));
    const renamed = channel(1, { name: 'Hall' });
    database.saveChannel(renamed);
    // In the order in which they were made: members land in the first.
    expect(restart().channels).toEqual([renamed, inner, channel(3)]);
    database.removeChannel(5);
    expect(restart().channels).toEqual([renamed, channel(3)]);
  });

  it('keeps roles and who has them; a role that goes takes its assignments along', () => {
    const role: Role = { id: 16, name: 'Guest', rank: 3, permissions: ['move', 'kick'] };
    database.saveRole({ ...role, rank: 2 });
    database.saveRole(role);
    database.assignRole(ADA, 3);
    database.assignRole(ADA, 16);
    database.assignRole(BOB, 2);
    expect(restart()).toMatchObject({
      roles: [role],
      assignments: new Map([
        [ADA, 16],
        [BOB, 2],
      ]),
    });
    database.assignRole(BOB, null);
    database.removeRole(16);
    expect(restart()).toMatchObject({ roles: [], assignments: new Map() });
  });

  it('keeps bans of both kinds, and never gives a number out twice', () => {
    const ban: Ban = {
      id: 4,
      subject: { kind: 'identity', identity: ADA },
      nickname: 'Ada',
      reason: 'noise',
      by: 'Bob',
      createdMs: 1_000,
      untilMs: null,
    };
    const range: Ban = {
      ...ban,
      id: 9,
      subject: { kind: 'range', range: '10.0.0.0/8' },
      nickname: '',
      untilMs: 9,
    };
    database.saveBan(ban);
    database.saveBan(range);
    expect(restart()).toMatchObject({ bans: [ban, range], lastBanId: 9 });
    database.removeBan(9);
    expect(restart()).toMatchObject({ bans: [ban], lastBanId: 9 });
  });

  it('keeps a session with its whisper lists, and forgets it with what waits for it', () => {
    const whisperLists = [
      { list: 0x8000_0001, targets: [1, 0xffff_ffff] },
      { list: 0x8000_0002, targets: [] },
    ];
    const full = session(0x7fff_ffff, {
      whisperLists,
      previousResumeHash: `${'P'.repeat(42)}E`,
      heldSinceMs: 123,
    });
    database.saveSession(session(0x7fff_ffff, { nickname: 'Old', whisperLists: whisperLists.slice(1) }));
    database.saveDelivery({ token: full.token, delivery: 1, message: message(1) });
    database.saveSession(full);
    expect(restart()).toMatchObject({ sessions: [full], deliveries: [{ delivery: 1 }] });
    database.removeSession(full.token);
    expect(restart()).toMatchObject({ sessions: [], deliveries: [] });
    expect(['whisper_list', 'delivery', 'message'].map(count)).toEqual([0, 0, 0]);
  });

  it('keeps a text once for all it is for, until the last one has it', () => {
    const personal = message(2, { to: { kind: 'member', identity: ADA }, text: 'two\nlines' });
    const deliveries: StoredDelivery[] = [
      { token: 1, delivery: 10, message: message(1) },
      { token: 1, delivery: 11, message: personal },
      { token: 2, delivery: 1, message: message(1) },
    ];
    database.saveSession(session(1));
    database.saveSession(session(2, { identity: BOB }));
    for (const delivery of deliveries) database.saveDelivery(delivery);
    expect(count('message')).toBe(2);
    expect(restart().deliveries).toEqual(deliveries);
    database.removeDeliveries(1, 10);
    expect(restart().deliveries).toEqual(deliveries.slice(1));
    database.removeDeliveries(2, 99);
    expect(restart().deliveries).toEqual(deliveries.slice(1, 2));
    database.removeDeliveries(1, 11);
    expect(count('message')).toBe(0);
  });

  it('reads history a page at a time and forgets what is too old, but not what somebody has not got', () => {
    for (let id = 1; id <= 9; id += 1) database.saveMessage(message(id));
    database.saveMessage(message(10, { to: { kind: 'channel', channel: 2 } }));
    const ids = (before: number | null, size: number): number[] =>
      database.readHistory(1, before, size).map(({ id }) => id);
    expect(ids(null, 4)).toEqual([6, 7, 8, 9]);
    expect(ids(6, 4)).toEqual([2, 3, 4, 5]);
    expect(ids(2, 4)).toEqual([1]);
    expect(database.readHistory(1, null, 1)).toEqual([message(9)]);
    database.saveSession(session(1));
    database.saveDelivery({ token: 1, delivery: 1, message: message(3) });
    database.expireHistory(1, 5_000);
    expect(ids(null, 20)).toEqual([5, 6, 7, 8, 9]);
    expect(restart().deliveries).toEqual([{ token: 1, delivery: 1, message: message(3) }]);
    database.removeDeliveries(1, 1);
    expect(count('message')).toBe(6);
    database.removeChannel(1);
    expect(ids(null, 20)).toEqual([]);
    expect(database.readHistory(2, null, 20)).toHaveLength(1);
  });

  it('does not mix up what is kept and what is only on its way, whichever comes first', () => {
    database.saveSession(session(1));
    database.saveDelivery({ token: 1, delivery: 1, message: message(1) });
    database.saveMessage(message(1));
    database.saveMessage(message(2));
    database.saveDelivery({ token: 1, delivery: 2, message: message(2) });
    database.removeDeliveries(1, 2);
    expect(database.readHistory(1, null, 9).map(({ id }) => id)).toEqual([1, 2]);
  });

  it('never gives a message number out twice, those that were never written included', () => {
    const first = restart().lastMessageId;
    database.saveSession(session(1));
    database.saveDelivery({ token: 1, delivery: 1, message: message(first + 5) });
    database.removeDeliveries(1, 1);
    const second = restart().lastMessageId;
    expect(second).toBeGreaterThan(first + 5);
    expect(restart().lastMessageId).toBeGreaterThan(second);
  });

  it('numbers messages in the order they were said over many starts, exactly', () => {
    const said: number[] = [];
    // As after a thousand million starts.
    raw((connection) =>
      connection.prepare('UPDATE meta SET value = ? WHERE name = ?').run(String(1e15), 'lastMessageId'),
    );
    for (let starts = 0; starts < 5; starts += 1) {
      const next = restart().lastMessageId + 1;
      database.saveMessage(message(next, { sentMs: starts }));
      said.push(next);
    }
    expect(said.every((id) => Number.isSafeInteger(id) && id > 1e15)).toBe(true);
    expect(database.readHistory(1, null, 9).map(({ id }) => id)).toEqual(said);
    expect(new Set(said).size).toBe(5);
  });

  it('overwrites what was deleted', () => {
    const secret = 'a very private remark';
    database.saveSession(session(1));
    database.saveDelivery({ token: 1, delivery: 1, message: message(1, { text: secret }) });
    const holds = (): unknown =>
      raw((connection) => {
        connection.pragma('wal_checkpoint(TRUNCATE)');
        return connection.serialize().includes(secret);
      });
    expect(holds()).toBe(true);
    database.removeSession(1);
    expect(holds()).toBe(false);
  });

  it('writes all of a transaction or nothing, also of one within another', () => {
    database.transaction(() => {
      database.saveChannel(channel(2));
      expect(() =>
        database.transaction(() => {
          database.saveChannel(channel(3));
          throw new Error('inner');
        }),
      ).toThrow('inner');
      database.saveChannel(channel(4));
    });
    expect(() =>
      database.transaction(() => {
        database.saveChannel(channel(5));
        database.transaction(() => database.saveChannel(channel(6)));
        throw new Error('outer');
      }),
    ).toThrow('outer');
    expect(restart().channels.map(({ info }) => info.id)).toEqual([1, 2, 4]);
  });

  it('refuses, and changes nothing, when what it is told makes no sense', () => {
    const orphan: StoredDelivery = { token: 99, delivery: 1, message: message(1) };
    expect(() => database.saveDelivery(orphan)).toThrow('FOREIGN KEY');
    expect(() => database.saveSession(session(1, { channel: 77 }))).toThrow('FOREIGN KEY');
    expect(() => database.saveChannel(channel(2, { parent: 77 }))).toThrow('FOREIGN KEY');
    expect(restart()).toMatchObject({ sessions: [], deliveries: [] });
    expect(count('message')).toBe(0);
  });

  it('keeps the newest lines of the audit log', () => {
    const entry = { by: ADA, action: 'kick', subject: BOB, reason: '' };
    database.transaction(() => {
      for (let n = 0; n < MAX_AUDIT_ROWS + 1; n += 1) database.audit({ ...entry, atMs: n });
    });
    expect(count('audit')).toBe(MAX_AUDIT_ROWS);
    expect(
      raw((connection) => connection.prepare('SELECT min(at_ms), max(at_ms) FROM audit').raw().get()),
    ).toEqual([1, MAX_AUDIT_ROWS]);
  });

  it('drops a row that is not what it should be, counts it, and reads the others', () => {
    database.saveChannel(channel(2, { parent: 1 }));
    database.saveSession(session(1));
    database.saveSession(
      session(2, { identity: BOB, channel: 2, whisperLists: [{ list: 1, targets: [2] }] }),
    );
    database.saveSession(session(3, { identity: BOB }));
    database.saveDelivery({ token: 2, delivery: 1, message: message(1) });
    database.saveDelivery({ token: 2, delivery: 2, message: message(2) });
    database.assignRole(ADA, 16);
    database.saveRole({ id: 16, name: 'Guest', rank: 3, permissions: [] });
    raw((connection) => {
      connection.exec("UPDATE channel SET name = '' WHERE id = 1");
      connection.exec("UPDATE session SET resume_hash = 'short' WHERE token = 1");
      connection.exec('UPDATE session SET muted = 2 WHERE token = 3');
      connection.exec("UPDATE whisper_list SET targets = '[1,'");
      connection.exec('UPDATE message SET text = char(7) WHERE id = 1');
      connection.exec('UPDATE role SET permissions = \'["fly"]\'');
      connection.exec('UPDATE role_assignment SET role = -1');
    });
    const snapshot = restart();
    // Its parent is gone, so it stands at the top.
    expect(snapshot.channels).toEqual([channel(2)]);
    expect(snapshot.sessions).toEqual([session(2, { identity: BOB, channel: 2 })]);
    expect(snapshot.deliveries).toEqual([{ token: 2, delivery: 2, message: message(2) }]);
    expect(snapshot).toMatchObject({ roles: [], assignments: new Map() });
    expect(database.droppedRows).toEqual({
      channel: 1,
      session: 2,
      whisper_list: 1,
      delivery: 1,
      role: 1,
      role_assignment: 1,
    });
  });
});

describe('the room’s configuration', () => {
  it('is none at first, and is kept as it was set last', () => {
    expect(restart().config).toBeNull();
    database.saveConfig({ name: 'Harbour', maxMembers: 12 });
    database.saveConfig({ name: 'Bay', maxMembers: MAX_ROOM_MEMBERS });
    expect(restart().config).toEqual({ name: 'Bay', maxMembers: MAX_ROOM_MEMBERS });
  });

  it.each([
    ['no JSON', '{'],
    ['too many members', JSON.stringify({ name: 'Bay', maxMembers: MAX_ROOM_MEMBERS + 1 })],
    ['no members', JSON.stringify({ name: 'Bay', maxMembers: 0 })],
    ['a name that cannot be shown', JSON.stringify({ name: '\u202e', maxMembers: 5 })],
  ])('is passed over and counted when it is %s', (_what, value) => {
    database.saveConfig({ name: 'Harbour', maxMembers: 12 });
    raw((connection) => connection.prepare("UPDATE meta SET value = ? WHERE name = 'roomConfig'").run(value));
    expect(restart().config).toBeNull();
    expect(database.droppedRows).toEqual({ meta: 1 });
  });
});

describe('the audit log', () => {
  it('is read in pages, newest first', () => {
    for (let at = 1; at <= 5; at += 1) {
      database.audit({ atMs: at, by: 'account:root', action: 'kick', subject: ADA, reason: `no. ${at}` });
    }
    const ids = (before: number | null, count: number): number[] =>
      database.readAudit(before, count).map(({ id }) => id);
    expect(database.readAudit(null, 1)).toEqual([
      { id: 5, atMs: 5, by: 'account:root', action: 'kick', subject: ADA, reason: 'no. 5' },
    ]);
    expect([ids(null, 2), ids(4, 2), ids(2, 2), ids(1, 2)]).toEqual([[5, 4], [3, 2], [1], []]);
  });
});

it('gives no role’s id out twice: accounts and channels may still name the old one', () => {
  const guard: Role = { id: 17, name: 'Guard', rank: 10, permissions: [] };
  database.saveRole(guard);
  database.saveRole({ ...guard, id: 16 });
  database.removeRole(17);
  expect(restart().lastRoleId).toBe(17);
  raw((connection) => connection.prepare("UPDATE meta SET value = 'x' WHERE name = 'lastRoleId'").run());
  expect(restart()).toMatchObject({ lastRoleId: 0, roles: [{ id: 16 }] });
});
