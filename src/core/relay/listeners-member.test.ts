import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { RecordedRelay, voiceDatagram } from '../sim/recorded-relay.ts';
import { simChannelConfig } from '../sim/sim-room.ts';
import { CLOSET, DONE_7, KITCHEN, LOBBY, refused7, type StaffedRoom } from '../sim/staffed-room.ts';
import { PROTOCOL_VERSION, type RelayMessage, type Request } from '../wire/control.ts';
import { MAX_DATAGRAM_BYTES } from '../wire/datagram.ts';
import { LISTENERS_NICKNAME } from '../wire/fields.ts';
import { ADMIN_ROLE_ID, MEMBER_ROLE_ID } from '../wire/roles.ts';
import { COMMIT_TIMEOUT_MS } from './key-limits.ts';
import {
  admission,
  change,
  GATEWAY,
  OK,
  open,
  refusal,
  refusalOn,
  root,
  standing,
  startRoom,
} from './listeners-rig.ts';
import { MAX_DATAGRAM_BURST } from './room.ts';

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();

describe('the member of the gateways', () => {
  test('stays where it was let in, asks for nothing and is asked for nothing', () => {
    const { room, olga, mona } = startRoom(mac);
    const gateway = open(room, LOBBY);
    change(room, KITCHEN, { listeners: true, manageRole: MEMBER_ROLE_ID });
    const config = { ...simChannelConfig, manageRole: ADMIN_ROLE_ID };
    const requests: readonly Request[] = [
      { kind: 'join', channel: KITCHEN },
      { kind: 'changeChannel', channel: KITCHEN, name: 'Mine', config },
      { kind: 'createChannel', name: 'Mine', parent: KITCHEN, config, password: null },
      { kind: 'removeChannel', channel: KITCHEN },
      { kind: 'kick', member: mona.token, reason: '' },
      { kind: 'history', channel: LOBBY, before: null },
      { kind: 'whisperList', list: 0x8000_0001, targets: [mona.token] },
    ];
    for (const request of requests) {
      expect(room.answerTo(gateway, request)).toEqual(refused7('notAllowed'));
    }
    room.take(gateway.lane);
    room.say(gateway.lane, { type: 'leave' });
    expect(refusalOn(room, gateway.lane)).toMatchObject({ code: 'notAllowed', request: null });
    for (const by of [olga, mona]) {
      expect(room.answerTo(by, { kind: 'move', member: gateway.token, channel: KITCHEN })).toEqual(
        refused7('notAllowed'),
      );
    }
    expect(standing(room)).toEqual([{ nickname: LISTENERS_NICKNAME, channel: LOBBY }]);
  });

  test('neither writes nor is written to', () => {
    const { room, mona } = startRoom(mac);
    const gateway = open(room, LOBBY);
    room.take(gateway.lane);
    room.take(mona.lane);
    room.write(gateway, 1, 'Hello!');
    expect(room.take(gateway.lane)).toMatchObject([{ type: 'refused', code: 'notAllowed', chat: 1 }]);
    room.tell(mona, 1, 'Hello?', gateway);
    expect(room.take(mona.lane)).toMatchObject([{ type: 'refused', code: 'unknownMember', chat: 1 }]);
    room.write(mona, 2, 'Hello, all!');
    expect(room.take(mona.lane)).toMatchObject([{ type: 'chatTaken', id: 2 }]);
    expect(room.take(gateway.lane)).toEqual([]);
    expect(room.engine.stats()).toMatchObject({ deliveries: 1 });
  });

  test('neither whispers nor is whispered to', () => {
    const { room, mona } = startRoom(mac);
    const gateway = open(room, LOBBY);
    for (const member of [gateway, mona]) room.probe(member);
    room.datagrams.length = 0;
    room.send(voiceDatagram(gateway.token, 1, 0, mona.token), gateway.endpoint);
    room.send(voiceDatagram(mona.token, 1, 0, gateway.token), mona.endpoint);
    expect(room.datagrams).toEqual([]);
    expect(room.engine.stats()).toMatchObject({
      'discard.notAllowed': 1,
      'discard.whisperNotAllowed': 1,
    });
    const sealed = 'AAAA';
    room.say(gateway.lane, { type: 'whisperKey', to: mona.token, target: mona.token, sealed });
    room.say(mona.lane, { type: 'whisperKey', to: gateway.token, target: gateway.token, sealed });
    expect(room.engine.stats()).toMatchObject({ whisperKeysDropped: 2, whisperKeysPassed: 0 });
  });

  test('is heard whoever may speak, unless it was muted for all, which leaving does not undo', () => {
    const { room, mona } = startRoom(mac);
    let gateway = open(room, LOBBY);
    change(room, LOBBY, { speakRole: ADMIN_ROLE_ID });
    const heard = (sequence: number): number => {
      for (const member of [gateway, mona]) room.probe(member);
      room.datagrams.length = 0;
      room.send(voiceDatagram(gateway.token, sequence), gateway.endpoint);
      room.send(voiceDatagram(mona.token, sequence), mona.endpoint);
      return room.datagrams.length;
    };
    expect(heard(1)).toBe(1);
    const muting = { kind: 'muteForAll', member: gateway.token, muted: true } as const;
    expect(room.answerTo(mona, muting)).toEqual(DONE_7);
    expect(heard(2)).toBe(0);
    room.hangUp(gateway.lane);
    gateway = room.admit(LISTENERS_NICKNAME, { seed: GATEWAY });
    expect(heard(3)).toBe(0);
    room.command(root, { kind: 'dismissListeners', identity: gateway.identity });
    gateway = open(room, LOBBY);
    expect(heard(4)).toBe(1);
  });

  test('may send 60 of the largest packets a second for as long as it likes, and no more than anybody', () => {
    const { room, mona } = startRoom(mac);
    const gateway = open(room, LOBBY);
    for (const member of [gateway, mona]) room.probe(member);
    room.datagrams.length = 0;
    const bytes = new Uint8Array(MAX_DATAGRAM_BYTES);
    const seconds = 20;
    for (let sequence = 1; sequence <= 60 * seconds; sequence += 1) {
      bytes.set(voiceDatagram(gateway.token, sequence));
      room.pass(1_000 / 60);
      room.send(bytes, gateway.endpoint);
      if (sequence % 300 === 0) room.say(mona.lane, { type: 'ping', id: 0 });
      if (sequence % 300 === 0) room.say(gateway.lane, { type: 'ping', id: 0 });
    }
    expect(room.datagrams).toHaveLength(60 * seconds);
    expect(room.datagrams.every((sent) => sent.bytes.length === MAX_DATAGRAM_BYTES)).toBe(true);
    room.pass(10_000);
    for (let sequence = 1; sequence <= 2 * MAX_DATAGRAM_BURST; sequence += 1) {
      room.send(voiceDatagram(gateway.token, 60 * seconds + sequence), gateway.endpoint);
    }
    expect(room.engine.stats()).toMatchObject({ 'discard.rateLimited': MAX_DATAGRAM_BURST });
  });

  test('is neither kicked nor banned: what keeps it out is the switch', () => {
    const { room, olga } = startRoom(mac);
    const gateway = open(room, LOBBY);
    expect(room.answerTo(olga, { kind: 'kick', member: gateway.token, reason: '' })).toEqual(
      refused7('notAllowed'),
    );
    for (const subject of [
      { kind: 'identity', identity: gateway.identity },
      { kind: 'addressOf', member: gateway.token },
    ] as const) {
      expect(room.answerTo(olga, { kind: 'ban', subject, reason: '', seconds: null })).toEqual(
        refused7('notAllowed'),
      );
    }
    // A ban of the address it happens to come from is about people.
    const subject = { kind: 'range', range: '192.0.2.1/32' } as const;
    expect(room.answerTo(olga, { kind: 'ban', subject, reason: '', seconds: null })).toEqual(DONE_7);
    expect(standing(room)).toHaveLength(1);
  });

  test('holds no place, is written down nowhere, and begins anew', () => {
    const { room, mona } = startRoom(mac);
    change(room, LOBBY, { listeners: true });
    const before = room.store.snapshot();
    const gateway = open(room, LOBBY);
    room.say(gateway.lane, { type: 'state', muted: false, deafened: true });
    room.answerTo(mona, { kind: 'muteForAll', member: gateway.token, muted: true });
    expect(room.store.snapshot()).toEqual({ ...before, sessions: room.store.snapshot().sessions });
    expect(room.store.snapshot().sessions.map(({ nickname }) => nickname)).toEqual(['Olga', 'Mona']);
    room.take(mona.lane);
    room.hangUp(gateway.lane);
    expect(room.take(mona.lane)).toContainEqual({ type: 'memberLeft', token: gateway.token });
    const again = room.admit(LISTENERS_NICKNAME, { seed: GATEWAY, resume: room.ticket(gateway) });
    expect(again.welcome.resumed).toBe(false);
    room.engine.close('restarting', room.nowMs, room.out);
    room.restart();
    // The host lets it in again; until then it is nobody.
    expect(room.enter(LISTENERS_NICKNAME, { seed: GATEWAY })).toBeNull();
    expect(room.command(root, admission(room, LOBBY))).toEqual(OK);
    expect(room.admit(LISTENERS_NICKNAME, { seed: GATEWAY })).not.toBeNull();
  });
});

describe('putting it out', () => {
  test.each(['switch', 'dismissal'] as const)('by %s is at once, whether it is here or on its way', (way) => {
    const { room, mona } = startRoom(mac);
    const gateway = open(room, LOBBY);
    const other = open(room, KITCHEN, 'another');
    const late = room.open();
    const { identity } = gateway;
    room.say(late, { type: 'hello', protocol: PROTOCOL_VERSION, nickname: 'Any', identity });
    room.hush();
    if (way === 'switch') change(room, LOBBY, { listeners: false });
    else room.command(root, { kind: 'dismissListeners', identity });
    const parting = { type: 'refused', code: 'kicked', rule: null, request: null, chat: null };
    expect(room.take(gateway.lane)).toContainEqual(parting);
    expect(room.take(late)).toEqual([parting]);
    expect(room.closed).toEqual([gateway.lane, late]);
    expect(room.take(mona.lane).at(-1)).toEqual({ type: 'memberLeft', token: gateway.token });
    expect(standing(room)).toEqual([{ nickname: LISTENERS_NICKNAME, channel: KITCHEN }]);
    expect(room.enter(LISTENERS_NICKNAME, { seed: GATEWAY })).toBeNull();
    expect(room.closed).not.toContain(other.lane);
  });

  test('is what becomes of it when its channel is removed, which it does not keep from being empty', () => {
    const { room, mona } = startRoom(mac);
    const gateway = open(room, CLOSET);
    room.answerTo(mona, { kind: 'join', channel: CLOSET });
    const removal = { kind: 'removeChannel', channel: CLOSET } as const;
    expect(room.command(root, removal)).toEqual(refusal('channelNotEmpty'));
    room.answerTo(mona, { kind: 'join', channel: LOBBY });
    room.hush();
    expect(room.command(root, removal)).toEqual(OK);
    expect(room.closed).toEqual([gateway.lane]);
    expect(room.take(mona.lane)).toEqual([
      { type: 'memberLeft', token: gateway.token },
      { type: 'channelRemoved', channel: CLOSET },
    ]);
    expect(room.engine.lanesBeyondAddress).toBe(0);
    expect(room.enter(LISTENERS_NICKNAME, { seed: GATEWAY })).toBeNull();
  });

  test('is not what another change of the channel does', () => {
    const { room } = startRoom(mac);
    open(room, LOBBY);
    change(room, LOBBY, { bitrate: 64_000 });
    expect(standing(room)).toHaveLength(1);
  });
});

describe('keys', () => {
  /** A recorded relay hears everything, also what is said about keys. */
  const takeAll = (room: StaffedRoom, lane: number): RelayMessage[] =>
    RecordedRelay.prototype.take.call(room, lane);

  test('are exchanged with it as with anybody, it may be asked to commit, and others renew them when it goes', () => {
    const { room, mona, olga } = startRoom(mac);
    room.say(olga.lane, { type: 'bye' });
    room.answerTo(mona, { kind: 'join', channel: KITCHEN });
    const gateway = open(room, LOBBY);
    // It is alone, and founds the group.
    room.say(gateway.lane, { type: 'keyPackage', channel: LOBBY, package: 'AAAA' });
    room.pass(COMMIT_TIMEOUT_MS - 1);
    const founding = takeAll(room, gateway.lane).find((message) => message.type === 'commitWanted');
    expect(founding).toMatchObject({ found: true, add: [] });
    if (founding?.type !== 'commitWanted') throw new Error('nobody was asked');
    room.say(gateway.lane, {
      type: 'commit',
      state: founding.state,
      commit: null,
      welcome: null,
      skipped: [],
    });
    room.answerTo(mona, { kind: 'join', channel: LOBBY });
    room.say(mona.lane, { type: 'keyPackage', channel: LOBBY, package: 'BBBB' });
    room.pass(COMMIT_TIMEOUT_MS - 1);
    const adding = takeAll(room, gateway.lane).find((message) => message.type === 'commitWanted');
    if (adding?.type !== 'commitWanted') throw new Error('nobody was asked');
    expect(adding.add).toEqual([{ identity: mona.identity, package: 'BBBB' }]);
    room.say(gateway.lane, {
      type: 'commit',
      state: adding.state,
      commit: 'CCCC',
      welcome: 'DDDD',
      skipped: [],
    });
    expect(takeAll(room, mona.lane)).toContainEqual(
      expect.objectContaining({ type: 'groupWelcome', welcome: 'DDDD' }),
    );
    change(room, LOBBY, { listeners: false });
    room.pass(COMMIT_TIMEOUT_MS - 1);
    expect(takeAll(room, mona.lane)).toContainEqual(
      expect.objectContaining({ type: 'commitWanted', found: false, remove: [gateway.identity] }),
    );
  });
});
