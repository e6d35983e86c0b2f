import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RecordedMember } from '../sim/recorded-relay.ts';
import {
  ATTIC,
  CELLAR,
  DONE_7,
  KITCHEN,
  LIBRARY,
  LOBBY,
  refused7,
  StaffedRoom,
} from '../sim/staffed-room.ts';
import { MAX_CHAT_BYTES, MAX_HISTORY_PAGE, MAX_UNDELIVERED_CHATS } from '../wire/chat.ts';
import { MAX_CONTROL_LENGTH, type RelayMessage } from '../wire/control.ts';
import { SEEN_FLUSH_MS } from './chat-desk.ts';
import { HISTORY_SWEEP_MS } from './history-desk.ts';
import { MAX_CHAT_BURST } from './sessions.ts';

const numRuns = Number(process.env.FUZZ_RUNS ?? 100);

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();

const DAY_MS = 86_400_000;

type ChatMessage = Extract<RelayMessage, { type: 'chat' }>;

interface Three {
  readonly room: StaffedRoom;
  readonly anna: RecordedMember;
  readonly ben: RecordedMember;
  readonly cleo: RecordedMember;
}

function startRoom(): Three {
  const room = new StaffedRoom(mac);
  const [anna, ben, cleo] = [room.admit('Anna'), room.admit('Ben'), room.admit('Cleo')];
  room.hush();
  return { room, anna, ben, cleo };
}

function write(room: StaffedRoom, from: RecordedMember, id: number, text: string, channel = LOBBY): void {
  room.say(from.lane, { type: 'chat', id, to: { kind: 'channel', channel }, text });
}

function tell(room: StaffedRoom, from: RecordedMember, id: number, text: string, to: RecordedMember): void {
  room.say(from.lane, { type: 'chat', id, to: { kind: 'member', identity: to.identity }, text });
}

function chats(messages: readonly RelayMessage[]): ChatMessage[] {
  return messages.filter((message) => message.type === 'chat');
}

/** Lets time pass that the chat's pace needs, everybody staying awake. */
function wait(room: StaffedRoom, members: readonly RecordedMember[], ms: number): void {
  for (let passed = 0; passed < ms; passed += 10_000) {
    room.pass(Math.min(10_000, ms - passed));
    for (const member of members) room.say(member.lane, { type: 'ping', id: 0 });
  }
}

describe('chat in a channel', () => {
  test('goes to the others in it, numbered for each, and is confirmed to the one who wrote it', () => {
    const { room, anna, ben, cleo } = startRoom();
    room.ask(cleo.lane, 1, { kind: 'join', channel: KITCHEN });
    room.hush();
    write(room, anna, 1, 'Hello');
    write(room, ben, 1, 'Hi');
    const message = (id: number, from: RecordedMember, nickname: string, text: string) => ({
      id,
      from: { identity: from.identity, nickname },
      to: { kind: 'channel', channel: LOBBY },
      text,
      sentMs: 1_700_000_000_000 + room.nowMs,
    });
    const sentMs = 1_700_000_000_000 + room.nowMs;
    expect(room.take(ben.lane)).toEqual([
      { type: 'chat', delivery: 1, message: message(1, anna, 'Anna', 'Hello') },
      { type: 'chatTaken', id: 1, message: 2, sentMs },
    ]);
    expect(room.take(anna.lane)).toEqual([
      { type: 'chatTaken', id: 1, message: 1, sentMs },
      { type: 'chat', delivery: 1, message: message(2, ben, 'Ben', 'Hi') },
    ]);
    expect(room.take(cleo.lane)).toEqual([]);
  });

  test('is for those in it, muted for all or not', () => {
    const { room, anna, ben } = startRoom();
    write(room, anna, 1, 'Hello', KITCHEN);
    write(room, anna, 1, 'Hello', 99);
    expect(room.take(anna.lane)).toMatchObject([
      { type: 'refused', code: 'notAllowed', chat: 1, request: null },
      { type: 'refused', code: 'unknownChannel', chat: 1 },
    ]);
    const mona = room.admit('Mona');
    room.ask(mona.lane, 1, { kind: 'muteForAll', member: anna.token, muted: true });
    write(room, anna, 1, 'Still here');
    expect(chats(room.take(ben.lane))).toMatchObject([{ message: { text: 'Still here' } }]);
  });

  test('too fast is refused, message by message, and the lane stays', () => {
    const { room, anna, ben } = startRoom();
    for (let id = 1; id <= MAX_CHAT_BURST + 2; id += 1) write(room, anna, id, `No. ${id}`);
    expect(chats(room.take(ben.lane)).length).toBe(MAX_CHAT_BURST);
    const refusals = room.take(anna.lane).filter((message) => message.type === 'refused');
    expect(refusals.map(({ code, chat }) => [code, chat])).toEqual([
      ['chatTooFast', MAX_CHAT_BURST + 1],
      ['chatTooFast', MAX_CHAT_BURST + 2],
    ]);
    expect(room.closed).toEqual([]);
    room.pass(1_000);
    write(room, anna, MAX_CHAT_BURST + 1, 'again');
    expect(chats(room.take(ben.lane)).map((chat) => chat.message.text)).toEqual(['again']);
    expect(room.engine.stats()).toMatchObject({ chats: 13, chatsTaken: 11, chatsRefused: 2 });
  });

  test('is taken once for each number, which may leave some out', () => {
    const { room, anna, ben } = startRoom();
    write(room, anna, 1, 'one');
    room.pass(500);
    write(room, anna, 1, 'one, again');
    write(room, anna, 5, 'five');
    write(room, anna, 3, 'three, too late');
    write(room, anna, 0, 'none');
    expect(chats(room.take(ben.lane)).map((chat) => chat.message.text)).toEqual(['one', 'five']);
    const taken = room.take(anna.lane);
    expect(taken[1]).toEqual(taken[0]);
    expect(taken).toMatchObject([
      { type: 'chatTaken', id: 1, message: 1 },
      { type: 'chatTaken', id: 1, message: 1 },
      { type: 'chatTaken', id: 5, message: 2 },
      { type: 'chatTaken', id: 5, message: 2 },
      { type: 'chatTaken', id: 5, message: 2 },
    ]);
    expect(room.engine.stats()).toMatchObject({ chatsRepeated: 3, chatsTaken: 2 });
  });

  test.each([
    ['a'.repeat(MAX_CHAT_BYTES), true],
    ['a'.repeat(MAX_CHAT_BYTES + 1), false],
    ['\u00e9'.repeat(MAX_CHAT_BYTES / 2), true],
    [`${'\u00e9'.repeat(MAX_CHAT_BYTES / 2)}a`, false],
    ['  \n ', false],
    ['\u202eevil', false],
  ])('%.8j... is taken: %s', (text, taken) => {
    const { room, anna } = startRoom();
    write(room, anna, 1, text);
    expect(room.take(anna.lane)[0]?.type).toBe(taken ? 'chatTaken' : 'refused');
  });
});

describe('chat to one person', () => {
  test('reaches that one alone, whichever channel', () => {
    const { room, anna, ben, cleo } = startRoom();
    room.ask(ben.lane, 1, { kind: 'join', channel: KITCHEN });
    room.hush();
    tell(room, anna, 1, 'Psst', ben);
    expect(chats(room.take(ben.lane))).toMatchObject([{ delivery: 1, message: { text: 'Psst' } }]);
    expect(room.take(cleo.lane)).toEqual([]);
    tell(room, anna, 2, 'Note to myself', anna);
    expect(room.take(anna.lane).map((message) => message.type)).toEqual(['chatTaken', 'chatTaken']);
    room.say(ben.lane, { type: 'bye' });
    tell(room, anna, 3, 'Still there?', ben);
    expect(room.take(anna.lane).at(-1)).toMatchObject({ code: 'unknownMember', chat: 3 });
  });

  test('waits for those whose place is held, and comes with the resume, once', () => {
    const { room, anna, ben } = startRoom();
    tell(room, anna, 1, 'one', ben);
    room.hangUp(ben.lane);
    tell(room, anna, 2, 'two', ben);
    tell(room, anna, 3, 'three', ben);
    // The first one had arrived.
    const lane = room.greet('Ben', { resume: room.ticket(ben, 1) });
    const messages = room.take(lane);
    expect(messages.find((message) => message.type === 'welcome')).toMatchObject({
      resumed: true,
      chatSeen: 1,
    });
    expect(chats(messages).map(({ delivery, message }) => [delivery, message.text])).toEqual([
      [2, 'two'],
      [3, 'three'],
    ]);
    expect(room.store.snapshot().deliveries.map(({ delivery }) => delivery)).toEqual([2, 3]);
    room.say(lane, { type: 'chatSeen', seen: 3 });
    expect(room.engine.stats()).toMatchObject({ deliveries: 3, deliveriesSeen: 3, deliveriesWaiting: 0 });
  });

  test('comes to those who come back without a resume, if it never went out', () => {
    const { room, anna, ben } = startRoom();
    tell(room, anna, 1, 'went out', ben);
    room.hangUp(ben.lane);
    tell(room, anna, 2, 'waited', ben);
    write(room, anna, 3, 'for the channel');
    const lane = room.greet('Ben');
    const messages = room.take(lane);
    expect(messages.find((message) => message.type === 'welcome')).toMatchObject({
      resumed: false,
      chatSeen: 0,
    });
    expect(chats(messages).map(({ delivery, message }) => [delivery, message.text])).toEqual([[1, 'waited']]);
    const kept = room.store.snapshot().deliveries;
    const deliveries = kept.filter(({ message }) => message.to.kind === 'member');
    expect(deliveries.map(({ delivery, message }) => [delivery, message.text])).toEqual([[1, 'waited']]);
  });

  test('is refused when too much waits; in a channel the oldest makes way', () => {
    const { room, ben } = startCrowd(MAX_UNDELIVERED_CHATS / MAX_CHAT_BURST + 1);
    const writers = [...room.writers];
    const last = writers.pop();
    if (last === undefined) throw new Error('there are writers');
    room.hangUp(ben.lane);
    for (const writer of writers) {
      for (let id = 1; id <= MAX_CHAT_BURST; id += 1) tell(room, writer, id, 'waiting', ben);
    }
    expect(room.engine.stats()).toMatchObject({ deliveriesWaiting: MAX_UNDELIVERED_CHATS });
    room.hush();
    tell(room, last, 1, 'one too many', ben);
    expect(room.take(last.lane)).toMatchObject([{ type: 'refused', code: 'inboxFull', chat: 1 }]);
    write(room, last, 1, 'to all');
    expect(room.take(last.lane)).toMatchObject([{ type: 'chatTaken', id: 1 }]);
    expect(room.engine.stats()).toMatchObject({ deliveriesDropped: 1 });
    const messages = room.take(room.greet('Ben', { resume: room.ticket(ben) }));
    // What was dropped is no hole: deliveries begin behind the number in the welcome.
    expect(messages.find((message) => message.type === 'welcome')).toMatchObject({ chatSeen: 1 });
    const numbers = chats(messages).map(({ delivery }) => delivery);
    expect(numbers).toEqual(Array.from({ length: MAX_UNDELIVERED_CHATS }, (_, at) => at + 2));
    expect(chats(messages).at(-1)).toMatchObject({ message: { text: 'to all' } });
    expect(room.store.snapshot().deliveries.filter((entry) => entry.token === ben.token).length).toBe(
      MAX_UNDELIVERED_CHATS,
    );
  });
});

/** Ben and so many who write to him. */
function startCrowd(count: number): {
  room: StaffedRoom & { writers: RecordedMember[] };
  ben: RecordedMember;
} {
  const room = Object.assign(new StaffedRoom(mac, { maxMembers: 200 }), { writers: [] as RecordedMember[] });
  const ben = room.admit('Ben');
  for (let at = 0; at < count; at += 1) {
    const writer = room.admit(`Writer ${at}`, { address: `198.51.100.${at}` });
    room.writers.push(writer);
    // The lobby does not take all of them.
    if (at < count - 1) room.ask(writer.lane, 1, { kind: 'join', channel: KITCHEN });
  }
  room.hush();
  return { room, ben };
}

describe('what has arrived', () => {
  test('is forgotten, by the store within a second, for all members in one transaction', () => {
    const { room, anna, ben, cleo } = startRoom();
    room.pass(1);
    write(room, anna, 1, 'Hello');
    write(room, anna, 2, 'Hello again');
    const writes = room.engine.stats().storeWrites ?? 0;
    for (const { lane } of [ben, cleo]) room.say(lane, { type: 'chatSeen', seen: 1 });
    for (const { lane } of [ben, cleo]) room.say(lane, { type: 'chatSeen', seen: 1 });
    expect(room.store.snapshot().deliveries.length).toBe(4);
    room.pass(SEEN_FLUSH_MS);
    expect(room.engine.stats().storeWrites).toBe(writes + 1);
    expect(room.store.snapshot().deliveries.map(({ delivery }) => delivery)).toEqual([2, 2]);
    for (const { lane } of [ben, cleo]) room.say(lane, { type: 'chatSeen', seen: 2 ** 40 });
    room.store.failing = true;
    room.pass(SEEN_FLUSH_MS);
    room.store.failing = false;
    room.pass(SEEN_FLUSH_MS);
    expect(room.store.snapshot().deliveries).toEqual([]);
    // The numbers go on after a restart, although no delivery shows them any more.
    room.restart();
    const again = room.admit('Ben', { resume: room.ticket(ben, 2) });
    const anna2 = room.admit('Anna', { resume: room.ticket(anna) });
    write(room, anna2, 3, 'After the restart');
    expect(chats(room.take(again.lane))).toMatchObject([{ delivery: 3, message: { id: 3 } }]);
  });
});

test(
  'none is lost and none comes twice, however often lanes break and the relay is restarted',
  () => {
    const step = fc.record({
      what: fc.constantFrom('write', 'write', 'write', 'tell', 'drop', 'restart', 'see', 'retry', 'fail'),
      who: fc.nat(2),
      whom: fc.nat(2),
      lost: fc.nat(3),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const room = new StaffedRoom(mac);
        const people = ['Anna', 'Ben', 'Cleo'].map((name) => new Person(room, name));
        let count = 0;
        for (const { what, who, whom, lost } of steps) {
          const person = people[who];
          const other = people[whom];
          if (person === undefined || other === undefined) continue;
          room.store.failing = what === 'fail';
          if (what === 'drop') person.breakLane(lost);
          else if (what === 'restart') {
            // Killed: the old engine hears nothing of broken lanes.
            room.restart();
            for (const one of people) one.breakLane(lost);
          } else if (what === 'see') person.acknowledge();
          else if (what === 'retry') person.repeatLast();
          else {
            count += 1;
            person.write(`No. ${count}`, what === 'tell' ? other : null);
          }
          room.store.failing = false;
          for (const one of people) one.read();
          wait(
            room,
            people.flatMap((one) => (one.member === null ? [] : [one.member])),
            1_000,
          );
          for (const one of people) one.comeBack();
        }
        for (const one of people) one.comeBack();
        for (const one of people) {
          const due = people.flatMap((from) =>
            from.sent.filter((chat) => chat.to(one)).map((chat) => chat.text),
          );
          expect([...one.heard].sort()).toEqual(due.sort());
          expect(new Set(one.heard).size).toBe(one.heard.length);
        }
        const { chats: all, chatsTaken, chatsRepeated, chatsRefused } = room.engine.stats();
        expect(all).toBe((chatsTaken ?? 0) + (chatsRepeated ?? 0) + (chatsRefused ?? 0));
      }),
      { numRuns },
    );
  },
  10_000 + 200 * numRuns,
);

/** A client that does what docs/protocol.md asks for: knows what it has heard, and sends again what was not taken. */
class Person {
  member: RecordedMember | null;
  readonly heard: string[] = [];
  /** What the relay took, and whom it is for. */
  readonly sent: { readonly text: string; to(person: Person): boolean }[] = [];
  readonly #room: StaffedRoom;
  readonly #name: string;
  #ticket: { readonly token: number; readonly secret: string };
  #seen = 0;
  #lastId = 0;
  #waiting: { readonly id: number; readonly text: string; readonly to: Person | null } | null = null;

  constructor(room: StaffedRoom, name: string) {
    this.#room = room;
    this.#name = name;
    this.member = room.admit(name);
    this.#ticket = room.ticket(this.member);
  }

  write(text: string, to: Person | null): void {
    if (this.#waiting !== null) return;
    this.#lastId += 1;
    this.#waiting = { id: this.#lastId, text, to };
    this.repeatLast();
  }

  /** Sends what has not been confirmed. */
  repeatLast(): void {
    if (this.#waiting === null || this.member === null) return;
    const { id, text, to } = this.#waiting;
    if (to === null) write(this.#room, this.member, id, text);
    else if (to.member !== null) tell(this.#room, this.member, id, text, to.member);
  }

  acknowledge(): void {
    if (this.member !== null) this.#room.say(this.member.lane, { type: 'chatSeen', seen: this.#seen });
  }

  read(): void {
    if (this.member !== null) this.#take(this.#room.take(this.member.lane));
  }

  /** The lane breaks, and the last so many messages with it. */
  breakLane(lost: number): void {
    if (this.member === null) return;
    const messages = this.#room.take(this.member.lane);
    this.#take(messages.slice(0, Math.max(0, messages.length - lost)));
    this.#room.hangUp(this.member.lane);
    this.member = null;
  }

  comeBack(): void {
    if (this.member !== null) return;
    const lane = this.#room.greet(this.#name, { resume: { ...this.#ticket, chatSeen: this.#seen } });
    const messages = this.#room.take(lane);
    const welcome = messages.find((message) => message.type === 'welcome');
    expect(welcome).toMatchObject({ resumed: true });
    if (welcome === undefined) return;
    this.#ticket = { token: welcome.token, secret: welcome.resumeSecret };
    const { identity } = this.#room.entrant(this.#name);
    const endpoint = { address: '192.0.2.1', port: lane };
    this.member = { lane, token: welcome.token, identity, pathKey: new Uint8Array(32), endpoint, welcome };
    expect(welcome.chatSeen).toBe(this.#seen);
    if (this.#waiting !== null && welcome.chatTaken >= this.#waiting.id) this.#confirm();
    this.#take(messages);
    this.repeatLast();
    this.read();
  }

  #take(messages: readonly RelayMessage[]): void {
    for (const message of messages) {
      if (message.type === 'chat') {
        expect(message.delivery).toBe(this.#seen + 1);
        this.#seen = message.delivery;
        this.heard.push(message.message.text);
      } else if (message.type === 'chatTaken' && message.id === this.#waiting?.id) {
        this.#confirm();
      } else if (message.type === 'refused' && message.chat === this.#waiting?.id) {
        expect(['storageFailed', 'chatTooFast']).toContain(message.code);
        this.#waiting = null;
      }
    }
  }

  #confirm(): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) return;
    const { text, to } = waiting;
    this.sent.push({ text, to: (person) => person !== this && (to === null || to === person) });
  }
}

describe('history', () => {
  const read = (channel: number, before: number | null = null) =>
    ({ kind: 'history', channel, before }) as const;

  function startLibrary(): Three {
    const three = startRoom();
    for (const { lane } of [three.anna, three.ben])
      three.room.ask(lane, 1, { kind: 'join', channel: LIBRARY });
    three.room.hush();
    return three;
  }

  function pages(messages: readonly RelayMessage[]): Extract<RelayMessage, { type: 'history' }>[] {
    return messages.filter((message) => message.type === 'history');
  }

  test('is kept only where the channel says so, and read in pages, oldest first', () => {
    const { room, anna, cleo } = startLibrary();
    const total = MAX_HISTORY_PAGE + 3;
    for (let id = 1; id <= total; id += 1) {
      wait(room, [anna, cleo], 1_000);
      write(room, anna, id, `No. ${id}`, LIBRARY);
    }
    write(room, cleo, 1, 'not kept');
    const [first] = pages(room.ask(cleo.lane, 2, read(LIBRARY)));
    expect(first?.complete).toBe(false);
    expect(first?.messages.map((message) => message.text)).toEqual(
      Array.from({ length: MAX_HISTORY_PAGE }, (_, at) => `No. ${at + 4}`),
    );
    const [second] = pages(room.ask(cleo.lane, 3, read(LIBRARY, first?.messages[0]?.id ?? null)));
    expect(second?.complete).toBe(true);
    expect(second?.messages.map((message) => message.text)).toEqual(['No. 1', 'No. 2', 'No. 3']);
    const none = room.ask(cleo.lane, 4, read(LOBBY));
    expect(none).toEqual([
      { type: 'history', channel: LOBBY, messages: [], complete: true },
      { type: 'done', id: 4 },
    ]);
  });

  test('of the longest messages fits a control message', () => {
    const { room, anna, cleo } = startLibrary();
    // A line break is written as two characters.
    const text = `a${'\n'.repeat(MAX_CHAT_BYTES - 2)}b`;
    for (let id = 1; id <= MAX_HISTORY_PAGE; id += 1) {
      wait(room, [anna, cleo], 1_000);
      write(room, anna, id, text, LIBRARY);
    }
    const [page] = pages(room.ask(cleo.lane, 1, read(LIBRARY)));
    expect(JSON.stringify(page).length).toBeLessThanOrEqual(MAX_CONTROL_LENGTH);
    expect(page?.complete).toBe(false);
    expect(page?.messages.length).toBeGreaterThan(MAX_HISTORY_PAGE / 2);
    expect(page?.messages.at(-1)?.id).toBe(MAX_HISTORY_PAGE);
  });

  test('ends with its time: in what is read at once, in the store within the hour', () => {
    const { room, anna } = startLibrary();
    write(room, anna, 1, 'old', LIBRARY);
    wait(room, [anna], DAY_MS / 2);
    write(room, anna, 2, 'newer', LIBRARY);
    wait(room, [anna], DAY_MS / 2);
    const texts = () =>
      pages(room.ask(anna.lane, 1, read(LIBRARY))).flatMap((page) => page.messages.map((chat) => chat.text));
    expect(texts()).toEqual(['old', 'newer']);
    room.pass(1_000);
    expect(texts()).toEqual(['newer']);
    wait(room, [anna], HISTORY_SWEEP_MS);
    expect(room.store.messages.map((message) => message.text)).toEqual(['newer']);
  });

  test('is for those who are in the channel or could walk in', () => {
    const { room, anna } = startLibrary();
    expect(room.answerTo(anna, read(ATTIC))).toEqual(
      refused7('notAllowed', {
        kind: 'role',
        action: 'enter',
        channel: 'Attic',
        required: 'Moderator',
        own: 'Member',
      }),
    );
    const locked = { kind: 'password', channel: 'Cellar', given: false };
    expect(room.answerTo(anna, read(CELLAR))).toEqual(refused7('notAllowed', locked));
    expect(room.answerTo(anna, read(99))).toEqual(refused7('unknownChannel'));
    expect(room.answerTo(anna, { kind: 'join', channel: CELLAR, password: 'sesame' })).toEqual(DONE_7);
    expect(room.answerTo(anna, read(CELLAR))).toEqual(DONE_7);
    room.store.failing = true;
    expect(room.answerTo(anna, read(LIBRARY))).toEqual(refused7('storageFailed'));
  });

  test('is forgotten at once when the channel stops keeping it, or is no more', () => {
    const { room, anna, ben } = startLibrary();
    const olga = room.admit('Olga');
    write(room, anna, 1, 'kept', LIBRARY);
    expect(room.store.messages.length).toBe(1);
    const library = room.store.snapshot().channels.find((stored) => stored.info.id === LIBRARY)?.info;
    if (library === undefined) throw new Error('there is a library');
    const config = { ...library.config, historyDays: 0 };
    room.answerTo(olga, { kind: 'changeChannel', channel: LIBRARY, name: 'Library', config });
    expect(room.store.messages).toEqual([]);
    room.answerTo(olga, { kind: 'changeChannel', channel: LIBRARY, name: 'Library', config: library.config });
    write(room, anna, 2, 'kept again', LIBRARY);
    expect(room.store.messages.length).toBe(1);
    for (const { lane } of [anna, ben]) room.say(lane, { type: 'leave' });
    expect(room.answerTo(olga, { kind: 'removeChannel', channel: LIBRARY })).toEqual(DONE_7);
    expect(room.store.messages).toEqual([]);
  });
});
