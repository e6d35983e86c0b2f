import { setTimeout as sleep } from 'node:timers/promises';
import type { Rng } from '../../src/core/base/rng.ts';
import type { ChatBook } from './chat-book.ts';
import type { ExpectedRoom } from './expected-room.ts';
import type { RoomChanges } from './room-changes.ts';
import type { RoomMember } from './room-member.ts';

/** Longest pause between two requests of one member, in ms: so that a burst is spread over the time of writing. */
const MAX_PAUSE_MS = 30;

/** Messages of one member that wait for the relay. */
const MAX_OPEN_CHATS = 2;

/** Words that fill a message up to three quarters of what one may hold. */
const MAX_FILLING_WORDS = 600;

export interface RoomTrafficOptions {
  readonly rng: Rng;
  readonly members: readonly RoomMember[];
  /** Goes about, and so writes to one person alone. */
  readonly wanderer: RoomMember;
  /** Is away now and then, and is written to all the same. */
  readonly absentee: RoomMember;
  readonly expected: ExpectedRoom;
  readonly changes: RoomChanges;
  readonly chats: ChatBook;
  readonly tell: (sentence: string) => void;
}

/** Everybody changes the room and talks, as fast as the relay lets them. */
export class RoomTraffic {
  /** Requests that the relay refused though they were in order. */
  refused = 0;
  /** Messages to somebody who was away. */
  heldChats = 0;
  readonly #options: RoomTrafficOptions;
  readonly #underWay = new Set<Promise<void>>();
  #going = false;

  constructor(options: RoomTrafficOptions) {
    this.#options = options;
  }

  start(): void {
    this.#going = true;
    for (const member of this.#options.members) void this.#go(member);
  }

  stop(): void {
    this.#going = false;
  }

  /** Waits until every request is answered, or has lost its lane. */
  async settle(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #go(member: RoomMember): Promise<void> {
    const { chats, rng } = this.#options;
    while (this.#going) {
      if (chats.open(member.identity) < MAX_OPEN_CHATS) this.#chat(member);
      if (member.mayAsk) this.#ask(member);
      await sleep(rng.next() * MAX_PAUSE_MS);
    }
  }

  #chat(member: RoomMember): void {
    const { absentee, chats, members, rng, wanderer } = this.#options;
    const filling = 'text '.repeat(rng.next() * MAX_FILLING_WORDS);
    const [landing] = member.call.channels;
    if (member === wanderer || (member !== absentee && rng.next() < 0.5)) {
      const { identity } = absentee;
      if (absentee.away) this.heldChats += 1;
      member.write({ kind: 'member', identity }, chats.write(member.identity, [identity], false, filling));
    } else if (landing !== undefined) {
      const others = members.filter((other) => other !== member && other !== wanderer);
      const identities = others.map(({ identity }) => identity);
      member.write(
        { kind: 'channel', channel: landing.id },
        chats.write(member.identity, identities, true, filling),
      );
    }
  }

  #ask(member: RoomMember): void {
    const { changes, expected, tell } = this.#options;
    const drawn = changes.draw(member);
    if (drawn === null) return;
    const { change, request } = drawn;
    expected.begin(change);
    const asked = member.ask(request).then((fate) => {
      expected.end(change, fate.kind);
      this.#underWay.delete(asked);
      if (fate.kind !== 'refused') return;
      this.refused += 1;
      tell(`${change.kind} is refused: ${fate.sentence}`);
    });
    this.#underWay.add(asked);
  }
}
