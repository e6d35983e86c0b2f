import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  KIND_CHALLENGE,
  KIND_REPLY,
  PROBE_COOKIE_BYTES,
  PROBE_DATAGRAM_BYTES,
  verifyProbe,
} from '../wire/probe.ts';
import {
  boundTo,
  elsewhere,
  endpointOf,
  imbalance,
  PORT_A,
  PORT_C,
  startRoom,
  voice,
} from './forwarding-rig.ts';
import { MAX_STRANGER_PROBES_PER_SECOND } from './room.ts';

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();

describe('probes', () => {
  test('from the bound address are answered, under the same key, with the same clock', () => {
    const { rig, members } = startRoom(mac);
    const [anna] = members;
    rig.send(rig.probeBytes(anna, { clock: 123_456_789_012 }), endpointOf(anna));
    const { bytes, ...answer } = rig.takeAnswer();
    expect(answer).toEqual({
      kind: KIND_REPLY,
      clockMicroseconds: 123_456_789_012,
      cookie: new Uint8Array(PROBE_COOKIE_BYTES),
    });
    expect(verifyProbe(bytes, bytes.length, anna.pathKey, mac)).toBe(true);
  });

  test('bind only an address that sent its cookie back', () => {
    const { rig, members } = startRoom(mac);
    const [, ben] = members;
    const dora = rig.enter();
    const home = endpointOf(dora);
    rig.send(rig.probeBytes(dora), home);
    expect(rig.udp.map(({ to }) => to)).toEqual([home]);
    const challenge = rig.takeAnswer();
    expect(challenge.kind).toBe(KIND_CHALLENGE);
    expect(challenge.bytes.length).toBe(PROBE_DATAGRAM_BYTES);
    expect(verifyProbe(challenge.bytes, challenge.bytes.length, dora.pathKey, mac)).toBe(true);
    expect([dora.address, dora.lastProbeClock]).toEqual([null, null]);
    // Nothing of the room goes to an address that only claims to be hers.
    rig.send(voice(ben, 1), endpointOf(ben));
    expect(rig.ports()).toEqual([PORT_A, PORT_C]);
    rig.send(rig.probeBytes(dora, { cookie: challenge.cookie }), home);
    expect(rig.takeAnswer().kind).toBe(KIND_REPLY);
    expect(boundTo(dora)).toEqual(home);
    expect(imbalance(rig)).toBe(0);
  });

  test('cannot carry a cookie to another address, port or session', () => {
    const { rig, members } = startRoom(mac);
    const [anna, ben] = members;
    const victim = { address: '198.51.100.7', port: 53 };
    rig.send(rig.probeBytes(anna), elsewhere);
    const { cookie } = rig.takeAnswer();
    rig.send(rig.probeBytes(anna, { cookie }), victim);
    rig.send(rig.probeBytes(anna, { cookie }), { ...elsewhere, port: 6 });
    rig.send(rig.probeBytes(ben, { cookie }), elsewhere);
    expect([boundTo(anna), boundTo(ben)]).toEqual([endpointOf(anna), endpointOf(ben)]);
    expect(rig.forwarding.traffic).toMatchObject({ binds: 3, challenges: 3 + 4 });
    const bit = cookie.slice();
    bit[7] = (bit[7] ?? 0) ^ 1;
    rig.send(rig.probeBytes(anna, { cookie: bit }), elsewhere);
    expect(boundTo(anna)).toEqual(endpointOf(anna));
    rig.send(rig.probeBytes(anna, { cookie }), elsewhere);
    expect(boundTo(anna)).toEqual(elsewhere);
    expect(imbalance(rig)).toBe(0);
  });

  test('move the voice path; replays, older clocks and strangers’ keys do not', () => {
    const { rig, members } = startRoom(mac);
    const [anna, ben] = members;
    rig.send(rig.probeBytes(anna), elsewhere);
    const { cookie } = rig.takeAnswer();
    const seen = rig.probeBytes(anna, { clock: 1_000 });
    rig.send(seen, endpointOf(anna));
    rig.udp.length = 0;
    rig.send(seen, elsewhere);
    rig.send(rig.probeBytes(anna, { clock: 999, cookie }), elsewhere);
    rig.send(rig.probeBytes(anna, { clock: 2_000, cookie, key: ben.pathKey }), elsewhere);
    for (const kind of [KIND_REPLY, KIND_CHALLENGE]) {
      const answer = seen.slice();
      answer[16] = kind;
      rig.send(answer, elsewhere);
    }
    expect(rig.udp).toEqual([]);
    expect(rig.forwarding.discards).toMatchObject({ probeReplayed: 2, probeForged: 1, probeIsReply: 2 });
    rig.send(rig.probeBytes(anna, { clock: 1_001, cookie }), elsewhere);
    rig.udp.length = 0;
    rig.send(voice(ben, 1), endpointOf(ben));
    expect(rig.udp.map(({ to }) => to)).toContainEqual(elsewhere);
    rig.send(voice(anna, 1), endpointOf(anna));
    expect(rig.discarded('wrongAddress')).toBe(1);
    expect(imbalance(rig)).toBe(0);
  });

  test('copied on the way and sent on from elsewhere do not silence the probe itself', () => {
    const { rig, members } = startRoom(mac);
    const [anna] = members;
    const probe = rig.probeBytes(anna);
    rig.send(probe, elsewhere);
    expect(rig.takeAnswer().kind).toBe(KIND_CHALLENGE);
    rig.send(probe, endpointOf(anna));
    expect(rig.takeAnswer().kind).toBe(KIND_REPLY);
  });

  test('of a stranger cost few MACs and leave the owner’s alone', () => {
    const { rig, members } = startRoom(mac);
    const [anna] = members;
    for (let count = 0; count < 500; count += 1) {
      rig.send(rig.probeBytes(anna, { key: new Uint8Array(32) }), elsewhere);
    }
    // The owner's own two first probes took two.
    expect(rig.discarded('probeForged')).toBe(MAX_STRANGER_PROBES_PER_SECOND - 2);
    rig.send(rig.probeBytes(anna), endpointOf(anna));
    expect(rig.takeAnswer().kind).toBe(KIND_REPLY);
  });
});
