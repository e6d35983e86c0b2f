import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { RecordedMember } from '../sim/recorded-relay.ts';
import { ATTIC, CLOSET, DONE_7, KITCHEN, LOBBY, refused7, StaffedRoom } from '../sim/staffed-room.ts';
import {
  type Ban,
  type BanSubject,
  MAX_BANS,
  MAX_BANS_PAGE,
  PROTOCOL_VERSION,
  type Request,
} from '../wire/control.ts';
import { LOGIN_SECRET_BYTES } from '../wire/login.ts';
import { ADMIN_ROLE_ID } from '../wire/roles.ts';

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();

interface Staff {
  readonly room: StaffedRoom;
  readonly olga: RecordedMember;
  readonly mona: RecordedMember;
  readonly anna: RecordedMember;
}

/** Each from an address of their own. */
function startRoom(): Staff {
  const room = new StaffedRoom(mac);
  const olga = room.admit('Olga', { address: '127.0.0.1' });
  const mona = room.admit('Mona', { address: '192.0.2.20' });
  const anna = room.admit('Anna', { address: '192.0.2.30' });
  room.hush();
  return { room, olga, mona, anna };
}

const acts: readonly [string, string, (member: number) => Request][] = [
  ['move', 'move', (member) => ({ kind: 'move', member, channel: KITCHEN })],
  ['mute', 'mute', (member) => ({ kind: 'muteForAll', member, muted: true })],
  ['kick', 'kick', (member) => ({ kind: 'kick', member, reason: '' })],
];

describe.each(acts)('to %s', (_name, permission, request) => {
  test('needs the permission, a rank above, and somebody to do it to', () => {
    const { room, olga, mona, anna } = startRoom();
    expect(room.answerTo(anna, request(mona.token))).toEqual(
      refused7('notAllowed', { kind: 'permission', permission, own: 'Member' }),
    );
    for (const target of [olga, mona]) {
      const nickname = target === olga ? 'Olga' : 'Mona';
      expect(room.answerTo(mona, request(target.token))).toEqual(
        refused7('notAllowed', { kind: 'rank', target: nickname, own: 'Moderator' }),
      );
    }
    expect(room.answerTo(mona, request(1))).toEqual(refused7('unknownMember'));
    expect(room.store.audits).toEqual([]);
    expect(room.answerTo(mona, request(anna.token))).toEqual(DONE_7);
    expect(room.store.audits).toMatchObject([{ by: mona.identity, subject: anna.identity }]);
  });
});

describe('moving', () => {
  test('goes where the one who is moved may not go alone, but not beyond the limit', () => {
    const { room, mona, anna } = startRoom();
    expect(room.answerTo(mona, { kind: 'move', member: anna.token, channel: ATTIC })).toEqual(DONE_7);
    expect(room.take(anna.lane)).toContainEqual({
      type: 'memberChanged',
      member: expect.objectContaining({ token: anna.token, channel: ATTIC }),
    });
    room.answerTo(mona, { kind: 'join', channel: CLOSET });
    expect(room.answerTo(mona, { kind: 'move', member: anna.token, channel: CLOSET })).toEqual(
      refused7('notAllowed', { kind: 'channelFull', channel: 'Closet', limit: 1 }),
    );
    expect(room.answerTo(mona, { kind: 'move', member: anna.token, channel: 99 })).toEqual(
      refused7('unknownChannel', null),
    );
    // Out of the attic by oneself, and not back in.
    expect(room.answerTo(anna, { kind: 'join', channel: LOBBY })).toEqual(DONE_7);
    expect(room.answerTo(anna, { kind: 'join', channel: ATTIC })).toMatchObject({ rule: { kind: 'role' } });
  });
});

describe('muting for all', () => {
  test('is told, lasts over leaving and coming back, and is taken back', () => {
    const { room, mona, anna } = startRoom();
    room.answerTo(mona, { kind: 'muteForAll', member: anna.token, muted: true });
    expect(room.take(anna.lane)).toMatchObject([
      { type: 'memberChanged', member: { token: anna.token, mutedForAll: true, muted: false } },
    ]);
    room.say(anna.lane, { type: 'bye' });
    const again = room.admit('Anna');
    expect(again.welcome.members.at(-1)).toMatchObject({ mutedForAll: true });
    room.restart();
    room.admit('Mona', { resume: room.ticket(mona) });
    const third = room.admit('Another name', { seed: 'Anna' });
    expect(third.welcome.members.at(-1)).toMatchObject({ mutedForAll: true });
    const mona2 = room.admit('Mona');
    expect(room.answerTo(mona2, { kind: 'muteForAll', member: third.token, muted: false })).toEqual(DONE_7);
    expect(room.admit('Anna').welcome.members.at(-1)).toMatchObject({ mutedForAll: false });
  });
});

describe('kicking', () => {
  test('ends the session, closes the lane, and keeps nobody from coming back', () => {
    const { room, mona, anna } = startRoom();
    room.answerTo(mona, { kind: 'kick', member: anna.token, reason: 'noise' });
    expect(room.take(anna.lane)).toEqual([
      { type: 'refused', code: 'kicked', rule: null, request: null, chat: null },
    ]);
    expect(room.closed).toEqual([anna.lane]);
    expect(room.store.audits).toMatchObject([{ action: 'kick', subject: anna.identity, reason: 'noise' }]);
    expect(room.admit('Anna', { resume: room.ticket(anna) }).welcome.resumed).toBe(false);
  });

  test('reaches those whose place is held, and never the owner', () => {
    const { room, olga, mona, anna } = startRoom();
    room.hangUp(anna.lane);
    expect(room.answerTo(mona, { kind: 'kick', member: anna.token, reason: '' })).toEqual(DONE_7);
    room.answerTo(olga, { kind: 'assignRole', identity: mona.identity, role: ADMIN_ROLE_ID });
    expect(room.answerTo(mona, { kind: 'kick', member: olga.token, reason: '' })).toEqual(
      refused7('notAllowed', { kind: 'rank', target: 'Olga', own: 'Admin' }),
    );
    expect(room.answerTo(mona, { kind: 'muteForAll', member: olga.token, muted: true })).toEqual(DONE_7);
  });
});

describe('bans', () => {
  const ban = (subject: BanSubject, seconds: number | null = null): Request => ({
    kind: 'ban',
    subject,
    reason: 'noise',
    seconds,
  });

  test('of an identity throw out whom they hit and keep it out, wherever it comes from', () => {
    const { room, olga, anna } = startRoom();
    const ben = room.admit('Ben');
    room.hush();
    expect(room.answerTo(olga, ban({ kind: 'identity', identity: anna.identity }))).toEqual(DONE_7);
    const rule = { kind: 'banned', untilMs: null, reason: 'noise' };
    const refusal = { type: 'refused', code: 'banned', rule, request: null, chat: null };
    expect(room.take(anna.lane)).toEqual([refusal]);
    expect(room.take(ben.lane)).toContainEqual({ type: 'memberLeft', token: anna.token });
    const lane = room.greet('Somebody new', { seed: 'Anna', address: '198.51.100.1' });
    expect(room.take(lane)).toEqual([refusal]);
    expect(room.closed).toEqual([anna.lane, lane]);
    room.restart();
    expect(room.take(room.greet('Anna'))).toEqual([refusal]);
  });

  test('of a range are judged at the hello, and close lanes where one was said', () => {
    const { room, olga, anna } = startRoom();
    const silent = room.open('192.0.2.31');
    const greeted = room.open('192.0.2.31');
    const { identity } = room.entrant('Zoe');
    room.say(greeted, { type: 'hello', protocol: PROTOCOL_VERSION, nickname: 'Zoe', identity });
    const range: BanSubject = { kind: 'range', range: '192.0.2.30/32' };
    expect(room.answerTo(olga, ban(range))).toEqual(DONE_7);
    expect(room.closed).toEqual([anna.lane]);
    const lane = room.greet('Anna', { address: '::ffff:192.0.2.30' });
    expect(room.take(lane)).toMatchObject([{ code: 'banned', rule: { kind: 'banned' } }]);
    expect(room.answerTo(olga, ban({ kind: 'addressOf', member: anna.token }))).toEqual(
      refused7('unknownMember', null),
    );
    const ben = room.admit('Ben', { address: '192.0.2.31' });
    expect(room.answerTo(olga, ban({ kind: 'addressOf', member: ben.token }))).toEqual(DONE_7);
    expect(room.closed).toEqual([anna.lane, lane, ben.lane, greeted]);
    room.say(silent, { type: 'hello', protocol: PROTOCOL_VERSION, nickname: 'Zoe', identity });
    expect(room.closed.at(-1)).toBe(silent);
    expect(room.engine.stats()).toMatchObject({ lanesClosedBanned: 3, lanesClosedRefused: 2 });
    // Addresses are not told, and stand in no log.
    expect(JSON.stringify(room.store.audits)).not.toContain('192.0.2');
    expect(room.store.audits.map((entry) => entry.subject)).toEqual(['1', '2']);
  });

  test('of a range never keep the owner out, who was away when it was laid, but whoever else claims to be', () => {
    const { room, olga, mona } = startRoom();
    const ben = room.admit('Ben', { address: '198.51.100.1' });
    room.answerTo(olga, { kind: 'assignRole', identity: mona.identity, role: ADMIN_ROLE_ID });
    room.say(olga.lane, { type: 'bye' });
    const range: BanSubject = { kind: 'range', range: '198.51.100.0/24' };
    expect(room.answerTo(mona, ban(range))).toEqual(DONE_7);
    expect(room.closed).toContain(ben.lane);
    const back = room.admit('Olga', { address: '198.51.100.2' });
    // Another ban on the same range, with the owner in it, is refused; the one there is does not hit her.
    expect(room.answerTo(mona, ban(range))).toMatchObject({ rule: { kind: 'rank', target: 'Olga' } });
    room.hangUp(back.lane);
    room.restart();
    room.admit('Olga', { address: '198.51.100.3' });
    room.hush();
    const thief = room.open('198.51.100.4');
    room.say(thief, {
      type: 'hello',
      protocol: PROTOCOL_VERSION,
      nickname: 'Thief',
      identity: olga.identity,
    });
    // A hello proves nothing: it gets as far as the challenge, and no further.
    expect(room.take(thief)).toMatchObject([{ type: 'challenge' }]);
    const forger = room.entrant('Thief');
    const signature = forger.sign(new Uint8Array(LOGIN_SECRET_BYTES), new Uint8Array(32));
    room.say(thief, { type: 'login', signature, whisperKey: forger.whisperKey });
    expect(room.take(thief)).toMatchObject([{ code: 'badSignature' }]);
  });

  test('are laid by those allowed, on nobody of a rank as high, and not on oneself', () => {
    const { room, olga, mona, anna } = startRoom();
    const identity = (member: RecordedMember): BanSubject => ({
      kind: 'identity',
      identity: member.identity,
    });
    expect(room.answerTo(mona, ban(identity(anna)))).toEqual(
      refused7('notAllowed', { kind: 'permission', permission: 'ban', own: 'Moderator' }),
    );
    room.answerTo(olga, { kind: 'saveRole', role: null, name: 'Guard', rank: 60, permissions: ['ban'] });
    room.answerTo(olga, { kind: 'assignRole', identity: anna.identity, role: 16 });
    const rule = (target: string) => ({ kind: 'rank', target, own: 'Guard' });
    expect(room.answerTo(anna, ban(identity(olga)))).toEqual(refused7('notAllowed', rule('Olga')));
    for (const range of ['127.0.0.0/8', '127.0.0.1/32', '0.0.0.0/0']) {
      expect(room.answerTo(anna, ban({ kind: 'range', range }))).toMatchObject({ rule: { kind: 'rank' } });
    }
    expect(room.answerTo(olga, ban({ kind: 'range', range: '127.0.0.0/8' }))).toMatchObject({
      rule: { kind: 'rank', target: 'Olga' },
    });
    expect(room.answerTo(olga, ban({ kind: 'range', range: 'everybody' }))).toEqual(refused7('badRange'));
    // The moderator is of a lower rank than a guard.
    expect(room.answerTo(anna, ban({ kind: 'addressOf', member: mona.token }))).toEqual(DONE_7);
    expect(room.closed).toEqual([mona.lane]);
  });

  test('end by themselves, are taken out, and are lifted', () => {
    const { room, olga, anna } = startRoom();
    room.answerTo(olga, ban({ kind: 'identity', identity: anna.identity }, 60));
    expect(room.take(room.greet('Anna')).at(-1)).toMatchObject({
      rule: { kind: 'banned', untilMs: 1_700_000_000_000 + room.nowMs + 60_000 },
    });
    room.pass(60_000);
    room.admit('Anna');
    expect(room.store.snapshot().bans).toEqual([]);
    expect(room.engine.stats()).toMatchObject({ bansEnded: 1 });
    const olga2 = room.admit('Olga');
    room.answerTo(olga2, ban({ kind: 'identity', identity: anna.identity }));
    const [kept] = room.store.snapshot().bans;
    // Numbers are not used twice.
    expect(kept?.id).toBe(2);
    expect(room.answerTo(olga2, { kind: 'unban', ban: 1 })).toEqual(refused7('unknownBan'));
    expect(room.answerTo(room.admit('Mona'), { kind: 'unban', ban: 2 })).toMatchObject({
      code: 'notAllowed',
    });
    expect(room.answerTo(olga2, { kind: 'unban', ban: 2 })).toEqual(DONE_7);
    room.admit('Anna');
  });

  test('are listed newest first in pages, without those that have ended, to those allowed', () => {
    const { room } = startRoom();
    const { snapshot } = room.options;
    const bans = Array.from(
      { length: MAX_BANS },
      (_, at): Ban => ({
        id: at + 1,
        subject: { kind: 'range', range: `10.${at >> 8}.${at & 255}.1/32` },
        nickname: '',
        reason: '',
        by: 'Olga',
        createdMs: 1,
        untilMs: at < MAX_BANS_PAGE ? 2 : null,
      }),
    );
    const full = new StaffedRoom(mac, { snapshot: { ...snapshot, bans, lastBanId: MAX_BANS } });
    const olga = full.admit('Olga');
    full.hush();
    full.say(olga.lane, { type: 'request', id: 7, request: { kind: 'listBans' } });
    const answers = full.take(olga.lane);
    const pages = answers.filter((message) => message.type === 'bans').map((message) => message.bans);
    expect(answers.at(-1)).toEqual(DONE_7);
    expect(pages.every((page) => page.length === MAX_BANS_PAGE)).toBe(true);
    const ids = pages.flat().map((entry) => entry.id);
    expect(ids).toEqual(Array.from({ length: MAX_BANS - MAX_BANS_PAGE }, (_, at) => MAX_BANS - at));
    expect(full.answerTo(full.admit('Anna'), { kind: 'listBans' })).toMatchObject({ code: 'notAllowed' });
    // Those that have ended make room.
    for (let count = 0; count < MAX_BANS_PAGE; count += 1) {
      expect(full.answerTo(olga, ban({ kind: 'range', range: '10.99.0.0/16' }))).toEqual(DONE_7);
    }
    expect(full.answerTo(olga, ban({ kind: 'range', range: '10.99.0.0/16' }))).toEqual(
      refused7('tooManyBans', null),
    );
  });
});
