import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../../bench/report.ts';
import { createRng, type Rng } from '../../src/core/base/rng.ts';
import { ADMIN_ROLE_ID } from '../../src/core/wire/roles.ts';
import { waitFor, within } from '../rig/child.ts';
import { freePort } from '../rig/free-port.ts';
import { ChatBook } from './chat-book.ts';
import { ExpectedRoom } from './expected-room.ts';
import { KillableRelay } from './killable-relay.ts';
import { RoomChanges } from './room-changes.ts';
import { RoomCheck } from './room-check.ts';
import { RoomMember } from './room-member.ts';
import { keys, LANDING } from './room-state.ts';
import { RoomTraffic } from './room-traffic.ts';

/** A port may be taken between being looked at and being used, by whoever else runs here. */
const MAX_PORT_TRIES = 10;

/** Longest time that is written before the relay is killed, in ms. */
const MAX_WRITING_MS = 400;

/** Every fifth relay is killed again while it starts or takes members back, within this many ms: it needs half of them. */
const START_EVERY = 5;
const MAX_STARTING_MS = 600;

/** Before a third of the kills answers are lost on their way for up to this long, in ms: what they were to say is done. */
const MAX_ANSWERS_LOST_MS = 100;

/** Another third comes with an answer, in ms at the latest: whoever answers before it writes has no time left. */
const MAX_ANSWER_MS = 200;

/** Of so many kills, one member is away from the third to the sixth. */
const AWAY_CYCLE = 8;
const AWAY_FROM = 3;
const AWAY_TO = 6;

/** Longest wait for members to be back, for lanes to notice that they are dead, and for chat to arrive, in ms. */
const MAX_RETURN_MS = 20_000;

export interface RelayKillOptions {
  /** For the relay's files; empty. */
  readonly folder: string;
  readonly kills: number;
  readonly seed: number;
}

export interface RelayKillResult {
  readonly rows: readonly Row[];
  /** Acknowledged changes and messages that were gone after a kill, and whatever else was not as it was left. */
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
  readonly #check: RoomCheck;
  readonly #startsMs: number[] = [];
  readonly #returnsMs: number[] = [];
  readonly #figures = {
    kills: 0,
    killsWhileStarting: 0,
    killsWithAnAnswer: 0,
  };
  #port = 0;
  /** When the newest relay began to start. */
  #startedMs = 0;

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
    const told = (sentence: string): void => tell(`after kill ${this.#figures.kills}: ${sentence}`);
    this.#check = new RoomCheck({
      owner: this.#olga,
      members: this.#members,
      expected: this.#expected,
      chats: this.#chats,
      tell: told,
    });
    this.#traffic = new RoomTraffic({
      rng: this.#rng,
      members: this.#members,
      wanderer: this.#will,
      absentee: this.#anna,
      expected: this.#expected,
      changes: this.#changes,
      chats: this.#chats,
      tell: told,
    });
  }

  /** Stops early when something is lost. */
  async run(): Promise<RelayKillResult> {
    let relay = await this.#open();
    try {
      await this.#furnish();
      for (let round = 0; this.#figures.kills < this.#options.kills && this.#check.passed; round += 1) {
        await this.#write(relay, round % AWAY_CYCLE);
        relay = await this.#killAndStart(relay);
        if (round % START_EVERY === START_EVERY - 1 && this.#figures.kills < this.#options.kills) {
          this.#figures.killsWhileStarting += 1;
          relay = await this.#killAtStart(relay);
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
      // Not out of the seed: another run of the same seed may go on beside this one.
      this.#port = await freePort();
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

  async #write(relay: KillableRelay, cycle: number): Promise<void> {
    this.#traffic.start();
    const untilMs = performance.now() + this.#rng.next() * MAX_WRITING_MS;
    if (cycle === AWAY_FROM) {
      await sleep((this.#rng.next() * MAX_WRITING_MS) / 2);
      this.#anna.goAway();
    }
    if (cycle === AWAY_TO) this.#anna.comeBack();
    await sleep(Math.max(0, untilMs - performance.now()));
    const roll = Math.floor(this.#rng.next() * 3);
    if (roll === 0) {
      for (const member of this.#members) member.loseAnswers();
      await sleep(this.#rng.next() * MAX_ANSWERS_LOST_MS);
    } else if (roll === 1) {
      await within(this.#nextAnswer(relay), MAX_ANSWER_MS);
      for (const member of this.#members) member.onAnswer = null;
    }
  }

  /** Strikes with the next answer. */
  #nextAnswer(relay: KillableRelay): Promise<void> {
    return new Promise((resolve) => {
      for (const member of this.#members) {
        member.onAnswer = () => {
          relay.strike();
          for (const other of this.#members) other.onAnswer = null;
          this.#figures.killsWithAnAnswer += 1;
          resolve();
        };
      }
    });
  }

  /** Before it has let everybody in again; of those it has, half do not know. */
  async #killAtStart(relay: KillableRelay): Promise<KillableRelay> {
    for (const member of this.#members) member.losesWelcomes = this.#rng.next() < 0.5;
    await sleep(this.#rng.next() * MAX_STARTING_MS);
    const next = await this.#killAndStart(relay);
    for (const member of this.#members) member.losesWelcomes = false;
    return next;
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
    this.#check.compareStored(copy);
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
    await this.#check.compareTold(bans);
  }

  async #finish(): Promise<void> {
    if (!this.#check.passed) return;
    this.#anna.comeBack();
    await this.#check.compareAtEnd(this.#dora);
  }

  #result(): RelayKillResult {
    const { kills } = this.#figures;
    const { droppedRows, failedIntegrityChecks, lost } = this.#check.counts;
    const sum = (values: Iterable<number>): number => Array.from(values).reduce((all, one) => all + one, 0);
    const changes = sum(this.#expected.acknowledged.values());
    const doubledChats = this.#chats.doubled.size;
    const notResumed = sum(this.#members.map((member) => member.notResumed));
    const chats = this.#chats;
    const rows: Row[] = [
      {
        check: 'kills of the relay',
        ...this.#figures,
        ...this.#check.counts,
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
        lostWelcomes: sum(this.#members.map((member) => member.welcomesLost)),
        startMedianMs: median(this.#startsMs),
        returnMedianMs: median(this.#returnsMs),
        returnLongestMs: Math.max(...this.#returnsMs),
      },
      { check: 'changes acknowledged by the relay', ...Object.fromEntries(this.#expected.acknowledged) },
    ];
    const acknowledgedPerKill = (changes + chats.acknowledged) / kills;
    return {
      rows,
      lost: lost + droppedRows + chats.strays,
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
