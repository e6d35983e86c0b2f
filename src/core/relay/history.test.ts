import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { RecordedMember } from '../sim/recorded-relay.ts';
import { ATTIC, CELLAR, DONE_7, LIBRARY, LOBBY, refused7, StaffedRoom } from '../sim/staffed-room.ts';
import { MAX_CHAT_BYTES, MAX_HISTORY_PAGE } from '../wire/chat.ts';
import { MAX_CONTROL_LENGTH, type RelayMessage } from '../wire/control.ts';
import { HISTORY_SWEEP_MS } from './history-desk.ts';

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();

const DAY_MS = 86_400_000;

interface Library {
  readonly room: StaffedRoom;
  readonly anna: RecordedMember;
  readonly ben: RecordedMember;
  readonly cleo: RecordedMember;
}

describe('history', () => {
  const read = (channel: number, before: number | null = null) =>
    ({ kind: 'history', channel, before }) as const;

  /** Anna and Ben are in the library, Cleo in the lobby. */
  function startLibrary(): Library {
    const room = new StaffedRoom(mac);
    const [anna, ben, cleo] = [room.admit('Anna'), room.admit('Ben'), room.admit('Cleo')];
    for (const { lane } of [anna, ben]) room.ask(lane, 1, { kind: 'join', channel: LIBRARY });
    room.hush();
    return { room, anna, ben, cleo };
  }

  function pages(messages: readonly RelayMessage[]): Extract<RelayMessage, { type: 'history' }>[] {
    return messages.filter((message) => message.type === 'history');
  }

  test('is kept only where the channel says so, and read in pages, oldest first', () => {
    const { room, anna, cleo } = startLibrary();
    const total = MAX_HISTORY_PAGE + 3;
    for (let id = 1; id <= total; id += 1) {
      room.wait([anna, cleo], 1_000);
      room.write(anna, id, `No. ${id}`, LIBRARY);
    }
    room.write(cleo, 1, 'not kept');
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
      room.wait([anna, cleo], 1_000);
      room.write(anna, id, text, LIBRARY);
    }
    const [page] = pages(room.ask(cleo.lane, 1, read(LIBRARY)));
    expect(JSON.stringify(page).length).toBeLessThanOrEqual(MAX_CONTROL_LENGTH);
    expect(page?.complete).toBe(false);
    expect(page?.messages.length).toBeGreaterThan(MAX_HISTORY_PAGE / 2);
    expect(page?.messages.at(-1)?.id).toBe(MAX_HISTORY_PAGE);
  });

  test('ends with its time: in what is read at once, in the store within the hour', () => {
    const { room, anna } = startLibrary();
    room.write(anna, 1, 'old', LIBRARY);
    room.wait([anna], DAY_MS / 2);
    room.write(anna, 2, 'newer', LIBRARY);
    room.wait([anna], DAY_MS / 2);
    const texts = () =>
      pages(room.ask(anna.lane, 1, read(LIBRARY))).flatMap((page) => page.messages.map((chat) => chat.text));
    expect(texts()).toEqual(['old', 'newer']);
    room.pass(1_000);
    expect(texts()).toEqual(['newer']);
    room.wait([anna], HISTORY_SWEEP_MS);
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
    room.write(anna, 1, 'kept', LIBRARY);
    expect(room.store.messages.length).toBe(1);
    const library = room.store.snapshot().channels.find((stored) => stored.info.id === LIBRARY)?.info;
    if (library === undefined) throw new Error('there is a library');
    const config = { ...library.config, historyDays: 0 };
    room.answerTo(olga, { kind: 'changeChannel', channel: LIBRARY, name: 'Library', config });
    expect(room.store.messages).toEqual([]);
    room.answerTo(olga, { kind: 'changeChannel', channel: LIBRARY, name: 'Library', config: library.config });
    room.write(anna, 2, 'kept again', LIBRARY);
    expect(room.store.messages.length).toBe(1);
    for (const { lane } of [anna, ben]) room.say(lane, { type: 'leave' });
    expect(room.answerTo(olga, { kind: 'removeChannel', channel: LIBRARY })).toEqual(DONE_7);
    expect(room.store.messages).toEqual([]);
  });
});
