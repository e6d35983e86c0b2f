import { randomBytes, timingSafeEqual } from 'node:crypto';

/** Bytes of chance in a token or a cookie: 256 bits cannot be guessed. */
const SECRET_BYTES = 32;

/** Most cookies valid at once; the oldest gives way. One person has a handful of windows. */
export const MAX_COOKIES = 16;

/**
 * Who may speak to the window server: whoever held an address that was printed and not yet used.
 *
 * An address carries a token that works once and is turned into a cookie. The cookie's name holds the port,
 * because browsers keep the cookies of all ports of a host in one jar.
 */
export class Access {
  readonly #cookies: Buffer[] = [];
  #token: Buffer | null = null;

  /** Makes a new token; the one before it, if unused, is void. */
  issueToken(): string {
    this.#token = randomBytes(SECRET_BYTES);
    return this.#token.toString('base64url');
  }

  /** True while an issued token waits to be used. */
  get tokenWaits(): boolean {
    return this.#token !== null;
  }

  /** @returns the value of a new cookie, or null where the token is not the one that waits */
  exchange(token: string): string | null {
    if (this.#token === null || !sameSecret(this.#token, token)) return null;
    this.#token = null;
    const cookie = randomBytes(SECRET_BYTES);
    this.#cookies.push(cookie);
    if (this.#cookies.length > MAX_COOKIES) this.#cookies.shift();
    return cookie.toString('base64url');
  }

  admits(cookie: string | null): boolean {
    return cookie !== null && this.#cookies.some((known) => sameSecret(known, cookie));
  }
}

/** Name of the cookie of a server on `port`. */
export function cookieName(port: number): string {
  return `sidetone-${port}`;
}

/** The value of one cookie of a Cookie header, or null. */
export function readCookie(header: string | undefined, name: string): string | null {
  if (header === undefined) return null;
  for (const part of header.split(';')) {
    const separator = part.indexOf('=');
    if (separator >= 0 && part.slice(0, separator).trim() === name) return part.slice(separator + 1).trim();
  }
  return null;
}

function sameSecret(secret: Buffer, text: string): boolean {
  const given = Buffer.from(text, 'base64url');
  return given.length === secret.length && timingSafeEqual(given, secret);
}
