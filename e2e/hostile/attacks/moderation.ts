import type { Request } from '../../../src/core/wire/control.ts';
import { ADMIN_ROLE_ID, MEMBER_ROLE_ID } from '../../../src/core/wire/roles.ts';
import { defaultChannels } from '../../../src/main/relay/room-defaults.ts';
import { type Attack, LOBBY, STRANGERS, type Stage, type Tally } from '../attack.ts';
import { Rogue } from '../rogue.ts';

/** Nicknames that steer terminals, hide, or show nothing: the right-to-left override, a bell, line ends, zero width. */
const BAD_NICKNAMES = [
  'evil\u202eexe',
  'ring\u0007',
  'two\nlines',
  'tab\tbed',
  '\u200b\u200b',
  '   ',
  'x'.repeat(40),
  'half\ud800',
];

/** Ranges that are none. */
const BAD_RANGES = [
  '999.0.0.0/8',
  '10.0.0.0/33',
  '::/129',
  'banana',
  '127.0.0.1',
  '1.2.3.4/5/6',
  'fe80::1%lo/64',
  '::ffff:10.0.0.0/8',
];

/** Ranges that would shut out whoever lays the ban. */
const OWN_RANGES = ['0.0.0.0/0', '127.0.0.0/8', '127.0.0.1/32'];

function plainConfig(): NonNullable<ReturnType<typeof defaultChannels>[number]>['info']['config'] {
  const [lobby] = defaultChannels();
  if (lobby === undefined) throw new Error('a room has a channel');
  return lobby.info.config;
}

function moderationBy(member: string, victim: { token: number; identity: string }): [Request, string][] {
  const config = plainConfig();
  const reason = 'Because';
  const ban = (subject: Extract<Request, { kind: 'ban' }>['subject']): Request => ({
    kind: 'ban',
    subject,
    reason,
    seconds: 60,
  });
  return [
    [{ kind: 'move', member: victim.token, channel: LOBBY }, 'permission'],
    [{ kind: 'muteForAll', member: victim.token, muted: true }, 'permission'],
    [{ kind: 'kick', member: victim.token, reason }, 'permission'],
    [ban({ kind: 'identity', identity: victim.identity }), 'permission'],
    [ban({ kind: 'range', range: '192.0.2.0/24' }), 'permission'],
    [ban({ kind: 'addressOf', member: victim.token }), 'permission'],
    [{ kind: 'unban', ban: 1 }, 'permission'],
    [{ kind: 'listBans' }, 'permission'],
    [{ kind: 'createChannel', name: 'Mine', parent: null, config, password: null }, 'permission'],
    [{ kind: 'createChannel', name: 'Mine', parent: LOBBY, config, password: 'x' }, 'role'],
    [{ kind: 'changeChannel', channel: LOBBY, name: 'Mine', config, password: 'x' }, 'role'],
    [{ kind: 'removeChannel', channel: LOBBY }, 'role'],
    [{ kind: 'saveRole', role: null, name: 'King', rank: 99, permissions: ['kick'] }, 'permission'],
    [{ kind: 'removeRole', role: MEMBER_ROLE_ID }, 'permission'],
    [{ kind: 'assignRole', identity: member, role: ADMIN_ROLE_ID }, 'permission'],
  ];
}

async function moderateWithoutRight(stage: Stage, tally: Tally): Promise<void> {
  const [victim] = stage.honest.members;
  if (victim === undefined) throw new Error('there is nobody to be moderated');
  const upstart = await Rogue.enter(stage.relay.port, STRANGERS[5], 'Upstart');
  for (const [request, rule] of moderationBy(upstart.identity.name, victim))
    tally.refused(`${request.kind} by a plain member`, await upstart.request(request), 'notAllowed', rule);
  upstart.leave();
}

async function enterWithBadNames(stage: Stage, tally: Tally): Promise<void> {
  for (const nickname of BAD_NICKNAMES) {
    const rogue = await Rogue.open(stage.relay.port, STRANGERS[5], nickname);
    tally.refused(`the nickname ${JSON.stringify(nickname)}`, await rogue.hello(), 'nicknameInvalid');
    await rogue.until('the end of the lane', () => rogue.closed);
    rogue.drop();
  }
  const [honest] = stage.honest.members;
  const double = await Rogue.open(stage.relay.port, STRANGERS[5], `${honest?.nickname.toUpperCase()}\u200d`);
  tally.refused('a nickname that looks like another', await double.login(), 'nicknameTaken');
  double.drop();
}

async function banAbsurdly(stage: Stage, tally: Tally): Promise<void> {
  const ban = (range: string): Request => ({
    kind: 'ban',
    subject: { kind: 'range', range },
    reason: '',
    seconds: null,
  });
  for (const range of BAD_RANGES)
    tally.refused(`the range ${range}`, await stage.warden.request(ban(range)), 'badRange');
  for (const range of OWN_RANGES)
    tally.refused(`the range ${range}`, await stage.warden.request(ban(range)), 'notAllowed', 'rank');
}

export const moderation: Attack = {
  name: 'moderation without the right, names that deceive, absurd bans',
  expectation: 'notAllowed with the rule, nicknameInvalid, nicknameTaken, badRange',
  async run(stage, tally) {
    await moderateWithoutRight(stage, tally);
    await enterWithBadNames(stage, tally);
    await banAbsurdly(stage, tally);
    return undefined;
  },
};
