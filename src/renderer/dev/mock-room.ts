import type { CommandHandlers } from '../../contract/ipc.ts';
import type { Ban } from '../../contract/room.ts';
import type { MockStage } from './mock-stage.ts';
import { someChannel } from './some-member.ts';

type RoomHandlers = Pick<
  CommandHandlers,
  | 'joinChannel'
  | 'createChannel'
  | 'changeChannel'
  | 'removeChannel'
  | 'moveMember'
  | 'muteMemberForAll'
  | 'kickMember'
  | 'banMember'
  | 'banRange'
  | 'unban'
  | 'listBans'
  | 'saveRole'
  | 'removeRole'
  | 'assignRole'
>;

const HOUR_MS = 3_600_000;

const until = (seconds: number | null): number | null =>
  seconds === null ? null : Date.now() + seconds * 1_000;

/** Channels, roles and bans of a made-up room; the password of its locked channels is "open". */
export function roomHandlers(stage: MockStage): RoomHandlers {
  let bans: Ban[] = [
    {
      id: 1,
      kind: 'identity',
      subject: 'loud one',
      reason: 'Played the same song for an hour.',
      by: 'Ada Lovelace',
      createdMs: Date.now() - HOUR_MS,
      untilMs: Date.now() + 20 * HOUR_MS,
    },
    {
      id: 2,
      kind: 'range',
      subject: '203.0.113.0/24',
      reason: '',
      by: 'Grace',
      createdMs: Date.now(),
      untilMs: null,
    },
  ];
  const ban = (kind: Ban['kind'], subject: string, reason: string, seconds: number | null): void => {
    const by = stage.state.nickname;
    bans = [
      ...bans,
      { id: stage.nextId(), kind, subject, reason, by, createdMs: Date.now(), untilMs: until(seconds) },
    ];
  };
  const drop = (token: number) =>
    stage.change({ members: stage.state.members.filter((one) => one.token !== token) });
  return {
    ...channelHandlers(stage),
    moveMember: ({ token, channel }) => stage.changeMember(token, { channel }),
    muteMemberForAll: ({ token, muted }) => stage.changeMember(token, { mutedForAll: muted }),
    kickMember: ({ token }) => drop(token),
    banMember: ({ token, by, reason, seconds }) => {
      const nickname = stage.state.members.find((one) => one.token === token)?.nickname ?? '';
      if (by === 'identity') ban('identity', nickname, reason, seconds);
      else ban('range', '198.51.100.7/32', reason, seconds);
      return drop(token);
    },
    banRange: ({ range, reason, seconds }) => {
      ban('range', range, reason, seconds);
      return Promise.resolve({ ok: true });
    },
    unban: ({ ban: id }) => {
      bans = bans.filter((one) => one.id !== id);
      return Promise.resolve({ ok: true });
    },
    listBans: () => Promise.resolve({ ok: true, bans }),
    saveRole: ({ role, name, rank, permissions }) => {
      const saved = { id: role ?? stage.nextId(), name, rank, permissions, builtIn: false };
      const others = stage.state.roles.filter((one) => one.id !== saved.id);
      return stage.change({ roles: [...others, saved].sort((a, b) => b.rank - a.rank) });
    },
    removeRole: ({ role }) =>
      stage.state.members.some((one) => one.role === role)
        ? stage.refuse('Somebody has this role. Give them another one first.')
        : stage.change({ roles: stage.state.roles.filter((one) => one.id !== role) }),
    assignRole: ({ identity, role }) => {
      const roleName = stage.state.roles.find((one) => one.id === role)?.name ?? '';
      return stage.change({
        members: stage.state.members.map((one) =>
          one.identity === identity ? { ...one, role, roleName } : one,
        ),
      });
    },
  };
}

function channelHandlers(
  stage: MockStage,
): Pick<RoomHandlers, 'joinChannel' | 'createChannel' | 'changeChannel' | 'removeChannel'> {
  return {
    joinChannel: ({ channel: id, password }) => {
      const { connection, members, channels } = stage.state;
      const channel = channels.find((one) => one.id === id);
      if (connection.phase !== 'connected') return stage.refuse('You are in no room.');
      if (channel?.locked === true && password !== 'open')
        return stage.refuse(`That is not the password of ${channel.name}.`);
      return stage.change({
        connection: { ...connection, channel: id, channelName: channel?.name ?? '' },
        members: members.map((one) => ({
          ...one,
          channel: one.self ? id : one.channel,
          keys: one.self || one.channel === id ? 'sealed' : 'elsewhere',
        })),
      });
    },
    createChannel: ({ name, parent, config, password }) => {
      const { channels } = stage.state;
      const at = channels.findIndex((one) => one.id === parent);
      const depth = at < 0 ? 0 : (channels[at]?.depth ?? 0) + 1;
      const made = someChannel({
        id: stage.nextId(),
        parent,
        depth,
        name,
        config,
        locked: password !== null,
      });
      const place = at < 0 ? channels.length : at + 1;
      return stage.change({ channels: [...channels.slice(0, place), made, ...channels.slice(place)] });
    },
    changeChannel: ({ channel, name, config, password }) =>
      stage.changeChannel(channel, {
        name,
        config,
        ...(password === undefined ? {} : { locked: password !== null }),
      }),
    removeChannel: ({ channel }) => {
      const { channels, members } = stage.state;
      const used =
        members.some((one) => one.channel === channel) || channels.some((one) => one.parent === channel);
      if (used) return stage.refuse('A channel must be empty before it is removed.');
      return stage.change({ channels: channels.filter((one) => one.id !== channel) });
    },
  };
}
