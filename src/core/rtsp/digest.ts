import { LISTENER_USER, LISTENING_REALM, type PasswordHashes } from '../program/listening.ts';
import type { NonceBook } from './nonce-book.ts';

/** Hash functions over the UTF-8 of a text, in lower-case hexadecimal; and a comparison that tells nothing by its time. */
export interface DigestFunctions {
  md5(text: string): string;
  sha256(text: string): string;
  equal(one: string, other: string): boolean;
}

/** `stale`: right, but with a nonce that is not good any more. */
export type DigestJudgement = 'right' | 'wrong' | 'stale' | 'malformed';

export interface DigestLogin {
  /** Of the request. */
  readonly method: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** Any of them will do. */
  readonly passwords: readonly PasswordHashes[];
}

/** Hashes of a secret, as they are kept of a password (RFC 7616, section 3.4.2). */
export function digestHashes(secret: string, functions: DigestFunctions): PasswordHashes {
  const text = `${LISTENER_USER}:${LISTENING_REALM}:${secret}`;
  return { md5: functions.md5(text), sha256: functions.sha256(text) };
}

/**
 * `WWW-Authenticate` headers. Realm and nonce stand first and MD5 comes last, because widespread players read only
 * that: one takes the last challenge it can do, another wants the two in this order.
 */
export function challenges(nonce: string, stale: boolean, basic: boolean): readonly string[] {
  const common = `Digest realm="${LISTENING_REALM}", nonce="${nonce}", `;
  const rest = `qop="auth"${stale ? ', stale=true' : ''}`;
  const digests = [`${common}algorithm=SHA-256, ${rest}`, `${common}algorithm=MD5, ${rest}`];
  return basic ? [`Basic realm="${LISTENING_REALM}"`, ...digests] : digests;
}

/** Judges a login by digest (RFC 7616, section 3.4), or by its ancestor without `qop` (RFC 2069). */
export function judgeDigest(
  { method, parameters, passwords }: DigestLogin,
  functions: DigestFunctions,
  nonces: NonceBook,
  nowMs: number,
): DigestJudgement {
  const get = (name: string): string => parameters.get(name) ?? '';
  const algorithm = (parameters.get('algorithm') ?? 'MD5').toUpperCase();
  const [nonce, response, uri] = [get('nonce'), get('response').toLowerCase(), get('uri')];
  const isKnown = algorithm === 'MD5' || algorithm === 'SHA-256';
  if (!isKnown || nonce === '' || response === '' || uri === '') return 'malformed';
  const count = countOf(parameters);
  if (count === 'malformed') return 'malformed';
  const hash = algorithm === 'MD5' ? functions.md5 : functions.sha256;
  const middle = count === null ? nonce : `${nonce}:${get('nc')}:${get('cnonce')}:auth`;
  const action = hash(`${method}:${uri}`);
  const isRight = passwords.some((password) => {
    const secret = algorithm === 'MD5' ? password.md5 : password.sha256;
    return functions.equal(hash(`${secret}:${middle}:${action}`), response);
  });
  if (!isRight || get('username') !== LISTENER_USER || get('realm') !== LISTENING_REALM) return 'wrong';
  return nonces.use(nonce, count, nowMs) ? 'right' : 'stale';
}

/** Null: the player does not count. */
function countOf(parameters: ReadonlyMap<string, string>): number | null | 'malformed' {
  const qop = parameters.get('qop');
  if (qop === undefined) return null;
  const count = parameters.get('nc') ?? '';
  if (qop.toLowerCase() !== 'auth' || !/^[0-9a-fA-F]{8}$/.test(count)) return 'malformed';
  return (parameters.get('cnonce') ?? '') === '' ? 'malformed' : Number.parseInt(count, 16);
}
