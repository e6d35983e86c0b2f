import type { AppState } from '../../contract/dto.ts';
import type { Channel, KeyState, Member, Role } from '../../contract/room.ts';
import {
  bearerRole,
  isBuiltIn,
  judgeChannelAction,
  judgePermission,
  judgeRank,
  type RankedAct,
  type Verdict,
} from '../../core/permissions/judge.ts';
import { channelTree } from '../../core/session/channel-tree.ts';
import type { ChannelInfo } from '../../core/wire/channels.ts';
import type { MemberInfo } from '../../core/wire/control.ts';
import { LISTENERS_NICKNAME } from '../../core/wire/fields.ts';
import type { Permission, Role as RoleInfo } from '../../core/wire/roles.ts';
import { type ChannelAction, ruleSentence } from '../../core/wire/rule.ts';

/** What this program keeps about somebody on this relay, by public key. */
export interface PersonFacts {
  /** Linear gain, 0 to 2. */
  readonly volume: number;
  readonly mutedHere: boolean;
  readonly verified: boolean;
}

/** Everything the view of a room is made of. */
export interface RoomFacts {
  readonly ownToken: number | null;
  readonly channels: readonly ChannelInfo[];
  readonly members: readonly MemberInfo[];
  readonly roles: readonly RoleInfo[];
  readonly person: (identity: string) => PersonFacts;
  readonly talking: ReadonlySet<number>;
  readonly whispering: ReadonlySet<number>;
  /** Sound of our own goes out. */
  readonly transmitting: boolean;
  /** Identities that hold the keys of our channel. */
  readonly holders: ReadonlySet<string>;
  readonly safetyCode: (identity: string) => string;
}

/** What cannot be done with the member that stands in a channel for listeners; the relay refuses it, too. */
const NO_PERSON = `“${LISTENERS_NICKNAME}” is no person: it stays for as long as its channel is open to listeners.`;

type RoomView = Pick<AppState, 'channels' | 'members' | 'roles' | 'ownRules'> & {
  readonly speakRule: string;
};

function sentence(verdict: Verdict): string {
  return verdict.ok ? '' : ruleSentence(verdict.rule);
}

/** The first rule that says no. */
function first(...sentences: readonly string[]): string {
  return sentences.find((text) => text !== '') ?? '';
}

/** The room as the window shows it, each "no" with the rule that says it. */
export function viewRoom(facts: RoomFacts): RoomView {
  const own = facts.members.find(({ token }) => token === facts.ownToken);
  const ownRole = bearerRole(own?.role ?? 0, facts.roles);
  const ownChannel = facts.channels.find(({ id }) => id === own?.channel);
  const permission = (name: Permission): string => sentence(judgePermission(name, ownRole));
  const mutedForAll = own?.mutedForAll === true ? ruleSentence({ kind: 'mutedForAll', by: '' }) : '';
  const channels = viewChannels(facts, ownRole);
  return {
    channels,
    roles: facts.roles
      .map((role): Role => ({ ...role, permissions: [...role.permissions], builtIn: isBuiltIn(role.id) }))
      .sort((a, b) => b.rank - a.rank || a.id - b.id),
    ownRules: { roles: permission('roles'), channels: permission('channels'), ban: permission('ban') },
    members: facts.members.map((member) => viewMember(member, facts, ownRole, own?.channel ?? null)),
    speakRule:
      ownChannel === undefined
        ? ''
        : first(mutedForAll, sentence(judgeChannelAction('speak', ownChannel, ownRole, facts.roles))),
  };
}

function viewChannels(facts: RoomFacts, ownRole: RoleInfo): Channel[] {
  const landing = Math.min(...facts.channels.map(({ id }) => id));
  return channelTree(facts.channels).map(({ channel, depth }) => {
    const judge = (action: ChannelAction): string =>
      sentence(judgeChannelAction(action, channel, ownRole, facts.roles));
    return {
      ...channel,
      depth,
      // Ids count up, and the channel that members land in was there first and cannot be removed.
      landing: channel.id === landing,
      rules: {
        enter: judge('enter'),
        speak: judge('speak'),
        whisper: judge('whisper'),
        manage: judge('manage'),
      },
    };
  });
}

function viewMember(
  member: MemberInfo,
  facts: RoomFacts,
  ownRole: RoleInfo,
  ownChannel: number | null,
): Member {
  const self = member.token === facts.ownToken;
  // The relay lets nobody else have that name.
  const listeners = member.nickname === LISTENERS_NICKNAME;
  const role = bearerRole(member.role, facts.roles);
  const channel = facts.channels.find(({ id }) => id === member.channel);
  const person = facts.person(member.identity);
  const rank = (act: RankedAct): string =>
    sentence(judgeRank(act, ownRole, { name: member.nickname, rank: role.rank, owner: false }));
  const rule = (permission: Permission, act: RankedAct): string =>
    first(sentence(judgePermission(permission, ownRole)), rank(act));
  const personRule = (text: string): string => first(listeners ? NO_PERSON : '', text);
  return {
    token: member.token,
    identity: member.identity,
    nickname: member.nickname,
    self,
    listeners,
    channel: member.channel,
    role: role.id,
    roleName: role.name,
    talking: self ? facts.transmitting : facts.talking.has(member.token),
    whispering: facts.whispering.has(member.token),
    muted: member.muted,
    deafened: member.deafened,
    mutedForAll: member.mutedForAll,
    mutedHere: person.mutedHere,
    reconnecting: member.reconnecting,
    volume: person.volume,
    keys: keyState(member, facts.holders, ownChannel),
    safetyCode: self || listeners ? '' : facts.safetyCode(member.identity),
    verified: person.verified,
    rules: {
      move: personRule(rule('move', 'move')),
      mute: rule('mute', 'mute'),
      kick: personRule(rule('kick', 'kick')),
      ban: personRule(rule('ban', 'ban')),
      assignRole: personRule(rule('roles', 'assignRole')),
      whisper: personRule(
        channel === undefined
          ? `${member.nickname} is in no channel, so a whisper would not arrive.`
          : sentence(judgeChannelAction('whisper', channel, ownRole, facts.roles)),
      ),
    },
  };
}

/** While we have no keys ourselves we cannot tell who else has. */
function keyState(member: MemberInfo, holders: ReadonlySet<string>, ownChannel: number | null): KeyState {
  if (ownChannel === null || member.channel !== ownChannel) return 'elsewhere';
  if (holders.size === 0) return 'waiting';
  return holders.has(member.identity) ? 'sealed' : 'noKey';
}
