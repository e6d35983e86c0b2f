import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { simChannelConfig } from '../sim/sim-room.ts';
import {
  ATTIC,
  CELLAR,
  CLOSET,
  DONE_7,
  KITCHEN,
  LOBBY,
  refused7,
  SESAME,
  StaffedRoom,
} from '../sim/staffed-room.ts';
import { MAX_CHANNEL_DEPTH, MAX_CHANNELS } from '../wire/channels.ts';
import type { Request } from '../wire/control.ts';
import { ADMIN_ROLE_ID, MODERATOR_ROLE_ID } from '../wire/roles.ts';
import { FIRST_GUESS_WAIT_MS, MAX_PASSWORD_TRIES } from './guess-limit.ts';
import { MAX_PASSWORD_JOBS } from './password-desk.ts';

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();

const config = { ...simChannelConfig, manageRole: ADMIN_ROLE_ID };

describe('entering', () => {
  test('is told to everybody, and done', () => {
    const room = new StaffedRoom(mac);
    const anna = room.admit('Anna');
    const ben = room.admit('Ben');
    room.hush();
    room.say(anna.lane, { type: 'request', id: 7, request: { kind: 'join', channel: KITCHEN } });
    const told = {
      type: 'memberChanged',
      member: expect.objectContaining({ token: anna.token, channel: KITCHEN }),
    };
    expect(room.take(ben.lane)).toEqual([told]);
    expect(room.take(anna.lane)).toEqual([told, DONE_7]);
    expect(room.answerTo(anna, { kind: 'join', channel: KITCHEN })).toEqual(DONE_7);
    expect(room.take(ben.lane)).toEqual([]);
    room.say(anna.lane, { type: 'leave' });
    room.say(anna.lane, { type: 'leave' });
    expect(room.take(ben.lane)).toMatchObject([{ type: 'memberChanged', member: { channel: null } }]);
    expect(room.answerTo(anna, { kind: 'join', channel: 99 })).toEqual(refused7('unknownChannel'));
  });

  test('asks for the role, and says which', () => {
    const room = new StaffedRoom(mac);
    const anna = room.admit('Anna');
    const rule = { kind: 'role', action: 'enter', channel: 'Attic', required: 'Moderator', own: 'Member' };
    expect(room.answerTo(anna, { kind: 'join', channel: ATTIC })).toEqual(refused7('notAllowed', rule));
    expect(room.answerTo(room.admit('Mona'), { kind: 'join', channel: ATTIC })).toEqual(DONE_7);
  });

  test('ends at the limit, for everybody', () => {
    const room = new StaffedRoom(mac);
    expect(room.answerTo(room.admit('Anna'), { kind: 'join', channel: CLOSET })).toEqual(DONE_7);
    const rule = { kind: 'channelFull', channel: 'Closet', limit: 1 };
    for (const name of ['Ben', 'Olga']) {
      expect(room.answerTo(room.admit(name), { kind: 'join', channel: CLOSET })).toEqual(
        refused7('notAllowed', rule),
      );
    }
  });

  test('asks for the password, but not those who could change it', () => {
    const room = new StaffedRoom(mac);
    const anna = room.admit('Anna');
    const join = (password?: string): Request => ({
      kind: 'join',
      channel: CELLAR,
      ...(password === undefined ? {} : { password }),
    });
    const rule = { kind: 'password', channel: 'Cellar', given: false };
    expect(room.answerTo(anna, join())).toEqual(refused7('wrongPassword', rule));
    expect(room.answerTo(anna, join('open'))).toEqual(refused7('wrongPassword', { ...rule, given: true }));
    expect(room.answerTo(anna, join(SESAME))).toEqual(DONE_7);
    expect(room.answerTo(room.admit('Olga'), join())).toEqual(DONE_7);
    expect(room.engine.stats()).toMatchObject({ passwordJobs: 2, passwordsRight: 1, passwordsWrong: 1 });
  });
});

describe('a password under way', () => {
  const join = { kind: 'join', channel: CELLAR, password: SESAME } as const;

  test('is one for a lane', () => {
    const room = new StaffedRoom(mac);
    const anna = room.admit('Anna');
    room.hush();
    room.say(anna.lane, { type: 'request', id: 1, request: join });
    room.say(anna.lane, { type: 'request', id: 2, request: join });
    expect(room.take(anna.lane)).toMatchObject([{ code: 'busy', request: 2 }]);
    expect(room.passwordJobs.length).toBe(1);
    room.doPasswords();
    expect(room.take(anna.lane).at(-1)).toEqual({ type: 'done', id: 1 });
  });

  test('is forgotten with its lane, and counts until it is answered', () => {
    const room = new StaffedRoom(mac, { maxMembers: 100 });
    const members = Array.from({ length: MAX_PASSWORD_JOBS + 1 }, (_, at) =>
      room.admit(`Anna ${at}`, { address: `192.0.2.${at}` }),
    );
    room.hush();
    for (const [at, { lane }] of members.entries()) {
      room.say(lane, { type: 'request', id: 1, request: join });
      const answers = room.take(lane).filter((message) => message.type === 'refused');
      expect(answers.length).toBe(at < MAX_PASSWORD_JOBS ? 0 : 1);
      room.hangUp(lane);
    }
    room.hush();
    expect(room.engine.stats()).toMatchObject({ passwordsUnderWay: MAX_PASSWORD_JOBS, passwordsBusy: 1 });
    room.doPasswords();
    expect(room.engine.stats()).toMatchObject({
      passwordsUnderWay: 0,
      passwordsForgotten: MAX_PASSWORD_JOBS,
    });
    expect(room.messages.size).toBe(0);
  });

  test('that was changed before the answer came is asked for anew', () => {
    const room = new StaffedRoom(mac);
    const anna = room.admit('Anna');
    const olga = room.admit('Olga');
    room.hush();
    room.say(anna.lane, { type: 'request', id: 1, request: join });
    const [first] = room.passwordJobs.splice(0);
    const change = {
      kind: 'changeChannel',
      channel: CELLAR,
      name: 'Cellar',
      config,
      password: 'other',
    } as const;
    expect(room.answerTo(olga, change)).toEqual(DONE_7);
    room.engine.handlePasswordChecked(first?.job ?? 0, 'right', room.nowMs, room.out);
    room.doPasswords();
    expect(room.take(anna.lane).at(-1)).toMatchObject({ code: 'wrongPassword', request: 1 });
  });

  test('that nobody asked for leads to nothing', () => {
    const room = new StaffedRoom(mac);
    room.engine.handlePasswordChecked(99, 'right', room.nowMs, room.out);
    room.engine.handlePasswordHashed(99, 'hash', room.nowMs, room.out);
    expect(room.engine.stats()).toMatchObject({ passwordsUnknownJob: 2, passwordJobs: 0 });
  });

  test('that could not be compared is neither right nor wrong, and counts as no guess', () => {
    const room = new StaffedRoom(mac);
    const anna = room.admit('Anna');
    room.hush();
    for (let tries = 0; tries < MAX_PASSWORD_TRIES + 1; tries += 1) {
      for (const [verdict, code] of [
        ['overflow', 'busy'],
        ['unreadable', 'storageFailed'],
      ] as const) {
        room.say(anna.lane, { type: 'request', id: 7, request: join });
        const [asked] = room.passwordJobs.splice(0);
        room.engine.handlePasswordChecked(asked?.job ?? 0, verdict, room.nowMs, room.out);
        expect(room.take(anna.lane)).toEqual([refused7(code)]);
      }
      room.pass(1_000);
    }
    expect(room.engine.stats()).toMatchObject({ passwordsWrong: 0, passwordsWaited: 0 });
    expect(room.engine.stats().passwordsFailed).toBe(2 * (MAX_PASSWORD_TRIES + 1));
  });

  test('guessed too often has to wait, longer each time, from any identity of that address', () => {
    const room = new StaffedRoom(mac);
    const anna = room.admit('Anna');
    const wrong = { ...join, password: 'guess' };
    for (let tries = 0; tries < MAX_PASSWORD_TRIES; tries += 1) {
      expect(room.answerTo(anna, wrong)).toMatchObject({ rule: { kind: 'password', given: true } });
    }
    const seconds = FIRST_GUESS_WAIT_MS / 1_000 - 1;
    expect(room.answerTo(anna, join)).toEqual(refused7('wrongPassword', { kind: 'passwordWait', seconds }));
    const ben = room.admit('Ben');
    expect(room.answerTo(ben, join)).toMatchObject({ rule: { kind: 'passwordWait' } });
    const elsewhere = room.admit('Cleo', { address: '198.51.100.7' });
    expect(room.answerTo(elsewhere, join)).toEqual(DONE_7);
    room.pass(FIRST_GUESS_WAIT_MS);
    expect(room.answerTo(room.admit('Anna'), wrong)).toMatchObject({ rule: { kind: 'password' } });
    expect(room.answerTo(room.admit('Dora'), join)).toMatchObject({
      rule: { kind: 'passwordWait', seconds: 2 * (seconds + 1) - 1 },
    });
    expect(room.engine.stats()).toMatchObject({ passwordsWaited: 3 });
  });
});

describe('channels', () => {
  const create = { kind: 'createChannel', name: 'Garden', parent: null, config, password: null } as const;

  test('are made by those allowed, told to everybody, and kept', () => {
    const room = new StaffedRoom(mac);
    const anna = room.admit('Anna');
    const olga = room.admit('Olga');
    const rule = { kind: 'permission', permission: 'channels', own: 'Member' };
    expect(room.answerTo(anna, create)).toEqual(refused7('notAllowed', rule));
    const inKitchen = { ...create, parent: KITCHEN };
    expect(room.answerTo(anna, inKitchen)).toMatchObject({ rule: { kind: 'role', action: 'manage' } });
    room.hush();
    expect(room.answerTo(olga, { ...inKitchen, password: 'rose' })).toEqual(DONE_7);
    const info = { id: 7, parent: KITCHEN, name: 'Garden', locked: true, config };
    expect(room.take(anna.lane)).toEqual([{ type: 'channelChanged', channel: info }]);
    expect(room.answerTo(anna, { kind: 'join', channel: 7 })).toMatchObject({ rule: { given: false } });
    expect(room.answerTo(anna, { kind: 'join', channel: 7, password: 'rose' })).toEqual(DONE_7);
    room.restart();
    const { welcome } = room.admit('Ben');
    expect(welcome.channels.at(-1)).toEqual(info);
    expect(JSON.stringify(welcome)).not.toContain('$toy$');
    expect(room.store.audits).toMatchObject([{ by: olga.identity, action: 'createChannel', subject: '7' }]);
  });

  test('are changed by those allowed; a password stays, goes, or is another', () => {
    const room = new StaffedRoom(mac);
    const anna = room.admit('Anna');
    const olga = room.admit('Olga');
    const change = { kind: 'changeChannel', channel: CELLAR, name: 'Vault', config } as const;
    expect(room.answerTo(anna, change)).toMatchObject({
      rule: { kind: 'role', action: 'manage', channel: 'Cellar', required: 'Admin' },
    });
    const outcome = (): boolean | undefined =>
      room.store.snapshot().channels.find((stored) => stored.info.id === CELLAR)?.info.locked;
    expect(room.answerTo(olga, change)).toEqual(DONE_7);
    expect(outcome()).toBe(true);
    expect(room.answerTo(olga, { ...change, password: null })).toEqual(DONE_7);
    expect(outcome()).toBe(false);
    expect(room.answerTo(anna, { kind: 'join', channel: CELLAR })).toEqual(DONE_7);
    expect(room.answerTo(olga, { ...change, password: 'new' })).toEqual(DONE_7);
    expect(outcome()).toBe(true);
    expect(room.answerTo(olga, { ...change, channel: 99 })).toEqual(refused7('unknownChannel'));
  });

  test('name only roles that exist', () => {
    const room = new StaffedRoom(mac);
    const olga = room.admit('Olga');
    const odd = { ...config, speakRole: 77 };
    expect(room.answerTo(olga, { ...create, config: odd })).toEqual(refused7('unknownRole'));
    const change = { kind: 'changeChannel', channel: KITCHEN, name: 'Kitchen', config: odd } as const;
    expect(room.answerTo(olga, change)).toEqual(refused7('unknownRole'));
  });

  test('are removed when nobody and nothing is in them, and never the first', () => {
    const room = new StaffedRoom(mac);
    const anna = room.admit('Anna');
    const olga = room.admit('Olga');
    const remove = (channel: number): Request => ({ kind: 'removeChannel', channel });
    expect(room.answerTo(anna, remove(CLOSET))).toMatchObject({ rule: { kind: 'role', action: 'manage' } });
    expect(room.answerTo(olga, remove(LOBBY))).toEqual(refused7('notAllowed'));
    expect(room.answerTo(olga, remove(KITCHEN))).toEqual(refused7('channelNotEmpty'));
    room.answerTo(anna, { kind: 'join', channel: CLOSET });
    expect(room.answerTo(olga, remove(CLOSET))).toEqual(refused7('channelNotEmpty'));
    // A held place is a place.
    room.hangUp(anna.lane);
    expect(room.answerTo(olga, remove(CLOSET))).toEqual(refused7('channelNotEmpty'));
    const ben = room.admit('Ben');
    expect(room.answerTo(olga, remove(CELLAR))).toEqual(DONE_7);
    expect(room.take(ben.lane)).toEqual([{ type: 'channelRemoved', channel: CELLAR }]);
    expect(room.answerTo(olga, remove(KITCHEN))).toEqual(DONE_7);
    expect(room.answerTo(olga, remove(KITCHEN))).toEqual(refused7('unknownChannel'));
    // The number of the one that is gone is not given to the next.
    expect(room.answerTo(olga, create)).toEqual(DONE_7);
    expect(room.store.snapshot().channels.at(-1)?.info.id).toBe(7);
  });

  test('are so many, and so deep', () => {
    const room = new StaffedRoom(mac);
    const olga = room.admit('Olga');
    const before = room.store.snapshot().channels.length;
    let parent = CELLAR;
    for (let depth = 3; depth <= MAX_CHANNEL_DEPTH; depth += 1) {
      expect(room.answerTo(olga, { ...create, parent })).toEqual(DONE_7);
      parent = room.store.snapshot().channels.at(-1)?.info.id ?? 0;
    }
    expect(room.answerTo(olga, { ...create, parent })).toEqual(refused7('channelTooDeep'));
    for (let count = before + MAX_CHANNEL_DEPTH - 2; count < MAX_CHANNELS; count += 1) {
      expect(room.answerTo(olga, create)).toEqual(DONE_7);
    }
    expect(room.answerTo(olga, create)).toEqual(refused7('tooManyChannels'));
    expect(room.answerTo(olga, { ...create, parent: 999 })).toEqual(refused7('unknownChannel'));
  });

  test('ask for the new role at once when it is changed', () => {
    const room = new StaffedRoom(mac);
    const anna = room.admit('Anna');
    const olga = room.admit('Olga');
    const strict = { ...config, enterRole: MODERATOR_ROLE_ID };
    room.answerTo(olga, { kind: 'changeChannel', channel: KITCHEN, name: 'Kitchen', config: strict });
    expect(room.answerTo(anna, { kind: 'join', channel: KITCHEN })).toMatchObject({
      rule: { kind: 'role', action: 'enter', channel: 'Kitchen' },
    });
  });
});
