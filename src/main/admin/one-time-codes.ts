import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';

/** Digits of a setup code: Crockford's base 32, without I, L, O and U, which people mistake or misread. */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Five groups of four digits are 100 bits: nobody guesses them, and somebody can type them. */
const GROUPS = 5;
const GROUP_DIGITS = 4;

/** A link is opened at once, by the program that asked for it. */
export const LOGIN_LINK_MS = 60_000;

/** Links that wait to be opened; the oldest gives way. */
export const MAX_LOGIN_LINKS = 8;

const LINK_BYTES = 32;

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Takes a time that does not tell how much of the code is right. */
function same(expected: Buffer, given: string): boolean {
  return timingSafeEqual(expected, digest(given));
}

/** As it was typed: without hyphens and spaces, and with what Crockford's alphabet takes for a one or a zero. */
function readTyped(code: string): string {
  return code.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1');
}

/** The code that makes the first account. It is shown by the host, works once, and ends with this start. */
export class SetupCode {
  readonly text: string;
  readonly #expected: Buffer;
  #state: 'open' | 'taken' | 'spent' = 'open';

  constructor() {
    const group = (): string =>
      Array.from({ length: GROUP_DIGITS }, () => DIGITS.charAt(randomInt(DIGITS.length))).join('');
    this.text = Array.from({ length: GROUPS }, group).join('-');
    this.#expected = digest(readTyped(this.text));
  }

  get spent(): boolean {
    return this.#state === 'spent';
  }

  /** Takes the code: nobody else can, until `giveBack`. @returns false: that is not it, or it is taken */
  take(typed: string): boolean {
    if (!same(this.#expected, readTyped(typed)) || this.#state !== 'open') return false;
    this.#state = 'taken';
    return true;
  }

  /** The account could not be made after all. */
  giveBack(): void {
    if (this.#state === 'taken') this.#state = 'open';
  }

  spend(): void {
    this.#state = 'spent';
  }
}

/** Codes of links that log the host in. Only their digests are kept. */
export class LoginLinks {
  readonly #waiting: { expected: Buffer; untilMs: number }[] = [];

  issue(nowMs: number): string {
    const code = randomBytes(LINK_BYTES).toString('base64url');
    this.#waiting.push({ expected: digest(code), untilMs: nowMs + LOGIN_LINK_MS });
    if (this.#waiting.length > MAX_LOGIN_LINKS) this.#waiting.shift();
    return code;
  }

  /** @returns false: no such code waits, or its minute is over */
  redeem(code: string, nowMs: number): boolean {
    // All are compared, so that the time does not tell which it was.
    const found = this.#waiting.filter(({ expected }) => same(expected, code));
    for (const link of found) this.#waiting.splice(this.#waiting.indexOf(link), 1);
    return found.some(({ untilMs }) => nowMs < untilMs);
  }
}
