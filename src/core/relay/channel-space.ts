import { judgeSpace, type Verdict } from '../permissions/judge.ts';
import { MAX_CHANNEL_MEMBERS } from '../wire/channels.ts';
import type { ListenersRoster } from './listeners-roster.ts';
import type { Channel, Member } from './room.ts';

/**
 * Whether one more person fits. The member that stands in the channel for the gateways takes none of the people's
 * places; but with it there never are more than MAX_CHANNEL_MEMBERS.
 *
 * @param leaving somebody who is in the channel and makes way
 */
export function judgePlaceInChannel(
  channel: Channel,
  listeners: ListenersRoster,
  leaving: Member | null = null,
): Verdict {
  const { config, id, name } = channel.info;
  const kept = listeners.inChannel(id) === null ? 0 : 1;
  const maxMembers = Math.min(config.maxMembers, MAX_CHANNEL_MEMBERS - kept);
  return judgeSpace({ name, config: { ...config, maxMembers } }, countPeople(channel, leaving));
}

/** Whether the gateways' member fits: it is refused only where people have taken every place before it was let in. */
export function judgeStandInChannel(channel: Channel, leaving: Member | null): Verdict {
  const { config, name } = channel.info;
  const others = channel.members.size - (leaving?.channel === channel ? 1 : 0);
  return judgeSpace({ name, config: { ...config, maxMembers: MAX_CHANNEL_MEMBERS } }, others);
}

/** Whether there is anybody but the gateways' member. */
export function hasPeople(channel: Channel): boolean {
  return countPeople(channel, null) > 0;
}

function countPeople(channel: Channel, leaving: Member | null): number {
  let people = 0;
  for (const member of channel.members) if (member.kind !== 'listeners' && member !== leaving) people += 1;
  return people;
}
