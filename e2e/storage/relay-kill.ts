import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../../bench/report.ts';
import { createRng, type Rng } from '../../src/core/base/rng.ts';
import type { RelaySnapshot } from '../../src/core/relay/relay-store.ts';
import type { ChatMessage } from '../../src/core/wire/chat.ts';
import { ADMIN_ROLE_ID } from '../../src/core/wire/roles.ts';
import { RelayDatabase } from '../../src/main/relay/relay-database.ts';
import { defaultChannels } from '../../src/main/relay/room-defaults.ts';
import { waitFor } from '../rig/child.ts';
import { ChatBook } from './chat-book.ts';
import { type Difference, differences, ExpectedRoom } from './expected-room.ts';
import { isWhole } from './is-whole.ts';
import { KillableRelay } from './killable-relay.ts';
import { RoomChanges } from './room-changes.ts';
import { RoomMember } from './room-member.ts';
import { keys, LANDING, storedState, tellable, toldState } from './room-state.ts';
import { RoomTraffic } from './room-traffic.ts';

const MIGRATIONS = join(import.meta.dirname, '../../resources/migrations/relay');

/** Ports tried are from here on: below those that systems give to whoever asks for any, or one of ours might get it. */
const FIRST_PORT = 20_000;
const PORTS = 10_000;
const MAX_PORT_TRIES = 10;

/** Longest time that is written before the relay is killed, in ms. */
const MAX_WRITING_MS = 400;

/** Every fifth relay is killed again while it starts or takes members back, within this many ms: it needs half of them. */
const START_EVERY = 5;
const MAX_STARTING_MS = 600;

/** Of so many kills, one member is away from the third to the sixth. */
const AWAY_CYCLE = 8;
const AWAY_FROM = 3;
const AWAY_TO = 6;

/** Longest wait for members to be back, for lanes to notice that they are dead, and for chat to arrive, in ms. */
const MAX_RETURN_MS = 20_000;

/** Differences that are told. */
const MAX_TOLD = 5;

export interface RelayKillOptions {
  /** For the relay's files; empty. */
  readonly folder: string;
  readonly kills: number;
  readonly seed: number;
}

export interface RelayKillResult {
  readonly rows: readonly Row[];
  /** Acknowledged changes and messages that were gone after a kill. */
  readonly lost: number;
  readonly doubledChats: number;
  readonly failedIntegrityChecks: number;
  readonly notResumed: number;
  readonly acknowledgedPerKill: number;
}

/**
 * Kills a whole relay again and again while members over real sockets change its room and talk, and looks each time
 * whether everything it acknowledged is there: in its database before it starts again, and in what it tells members.
 */
export class RelayKill {
  readonly #options: RelayKillOptions;
  readonly #rng: Rng;
  readonly #chats = new ChatBook();
  readonly #expected = new ExpectedRoom();
  readonly #olga: RoomMember;
  readonly #dora: RoomMember;
  readonly #will: RoomMember;
  readonly #anna: RoomMember;
  readonly #members: readonly RoomMember[];
  readonly #changes: RoomChanges;
  readonly #traffic: RoomTraffic;
  readonly #startsMs: number[] = [];
  readonly #returnsMs: number[] = [];
  readonly #figures = {
    kills: 0,
    killsWhileStarting: 0,
    lost: 0,
    failedIntegrityChecks: 0,
    droppedRows: 0,
  };
  /** New sessions of each member, as the database and the lanes were compared last. */
  readonly #newSessionsStored = new Map<RoomMember, number>();
  readonly #newSessionsTold = new Map<RoomMember, number>();
  #port = 0;
  /** When the newest relay began to start. */
  #startedMs = 0;
  #historySeenUpTo = 0;

  constructor(options: RelayKillOptions) {
    this.#options = options;
    this.#rng = createRng(options.seed);
    this.#olga = this.#createMember('Olga');
    this.#dora = this.#createMember('Dora');
    this.#will = this.#createMember('Will');
    this.#anna = this.#createMember('Anna');
    this.#members = [this.#olga, this.#dora, this.#will, this.#anna];
    this.#changes = new RoomChanges({
      rng: this.#rng,
      expected: this.#expected,
      members: this.#members,
      admins: [this.#olga, this.#dora],
      wanderer: this.#will,
      muted: [this.#will, this.#anna],
    });
    this.#traffic = new RoomTraffic({
      rng: this.#rng,
      members: this.#members,
      wanderer: this.#will,
      absentee: this.#anna,
      expected: this.#expected,
      changes: this.#changes,
      chats: this.#chats,
      tell,
    });
  }

  /** Stops early when something is lost. */
  async run(): Promise<RelayKillResult> {
    let relay = await this.#open();
    try {
      await this.#furnish();
      for (let round = 0; this.#figures.kills < this.#options.kills && this.#sound; round += 1) {
        await this.#write(round % AWAY_CYCLE);
        relay = await this.#killAndStart(relay);
        if (round % START_EVERY === START_EVERY - 1 && this.#figures.kills < this.#options.kills) {
          await sleep(this.#rng.next() * MAX_STARTING_MS);
          this.#figures.killsWhileStarting += 1;
          relay = await this.#killAndStart(relay);
        }
        await this.#return(relay);
        await this.#compareTold();
      }
      await this.#finish();
    } finally {
      this.#traffic.stop();
      for (const member of this.#members) member.leave();
      await relay.kill();
    }
    return this.#result();
  }

  get #sound(): boolean {
    const { lost, failedIntegrityChecks, droppedRows } = this.#figures;
    return lost + failedIntegrityChecks + droppedRows + this.#chats.doubled.size === 0;
  }

  #createMember(nickname: string): RoomMember {
    const member: RoomMember = new RoomMember({
      nickname,
      rng: this.#rng,
      onChat: ({ entry }, fromHistory) => {
        if (!fromHistory) this.#chats.handleShown(member.identity, entry);
      },
    });
    return member;
  }

  #start(): KillableRelay {
    this.#startedMs = performance.now();
    return new KillableRelay({
      folder: this.#folder('relay'),
      port: this.#port,
      roomName: 'Killed',
      ownerIdentity: this.#olga.identity,
    });
  }

  #folder(name: string): string {
    const path = join(this.#options.folder, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  async #open(): Promise<KillableRelay> {
    for (let tries = 1; ; tries += 1) {
      this.#port = FIRST_PORT + Math.floor(this.#rng.next() * PORTS);
      const relay = this.#start();
      try {
        const doors = await relay.listening();
        for (const member of this.#members) await member.join(doors);
        return relay;
      } catch (error) {
        if (tries >= MAX_PORT_TRIES) throw error;
      }
    }
  }

  /** A second admin, and history where members land. */
  async #furnish(): Promise<void> {
    const [landing] = this.#olga.call.channels;
    if (landing === undefined) throw new Error('a room has a channel');
    const config = { ...landing.config, historyDays: 30 };
    for (const request of [
      { kind: 'changeChannel', channel: landing.id, name: landing.name, config },
      { kind: 'assignRole', identity: this.#dora.identity, role: ADMIN_ROLE_ID },
    ] as const) {
      const fate = await this.#olga.ask(request);
      if (fate.kind !== 'done') throw new Error(`the room is not as it should be: ${request.kind}`);
    }
    const furnished = new Map([[keys.assignment(this.#dora.identity), 'Admin']]);
    for (const { identity } of this.#members) furnished.set(keys.place(identity), LANDING);
    this.#expected.adopt(furnished, () => true);
  }

  async #write(cycle: number): Promise<void> {
    this.#traffic.start();
    const untilMs = performance.now() + this.#rng.next() * MAX_WRITING_MS;
    if (cycle === AWAY_FROM) {
      await sleep((this.#rng.next() * MAX_WRITING_MS) / 2);
      this.#anna.goAway();
    }
    if (cycle === AWAY_TO) this.#anna.comeBack();
    await sleep(Math.max(0, untilMs - performance.now()));
  }

  /** @returns the next relay, which has just begun to start */
  async #killAndStart(relay: KillableRelay): Promise<KillableRelay> {
    const killed = relay.kill();
    this.#traffic.stop();
    await killed;
    this.#figures.kills += 1;
    // What the relay had said before it died still arrives.
    await waitFor('lanes to end', MAX_RETURN_MS, () =>
      this.#members.some(({ laneOpen }) => laneOpen) ? null : true,
    );
    await this.#traffic.settle();
    const copy = this.#copyDatabase();
    const next = this.#start();
    this.#compareStored(copy);
    return next;
  }

  /** As the kill has left it: the relay itself is to recover it, and nobody before. */
  #copyDatabase(): string {
    const folder = this.#folder('copy');
    rmSync(folder, { recursive: true });
    const path = join(this.#folder('copy'), 'relay.db');
    const original = join(this.#folder('relay'), 'relay.db');
    copyFileSync(original, path);
    copyFileSync(`${original}-wal`, `${path}-wal`);
    return path;
  }

  #compareStored(path: string): void {
    if (!isWhole(path)) {
      this.#figures.failedIntegrityChecks += 1;
      return;
    }
    const database = new RelayDatabase({ path, migrationsFolder: MIGRATIONS });
    try {
      const snapshot = database.snapshot(defaultChannels());
      this.#figures.droppedRows += Object.values(database.droppedRows).reduce((sum, count) => sum + count, 0);
      const found = storedState(snapshot);
      this.#excuseNewSessions(this.#newSessionsStored, found);
      this.#lose(this.#expected.judge(found), 'stored');
      const [landing] = snapshot.channels;
      const history = database.readHistory(landing?.info.id ?? 0, null, Number.MAX_SAFE_INTEGER);
      this.#loseChats(this.#chats.missingIn(history, this.#chats.keptAfter(0)), 'in the stored history');
      for (const member of this.#members) this.#compareDeliveries(member, snapshot);
    } finally {
      database.close();
    }
  }

  /** What somebody has not been shown yet is on its way to them. */
  #compareDeliveries(member: RoomMember, snapshot: RelaySnapshot): void {
    const { token } = snapshot.sessions.find(({ identity }) => identity === member.identity) ?? {};
    const waiting = new Set(
      snapshot.deliveries.filter((delivery) => delivery.token === token).map(({ message }) => message.text),
    );
    const missing = this.#chats.awaitedBy(member.identity).filter((text) => !waiting.has(text));
    this.#loseChats(missing.length, `stored for ${member.nickname}`);
  }

  /** Waits until everybody is back who is not away on purpose. */
  async #return(relay: KillableRelay): Promise<void> {
    await relay.listening();
    this.#startsMs.push(performance.now() - this.#startedMs);
    const present = this.#members.filter((member) => !member.away);
    await waitFor('members to be back', MAX_RETURN_MS, () =>
      present.every(
        (member) => member.call.connected && member.laneOpen && member.welcomedMs >= this.#startedMs,
      )
        ? true
        : null,
    );
    for (const member of present) this.#returnsMs.push(member.welcomedMs - this.#startedMs);
  }

  async #compareTold(): Promise<void> {
    const bans = await this.#olga.listBans();
    this.#changes.handleBans(bans);
    for (const member of this.#members) {
      if (member.away) continue;
      const found = toldState(member, bans, this.#olga.identity);
      this.#excuseNewSessions(this.#newSessionsTold, found);
      this.#lose(differences(tellable(this.#expected.state, member), found), `told to ${member.nickname}`);
    }
    const wanted = this.#chats.keptAfter(this.#historySeenUpTo);
    const settledUpTo = this.#chats.settledUpTo;
    const history = await this.#readHistory(this.#olga, new Set(wanted));
    this.#loseChats(this.#chats.missingIn(history, wanted), 'in the history that is told');
    this.#historySeenUpTo = settledUpTo;
  }

  /** From the newest back until everything wanted was there, or there is no more. */
  async #readHistory(member: RoomMember, wanted: Set<string>): Promise<readonly ChatMessage[]> {
    const [landing] = member.call.channels;
    let history: readonly ChatMessage[] = [];
    while (wanted.size > 0) {
      await waitFor('room for a request', MAX_RETURN_MS, () => (member.mayAsk ? true : null));
      const page = await member.readHistory(landing?.id ?? 0, history[0]?.id ?? null);
      if (page.length === 0) break;
      for (const { text } of page) wanted.delete(text);
      history = [...page, ...history];
    }
    return history;
  }

  /** Whoever had to begin a new session is where newcomers are, without whisper lists, and gets only what comes from then on. */
  #excuseNewSessions(known: Map<RoomMember, number>, found: ReadonlyMap<string, string>): void {
    for (const member of this.#members) {
      if (member.notResumed === (known.get(member) ?? 0)) continue;
      known.set(member, member.notResumed);
      const place = keys.place(member.identity);
      this.#expected.adopt(
        found,
        (key) => key === place || (known === this.#newSessionsStored && key.startsWith('list ')),
      );
      if (known === this.#newSessionsTold) this.#chats.handleNewSession(member.identity);
    }
  }

  /** All chat arrives, and somebody who comes now is told the whole history. */
  async #finish(): Promise<void> {
    if (!this.#sound) return;
    this.#anna.comeBack();
    const awaited = (): number =>
      this.#members.reduce((sum, { identity }) => sum + this.#chats.awaitedBy(identity).length, 0);
    const isOpen = (): boolean => this.#members.some(({ identity }) => this.#chats.open(identity) > 0);
    await waitFor('chat to arrive', MAX_RETURN_MS, () => (isOpen() || awaited() > 0 ? null : true)).catch(
      () => this.#loseChats(awaited(), 'delivered at the end'),
    );
    // What was delivered twice comes right behind.
    await sleep(MAX_WRITING_MS);
    const wanted = this.#chats.keptAfter(0);
    const history = await this.#readHistory(this.#dora, new Set(wanted));
    this.#loseChats(this.#chats.missingIn(history, wanted), 'in the history at the end');
  }

  #lose(found: readonly Difference[], where: string): void {
    this.#figures.lost += found.length;
    for (const { key, expected, found: value } of found.slice(0, MAX_TOLD))
      tell(`after kill ${this.#figures.kills} ${key} is ${value} and not ${expected} as ${where}`);
  }

  #loseChats(count: number, where: string): void {
    this.#figures.lost += count;
    if (count > 0) tell(`after kill ${this.#figures.kills} ${count} messages are not ${where}`);
  }

  #result(): RelayKillResult {
    const { kills, lost, failedIntegrityChecks } = this.#figures;
    const sum = (values: Iterable<number>): number => Array.from(values).reduce((all, one) => all + one, 0);
    const changes = sum(this.#expected.acknowledged.values());
    const doubledChats = this.#chats.doubled.size;
    const notResumed = sum(this.#members.map((member) => member.notResumed));
    const chats = this.#chats;
    const rows: Row[] = [
      {
        check: 'kills of the relay',
        ...this.#figures,
        refused: this.#traffic.refused,
        acknowledgedChanges: changes,
        begunAndThere: this.#expected.uncertainAndDone,
        begunAndNotThere: this.#expected.uncertainAndNotDone,
        acknowledgedChats: chats.acknowledged,
        failedChats: chats.failed,
        chatsToSomebodyAway: this.#traffic.heldChats,
        deliveredChats: chats.shown,
        doubledChats,
        strayChats: chats.strays,
        resumed: sum(this.#members.map((member) => member.resumed)),
        notResumed,
        startMedianMs: median(this.#startsMs),
        returnMedianMs: median(this.#returnsMs),
        returnLongestMs: Math.max(...this.#returnsMs),
      },
      { check: 'changes acknowledged by the relay', ...Object.fromEntries(this.#expected.acknowledged) },
    ];
    const acknowledgedPerKill = (changes + chats.acknowledged) / kills;
    return {
      rows,
      lost: lost + chats.strays,
      doubledChats,
      failedIntegrityChecks,
      notResumed,
      acknowledgedPerKill,
    };
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function tell(sentence: string): void {
  process.stderr.write(`e2e:storage: ${sentence}\n`);
}
