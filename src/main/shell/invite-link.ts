import { MAX_JOIN_TARGET_LENGTH } from '../../contract/limits.ts';

/** Scheme of invite links. */
export const LINK_SCHEME = 'sidetone';

/** The first invite link among a program's arguments, if any; none longer than the join box takes. */
export function linkAmong(argv: readonly string[]): string | null {
  for (const argument of argv) {
    if (argument.length <= MAX_JOIN_TARGET_LENGTH && argument.toLowerCase().startsWith(`${LINK_SCHEME}://`)) {
      return argument;
    }
  }
  return null;
}
