import type { Member } from '../../../contract/dto.ts';
import type { IconName } from '../../ui/icons.tsx';

/** A mark beside a member's name: always in words, the icon and the colour only add to them. */
export interface MemberNote {
  readonly key: string;
  readonly icon: IconName | null;
  readonly text: string;
  readonly tone: 'quiet' | 'live' | 'bad' | 'good';
}

type Noted = Omit<MemberNote, 'key'>;

/** What is to be said of a member, what matters most first. */
export function memberNotes(member: Member, talking: boolean): readonly MemberNote[] {
  if (member.listeners) return listenersNotes(member, talking);
  const marks: Record<string, Noted | false> = {
    reconnecting: member.reconnecting && { icon: 'refresh', text: 'Reconnecting', tone: 'quiet' },
    noKey: member.keys === 'noKey' && {
      icon: 'keyOff',
      text: member.self ? 'No key: you hear nobody' : 'No key: hears nobody',
      tone: 'bad',
    },
    whispering: member.whispering && { icon: 'whisper', text: 'Whispers to you', tone: 'live' },
    talking: talking && !member.whispering && { icon: null, text: 'Talking', tone: 'live' },
    waiting: member.keys === 'waiting' && { icon: 'clock', text: 'Waiting for keys', tone: 'quiet' },
    deafened: member.deafened && { icon: 'headphonesOff', text: 'Deafened', tone: 'quiet' },
    mutedForAll: member.mutedForAll && { icon: 'ban', text: 'Muted for everybody', tone: 'bad' },
    muted: member.muted &&
      !member.deafened &&
      !member.mutedForAll && { icon: 'microphoneOff', text: 'Muted', tone: 'quiet' },
    mutedHere: member.mutedHere && { icon: 'headphonesOff', text: 'Muted by you', tone: 'quiet' },
    verified: member.verified && !member.self && { icon: 'shield', text: 'Verified', tone: 'good' },
  };
  return notesOf(marks);
}

/** The member through whom others listen: whether it wants to hear itself is its own affair. */
function listenersNotes(member: Member, talking: boolean): readonly MemberNote[] {
  return notesOf({
    noKey: member.keys === 'noKey' && {
      icon: 'keyOff',
      text: 'No key: nobody outside hears you',
      tone: 'bad',
    },
    talking: talking && { icon: null, text: 'Talking', tone: 'live' },
    mutedForAll: member.mutedForAll && { icon: 'ban', text: 'Muted for everybody', tone: 'bad' },
    mutedHere: member.mutedHere && { icon: 'headphonesOff', text: 'Muted by you', tone: 'quiet' },
    outside: { icon: null, text: 'Hears for people outside the room', tone: 'quiet' },
  });
}

function notesOf(marks: Readonly<Record<string, Noted | false>>): readonly MemberNote[] {
  return Object.entries(marks).flatMap(([key, mark]) => (mark === false ? [] : [{ key, ...mark }]));
}

/** The key state in a sentence, for whoever asks what the mark means. */
export function keySentence(member: Pick<Member, 'keys' | 'nickname' | 'self'>): string {
  const who = member.self ? 'You' : member.nickname;
  const [hold, wait] = member.self ? ['hold', 'wait'] : ['holds', 'waits'];
  switch (member.keys) {
    case 'sealed':
      return `${who} ${hold} the keys of this channel.`;
    case 'waiting':
      return `${who} ${wait} for the keys of this channel; voice starts as soon as they are there.`;
    case 'noKey':
      return `${who} could not be given the keys of this channel. No voice goes out unsealed, so neither side hears the other.`;
    case 'elsewhere':
      return `${who} ${member.self ? 'are' : 'is'} in another channel, which has keys of its own.`;
  }
}

/** A code in groups as it is read aloud: the parts between spaces, or groups of `length` where there are none. */
export function codeGroups(code: string, length: number): readonly string[] {
  const given = code.split(/\s+/u).filter((group) => group !== '');
  if (given.length > 1) return given;
  return (given[0] ?? '').match(new RegExp(`.{1,${length}}`, 'gu')) ?? [];
}
