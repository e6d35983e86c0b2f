import type { Channel, Member } from '../../../contract/dto.ts';

/** What a channel's `listeners` switch means, for whoever is about to turn it on. */
export const LISTENERS_SWITCH_HINT =
  'People who are not in the room can then hear this channel, in a browser or a player. End-to-end encryption ends at this relay for it: a member named “Listeners” holds the keys there, and everybody here is told.';

/** What the member is that stands for them. */
export const LISTENERS_MEMBER_SENTENCE =
  'No person: through this member people who are not in the room hear this channel. It holds the channel’s keys at the relay.';

/** Who else hears one's channel; empty where nobody may. */
export function openSentence(
  channel: Pick<Channel, 'id' | 'config'> | undefined,
  members: readonly Pick<Member, 'channel' | 'listeners'>[],
): string {
  if (channel === undefined) return '';
  const stands = members.some((member) => member.listeners && member.channel === channel.id);
  // The switch says who may hear; the member, who does, also where a relay shows one without the other.
  if (stands)
    return 'This channel is open to listeners: people who are not in the room can hear what is said.';
  if (!channel.config.listeners) return '';
  return 'This channel is open to listeners. Nobody stands here for them at the moment, but somebody may at any time.';
}
