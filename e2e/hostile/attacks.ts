import type { Attack } from './attack.ts';
import { formerMember } from './attacks/former-member.ts';
import { replayedDatagrams } from './attacks/replayed-datagrams.ts';
import { stolenSession } from './attacks/stolen-session.ts';
import { stolenToken } from './attacks/stolen-token.ts';

/** Every attack, in the order they are tried. */
export const ATTACKS: readonly Attack[] = [stolenToken, replayedDatagrams, stolenSession, formerMember];
