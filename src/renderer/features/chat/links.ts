/** Longest address that is made a link; the command that opens one takes no longer one. */
export const MAX_LINK_LENGTH = 2_048;

/** A stretch of a message: plain text, or a link with the address it leads to and how it is shown. */
export type MessagePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly url: string };

/** Where a link may begin; it ends at white space, or at what no address holds unescaped. */
const CANDIDATE = /\bhttps?:\/\/[^\s<>"\u0060{}|\\^]+/giu;

/** Closing marks and their openings: a closing one belongs to the address if its opening does. */
const PAIRS: Readonly<Record<string, string>> = { ')': '(', ']': '[' };

const count = (text: string, mark: string): number => text.split(mark).length - 1;

/** Takes off what ends the sentence and not the address. */
function withoutPunctuation(candidate: string): string {
  let end = candidate.length;
  while (end > 0) {
    const last = candidate[end - 1] ?? '';
    const opening = PAIRS[last];
    const kept = candidate.slice(0, end);
    const closes = opening !== undefined && count(kept, last) > count(kept, opening);
    if (!closes && !/[.,;:!?'’”»…*_~。、！？]/u.test(last)) break;
    end -= 1;
  }
  return candidate.slice(0, end);
}

/** The address as it is opened, or null where it is none that a person should be led to. */
function readAddress(text: string): URL | null {
  if (text.length > MAX_LINK_LENGTH || !URL.canParse(text)) return null;
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return null;
  // "https://bank.example@evil.example" names one place and leads to another.
  if (url.username !== '' || url.password !== '') return null;
  return url.host === '' || url.href.length > MAX_LINK_LENGTH ? null : url;
}

/** How it is shown: as it was written if that tells the host it leads to, else as it is opened, in ASCII. */
function shownAddress(written: string, url: URL): string {
  const plain = /^[\x21-\x7e]+$/u.test(written);
  return plain && written.toLowerCase().startsWith(`${url.protocol}//${url.host}`) ? written : url.href;
}

/**
 * Cuts a message into text and links, in order and without a gap.
 *
 * Only http and https are links. Hosts of other scripts are shown in their ASCII form (RFC 5891): letters that look
 * alike must not pass for one another.
 */
export function messageParts(text: string): readonly MessagePart[] {
  const parts: MessagePart[] = [];
  let from = 0;
  const flush = (to: number): void => {
    if (to > from) parts.push({ kind: 'text', text: text.slice(from, to) });
    from = to;
  };
  for (const match of text.matchAll(CANDIDATE)) {
    const written = withoutPunctuation(match[0]);
    const url = readAddress(written);
    if (url === null) continue;
    flush(match.index);
    parts.push({ kind: 'link', text: shownAddress(written, url), url: url.href });
    from = match.index + written.length;
  }
  flush(text.length);
  return parts;
}
