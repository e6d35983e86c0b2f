import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RelaySnapshot } from '../../src/core/relay/relay-store.ts';
import type { ChatMessage } from '../../src/core/wire/chat.ts';
import type { Ban } from '../../src/core/wire/control.ts';
import { RelayDatabase } from '../../src/main/relay/relay-database.ts';
import { defaultChannels } from '../../src/main/relay/room-defaults.ts';
import { waitFor } from '../rig/child.ts';
import type { ChatBook } from './chat-book.ts';
import { type Difference, differences, type ExpectedRoom } from './expected-room.ts';
import { isWhole } from './is-whole.ts';
import type { RoomMember } from './room-member.ts';
import { keys, storedState, tellable, toldState } from './room-state.ts';

const MIGRATIONS = join(import.meta.dirname, '../../resources/migrations/relay');

/** Longest wait for an answer, and for chat to arrive, in ms. */
const MAX_WAIT_MS = 20_000;

/** What is delivered twice comes right behind, within this many ms. */
const SECOND_DELIVERY_MS = 400;

/** Differences of one comparison that are told. */
const MAX_TOLD = 5;

export interface RoomCheckOptions {
  readonly owner: RoomMember;
  readonly members: readonly RoomMember[];
  readonly expected: ExpectedRoom;
  readonly chats: ChatBook;
  readonly tell: (sentence: string) => void;
}

/** Holds what a relay has in its database, and what it tells its members, against what it acknowledged. */
export class RoomCheck {
  readonly counts = { lost: 0, failedIntegrityChecks: 0, droppedRows: 0 };
  readonly #options: RoomCheckOptions;
  /** New sessions of each member, as the database and the lanes were compared last. */
  readonly #newSessionsStored = new Map<RoomMember, number>();
  readonly #newSessionsTold = new Map<RoomMember, number>();
  #historySeenUpTo = 0;

  constructor(options: RoomCheckOptions) {
    this.#options = options;
  }

  /** Nothing was found that must not be. */
  get passed(): boolean {
    const { lost, failedIntegrityChecks, droppedRows } = this.counts;
    return lost + failedIntegrityChecks + droppedRows + this.#options.chats.doubled.size === 0;
  }

  /** @param path of a database that the relay left when it was killed; it is changed */
  compareStored(path: string): void {
    if (!isWhole(path)) {
      this.counts.failedIntegrityChecks += 1;
      return;
    }
    const database = new RelayDatabase({ path, migrationsFolder: MIGRATIONS });
    try {
      const snapshot = database.snapshot(defaultChannels());
      this.counts.droppedRows += Object.values(database.droppedRows).reduce((sum, count) => sum + count, 0);
      const found = storedState(snapshot);
      this.#excuseNewSessions(this.#newSessionsStored, found);
      this.#lose(this.#options.expected.judge(found), 'stored');
      const [landing] = snapshot.channels;
      const history = database.readHistory(landing?.info.id ?? 0, null, Number.MAX_SAFE_INTEGER);
      this.#loseChats(
        this.#options.chats.missingIn(history, this.#options.chats.keptAfter(0)),
        'in the stored history',
      );
      for (const member of this.#options.members) this.#compareDeliveries(member, snapshot);
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
    const missing = this.#options.chats.awaitedBy(member.identity).filter((text) => !waiting.has(text));
    this.#loseChats(missing.length, `stored for ${member.nickname}`);
  }

  /** @param bans as the owner was told them */
  async compareTold(bans: readonly Ban[]): Promise<void> {
    const { owner } = this.#options;
    for (const member of this.#options.members) {
      if (member.away) continue;
      const found = toldState(member, bans, owner.identity);
      this.#excuseNewSessions(this.#newSessionsTold, found);
      this.#lose(
        differences(tellable(this.#options.expected.state, member), found),
        `told to ${member.nickname}`,
      );
    }
    const wanted = this.#options.chats.keptAfter(this.#historySeenUpTo);
    const settledUpTo = this.#options.chats.settledUpTo;
    const history = await this.#readHistory(owner, new Set(wanted));
    this.#loseChats(this.#options.chats.missingIn(history, wanted), 'in the history that is told');
    this.#historySeenUpTo = settledUpTo;
  }

  /** From the newest back until everything wanted was there, or there is no more. */
  async #readHistory(member: RoomMember, wanted: Set<string>): Promise<readonly ChatMessage[]> {
    const [landing] = member.call.channels;
    let history: readonly ChatMessage[] = [];
    while (wanted.size > 0) {
      await waitFor('room for a request', MAX_WAIT_MS, () => (member.mayAsk ? true : null));
      const page = await member.readHistory(landing?.id ?? 0, history[0]?.id ?? null);
      if (page.length === 0) break;
      for (const { text } of page) wanted.delete(text);
      history = [...page, ...history];
    }
    return history;
  }

  /** Whoever had to begin a new session is where newcomers are, without whisper lists, and gets only what comes from then on. */
  #excuseNewSessions(known: Map<RoomMember, number>, found: ReadonlyMap<string, string>): void {
    for (const member of this.#options.members) {
      if (member.notResumed === (known.get(member) ?? 0)) continue;
      known.set(member, member.notResumed);
      const place = keys.place(member.identity);
      this.#options.expected.adopt(
        found,
        (key) => key === place || (known === this.#newSessionsStored && key.startsWith('list ')),
      );
      this.#options.chats.handleNewSession(member.identity);
    }
  }

  /** All chat arrives, and the whole history is told. */
  async compareAtEnd(reader: RoomMember): Promise<void> {
    const awaited = (): number =>
      this.#options.members.reduce(
        (sum, { identity }) => sum + this.#options.chats.awaitedBy(identity).length,
        0,
      );
    const open = (): number =>
      this.#options.members.reduce((sum, { identity }) => sum + this.#options.chats.open(identity), 0);
    await waitFor('chat to arrive', MAX_WAIT_MS, () => (open() + awaited() > 0 ? null : true)).catch(() =>
      this.#loseChats(open() + awaited(), 'delivered at the end'),
    );
    // What was delivered twice comes right behind.
    await sleep(SECOND_DELIVERY_MS);
    const wanted = this.#options.chats.keptAfter(0);
    const history = await this.#readHistory(reader, new Set(wanted));
    this.#loseChats(this.#options.chats.missingIn(history, wanted), 'in the history at the end');
  }

  #lose(found: readonly Difference[], where: string): void {
    this.counts.lost += found.length;
    for (const { key, expected, found: value } of found.slice(0, MAX_TOLD))
      this.#options.tell(`${key} is ${value} and not ${expected} as ${where}`);
  }

  #loseChats(count: number, where: string): void {
    this.counts.lost += count;
    if (count > 0) this.#options.tell(`${count} messages are not ${where}`);
  }
}
