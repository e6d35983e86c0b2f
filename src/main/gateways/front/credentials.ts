import type { IncomingMessage } from 'node:http';
import type { Proof } from '../../../core/program/programs.ts';

/** Longest secret that is looked at; keys and passwords are shorter. */
const MAX_SECRET_LENGTH = 256;

const BASIC = /^basic +([A-Za-z0-9+/=]+)$/i;

/** What a request shows of itself: `?key=` in its address, else the password of HTTP Basic (RFC 7617). */
export function proofOf(url: URL, request: Pick<IncomingMessage, 'headers'>): Proof {
  return proofOfSecret(url.searchParams.get('key') ?? basicPassword(request.headers.authorization));
}

/** @param secret null: there is none */
export function proofOfSecret(secret: string | null): Proof {
  if (secret === null || secret === '' || secret.length > MAX_SECRET_LENGTH) return { kind: 'none' };
  return { kind: 'secret', secret };
}

function basicPassword(header: string | undefined): string | null {
  const encoded = BASIC.exec(header ?? '')?.[1];
  if (encoded === undefined) return null;
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon === -1 ? null : pair.slice(colon + 1);
}
