import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  FLAG_CONTROL,
  FLAG_LAST,
  FLAG_WHISPER,
  MAX_DATAGRAM_BYTES,
  WHISPER_LIST_BIT,
} from '../wire/datagram.ts';
import { KIND_REPLY, PROBE_DATAGRAM_BYTES, verifyProbe } from '../wire/probe.ts';
import { Forwarding } from './forwarding.ts';
import {
  elsewhere,
  endpointOf,
  imbalance,
  LIST,
  PORT_A,
  PORT_B,
  PORT_C,
  Rig,
  startRoom,
  voice,
} from './forwarding-rig.ts';
import { MAX_DATAGRAM_BURST, MAX_DATAGRAMS_PER_SECOND, type Member } from './room.ts';

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();

const numRuns = Number(process.env.FUZZ_RUNS ?? 100);

describe('voice', () => {
  test('goes unchanged to everybody in the channel but the speaker', () => {
    const { rig, members } = startRoom(mac);
    const [anna, ben, cleo] = members;
    const bytes = voice(anna, 7, FLAG_LAST);
    rig.send(bytes, endpointOf(anna));
    expect(rig.udp).toEqual([
      { bytes, to: endpointOf(ben) },
      { bytes, to: endpointOf(cleo) },
    ]);
    expect(rig.fanOuts).toBe(1);
    expect(rig.forwarding.traffic).toMatchObject({
      forwardedIn: 1,
      forwardedOut: 2,
      probes: 3,
      challenges: 3,
      received: 7,
    });
  });

  test('follows moves, deafness and departures', () => {
    const { rig, members } = startRoom(mac);
    const [anna, ben, cleo] = members;
    const other = rig.room.channels.get(2) ?? null;
    const heardBy = (): number[] => {
      rig.send(voice(anna, 1), endpointOf(anna));
      return rig.ports();
    };
    rig.room.move(ben, other);
    expect(heardBy()).toEqual([PORT_C]);
    rig.room.move(ben, rig.room.landing);
    expect(heardBy()).toEqual([PORT_B, PORT_C]);
    rig.room.setState(cleo, false, true);
    expect(heardBy()).toEqual([PORT_B]);
    rig.room.remove(ben);
    expect(heardBy()).toEqual([]);
    rig.room.move(anna, null);
    expect(heardBy()).toEqual([]);
    expect(rig.discarded('notInChannel')).toBe(1);
    rig.send(voice(ben, 1), endpointOf(ben));
    expect(rig.discarded('unknownToken')).toBe(1);
    expect(imbalance(rig)).toBe(0);
  });

  test('is sent to nobody whose address is unknown, and taken from nobody before a probe', () => {
    const { rig, members } = startRoom(mac);
    const dora = rig.enter();
    rig.send(voice(dora, 1), endpointOf(dora));
    rig.send(voice(members[0], 1), endpointOf(members[0]));
    expect(rig.ports()).toEqual([PORT_B, PORT_C]);
    rig.bind(dora);
    rig.send(voice(members[0], 2), endpointOf(members[0]));
    expect(rig.ports()).toEqual([PORT_B, PORT_C, endpointOf(dora).port]);
    expect(rig.discarded('notBound')).toBe(1);
  });

  test('from another address or port is dropped and does not use up the speaker’s allowance', () => {
    const { rig, members } = startRoom(mac);
    const [anna] = members;
    for (let sequence = 0; sequence < 2 * MAX_DATAGRAM_BURST; sequence += 1) {
      rig.send(voice(anna, sequence), { ...endpointOf(anna), port: 1 });
      rig.send(voice(anna, sequence), { ...endpointOf(anna), address: '192.0.2.2' });
    }
    expect(rig.ports()).toEqual([]);
    rig.send(voice(anna, 0), endpointOf(anna));
    expect(rig.ports()).toEqual([PORT_B, PORT_C]);
    expect(rig.discarded('wrongAddress')).toBe(4 * MAX_DATAGRAM_BURST);
  });

  test.each(['udp', 'lane'] as const)('by %s beyond the rate is dropped; the others’ is not', (way) => {
    const { rig, members } = startRoom(mac);
    const [anna, ben] = members;
    const say = (member: Member, sequence: number): void => {
      if (way === 'udp') rig.send(voice(member, sequence), endpointOf(member));
      else rig.sendByLane(member, voice(member, sequence));
    };
    for (let sequence = 0; sequence < MAX_DATAGRAM_BURST + 1; sequence += 1) say(anna, sequence);
    expect(rig.forwarding.traffic.forwardedIn).toBe(MAX_DATAGRAM_BURST);
    expect(rig.discarded('rateLimited')).toBe(1);
    say(ben, 1);
    expect(rig.forwarding.traffic.forwardedIn).toBe(MAX_DATAGRAM_BURST + 1);
    rig.nowMs += 1_000;
    for (let sequence = 0; sequence < MAX_DATAGRAM_BURST; sequence += 1) say(anna, sequence);
    expect(rig.forwarding.traffic.forwardedIn).toBe(MAX_DATAGRAM_BURST + 1 + MAX_DATAGRAMS_PER_SECOND);
    expect(imbalance(rig)).toBe(0);
  });

  test.each([
    ['muted for all', { mutedForAll: true }, { speakRank: 0 }, 0],
    ['below the rank that speaks', { rank: 49 }, { speakRank: 50 }, 0],
    ['of the rank that speaks', { rank: 50 }, { speakRank: 50 }, 2],
    ['muted by himself', { muted: true }, { speakRank: 0 }, 2],
  ])('of a member %s goes to those allowed', (_name, memberChange, channelChange, count) => {
    const { rig, members } = startRoom(mac);
    Object.assign(members[0], memberChange);
    Object.assign(rig.room.landing, channelChange);
    rig.send(voice(members[0], 1), endpointOf(members[0]));
    expect(rig.ports().length).toBe(count);
    expect(rig.discarded('notAllowed')).toBe(count === 0 ? 1 : 0);
    expect(imbalance(rig)).toBe(0);
  });

  test.each([
    [MAX_DATAGRAM_BYTES - 1, 2],
    [MAX_DATAGRAM_BYTES, 2],
    [MAX_DATAGRAM_BYTES + 1, 0],
  ])('of %i bytes goes to %i', (length, count) => {
    const { rig, members } = startRoom(mac);
    const bytes = new Uint8Array(length);
    bytes.set(voice(members[0], 1));
    rig.send(bytes, endpointOf(members[0]));
    expect(rig.ports().length).toBe(count);
  });

  test('of no bytes at all is a keep-alive', () => {
    const { rig, members } = startRoom(mac);
    rig.send(new Uint8Array(0), endpointOf(members[0]));
    rig.send(new Uint8Array(0), elsewhere);
    expect(rig.ports()).toEqual([]);
    expect(rig.forwarding.traffic.keepAlives).toBe(2);
  });
});

describe('the lane', () => {
  test('carries voice in and out, each member by the way it said', () => {
    const { rig, members } = startRoom(mac);
    const [anna, ben, cleo] = members;
    rig.room.setPath(ben, 'lane');
    const bytes = voice(anna, 1);
    rig.send(bytes, endpointOf(anna));
    expect(rig.lane).toEqual([{ bytes, lane: ben.lane }]);
    expect(rig.ports()).toEqual([endpointOf(cleo).port]);
    rig.lane.length = 0;
    rig.sendByLane(ben, voice(ben, 1));
    expect([rig.ports(), rig.lanes()]).toEqual([[PORT_A, PORT_C], []]);
    expect(rig.forwarding.traffic).toMatchObject({
      receivedByLane: 1,
      forwardedIn: 2,
      forwardedOut: 4,
      forwardedOutByLane: 1,
    });
    expect(imbalance(rig)).toBe(0);
  });

  test('needs no bound address, neither to speak nor to hear', () => {
    const { rig, members } = startRoom(mac);
    const dora = rig.enter();
    rig.room.setPath(dora, 'lane');
    rig.sendByLane(dora, voice(dora, 1));
    expect(rig.ports()).toEqual([PORT_A, PORT_B, PORT_C]);
    rig.send(voice(members[0], 1), endpointOf(members[0]));
    expect(rig.lanes()).toEqual([dora.lane]);
  });

  test('of a held place gets nothing', () => {
    const { rig, members } = startRoom(mac);
    const [anna, ben] = members;
    rig.room.setPath(ben, 'lane');
    rig.room.hold(ben);
    rig.send(voice(anna, 1), endpointOf(anna));
    expect([rig.ports(), rig.lanes()]).toEqual([[PORT_C], []]);
    expect(rig.forwarding.traffic.forwardedOut).toBe(1);
  });

  test('takes only its own member’s token', () => {
    const { rig, members } = startRoom(mac);
    const [anna, ben] = members;
    rig.sendByLane(anna, voice(ben, 1));
    rig.sendByLane(anna, rig.probeBytes(ben));
    expect([rig.ports(), rig.lanes()]).toEqual([[], []]);
    expect(rig.discarded('laneWrongToken')).toBe(2);
    expect(imbalance(rig)).toBe(0);
  });

  test('answers probes, binds nothing by them, and never challenges', () => {
    const { rig } = startRoom(mac);
    const dora = rig.enter();
    rig.sendByLane(dora, rig.probeBytes(dora, { clock: 77 }));
    expect(rig.udp).toEqual([]);
    expect(rig.lane.map(({ lane }) => lane)).toEqual([dora.lane]);
    const answer = rig.takeAnswer();
    expect(answer).toMatchObject({ kind: KIND_REPLY, clockMicroseconds: 77 });
    expect(verifyProbe(answer.bytes, answer.bytes.length, dora.pathKey, mac)).toBe(true);
    expect([dora.address, dora.lastProbeClock]).toEqual([null, null]);
    // Slower than UDP it may be; that makes it no replay.
    rig.bind(dora);
    rig.sendByLane(dora, rig.probeBytes(dora, { clock: 1 }));
    expect(rig.lanes()).toEqual([dora.lane]);
    rig.sendByLane(dora, rig.probeBytes(dora, { key: new Uint8Array(32) }));
    expect(rig.lanes()).toEqual([]);
    expect(rig.forwarding.traffic.laneProbes).toBe(2);
    expect(rig.discarded('probeForged')).toBe(1);
    expect(imbalance(rig)).toBe(0);
  });
});

test('a cookie key has 32 bytes', () => {
  const { room } = new Rig(mac);
  expect(() => new Forwarding(room, { mac, cookieKey: new Uint8Array(31) })).toThrow(/32 bytes/);
});

test('whatever arrives, every datagram is accounted for', { timeout: 10_000 + 100 * numRuns }, () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 80, size: 'max' }),
    fc.uint8Array({ minLength: MAX_DATAGRAM_BYTES - 1, maxLength: MAX_DATAGRAM_BYTES + 2, size: 'max' }),
  );
  const datagrams = ['raw', 'voice', 'whisper', 'list', 'probe', 'mutated', 'control', 'empty'] as const;
  const changes = ['move', 'deafen', 'path', 'hold', 'mute', 'wait'] as const;
  const step = fc.record({
    what: fc.constantFrom(...datagrams, ...changes),
    who: fc.nat(2),
    from: fc.constantFrom('own', 'elsewhere', 'lane'),
    bytes,
    at: fc.nat(PROBE_DATAGRAM_BYTES - 1),
    value: fc.nat(255),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const { rig, members } = startRoom(mac);
      for (const { what, who, from, bytes: raw, at, value } of steps) {
        const member = members[who] ?? members[0];
        const send = (datagram: Uint8Array): void => {
          if (from === 'lane') rig.sendByLane(member, datagram);
          else rig.send(datagram, from === 'own' ? endpointOf(member) : elsewhere);
        };
        member.whisperLists.set(LIST, [...new Set([1, 2, value])]);
        if (what === 'raw') send(raw);
        else if (what === 'voice') send(voice(member, at));
        else if (what === 'whisper') send(voice(member, at, FLAG_WHISPER, value % 5));
        else if (what === 'list') send(voice(member, at, FLAG_WHISPER, WHISPER_LIST_BIT + (value % 2)));
        else if (what === 'probe') send(rig.probeBytes(member));
        else if (what === 'empty') send(new Uint8Array(0));
        else if (what === 'move') rig.room.move(member, rig.room.channels.get(value % 3) ?? null);
        else if (what === 'deafen') rig.room.setState(member, false, value > 127);
        else if (what === 'path') rig.room.setPath(member, value > 127 ? 'lane' : 'udp');
        else if (what === 'hold') member.lane = value > 127 ? null : member.token;
        else if (what === 'mute') member.mutedForAll = value > 127;
        else if (what === 'wait') rig.nowMs += value;
        else {
          const mutated = what === 'control' ? new Uint8Array(PROBE_DATAGRAM_BYTES) : voice(member, at);
          if (what === 'control') mutated.set(voice(member, at));
          if (what === 'control') mutated[4] = FLAG_CONTROL;
          mutated[at % mutated.length] = value;
          send(mutated);
        }
        expect(imbalance(rig)).toBe(0);
      }
      const { forwardedOut, forwardedOutByLane, forwardedIn, whispersIn, probes, challenges } =
        rig.forwarding.traffic;
      expect(forwardedOut).toBeLessThanOrEqual(2 * (forwardedIn + whispersIn));
      // Answers of the first probes were taken off the record.
      expect(rig.udp.length).toBe(forwardedOut - forwardedOutByLane + probes + challenges - 6);
    }),
    { numRuns },
  );
});
