import { describe, expect, it } from 'vitest';
import type { CommandHandlers, Outcome } from '../../contract/ipc.ts';
import { simChannelConfig, simIdentity } from '../../core/sim/sim-room.ts';
import { type Ban, MAX_BANS, type Request } from '../../core/wire/control.ts';
import { AppRig, settle } from './app-rig.ts';

const BOB = simIdentity(8);
const config = { ...simChannelConfig };
const rule = { kind: 'permission', permission: 'kick', own: 'Member' } as const;
const RULE_SENTENCE = 'Your role, Member, does not allow you to remove others from the room.';

/** A command of each kind that asks the relay, and what it asks. */
const asking: [string, (handlers: CommandHandlers) => Promise<Outcome>, Request][] = [
  [
    'joinChannel',
    (handlers) => handlers.joinChannel({ channel: 2, password: 'secret' }),
    { kind: 'join', channel: 2, password: 'secret' },
  ],
  [
    'createChannel',
    (handlers) => handlers.createChannel({ name: ' Attic ', parent: 1, config, password: null }),
    { kind: 'createChannel', name: 'Attic', parent: 1, config, password: null },
  ],
  [
    'changeChannel, password as it is',
    (handlers) => handlers.changeChannel({ channel: 2, name: 'Attic', config }),
    { kind: 'changeChannel', channel: 2, name: 'Attic', config },
  ],
  [
    'changeChannel, password removed',
    (handlers) => handlers.changeChannel({ channel: 2, name: 'Attic', config, password: null }),
    { kind: 'changeChannel', channel: 2, name: 'Attic', config, password: null },
  ],
  [
    'removeChannel',
    (handlers) => handlers.removeChannel({ channel: 2 }),
    { kind: 'removeChannel', channel: 2 },
  ],
  [
    'moveMember',
    (handlers) => handlers.moveMember({ token: 8, channel: 2 }),
    { kind: 'move', member: 8, channel: 2 },
  ],
  [
    'muteMemberForAll',
    (handlers) => handlers.muteMemberForAll({ token: 8, muted: true }),
    { kind: 'muteForAll', member: 8, muted: true },
  ],
  [
    'kickMember',
    (handlers) => handlers.kickMember({ token: 8, reason: ' Noise. ' }),
    { kind: 'kick', member: 8, reason: 'Noise.' },
  ],
  [
    'banMember by identity',
    (handlers) => handlers.banMember({ token: 8, by: 'identity', reason: '', seconds: 60 }),
    { kind: 'ban', subject: { kind: 'identity', identity: BOB }, reason: '', seconds: 60 },
  ],
  [
    'banMember by address',
    (handlers) => handlers.banMember({ token: 8, by: 'address', reason: '', seconds: null }),
    { kind: 'ban', subject: { kind: 'addressOf', member: 8 }, reason: '', seconds: null },
  ],
  [
    'banRange',
    (handlers) => handlers.banRange({ range: ' 203.0.113.0/24 ', reason: '', seconds: null }),
    { kind: 'ban', subject: { kind: 'range', range: '203.0.113.0/24' }, reason: '', seconds: null },
  ],
  ['unban', (handlers) => handlers.unban({ ban: 3 }), { kind: 'unban', ban: 3 }],
  [
    'saveRole',
    (handlers) => handlers.saveRole({ role: null, name: 'Guide', rank: 20, permissions: ['move'] }),
    { kind: 'saveRole', role: null, name: 'Guide', rank: 20, permissions: ['move'] },
  ],
  ['removeRole', (handlers) => handlers.removeRole({ role: 16 }), { kind: 'removeRole', role: 16 }],
  [
    'assignRole',
    (handlers) => handlers.assignRole({ identity: BOB, role: 2 }),
    { kind: 'assignRole', identity: BOB, role: 2 },
  ],
];

async function inRoom(): Promise<AppRig> {
  const rig = new AppRig();
  await rig.enter();
  return rig;
}

describe.each(asking)('%s', (_, command, request) => {
  it('asks the relay, and is done when the relay says so', async () => {
    const rig = await inRoom();
    const answer = command(rig.app.handlers);
    const asked = rig.takeRequest();
    expect(asked.request).toEqual(request);
    await rig.say({ type: 'done', id: asked.id });
    expect(await answer).toEqual({ ok: true });
  });

  it('passes on the rule that said no', async () => {
    const rig = await inRoom();
    const answer = command(rig.app.handlers);
    const { id } = rig.takeRequest();
    await rig.say({ type: 'refused', code: 'notAllowed', rule, request: id, chat: null });
    expect(await answer).toEqual({ ok: false, sentence: RULE_SENTENCE });
  });

  it('says what became of it when the connection breaks, and outside of rooms', async () => {
    const rig = await inRoom();
    const answer = command(rig.app.handlers);
    rig.lane.request.onDidClose('closed');
    expect(await answer).toMatchObject({ ok: false, sentence: expect.stringContaining('lost') });
    await rig.app.handlers.leave(null);
    expect(await command(rig.app.handlers)).toMatchObject({ ok: false });
  });
});

describe('What no relay could read', () => {
  it.each<[string, (handlers: CommandHandlers) => Promise<Outcome>, string, RegExp]>([
    [
      'a channel without a name',
      (handlers) => handlers.createChannel({ name: ' ', parent: null, config, password: null }),
      'name',
      /Give the channel a name of 1 to 64/,
    ],
    [
      'a name that steers the text',
      (handlers) => handlers.changeChannel({ channel: 1, name: 'a\u202eb', config }),
      'name',
      /visible/,
    ],
    [
      'a role without a name',
      (handlers) => handlers.saveRole({ role: null, name: '', rank: 1, permissions: [] }),
      'name',
      /the role/,
    ],
    [
      'an empty password',
      (handlers) => handlers.joinChannel({ channel: 1, password: '' }),
      'password',
      /1 to 128/,
    ],
    [
      'a password that is too long',
      (handlers) => handlers.createChannel({ name: 'a', parent: null, config, password: 'x'.repeat(129) }),
      'password',
      /1 to 128/,
    ],
    [
      'a reason with a line break',
      (handlers) => handlers.kickMember({ token: 8, reason: 'a\nb' }),
      'reason',
      /256 visible/,
    ],
    [
      'a reason that is too long',
      (handlers) => handlers.banRange({ range: '::/0', reason: 'x'.repeat(257), seconds: null }),
      'reason',
      /256 visible/,
    ],
    [
      'no range',
      (handlers) => handlers.banRange({ range: ' ', reason: '', seconds: null }),
      'request',
      /203\.0\.113\.0\/24/,
    ],
    [
      'a ban of a thousand years',
      (handlers) => handlers.banMember({ token: 8, by: 'identity', reason: '', seconds: 31_536_000_000 }),
      'request',
      /10 years/,
    ],
    ['a channel below zero', (handlers) => handlers.removeChannel({ channel: -1 }), 'request', /none that/],
    [
      'joining a channel below zero',
      (handlers) => handlers.joinChannel({ channel: -1, password: null }),
      'request',
      /none that/,
    ],
    [
      'an identity that is none',
      (handlers) => handlers.assignRole({ identity: 'Bob', role: 1 }),
      'request',
      /none that/,
    ],
    [
      'history of a channel below zero',
      (handlers) => handlers.loadOlderChat({ channel: -1 }),
      'request',
      /none that/,
    ],
    [
      'an empty message',
      (handlers) => handlers.sendChat({ target: { kind: 'channel', channel: 1 }, text: ' \n' }),
      'chat',
      /empty/,
    ],
    [
      'a message longer than 4 KiB',
      (handlers) => handlers.sendChat({ target: { kind: 'channel', channel: 1 }, text: 'ä'.repeat(2_049) }),
      'chat',
      /4098 bytes, and 4096/,
    ],
  ])('%s is refused with a sentence, counted, and not sent', async (_, command, reason, sentence) => {
    const rig = await inRoom();
    rig.take('keyPackage');
    const before = rig.lane.sent.length;
    expect(await command(rig.app.handlers)).toMatchObject({
      ok: false,
      sentence: expect.stringMatching(sentence),
    });
    expect(rig.lane.sent).toHaveLength(before);
    expect(rig.refused).toEqual({ [reason]: 1 });
  });

  it('tells whoever bans somebody that they have left', async () => {
    const rig = await inRoom();
    const answer = rig.app.handlers.banMember({ token: 99, by: 'address', reason: '', seconds: null });
    expect(await answer).toEqual({ ok: false, sentence: 'That person has left the room.' });
  });
});

describe('listBans', () => {
  const ban = (id: number, subject: Ban['subject']): Ban => ({
    id,
    subject,
    nickname: subject.kind === 'range' ? '' : 'Eve',
    reason: 'Noise.',
    by: 'Ada',
    createdMs: 5,
    untilMs: null,
  });
  const range = { kind: 'range', range: '::/0' } as const;

  it('gathers what comes in parts, in words the window knows', async () => {
    const rig = await inRoom();
    const answer = rig.app.handlers.listBans(null);
    const { id, request } = rig.takeRequest();
    expect(request).toEqual({ kind: 'listBans' });
    await rig.say({ type: 'bans', bans: [ban(1, { kind: 'identity', identity: BOB })] });
    await rig.say({ type: 'bans', bans: [ban(2, range)] });
    await rig.say({ type: 'done', id });
    const facts = { reason: 'Noise.', by: 'Ada', createdMs: 5, untilMs: null };
    expect(await answer).toEqual({
      ok: true,
      bans: [
        { id: 1, kind: 'identity', subject: 'Eve', ...facts },
        { id: 2, kind: 'range', subject: '::/0', ...facts },
      ],
    });
  });

  it('keeps two lists apart that are asked for at once', async () => {
    const rig = await inRoom();
    const answers = [rig.app.handlers.listBans(null), rig.app.handlers.listBans(null)];
    const [first, second] = rig.take('request');
    await rig.say({ type: 'bans', bans: [ban(1, range)] });
    await rig.say({ type: 'done', id: first?.id ?? 0 });
    await rig.say({ type: 'bans', bans: [ban(1, range), ban(2, range)] });
    await rig.say({ type: 'done', id: second?.id ?? 0 });
    const listed = await Promise.all(answers);
    expect(listed.map((list) => (list.ok ? list.bans.length : -1))).toEqual([1, 2]);
  });

  it('keeps no bans that nobody asked for, nor more than there can be', async () => {
    const rig = await inRoom();
    await rig.say({ type: 'bans', bans: [ban(1, range)] });
    const answer = rig.app.handlers.listBans(null);
    const { id } = rig.takeRequest();
    const page = Array.from({ length: 50 }, (_, at) => ban(at + 1, range));
    for (let pages = 0; pages < MAX_BANS / 50 + 1; pages += 1) await rig.say({ type: 'bans', bans: page });
    await rig.say({ type: 'done', id });
    const listed = await answer;
    expect(listed.ok && listed.bans.length).toBe(MAX_BANS);
    expect(rig.app.getStats().session?.bansUnasked).toBe(51);
  });

  it('passes on why there is no list', async () => {
    const rig = await inRoom();
    const answer = rig.app.handlers.listBans(null);
    const { id } = rig.takeRequest();
    await rig.say({ type: 'bans', bans: [ban(1, range)] });
    await rig.say({ type: 'refused', code: 'notAllowed', rule: null, request: id, chat: null });
    expect(await answer).toMatchObject({ ok: false });
    const again = rig.app.handlers.listBans(null);
    await rig.say({ type: 'done', id: rig.takeRequest().id });
    expect(await again).toEqual({ ok: true, bans: [] });
  });
});

describe('What is decided about people', () => {
  it('keeps volume, mute and verification by public key', async () => {
    const rig = await inRoom();
    const { handlers } = rig.app;
    expect(await handlers.setMemberVolume({ token: 8, volume: 0.5 })).toEqual({ ok: true });
    expect(await handlers.setMemberMuted({ token: 8, muted: true })).toEqual({ ok: true });
    expect(await handlers.setVerified({ identity: BOB, verified: true })).toEqual({ ok: true });
    expect(rig.orders).toEqual(expect.arrayContaining(['volume 8 0.5', 'memberMuted 8 true']));
    expect(rig.app.getState().members.find(({ token }) => token === 8)).toMatchObject({
      volume: 0.5,
      mutedHere: true,
      verified: true,
    });
    await rig.app.handlers.leave(null);
    rig.orders.length = 0;
    await rig.enter();
    expect(rig.orders).toContain('volume 8 0.5');
    expect(await handlers.setVerified({ identity: simIdentity(99), verified: true })).toMatchObject({
      ok: false,
    });
  });
});

describe('joinChannel', () => {
  it('leaves the channel and stays in the room', async () => {
    const rig = await inRoom();
    expect(await rig.app.handlers.joinChannel({ channel: null, password: null })).toEqual({ ok: true });
    expect(rig.take('leave')).toHaveLength(1);
  });

  it('is asked for after the connection is back', async () => {
    const rig = await inRoom();
    rig.lane.request.onDidClose('closed');
    expect(await rig.app.handlers.joinChannel({ channel: 2, password: null })).toEqual({ ok: true });
    await settle();
    expect(rig.take('request')).toEqual([]);
  });
});
