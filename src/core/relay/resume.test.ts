import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { RecordedMember } from '../sim/recorded-relay.ts';
import { KITCHEN, LOBBY, StaffedRoom } from '../sim/staffed-room.ts';
import { WHISPER_LIST_BIT } from '../wire/datagram.ts';
import { LANE_TIMEOUT_MS } from './lanes.ts';
import { HOLD_MS } from './sessions.ts';

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();

interface Pair {
  readonly room: StaffedRoom;
  readonly anna: RecordedMember;
  readonly ben: RecordedMember;
}

function startRoom(): Pair {
  const room = new StaffedRoom(mac);
  const anna = room.admit('Anna');
  const ben = room.admit('Ben');
  room.hush();
  return { room, anna, ben };
}

/** The welcome has arrived, and the client says the first thing. */
function heard(room: StaffedRoom, member: RecordedMember): RecordedMember {
  room.say(member.lane, { type: 'ping', id: 1 });
  return member;
}

function back(room: StaffedRoom, member: RecordedMember, nickname: string, chatSeen = 0): RecordedMember {
  return room.admit(nickname, { resume: room.ticket(member, chatSeen) });
}

describe('a broken lane', () => {
  test('leaves the place held and the others told; the time over, it is given up', () => {
    const { room, anna, ben } = startRoom();
    room.hangUp(ben.lane);
    expect(room.take(anna.lane)).toMatchObject([
      { type: 'memberChanged', member: { token: ben.token, channel: LOBBY, reconnecting: true } },
    ]);
    for (let beats = 0; beats < 11; beats += 1) {
      room.pass(10_000);
      room.say(anna.lane, { type: 'ping', id: beats });
    }
    room.pass(HOLD_MS - 110_000 - 1);
    const left = (message: { readonly type: string }): boolean => message.type === 'memberLeft';
    expect(room.take(anna.lane).filter(left)).toEqual([]);
    room.pass(1);
    expect(room.take(anna.lane).filter(left)).toEqual([{ type: 'memberLeft', token: ben.token }]);
    expect(room.engine.stats()).toMatchObject({ members: 1, left: 1, sessionsHeld: 1, holdsExpired: 1 });
    expect(room.store.snapshot().sessions.map((session) => session.nickname)).toEqual(['Anna']);
  });

  test.each(['silence', 'too many messages', 'bad messages'])('by %s holds the place as well', (how) => {
    const { room, anna, ben } = startRoom();
    if (how === 'silence') {
      room.pass(LANE_TIMEOUT_MS - 1);
      room.say(anna.lane, { type: 'ping', id: 1 });
      room.pass(1);
    } else {
      for (let count = 0; count < 100; count += 1)
        room.sayText(ben.lane, how === 'bad messages' ? '{' : '{"type":"ping","id":1}');
    }
    expect(room.closed).toEqual([ben.lane]);
    expect(room.engine.stats()).toMatchObject({ members: 2, lanes: 1, sessionsHeld: 1 });
    expect(back(room, ben, 'Ben').welcome.resumed).toBe(true);
  });

  test('of somebody who says bye ends at once', () => {
    const { room, anna, ben } = startRoom();
    room.say(ben.lane, { type: 'bye' });
    expect(room.take(anna.lane)).toEqual([{ type: 'memberLeft', token: ben.token }]);
    expect(room.closed).toEqual([ben.lane]);
    room.hangUp(ben.lane);
    room.say(ben.lane, { type: 'ping', id: 1 });
    expect(back(room, ben, 'Ben').welcome.resumed).toBe(false);
    expect(room.engine.stats()).toMatchObject({ left: 1, messagesOnUnknownLane: 1, resumesUnknownToken: 1 });
  });
});

describe('a resume', () => {
  test('gives back token, channel, mutes and whisper lists, and a new path key', () => {
    const { room, anna, ben } = startRoom();
    const list = WHISPER_LIST_BIT + 1;
    room.ask(ben.lane, 1, { kind: 'join', channel: KITCHEN });
    room.ask(ben.lane, 2, { kind: 'whisperList', list, targets: [anna.token] });
    room.say(ben.lane, { type: 'state', muted: true, deafened: true });
    const mona = room.admit('Mona');
    room.ask(mona.lane, 1, { kind: 'muteForAll', member: ben.token, muted: true });
    room.hangUp(ben.lane);
    room.hush();
    // The name in the hello is not asked again: the place has its own.
    const again = room.admit('Somebody', { seed: 'Ben', resume: room.ticket(ben) });
    expect(again).toMatchObject({ token: ben.token, welcome: { resumed: true } });
    expect(again.welcome.members.find((member) => member.token === ben.token)).toMatchObject({
      nickname: 'Ben',
      channel: KITCHEN,
      muted: true,
      deafened: true,
      mutedForAll: true,
      reconnecting: false,
    });
    expect(again.welcome.pathKey).not.toBe(ben.welcome.pathKey);
    expect(room.take(anna.lane)).toMatchObject([
      { type: 'memberChanged', member: { token: ben.token, reconnecting: false } },
    ]);
    const [stored] = room.store.snapshot().sessions.filter((session) => session.token === ben.token);
    expect(stored).toMatchObject({ whisperLists: [{ list, targets: [anna.token] }], heldSinceMs: null });
  });

  test('finds the path anew: the old address is forgotten, and old probes with the old key', () => {
    const { room, anna, ben } = startRoom();
    room.probe(ben);
    room.probe(anna);
    room.hangUp(ben.lane);
    const again = back(room, ben, 'Ben');
    room.datagrams.length = 0;
    room.probe(ben);
    expect(room.engine.stats()['discard.probeForged']).toBe(1);
    room.probe(again);
    expect(room.datagrams.length).toBeGreaterThan(0);
  });

  test('takes over from a lane that only seems alive', () => {
    const { room, anna, ben } = startRoom();
    const again = back(room, ben, 'Ben');
    expect(again.welcome.resumed).toBe(true);
    expect(room.closed).toEqual([ben.lane]);
    expect(room.take(ben.lane)).toEqual([]);
    room.hangUp(ben.lane);
    room.say(ben.lane, { type: 'bye' });
    expect(room.engine.stats()).toMatchObject({ members: 2, lanes: 2, lanesClosedTakenOver: 1, left: 0 });
    expect(room.take(anna.lane)).toMatchObject([{ type: 'memberChanged' }]);
  });

  test('works from welcome to welcome, each secret once', () => {
    const { room, ben } = startRoom();
    let latest = ben;
    for (let round = 0; round < 5; round += 1) {
      room.hangUp(latest.lane);
      latest = heard(room, back(room, latest, 'Ben'));
      expect(latest).toMatchObject({ token: ben.token, welcome: { resumed: true } });
    }
    room.hangUp(latest.lane);
    // The first secret was used up long ago: what comes of it is a new session.
    const stale = back(room, ben, 'Ben');
    expect(stale.welcome.resumed).toBe(false);
    expect(stale.token).not.toBe(ben.token);
    expect(room.engine.stats()).toMatchObject({ resumed: 5, resumesWrongSecret: 1, members: 2 });
  });

  test('used twice at the same time lets the second one in as new, and the first one out', () => {
    const { room, ben } = startRoom();
    room.hangUp(ben.lane);
    const first = heard(room, back(room, ben, 'Ben'));
    const second = back(room, ben, 'Ben');
    expect([first.welcome.resumed, second.welcome.resumed]).toEqual([true, false]);
    expect(room.take(first.lane).at(-1)).toMatchObject({ code: 'signedInElsewhere' });
    expect(room.engine.stats()).toMatchObject({ members: 2 });
  });

  test('by a thief is none: neither the token alone nor the stolen secret under another identity', () => {
    const { room, ben } = startRoom();
    room.hangUp(ben.lane);
    const secret = 'A'.repeat(43);
    const withToken = room.admit('Thief', { resume: { token: ben.token, secret, chatSeen: 0 } });
    expect(withToken).toMatchObject({ welcome: { resumed: false } });
    const withBoth = room.admit('Thief 2', { resume: room.ticket(ben) });
    expect(withBoth.welcome.resumed).toBe(false);
    expect(withBoth.token).not.toBe(ben.token);
    expect(room.engine.stats()).toMatchObject({ resumesOtherIdentity: 2 });
    // The right one is not hindered by the attempts.
    expect(back(room, ben, 'Ben')).toMatchObject({ token: ben.token, welcome: { resumed: true } });
  });

  test('under an unknown token is a new session', () => {
    const { room, ben } = startRoom();
    const resume = { ...room.ticket(ben), token: ben.token ^ 1 };
    expect(room.admit('Ben', { resume }).welcome.resumed).toBe(false);
    expect(room.engine.stats()).toMatchObject({ resumesUnknownToken: 1 });
  });

  test('of somebody banned in the meantime is refused', () => {
    const { room, ben } = startRoom();
    const olga = room.admit('Olga');
    room.hangUp(ben.lane);
    room.ask(olga.lane, 1, {
      kind: 'ban',
      subject: { kind: 'identity', identity: ben.identity },
      reason: 'noise',
      seconds: null,
    });
    const lane = room.greet('Ben', { resume: room.ticket(ben) });
    expect(room.take(lane)).toMatchObject([{ code: 'banned', rule: { kind: 'banned', reason: 'noise' } }]);
  });

  test('that the store refuses changes nothing: the old secret still does', () => {
    const { room, ben } = startRoom();
    room.hangUp(ben.lane);
    room.store.failing = true;
    expect(room.take(room.greet('Ben', { resume: room.ticket(ben) })).at(-1)).toMatchObject({
      code: 'storageFailed',
    });
    room.store.failing = false;
    expect(back(room, ben, 'Ben').welcome.resumed).toBe(true);
  });
});

describe('a welcome that was lost', () => {
  test('leaves its client the secret it came with, as often as it takes; the new one is dropped', () => {
    const { room, anna, ben } = startRoom();
    room.hangUp(ben.lane);
    let lost = back(room, ben, 'Ben');
    for (let round = 0; round < 3; round += 1) {
      room.hangUp(lost.lane);
      lost = back(room, ben, 'Ben');
      expect(lost).toMatchObject({ token: ben.token, welcome: { resumed: true } });
    }
    const dropped = lost;
    const arrived = heard(room, back(room, ben, 'Ben'));
    expect(room.engine.stats()).toMatchObject({ resumed: 5, resumedAgain: 4, members: 2, joined: 2 });
    expect(room.take(anna.lane)).not.toContainEqual(expect.objectContaining({ type: 'memberLeft' }));
    expect(back(room, dropped, 'Ben').welcome.resumed).toBe(false);
    expect(room.take(arrived.lane).at(-1)).toMatchObject({ code: 'signedInElsewhere' });
  });

  test('takes nothing of the chat with it', () => {
    const { room, anna, ben } = startRoom();
    room.hangUp(ben.lane);
    const lost = back(room, ben, 'Ben');
    room.write(anna, 1, 'Hello');
    room.hangUp(lost.lane);
    const lane = room.greet('Ben', { resume: room.ticket(ben) });
    const chats = room.take(lane).filter((message) => message.type === 'chat');
    expect(chats).toMatchObject([{ delivery: 1, message: { text: 'Hello' } }]);
  });

  test('or that arrived, and nothing was said before the lane broke: the new secret holds, the old one is spent', () => {
    const { room, ben } = startRoom();
    room.hangUp(ben.lane);
    const first = back(room, ben, 'Ben');
    room.hangUp(first.lane);
    // What came with it shows that it arrived.
    const second = back(room, first, 'Ben');
    expect(second).toMatchObject({ token: ben.token, welcome: { resumed: true } });
    expect(back(room, ben, 'Ben').welcome.resumed).toBe(false);
    expect(room.engine.stats()).toMatchObject({ resumed: 2, resumedAgain: 0, resumesWrongSecret: 1 });
  });

  test.each([
    { type: 'ping', id: 1 },
    { type: 'chatSeen', seen: 0 },
    { type: 'voicePath', path: 'udp' },
    { type: 'request', id: 1, request: { kind: 'join', channel: 99 } },
  ] as const)(
    'is none when its client says anything ($type): the secret before it is worth nothing, held place or not',
    (word) => {
      const { room, ben } = startRoom();
      room.hangUp(ben.lane);
      const arrived = back(room, ben, 'Ben');
      room.say(arrived.lane, word);
      room.hangUp(arrived.lane);
      // Whoever stole the secret and the identity's private key with it gets a session of his own, not this one.
      const thief = back(room, ben, 'Ben');
      expect(thief.welcome.resumed).toBe(false);
      expect(thief.token).not.toBe(ben.token);
      expect(room.engine.stats()).toMatchObject({ resumed: 1, resumesWrongSecret: 1 });
    },
  );

  test('is not taken for arrived by rubbish, nor by what is said on the lane before', () => {
    const { room, ben } = startRoom();
    const lost = back(room, ben, 'Ben');
    room.say(ben.lane, { type: 'ping', id: 1 });
    room.sayText(lost.lane, '{');
    expect(back(room, ben, 'Ben')).toMatchObject({ token: ben.token, welcome: { resumed: true } });
  });

  test('by a relay that was killed at that moment is lost all the same', () => {
    for (const arrives of [false, true]) {
      const { room, ben } = startRoom();
      room.hangUp(ben.lane);
      const first = back(room, ben, 'Ben');
      room.restart();
      const again = back(room, arrives ? first : ben, 'Ben');
      expect(again).toMatchObject({ token: ben.token, welcome: { resumed: true } });
      heard(room, again);
      room.restart();
      expect(back(room, arrives ? first : ben, 'Ben').welcome.resumed).toBe(false);
    }
  });

  test('stays so while the store cannot be told otherwise; the next word is', () => {
    const { room, ben } = startRoom();
    room.hangUp(ben.lane);
    const arrived = back(room, ben, 'Ben');
    room.store.failing = true;
    heard(room, arrived);
    room.store.failing = false;
    const previousHash = (): (string | null)[] =>
      room.store
        .snapshot()
        .sessions.filter((session) => session.token === ben.token)
        .map((session) => session.previousResumeHash);
    expect(previousHash()).toEqual([expect.any(String)]);
    heard(room, arrived);
    expect(previousHash()).toEqual([null]);
    const writes = room.engine.stats().storeWrites;
    heard(room, arrived);
    expect(room.engine.stats().storeWrites).toBe(writes);
    room.restart();
    expect(back(room, ben, 'Ben').welcome.resumed).toBe(false);
  });
});

describe('a relay that was restarted', () => {
  test('holds the places of all, and they resume where they were', () => {
    const { room, anna, ben } = startRoom();
    room.ask(ben.lane, 1, { kind: 'join', channel: KITCHEN });
    room.restart();
    const again = back(room, ben, 'Ben');
    expect(again).toMatchObject({ token: ben.token, welcome: { resumed: true } });
    const { whisperKey } = room.entrant('Anna');
    expect(again.welcome.members).toMatchObject([
      { token: anna.token, reconnecting: true, channel: LOBBY, whisperKey },
      { token: ben.token, reconnecting: false, channel: KITCHEN },
    ]);
    expect(back(room, anna, 'Anna').welcome.resumed).toBe(true);
    expect(room.take(again.lane)).toMatchObject([{ type: 'memberChanged', member: { token: anna.token } }]);
    expect(room.engine.stats()).toMatchObject({ sessionsRestored: 2, resumed: 2, joined: 0 });
  });

  test('counts the time from its start, or from when the lane broke before', () => {
    const { room, anna, ben } = startRoom();
    room.hangUp(ben.lane);
    room.pass(20_000);
    room.restart();
    room.pass(HOLD_MS - 20_000 - 1);
    expect(room.engine.stats()).toMatchObject({ members: 2 });
    room.pass(1);
    expect(room.engine.stats()).toMatchObject({ members: 1 });
    room.pass(20_000 - 1);
    expect(room.engine.stats()).toMatchObject({ members: 1 });
    room.pass(1);
    expect(room.engine.stats()).toMatchObject({ members: 0 });
    expect(room.store.snapshot().sessions).toEqual([]);
    expect(back(room, anna, 'Anna').welcome.resumed).toBe(false);
  });

  test('has said so before, and held the places from then on', () => {
    const { room, anna, ben } = startRoom();
    const stranger = room.open();
    room.engine.close('restarting', room.nowMs, room.out);
    for (const lane of [anna.lane, ben.lane, stranger]) {
      expect(room.take(lane)).toMatchObject([{ type: 'refused', code: 'relayRestarting', rule: null }]);
    }
    expect(room.closed).toEqual([anna.lane, ben.lane, stranger]);
    expect(room.engine.nextDeadlineMs()).toBeNull();
    room.nowMs += 30_000;
    room.restart();
    expect(back(room, ben, 'Ben').welcome.resumed).toBe(true);
    room.pass(HOLD_MS - 30_000);
    expect(room.store.snapshot().sessions.map((session) => session.nickname)).toEqual(['Ben']);
  });

  test('for good lets all go', () => {
    const { room, anna, ben } = startRoom();
    room.engine.close('closing', room.nowMs, room.out);
    for (const lane of [anna.lane, ben.lane]) {
      expect(room.take(lane)).toMatchObject([{ type: 'refused', code: 'relayClosing' }]);
    }
    expect(room.engine.stats()).toMatchObject({ members: 0, lanes: 0, left: 2, lanesClosedWithRelay: 2 });
    room.restart();
    expect(back(room, ben, 'Ben').welcome.resumed).toBe(false);
  });

  test('with a smaller room restores whom it has place for', () => {
    const { room } = startRoom();
    const store = room.store.snapshot();
    const smaller = new StaffedRoom(mac, { snapshot: store, maxMembers: 1 });
    expect(smaller.engine.stats()).toMatchObject({ sessionsRestored: 1, sessionsNotRestored: 1, members: 1 });
    expect(smaller.store.snapshot().sessions.length).toBe(1);
  });
});
