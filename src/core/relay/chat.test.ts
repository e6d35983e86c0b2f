import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { RecordedMember } from '../sim/recorded-relay.ts';
import { KITCHEN, LOBBY, StaffedRoom } from '../sim/staffed-room.ts';
import { MAX_CHAT_BYTES, MAX_UNDELIVERED_CHATS } from '../wire/chat.ts';
import type { RelayMessage } from '../wire/control.ts';
import { SEEN_FLUSH_MS } from './chat-desk.ts';
import { MAX_UNDELIVERED_CHAT_BYTES } from './inbox.ts';
import { MAX_CHAT_BURST, MAX_CHATS_IN_FLIGHT } from './sessions.ts';

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();

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

function chats(messages: readonly RelayMessage[]): ChatMessage[] {
  return messages.filter((message) => message.type === 'chat');
}

describe('chat in a channel', () => {
  test('goes to the others in it, numbered for each, and is confirmed to the one who wrote it', () => {
    const { room, anna, ben, cleo } = startRoom();
    room.ask(cleo.lane, 1, { kind: 'join', channel: KITCHEN });
    room.hush();
    room.write(anna, 1, 'Hello');
    room.write(ben, 1, 'Hi');
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
    room.write(anna, 1, 'Hello', KITCHEN);
    room.write(anna, 1, 'Hello', 99);
    expect(room.take(anna.lane)).toMatchObject([
      { type: 'refused', code: 'notAllowed', chat: 1, request: null },
      { type: 'refused', code: 'unknownChannel', chat: 1 },
    ]);
    const mona = room.admit('Mona');
    room.ask(mona.lane, 1, { kind: 'muteForAll', member: anna.token, muted: true });
    room.write(anna, 1, 'Still here');
    expect(chats(room.take(ben.lane))).toMatchObject([{ message: { text: 'Still here' } }]);
  });

  test('too fast is refused, message by message, and the lane stays', () => {
    const { room, anna, ben } = startRoom();
    for (let id = 1; id <= MAX_CHAT_BURST + 2; id += 1) room.write(anna, id, `No. ${id}`);
    expect(chats(room.take(ben.lane)).length).toBe(MAX_CHAT_BURST);
    const refusals = room.take(anna.lane).filter((message) => message.type === 'refused');
    expect(refusals.map(({ code, chat }) => [code, chat])).toEqual([
      ['chatTooFast', MAX_CHAT_BURST + 1],
      ['chatTooFast', MAX_CHAT_BURST + 2],
    ]);
    expect(room.closed).toEqual([]);
    room.pass(1_000);
    room.write(anna, MAX_CHAT_BURST + 1, 'again');
    expect(chats(room.take(ben.lane)).map((chat) => chat.message.text)).toEqual(['again']);
    expect(room.engine.stats()).toMatchObject({ chats: 13, chatsTaken: 11, chatsRefused: 2 });
  });

  test('is taken once for each number, which may leave some out', () => {
    const { room, anna, ben } = startRoom();
    room.write(anna, 1, 'one');
    room.pass(500);
    room.write(anna, 1, 'one, again');
    room.write(anna, 5, 'five');
    room.write(anna, 3, 'three, too late');
    room.write(anna, 0, 'none');
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
    room.write(anna, 1, text);
    expect(room.take(anna.lane)[0]?.type).toBe(taken ? 'chatTaken' : 'refused');
  });
});

describe('chat to one person', () => {
  test('reaches that one alone, whichever channel', () => {
    const { room, anna, ben, cleo } = startRoom();
    room.ask(ben.lane, 1, { kind: 'join', channel: KITCHEN });
    room.hush();
    room.tell(anna, 1, 'Psst', ben);
    expect(chats(room.take(ben.lane))).toMatchObject([{ delivery: 1, message: { text: 'Psst' } }]);
    expect(room.take(cleo.lane)).toEqual([]);
    room.tell(anna, 2, 'Note to myself', anna);
    expect(room.take(anna.lane).map((message) => message.type)).toEqual(['chatTaken', 'chatTaken']);
    room.say(ben.lane, { type: 'bye' });
    room.tell(anna, 3, 'Still there?', ben);
    expect(room.take(anna.lane).at(-1)).toMatchObject({ code: 'unknownMember', chat: 3 });
  });

  test('waits for those whose place is held, and comes with the resume, once', () => {
    const { room, anna, ben } = startRoom();
    room.tell(anna, 1, 'one', ben);
    room.hangUp(ben.lane);
    room.tell(anna, 2, 'two', ben);
    room.tell(anna, 3, 'three', ben);
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
    room.say(ben.lane, { type: 'ping', id: 1 });
    room.tell(anna, 1, 'went out', ben);
    room.hangUp(ben.lane);
    room.tell(anna, 2, 'waited', ben);
    room.write(anna, 3, 'for the channel');
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

  test('comes again to those whom not even the welcome before it reached', () => {
    const { room, anna, ben } = startRoom();
    room.hangUp(ben.lane);
    room.tell(anna, 1, 'waited', ben);
    // Anew, and this lane takes all with it that goes out.
    const lost = room.admit('Ben');
    room.tell(anna, 2, 'went nowhere', lost);
    room.hangUp(lost.lane);
    const arrived = room.greet('Ben');
    expect(chats(room.take(arrived)).map(({ message }) => message.text)).toEqual(['waited', 'went nowhere']);
    room.say(arrived, { type: 'ping', id: 1 });
    expect(chats(room.take(room.greet('Ben')))).toEqual([]);
  });

  test('is refused when too much waits; in a channel the oldest makes way', () => {
    const { room, ben } = startCrowd(MAX_UNDELIVERED_CHATS / MAX_CHAT_BURST + 1);
    const writers = [...room.writers];
    const last = writers.pop();
    if (last === undefined) throw new Error('there are writers');
    room.hangUp(ben.lane);
    for (const writer of writers) {
      for (let id = 1; id <= MAX_CHAT_BURST; id += 1) room.tell(writer, id, 'waiting', ben);
    }
    expect(room.engine.stats()).toMatchObject({ deliveriesWaiting: MAX_UNDELIVERED_CHATS });
    room.hush();
    room.tell(last, 1, 'one too many', ben);
    expect(room.take(last.lane)).toMatchObject([{ type: 'refused', code: 'inboxFull', chat: 1 }]);
    room.write(last, 1, 'to all');
    expect(room.take(last.lane)).toMatchObject([{ type: 'chatTaken', id: 1 }]);
    expect(room.engine.stats()).toMatchObject({ deliveriesDropped: 1 });
    const lane = room.greet('Ben', { resume: room.ticket(ben) });
    const messages = room.take(lane);
    // What was dropped is no hole: deliveries begin behind the number in the welcome.
    expect(messages.find((message) => message.type === 'welcome')).toMatchObject({ chatSeen: 1 });
    const arrived = chats(messages);
    // No more at once than a lane takes; the next when these are acknowledged, however often the client comes back.
    expect(arrived.map(({ delivery }) => delivery)).toEqual(
      Array.from({ length: MAX_CHATS_IN_FLIGHT }, (_, at) => at + 2),
    );
    expect(room.store.snapshot().deliveries.filter((entry) => entry.token === ben.token).length).toBe(
      MAX_UNDELIVERED_CHATS,
    );
    for (;;) {
      const seen = arrived.at(-1)?.delivery ?? 0;
      room.pass(1_000);
      room.say(lane, { type: 'chatSeen', seen });
      const more = chats(room.take(lane));
      if (more.length === 0) break;
      expect(more[0]?.delivery).toBe(seen + 1);
      arrived.push(...more);
    }
    expect(arrived.length).toBe(MAX_UNDELIVERED_CHATS);
    expect(arrived.at(-1)).toMatchObject({ message: { text: 'to all' } });
    expect(room.engine.stats()).toMatchObject({ deliveriesWaiting: 0 });
  });

  test('is bounded by its length as well, in memory and in the store', () => {
    const { room, ben } = startCrowd(15);
    const writers = [...room.writers];
    const last = writers.pop();
    if (last === undefined) throw new Error('there are writers');
    room.hangUp(ben.lane);
    const longest = 'a'.repeat(MAX_CHAT_BYTES);
    const stored = () => room.store.snapshot().deliveries.filter((entry) => entry.token === ben.token);
    for (const writer of writers) {
      for (let id = 1; id <= MAX_CHAT_BURST; id += 1) room.tell(writer, id, longest, ben);
    }
    // 140 were written; the 12 that found no room were refused.
    const fits = MAX_UNDELIVERED_CHAT_BYTES / (2 * MAX_CHAT_BYTES);
    expect(room.engine.stats()).toMatchObject({ deliveriesWaiting: fits, chatsRefused: 140 - fits });
    room.tell(last, 1, 'a', ben);
    expect(room.take(last.lane).at(-1)).toMatchObject({ code: 'inboxFull', chat: 1 });
    room.write(last, 1, 'to all');
    expect(room.engine.stats()).toMatchObject({ deliveriesWaiting: fits, deliveriesDropped: 1 });
    room.write(last, 2, longest);
    expect(room.engine.stats()).toMatchObject({ deliveriesWaiting: fits, deliveriesDropped: 2 });
    expect(stored().map(({ delivery }) => delivery)).toEqual(Array.from({ length: fits }, (_, at) => at + 3));
    room.restart();
    const messages = room.take(room.greet('Ben', { resume: room.ticket(ben) }));
    expect(messages.find((message) => message.type === 'welcome')).toMatchObject({ chatSeen: 2 });
    expect(chats(messages)[0]).toMatchObject({ delivery: 3 });
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
    room.write(anna, 1, 'Hello');
    room.write(anna, 2, 'Hello again');
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
    room.write(anna2, 3, 'After the restart');
    expect(chats(room.take(again.lane))).toMatchObject([{ delivery: 3, message: { id: 3 } }]);
  });
});
