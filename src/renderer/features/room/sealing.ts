import type { Connection } from '../../../contract/dto.ts';

type Connected = Extract<Connection, { phase: 'connected' }>;

/**
 * How the channel's voice is sealed, in a word or two.
 *
 * @param open people outside of the room hear it, or may
 */
export function sealingLabel(connection: Pick<Connected, 'channel' | 'sealing'>, open: boolean): string {
  if (connection.channel === null) return 'In no channel';
  if (connection.sealing.state !== 'sealed') return 'Waiting for keys';
  return open ? 'Sealed up to the relay' : 'Sealed';
}

/** What that means. */
export function sealingHint(connection: Pick<Connected, 'channel' | 'sealing'>, open: boolean): string {
  if (connection.channel === null) return 'Nobody hears you before you join a channel.';
  if (connection.sealing.state === 'sealed' && open) {
    return 'This channel is open to listeners: the relay opens what is said here and passes it on to people who are not in the room. Compare the channel’s code.';
  }
  return connection.sealing.state === 'sealed'
    ? 'Only the people in this channel can open what is said here, not even the host. Compare the channel’s code.'
    : 'The keys of this channel are on their way. Nothing is sent before they are here.';
}

/** The alarm for holders of keys whom nobody sees; empty while there are none. */
export function strangersSentence(strangers: number): string {
  if (strangers <= 0) return '';
  const who =
    strangers === 1
      ? 'A listener holds keys and is not shown by the host.'
      : `${strangers} listeners hold keys and are not shown by the host.`;
  return `${who} Somebody can hear this channel unseen: say nothing here that is not meant for them.`;
}

/** Why voice comes late; empty while it goes its usual way. */
export function routeSentence(route: Connected['voiceRoute']): string {
  return route === 'lane'
    ? 'Voice goes through the control connection, because UDP is blocked: expect more delay.'
    : '';
}

/** How long nothing was heard of the voice path, for a person. */
export function deafSentence(deafForMs: number): string {
  const seconds = Math.floor(deafForMs / 1_000);
  const told = seconds < 120 ? `${seconds} s` : `${Math.floor(seconds / 60)} minutes`;
  return `You hear nothing: no sign from the room’s voice path for ${told}.`;
}
