import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ADDRESS_BYTES, packAddress, recipientsOf } from './packed-address.ts';
import { AddressList } from './recipients.ts';
import { type Channel, type Member, NO_RECIPIENT, Room } from './room.ts';

const MEMBERS = 40;
const config = {
  bitrate: 24_000,
  frameSamples: 960,
  redundancyCopies: 0,
  maxMembers: MEMBERS,
  listeners: false,
  enterRole: 1,
  speakRole: 1,
  whisperRole: 1,
  manageRole: 1,
  historyDays: 0,
} as const;
const address = (port: number): Uint8Array => packAddress('192.0.2.1', port);

test('a list holds what was put in, in order, however long it gets, and copies of it', () => {
  const list = new AddressList();
  const record = address(0);
  for (let port = 0; port < 100; port += 1) {
    record.set(address(port));
    expect(list.add(record)).toBe(port);
  }
  list.put(3, address(1_003));
  const ports = recipientsOf(list.bytes, list.count, NO_RECIPIENT).map(({ port }) => port);
  expect(ports).toEqual(Array.from({ length: 100 }, (_, at) => (at === 3 ? 1_003 : at)));
});

test('a list that was emptied is filled again in the same memory', () => {
  const list = new AddressList();
  for (let port = 0; port < 100; port += 1) list.add(address(port));
  const { bytes } = list;
  list.clear();
  for (let port = 0; port < 100; port += 1) list.add(address(200 + port));
  expect(list.bytes).toBe(bytes);
  expect(recipientsOf(list.bytes, 1, NO_RECIPIENT)).toEqual([{ address: '192.0.2.1', port: 200 }]);
});

function startRoom(): { room: Room; members: Member[] } {
  let drawn = 0;
  const channel = (id: number) => ({
    info: { id, parent: null, name: `Channel ${id}`, locked: false, config },
    passwordHash: null,
  });
  const randomU32 = (): number => {
    drawn += 1;
    return drawn;
  };
  const room = new Room([channel(1), channel(2)], MEMBERS, randomU32, () => 0);
  const members = Array.from({ length: MEMBERS }, () => {
    const token = room.drawToken();
    const member = room.admit(
      token,
      {
        identity: `identity ${token}`,
        nickname: `Member ${token}`,
        nicknameKey: `member ${token}`,
        lane: token,
        pathKey: new Uint8Array(32),
        whisperKey: { key: '', signature: '' },
        role: { id: 1, name: 'Member', rank: 0, permissions: [] },
      },
      0,
    );
    room.move(member, room.landing);
    return member;
  });
  return { room, members };
}

/** What a channel keeps at hand for each datagram, told anew from its members. */
function expectRecipients({ members, udpRecipients, laneRecipients }: Channel): void {
  const hearing = [...members].filter(({ deafened }) => !deafened);
  const byUdp = hearing.filter((member) => member.path === 'udp' && member.address !== null);
  const byLane = hearing.filter((member) => member.path === 'lane' && member.lane !== null);
  expect(laneRecipients).toEqual(byLane);
  expect(udpRecipients.count).toBe(byUdp.length);
  const indexes = new Set<number>();
  for (const member of members) {
    const index = member.recipientIndex;
    expect(index === NO_RECIPIENT).toBe(!byUdp.includes(member));
    if (index === NO_RECIPIENT) continue;
    indexes.add(index);
    const kept = udpRecipients.bytes.subarray(index * ADDRESS_BYTES, (index + 1) * ADDRESS_BYTES);
    expect(kept).toEqual(member.address);
  }
  expect(indexes.size).toBe(byUdp.length);
  expect(Math.max(...indexes, -1)).toBe(byUdp.length - 1);
}

test('whatever happens to members, their channels know whom to send to, and how', () => {
  const steps = ['bind', 'move', 'deafen', 'path', 'hold', 'reconnect'] as const;
  const step = fc.record({
    what: fc.constantFrom('bind' as const, ...steps),
    who: fc.nat(MEMBERS - 1),
    value: fc.nat(65_535),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (taken) => {
      const { room, members } = startRoom();
      for (const { what, who, value } of taken) {
        const member = members[who];
        if (member === undefined) continue;
        if (what === 'bind') room.bind(member, address(value));
        else if (what === 'move') room.move(member, room.channels.get(value % 3) ?? null);
        else if (what === 'deafen') room.setState(member, false, value % 2 === 0);
        else if (what === 'path') room.setPath(member, value % 2 === 0 ? 'lane' : 'udp');
        else if (what === 'hold') room.hold(member);
        else room.reconnect(member, value, new Uint8Array(32), { key: '', signature: '' });
        if (member.channel === null) expect(member.recipientIndex).toBe(NO_RECIPIENT);
      }
      for (const channel of room.channels.values()) expectRecipients(channel);
    }),
  );
});
