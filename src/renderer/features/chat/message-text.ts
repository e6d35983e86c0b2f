/**
 * What is never part of a shown or sent text: control characters but line breaks and tabs, halves of surrogate
 * pairs, the characters that override the direction of what follows, and invisible ones that hide in a word.
 *
 * The joiners U+200C and U+200D and the direction marks stay: emoji, Persian and Hebrew need them, and each text is
 * isolated from what is around it.
 */
const UNSAFE = /[\p{Cc}\p{Cs}\u200b\u2028\u2029\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/gu;

/** A text without what could disguise it; line ends of every kind become one. */
export function safeText(text: string): string {
  return text
    .replace(/\r\n?/gu, '\n')
    .replace(UNSAFE, (character) => (character === '\n' || character === '\t' ? character : ''));
}

/** Bytes of a text in UTF-8, as the room counts them. */
export function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** From this part of the limit on, what is left is shown. */
const NEAR_LIMIT = 0.85;

/** How near a message is to the longest there is. */
export interface MessageLength {
  readonly bytes: number;
  readonly tooLong: boolean;
  /** What is left, in words; empty while there is plenty. */
  readonly told: string;
}

const bytesText = (bytes: number): string => (bytes === 1 ? '1 byte' : `${bytes} bytes`);

/** Measures a message against a limit in bytes. */
export function messageLength(text: string, maxBytes: number): MessageLength {
  const bytes = utf8Bytes(text);
  const tooLong = bytes > maxBytes;
  if (tooLong) return { bytes, tooLong, told: `${bytesText(bytes - maxBytes)} too long` };
  return {
    bytes,
    tooLong,
    told: bytes >= maxBytes * NEAR_LIMIT ? `${bytesText(maxBytes - bytes)} left` : '',
  };
}

/** The time of a message: the hour today, with the day before that. */
export function timeText(sentMs: number, nowMs: number): string {
  const sent = new Date(sentMs);
  const hour = sent.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  const now = new Date(nowMs);
  if (sent.toDateString() === now.toDateString()) return hour;
  const sameYear = sent.getFullYear() === now.getFullYear();
  const day = sent.toLocaleDateString('en-GB', {
    day: 'numeric',
    month: 'short',
    ...(sameYear ? {} : { year: 'numeric' }),
  });
  return `${day}, ${hour}`;
}
