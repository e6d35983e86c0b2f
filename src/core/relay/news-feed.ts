import { MAX_NEWS, type MemberNews, type RelayMessage } from '../wire/control.ts';
import type { AdminNews, AdminOutcome } from './admin-port.ts';
import type { CommandId, JobId, LaneId, RelayOut } from './relay-out.ts';

/**
 * From this many members on, changes are gathered: telling each to each would hold up the thread that forwards voice,
 * and in a storm of joins costs messages by the square.
 */
export const LARGE_ROOM_MEMBERS = 200;

/** Changes wait this long for others, in ms: nobody watches a list of hundreds that closely. */
export const NEWS_INTERVAL_MS = 250;

/** Lanes told in one go, and the pause after it, in ms: less than a frame's forwarding, so that voice comes in between. */
export const MAX_LANES_PER_TURN = 50;
export const TURN_PAUSE_MS = 1;

interface Entry {
  readonly news: MemberNews;
  /** The lane that knows already. */
  readonly except: LaneId | null;
}

/**
 * Member news of a large room on their way to the lanes, gathered into `news` messages and told to some lanes at a
 * time. A lane that is sent anything else meanwhile gets its news first: order on a lane is never changed.
 */
export class NewsFeed {
  readonly #lanes: () => Iterable<LaneId>;
  /** Entries from number `#first` on. */
  #entries: Entry[] = [];
  #first = 0;
  /** Number of the next entry a lane has not seen; a lane that is missing has seen none of `#entries`. */
  readonly #seen = new Map<LaneId, number>();
  /** Lanes of the round that is being told; null: no round. */
  #round: LaneId[] | null = null;
  #dueMs: number | null = null;
  #nowMs = 0;
  #gathering = false;
  /** The newest messages that were put together, for the lanes that have seen just as much. */
  #cut: { readonly from: number; readonly to: number; readonly messages: readonly RelayMessage[] } | null =
    null;

  /** @param lanes those of all members, as they are now */
  constructor(lanes: () => Iterable<LaneId>) {
    this.#lanes = lanes;
  }

  /** Changes that somebody may not have been told yet. */
  get waiting(): number {
    return this.#entries.length;
  }

  /** Whether this call of the engine gathers; decided once for each, so that order is kept within it. */
  get gathering(): boolean {
    return this.#gathering;
  }

  /** A call of the engine begins. */
  begin(members: number, nowMs: number): void {
    this.#nowMs = nowMs;
    this.#gathering = members > LARGE_ROOM_MEMBERS || this.#entries.length > 0;
  }

  add(news: MemberNews, except: LaneId | null): void {
    this.#entries.push({ news, except });
    this.#dueMs ??= this.#nowMs + NEWS_INTERVAL_MS;
  }

  /** What has to go to `lane` before anything else does. */
  catchUp(lane: LaneId, out: RelayOut): void {
    const end = this.#first + this.#entries.length;
    const from = this.#seen.get(lane) ?? this.#first;
    if (from >= end) return;
    this.#seen.set(lane, end);
    for (const message of this.#messages(lane, from, end)) out.sendControl(lane, message);
  }

  /** `lane` was just told everything. */
  skip(lane: LaneId): void {
    if (this.#entries.length > 0) this.#seen.set(lane, this.#first + this.#entries.length);
  }

  handleDeadline(nowMs: number, out: RelayOut): void {
    if (this.#dueMs === null || nowMs < this.#dueMs) return;
    this.#round ??= [...this.#lanes()];
    for (const lane of this.#round.splice(-MAX_LANES_PER_TURN)) this.catchUp(lane, out);
    if (this.#round.length > 0) {
      this.#dueMs = nowMs + TURN_PAUSE_MS;
      return;
    }
    this.#round = null;
    this.#forgetTold();
    this.#dueMs = this.#entries.length > 0 ? nowMs + NEWS_INTERVAL_MS : null;
  }

  nextDeadlineMs(): number | null {
    return this.#dueMs;
  }

  /** Drops what every lane has seen. Lanes that are gone, or opened meanwhile, hold nothing back. */
  #forgetTold(): void {
    const end = this.#first + this.#entries.length;
    let told = end;
    for (const lane of this.#lanes()) told = Math.min(told, this.#seen.get(lane) ?? this.#first);
    this.#entries = this.#entries.slice(told - this.#first);
    this.#first = told;
    this.#cut = null;
    for (const [lane, seen] of this.#seen) if (seen <= told) this.#seen.delete(lane);
    if (this.#entries.length === 0) this.#seen.clear();
  }

  /** The same objects for all lanes that have seen as much, so that an adapter serialises them once. */
  #messages(lane: LaneId, from: number, to: number): readonly RelayMessage[] {
    const entries = this.#entries.slice(from - this.#first, to - this.#first);
    if (entries.some((entry) => entry.except === lane))
      return gather(entries.filter((entry) => entry.except !== lane));
    if (this.#cut === null || this.#cut.from !== from || this.#cut.to !== to)
      this.#cut = { from, to, messages: gather(entries) };
    return this.#cut.messages;
  }
}

function gather(entries: readonly Entry[]): RelayMessage[] {
  const messages: RelayMessage[] = [];
  for (let at = 0; at < entries.length; at += MAX_NEWS)
    messages.push({ type: 'news', news: entries.slice(at, at + MAX_NEWS).map((entry) => entry.news) });
  return messages;
}

/** A relay's `out` in which a lane's news go before everything else that it is sent. */
export class NewsFirst implements RelayOut {
  readonly #feed: NewsFeed;
  readonly #out: RelayOut;

  constructor(feed: NewsFeed, out: RelayOut) {
    this.#feed = feed;
    this.#out = out;
  }

  sendControl(lane: LaneId, message: RelayMessage): void {
    // A welcome shows the room as it is now.
    if (message.type === 'welcome') this.#feed.skip(lane);
    else this.#feed.catchUp(lane, this.#out);
    this.#out.sendControl(lane, message);
  }

  sendDatagram(bytes: Uint8Array, lengthBytes: number, to: Uint8Array): void {
    this.#out.sendDatagram(bytes, lengthBytes, to);
  }

  fanOut(bytes: Uint8Array, lengthBytes: number, addresses: Uint8Array, count: number, skip: number): void {
    this.#out.fanOut(bytes, lengthBytes, addresses, count, skip);
  }

  sendLaneDatagram(lane: LaneId, bytes: Uint8Array, lengthBytes: number): void {
    this.#out.sendLaneDatagram(lane, bytes, lengthBytes);
  }

  closeLane(lane: LaneId): void {
    this.#out.closeLane(lane);
  }

  checkPassword(job: JobId, password: string, hash: string): void {
    this.#out.checkPassword(job, password, hash);
  }

  hashPassword(job: JobId, password: string): void {
    this.#out.hashPassword(job, password);
  }

  answerAdmin(id: CommandId, outcome: AdminOutcome): void {
    this.#out.answerAdmin(id, outcome);
  }

  tellAdmin(news: AdminNews): void {
    this.#out.tellAdmin(news);
  }
}
