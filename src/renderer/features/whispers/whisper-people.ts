import type { Member } from '../../../contract/dto.ts';

/** Names of those who talk to us alone at this moment, in a sentence; empty: nobody does. */
export function incomingWhisperText(members: readonly Pick<Member, 'whispering' | 'nickname'>[]): string {
  const names = members.filter((member) => member.whispering).map((member) => member.nickname);
  const last = names.pop();
  if (last === undefined) return '';
  return names.length === 0 ? `${last} whispers to you` : `${names.join(', ')} and ${last} whisper to you`;
}

/** Who is on a list, by name; those who are not here are counted. */
export function listPeopleText(
  targets: readonly string[],
  members: readonly Pick<Member, 'identity' | 'nickname'>[],
): string {
  const here = members.filter((member) => targets.includes(member.identity));
  const names = here.map((member) => member.nickname).join(', ');
  const away = targets.filter((identity) => here.every((member) => member.identity !== identity)).length;
  if (away === 0) return names === '' ? 'Nobody yet' : names;
  const others = away === 1 ? 'one who is not here' : `${away} who are not here`;
  return names === '' ? `Only ${others}` : `${names}, and ${others}`;
}

/** Why a list cannot be whispered to; empty: it can. */
export function listRule(
  targets: readonly string[],
  members: readonly Pick<Member, 'identity' | 'rules'>[],
): string {
  const here = members.filter((member) => targets.includes(member.identity));
  if (here.length === 0) return 'Nobody on this list is here.';
  // One who may be whispered to is enough; otherwise the first rule speaks for all.
  return here.some((member) => member.rules.whisper === '') ? '' : (here[0]?.rules.whisper ?? '');
}
