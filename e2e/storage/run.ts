import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import Database from 'better-sqlite3';
import { createReport, publish } from '../../bench/report.ts';
import { createRng } from '../../src/core/base/rng.ts';
import type { RelaySnapshot, RelayStore } from '../../src/core/relay/relay-store.ts';
import { MemoryStore } from '../../src/core/sim/memory-store.ts';
import { MAX_AUDIT_ROWS, RelayDatabase } from '../../src/main/relay/relay-database.ts';
import { defaultChannels } from '../../src/main/relay/room-defaults.ts';
import { Child, waitFor } from '../rig/child.ts';
import { Teardown } from '../rig/teardown.ts';
import { applyChange, CHANNEL_IDS, type Change, parseChange } from './changes.ts';
import { isWhole } from './is-whole.ts';
import { RelayKill } from './relay-kill.ts';

const NAME = 'e2e:storage';
const WRITER = fileURLToPath(new URL('./writer.ts', import.meta.url));
const MIGRATIONS = join(import.meta.dirname, '../../resources/migrations/relay');

const MAX_KILLS = 10_000;

/** Longest time a writer writes before it is killed, in ms: a checkpoint of the WAL comes every few of these. */
const MAX_WRITING_MS = 150;

/** Every tenth writer is killed while it starts, within this many ms: it opens, migrates and reads in that time. */
const START_EVERY = 10;
const MAX_STARTING_MS = 300;

/** Kills after which the database begins anew, so that its first migration is interrupted too. */
const KILLS_PER_DATABASE = 20;

/** A writer that has not written anything within this time is broken, in ms. */
const MAX_START_MS = 20_000;

/** How much of a failed writer's log is shown. */
const MAX_COMPLAINT_LENGTH = 1_000;

/** What one writer said before it was killed. */
interface Log {
  readonly acknowledged: readonly Change[];
  /** Begun, and not known to be finished. */
  readonly begun: Change | null;
}

function readLog(path: string): Log {
  const acknowledged: Change[] = [];
  let begun: Change | null = null;
  // What follows the last line feed was not finished writing, so it was not acted upon.
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  for (const line of lines) {
    if (line.startsWith('?')) {
      begun = parseChange(line.slice(1));
    } else if (line === '!' && begun !== null) {
      acknowledged.push(begun);
      begun = null;
    } else {
      throw new Error(`not a line of the log: ${line}`);
    }
  }
  return { acknowledged, begun };
}

/** Everything that can be asked of a store, in an order that does not depend on how it keeps it. */
function contentOf(store: RelayStore, snapshot: RelaySnapshot): unknown {
  const { channels, roles, assignments, bans, sessions, deliveries } = snapshot;
  return {
    channels,
    roles: roles.toSorted((a, b) => a.id - b.id),
    assignments: [...assignments].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    bans: bans.toSorted((a, b) => a.id - b.id),
    sessions: sessions.toSorted((a, b) => a.token - b.token),
    deliveries: deliveries.toSorted((a, b) => a.token - b.token || a.delivery - b.delivery),
    history: CHANNEL_IDS.map((id) => store.readHistory(id, null, Number.MAX_SAFE_INTEGER)),
  };
}

/** What must be in the database, kept beside it in memory. */
class Expectation {
  #store = new MemoryStore(emptySnapshot());

  get auditLines(): number {
    return Math.min(this.#store.audits.length, MAX_AUDIT_ROWS);
  }

  apply(change: Change): void {
    this.#store.transaction(() => applyChange(this.#store, change));
  }

  /** Compares with what was read. */
  equals(
    content: unknown,
    lastIds: { readonly message: number; readonly ban: number },
    auditLines: number,
  ): boolean {
    const snapshot = this.#store.snapshot();
    return (
      auditLines === this.auditLines &&
      lastIds.message >= snapshot.lastMessageId &&
      lastIds.ban >= snapshot.lastBanId &&
      isDeepStrictEqual(content, contentOf(this.#store, snapshot))
    );
  }
}

function emptySnapshot(): RelaySnapshot {
  return {
    config: null,
    channels: defaultChannels(),
    roles: [],
    assignments: new Map(),
    bans: [],
    sessions: [],
    deliveries: [],
    lastRoleId: 0,
    lastMessageId: 0,
    lastBanId: 0,
  };
}

/** Figures of the whole run. */
const figures = {
  kills: 0,
  killsWhileStarting: 0,
  acknowledgedChanges: 0,
  begunAndThere: 0,
  begunAndNotThere: 0,
  disagreements: 0,
  failedIntegrityChecks: 0,
  droppedRows: 0,
  largestDatabaseMb: 0,
  largestWalMb: 0,
};
const changesByKind = new Map<string, number>();

function sizeMb(path: string): number {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) / 2 ** 20;
}

/** Starts a writer and kills it at a moment that nothing in it chooses. */
async function killOnce(path: string, logPath: string, kill: number, random: () => number): Promise<void> {
  rmSync(logPath, { force: true });
  const writer = await Child.start(process.execPath, [WRITER, path, MIGRATIONS, String(kill)], { logPath });
  if (kill % START_EVERY === 0) {
    await sleep(random() * MAX_STARTING_MS);
  } else {
    await waitFor('the first write', MAX_START_MS, () => {
      if (writer.ending !== null)
        throw new Error(`the writer failed: ${readFileSync(logPath, 'utf8').slice(-MAX_COMPLAINT_LENGTH)}`);
      return sizeMb(logPath) > 0 ? true : null;
    });
    await sleep(random() * MAX_WRITING_MS);
  }
  writer.signal('SIGKILL');
  const ending = await writer.ended;
  if (ending.signal !== 'SIGKILL')
    throw new Error(`the writer failed: ${readFileSync(logPath, 'utf8').slice(-MAX_COMPLAINT_LENGTH)}`);
  figures.kills += 1;
  figures.largestDatabaseMb = Math.max(figures.largestDatabaseMb, sizeMb(path));
  figures.largestWalMb = Math.max(figures.largestWalMb, sizeMb(`${path}-wal`));
}

function countAudit(path: string): number {
  const database = new Database(path, { readonly: true });
  try {
    return Number(database.prepare('SELECT count(*) FROM audit').pluck().get());
  } finally {
    database.close();
  }
}

/** Opens the database as the relay would after the kill, and compares it with what was acknowledged. */
function judge(path: string, log: Log, expected: Expectation): boolean {
  for (const change of log.acknowledged) {
    expected.apply(change);
    changesByKind.set(change.kind, (changesByKind.get(change.kind) ?? 0) + 1);
  }
  figures.acknowledgedChanges += log.acknowledged.length;
  const database = new RelayDatabase({ path, migrationsFolder: MIGRATIONS });
  const snapshot = database.snapshot(defaultChannels());
  const content = contentOf(database, snapshot);
  figures.droppedRows += Object.values(database.droppedRows).reduce((sum, count) => sum + count, 0);
  database.close();
  if (!isWhole(path)) figures.failedIntegrityChecks += 1;
  const lastIds = { message: snapshot.lastMessageId, ban: snapshot.lastBanId };
  const auditLines = countAudit(path);
  if (expected.equals(content, lastIds, auditLines)) {
    if (log.begun !== null) figures.begunAndNotThere += 1;
    return true;
  }
  if (log.begun !== null) {
    expected.apply(log.begun);
    if (expected.equals(content, lastIds, auditLines)) {
      figures.begunAndThere += 1;
      return true;
    }
  }
  return false;
}

async function killAgainAndAgain(folder: string, kills: number, seed: number): Promise<void> {
  const rng = createRng(seed);
  const random = (): number => rng.next();
  const logPath = join(folder, 'writer.log');
  let expected = new Expectation();
  for (let kill = 0; kill < kills; kill += 1) {
    const path = join(folder, `relay-${Math.floor(kill / KILLS_PER_DATABASE)}.db`);
    if (!existsSync(path)) expected = new Expectation();
    await killOnce(path, logPath, kill, random);
    const log = readLog(logPath);
    if (log.acknowledged.length === 0 && log.begun === null) figures.killsWhileStarting += 1;
    if (judge(path, log, expected)) continue;
    figures.disagreements += 1;
    process.stderr.write(`${NAME}: after kill ${kill} the database is not what was acknowledged\n`);
    return;
  }
}

/** 0 leaves a part out; its targets are not met then. */
function readKills(name: string, value: string): number {
  const kills = Number(value);
  if (!(Number.isInteger(kills) && kills >= 0 && kills <= MAX_KILLS))
    throw new Error(`${name} takes a number up to ${MAX_KILLS}`);
  return kills;
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      kills: { type: 'string', default: '200' },
      'relay-kills': { type: 'string', default: '200' },
      seed: { type: 'string', default: '1' },
    },
  });
  const kills = readKills('--kills', options.kills);
  const relayKills = readKills('--relay-kills', options['relay-kills']);
  const seed = Number(options.seed);
  const folder = mkdtempSync(join(tmpdir(), 'sidetone-storage-'));
  const teardown = new Teardown();
  teardown.defer('the temporary folder', () => rmSync(folder, { recursive: true, force: true }));
  try {
    await killAgainAndAgain(folder, kills, seed);
    const { disagreements, failedIntegrityChecks, droppedRows, acknowledgedChanges } = figures;
    const relay = relayKills === 0 ? null : await new RelayKill({ folder, kills: relayKills, seed }).run();
    const rows = [
      { check: 'kills', ...figures },
      { check: 'acknowledged changes', ...Object.fromEntries(changesByKind) },
      ...(relay?.rows ?? []),
    ];
    const targets = {
      disagreements,
      failedIntegrityChecks,
      droppedRows,
      // A run that wrote next to nothing shows nothing.
      changesPerKill: acknowledgedChanges / figures.kills,
      relayLost: relay?.lost ?? null,
      relayDoubledChats: relay?.doubledChats ?? null,
      relayFailedIntegrityChecks: relay?.failedIntegrityChecks ?? null,
      relayNotResumed: relay?.notResumed ?? null,
      relayChangesPerKill: relay?.acknowledgedPerKill ?? null,
    };
    publish(createReport(NAME, rows, targets), { json: options.json });
  } finally {
    await teardown.run();
  }
}

await main();
