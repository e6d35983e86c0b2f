import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { FLAG_WHISPER } from '../wire/datagram.ts';
import type { DatagramDiscard } from './forwarding-counters.ts';
import {
  elsewhere,
  endpointOf,
  imbalance,
  LIST,
  PORT_B,
  PORT_C,
  type Rig,
  startRoom,
  voice,
} from './forwarding-rig.ts';
import type { Member } from './room.ts';

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();

describe('a whisper', () => {
  test('goes unchanged to its target alone, over whichever way it has', () => {
    const { rig, members } = startRoom(mac);
    const [anna, ben, cleo] = members;
    const bytes = voice(anna, 1, FLAG_WHISPER, cleo.token);
    rig.send(bytes, endpointOf(anna));
    expect(rig.udp).toEqual([{ bytes, to: endpointOf(cleo) }]);
    rig.udp.length = 0;
    rig.room.setPath(ben, 'lane');
    rig.sendByLane(anna, voice(anna, 2, FLAG_WHISPER, ben.token));
    expect([rig.ports(), rig.lanes()]).toEqual([[], [ben.lane]]);
    expect(rig.forwarding.traffic).toMatchObject({ whispersIn: 2, forwardedIn: 0, forwardedOut: 2 });
    expect(imbalance(rig)).toBe(0);
  });

  test('reaches other channels, and may come from somebody in none', () => {
    const { rig, members } = startRoom(mac);
    const [anna, ben] = members;
    rig.room.move(ben, rig.room.channels.get(2) ?? null);
    rig.room.move(anna, null);
    rig.send(voice(anna, 1, FLAG_WHISPER, ben.token), endpointOf(anna));
    expect(rig.ports()).toEqual([PORT_B]);
  });

  test('to a list goes to all in it but the sender, once each', () => {
    const { rig, members } = startRoom(mac);
    const [anna, ben, cleo] = members;
    anna.whisperLists.set(LIST, [anna.token, ben.token, 999, cleo.token]);
    rig.send(voice(anna, 1, FLAG_WHISPER, LIST), endpointOf(anna));
    expect(rig.ports()).toEqual([PORT_B, PORT_C]);
    expect(rig.fanOuts).toBe(1);
    // The list is the sender's own: nobody else can use it.
    rig.send(voice(ben, 1, FLAG_WHISPER, LIST), endpointOf(ben));
    expect(rig.ports()).toEqual([]);
    expect(rig.discarded('unknownList')).toBe(1);
    expect(rig.forwarding.traffic).toMatchObject({ whispersIn: 1, forwardedOut: 2 });
    rig.room.setState(ben, false, true);
    rig.room.remove(cleo);
    rig.send(voice(anna, 2, FLAG_WHISPER, LIST), endpointOf(anna));
    expect(rig.ports()).toEqual([]);
    expect(rig.discarded('listReachedNobody')).toBe(1);
    expect(imbalance(rig)).toBe(0);
  });

  type Change = (rig: Rig, anna: Member, ben: Member) => void;
  const refusals: [DatagramDiscard, string, Change][] = [
    ['unknownTarget', 'somebody who has left', (rig, _anna, ben) => rig.room.remove(ben)],
    ['whisperNotAllowed', 'somebody in no channel', (rig, _anna, ben) => rig.room.move(ben, null)],
    [
      'whisperNotAllowed',
      'a channel of higher rank',
      (_rig, _anna, ben) => Object.assign(ben.channel ?? {}, { whisperRank: 1 }),
    ],
    ['notAllowed', 'anybody while muted for all', (_rig, anna) => Object.assign(anna, { mutedForAll: true })],
    ['targetDeafened', 'somebody deafened', (rig, _anna, ben) => rig.room.setState(ben, false, true)],
    [
      'targetUnreachable',
      'somebody without an address',
      (_rig, _anna, ben) => Object.assign(ben, { address: null }),
    ],
    [
      'targetUnreachable',
      'a held place',
      (_rig, _anna, ben) => Object.assign(ben, { path: 'lane', lane: null }),
    ],
  ];
  test.each(refusals)('is dropped as %s to %s', (reason, _name, change) => {
    const { rig, members } = startRoom(mac);
    const [anna, ben] = members;
    change(rig, anna, ben);
    rig.send(voice(anna, 1, FLAG_WHISPER, ben.token), endpointOf(anna));
    expect([rig.ports(), rig.lanes(), rig.discarded(reason)]).toEqual([[], [], 1]);
    expect(imbalance(rig)).toBe(0);
  });

  test('to oneself, or from an address that is not one’s own, goes nowhere', () => {
    const { rig, members } = startRoom(mac);
    const [anna, ben] = members;
    rig.send(voice(anna, 1, FLAG_WHISPER, anna.token), endpointOf(anna));
    rig.send(voice(anna, 2, FLAG_WHISPER, ben.token), elsewhere);
    expect(rig.ports()).toEqual([]);
    expect([rig.discarded('whisperToSelf'), rig.discarded('wrongAddress')]).toEqual([1, 1]);
  });
});
