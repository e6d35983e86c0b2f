import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { RecordedMember } from '../sim/recorded-relay.ts';
import { DONE_7, refused7, StaffedRoom } from '../sim/staffed-room.ts';
import { MAX_WHISPER_LISTS, MAX_WHISPER_TARGETS, type Request } from '../wire/control.ts';
import { WHISPER_LIST_BIT } from '../wire/datagram.ts';

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();

const listOf = (number: number, targets: readonly number[]): Request => ({
  kind: 'whisperList',
  list: WHISPER_LIST_BIT + number,
  targets: [...targets],
});

interface Pair {
  readonly room: StaffedRoom;
  readonly anna: RecordedMember;
  readonly ben: RecordedMember;
}

function startRoom(): Pair {
  const room = new StaffedRoom(mac);
  const [anna, ben] = [room.admit('Anna'), room.admit('Ben')];
  room.hush();
  return { room, anna, ben };
}

/** The lists that are kept for a member. */
function kept(room: StaffedRoom, member: RecordedMember): unknown {
  return room.store.snapshot().sessions.find((session) => session.token === member.token)?.whisperLists;
}

describe('whisper lists', () => {
  test('are registered, replaced and forgotten', () => {
    const { room, anna, ben } = startRoom();
    expect(room.answerTo(anna, listOf(1, [ben.token, ben.token]))).toEqual(DONE_7);
    expect(kept(room, anna)).toEqual([{ list: WHISPER_LIST_BIT + 1, targets: [ben.token] }]);
    const cleo = room.admit('Cleo');
    expect(room.answerTo(anna, listOf(1, [cleo.token]))).toEqual(DONE_7);
    expect(kept(room, anna)).toEqual([{ list: WHISPER_LIST_BIT + 1, targets: [cleo.token] }]);
    expect(room.answerTo(anna, listOf(1, []))).toEqual(DONE_7);
    expect(room.answerTo(anna, listOf(2, []))).toEqual(DONE_7);
    expect(kept(room, anna)).toEqual([]);
  });

  test('name members who are here, held places included, under an id that no token has', () => {
    const { room, anna, ben } = startRoom();
    room.hangUp(ben.lane);
    expect(room.answerTo(anna, listOf(1, [ben.token]))).toEqual(DONE_7);
    expect(room.answerTo(anna, listOf(2, [ben.token, 1]))).toEqual(refused7('unknownMember'));
    const noList: Request = { kind: 'whisperList', list: 1, targets: [ben.token] };
    expect(room.answerTo(anna, noList)).toEqual(refused7('badMessage'));
    const tooLong = Array.from({ length: MAX_WHISPER_TARGETS + 1 }, () => ben.token);
    expect(room.answerTo(anna, listOf(2, tooLong))).toMatchObject({ code: 'badMessage', request: null });
  });

  test('are so many; a full set can still be changed', () => {
    const { room, anna, ben } = startRoom();
    for (let number = 0; number < MAX_WHISPER_LISTS; number += 1) {
      expect(room.answerTo(anna, listOf(number, [ben.token]))).toEqual(DONE_7);
    }
    expect(room.answerTo(anna, listOf(99, [ben.token]))).toEqual(refused7('tooManyLists'));
    expect(room.answerTo(anna, listOf(3, [anna.token]))).toEqual(DONE_7);
    expect(room.answerTo(anna, listOf(3, []))).toEqual(DONE_7);
    expect(room.answerTo(anna, listOf(99, [ben.token]))).toEqual(DONE_7);
  });
});

describe('whisper keys', () => {
  test('go to the one they are for, unread, and to nobody who is away', () => {
    const { room, anna, ben } = startRoom();
    const cleo = room.admit('Cleo');
    room.hush();
    const message = {
      type: 'whisperKey',
      to: ben.token,
      target: WHISPER_LIST_BIT + 1,
      sealed: 'c2VhbGVk',
    } as const;
    room.say(anna.lane, message);
    expect(room.take(ben.lane)).toEqual([
      { type: 'whisperKeyFrom', from: anna.token, target: WHISPER_LIST_BIT + 1, sealed: 'c2VhbGVk' },
    ]);
    room.hangUp(ben.lane);
    for (const to of [ben.token, 1, anna.token]) room.say(anna.lane, { ...message, to });
    expect(room.take(cleo.lane).filter((told) => told.type === 'whisperKeyFrom')).toEqual([]);
    expect(room.take(anna.lane).filter((told) => told.type === 'refused')).toEqual([]);
    expect(room.engine.stats()).toMatchObject({ whisperKeysPassed: 1, whisperKeysDropped: 3 });
  });
});

describe('the path of a voice', () => {
  test('is UDP with each welcome, and the lane when the client says so', () => {
    const { room, anna, ben } = startRoom();
    room.probe(anna);
    room.say(ben.lane, { type: 'voicePath', path: 'lane' });
    room.datagrams.length = 0;
    const voice = new Uint8Array(24).fill(1);
    new DataView(voice.buffer).setUint32(0, anna.token);
    voice[4] = 0;
    voice[5] = 0;
    room.send(voice, anna.endpoint);
    expect(room.laneDatagrams).toEqual([{ bytes: voice, lane: ben.lane }]);
    // Held: nowhere to send it. Back again: not before the client has said so once more.
    room.hangUp(ben.lane);
    room.send(voice, anna.endpoint);
    const again = room.admit('Ben', { resume: room.ticket(ben) });
    room.send(voice, anna.endpoint);
    expect(room.laneDatagrams.length).toBe(1);
    room.say(again.lane, { type: 'voicePath', path: 'lane' });
    room.send(voice, anna.endpoint);
    expect(room.laneDatagrams.length).toBe(2);
    new DataView(voice.buffer).setUint32(0, again.token);
    room.sendOverLane(voice, again.lane);
    expect(room.datagrams).toEqual([{ bytes: voice, to: anna.endpoint }]);
  });

  test('over a lane that has not logged in, or is none, is dropped and counted', () => {
    const { room } = startRoom();
    room.sendOverLane(new Uint8Array(24), room.open());
    room.sendOverLane(new Uint8Array(24), 999);
    expect(room.engine.stats()).toMatchObject({ laneDatagramsFromNobody: 2, received: 0 });
  });
});
