const HOUR_SECONDS = 3_600;
const DAY_SECONDS = 24 * HOUR_SECONDS;

/** Longest address range as text, as the contract's schema has it. */
export const MAX_RANGE_LENGTH = 64;

/** How long a ban may hold, as a choice; the value is seconds, or empty for good. */
export const banTerms = [
  { value: String(HOUR_SECONDS), label: 'One hour' },
  { value: String(DAY_SECONDS), label: 'One day' },
  { value: String(7 * DAY_SECONDS), label: 'One week' },
  { value: String(30 * DAY_SECONDS), label: '30 days' },
  { value: '', label: 'For good' },
] as const;

/** The choice as the command takes it: null is for good. */
export function banSeconds(term: string): number | null {
  return term === '' ? null : Number(term);
}

/** Until when a ban holds, by the clock and the calendar of whoever reads it. */
export function untilText(untilMs: number | null): string {
  if (untilMs === null) return 'For good';
  const until = new Date(untilMs);
  return `Until ${until.toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' })}`;
}

/**
 * What is wrong with an address range, in a sentence; empty when it looks like one.
 *
 * Only the shape is judged here (an address, or an address and a prefix length, RFC 4632 section 3.1); the room
 * reads it in earnest.
 */
export function rangeProblem(range: string): string {
  const shape = /^(?:(\d{1,3}(?:\.\d{1,3}){3})|([0-9a-f]*:[0-9a-f:.]+))(?:\/(\d{1,3}))?$/iu.exec(
    range.trim(),
  );
  const sentence = 'Write an address, or a range such as 203.0.113.0/24 or 2001:db8::/32.';
  if (shape === null) return sentence;
  const [, v4, , prefix] = shape;
  if (v4?.split('.').some((part) => Number(part) > 255) === true) return sentence;
  return Number(prefix ?? 0) > (v4 === undefined ? 128 : 32) ? sentence : '';
}
