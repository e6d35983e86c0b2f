import type { IncomingHttpHeaders } from 'node:http';
import type { Proof } from '../../../core/program/programs.ts';

/** Longest secret that is looked at, in UTF-16 units: keys have 22, passwords are no longer than this. */
const MAX_SECRET_LENGTH = 256;

/** `Basic` and its token (RFC 7617). */
const BASIC = /^basic +([a-z0-9+/]+={0,2}) *$/i;

/** What a request shows: the key in its address, else the password of HTTP Basic, whatever the name beside it. */
export function proofOf(url: URL, headers: IncomingHttpHeaders): Proof {
  const secret = url.searchParams.get('key') ?? basicPassword(headers.authorization ?? '');
  if (secret === null || secret === '') return { kind: 'none' };
  return { kind: 'secret', secret: secret.slice(0, MAX_SECRET_LENGTH) };
}

function basicPassword(authorization: string): string | null {
  const [, token] = BASIC.exec(authorization) ?? [];
  if (token === undefined) return null;
  const text = Buffer.from(token, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon === -1 ? null : text.slice(colon + 1);
}
