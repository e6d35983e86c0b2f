import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Proof } from '../../../core/program/programs.ts';
import { proofOf, proofOfSecret } from '../front/credentials.ts';

/** Largest body, in bytes: descriptions of browsers have about 8,000. */
export const MAX_BODY_BYTES = 65_536;

/** A body must be there within this time, in ms. */
const BODY_LIMIT_MS = 10_000;

const BEARER = /^bearer +([\x21-\x7e]+) *$/i;

/** Pages of other places may use it too: what lets somebody in is what they show, never where they come from. */
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'Accept-Patch, Accept-Post, Allow, ETag, Link, Location, Retry-After',
};

const PREFLIGHT = {
  'Access-Control-Allow-Headers': 'Authorization, Content-Type, If-Match',
  'Access-Control-Max-Age': '86400',
};

type Headers = Readonly<Record<string, string>>;

/** What a request shows of itself: `Authorization: Bearer` (RFC 6750), as WHIP and WHEP have it, else as elsewhere. */
export function webRtcProof(url: URL, request: IncomingMessage): Proof {
  const token = BEARER.exec(request.headers.authorization ?? '')?.[1];
  return token === undefined ? proofOf(url, request) : proofOfSecret(token);
}

/** The type of a body, without its parameters, in lower case. */
export function bodyType(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

/** @returns null: it is too long, too slow, or its sender is gone */
export function readBody(request: IncomingMessage, response: ServerResponse): Promise<string | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = (text: string | null): void => {
      clearTimeout(limit);
      request.off('data', handleData);
      // What still comes is thrown away, so that the answer can be read.
      request.resume();
      resolve(text);
    };
    const limit = setTimeout(() => settle(null), BODY_LIMIT_MS);
    const handleData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) settle(null);
      else chunks.push(chunk);
    };
    request.on('data', handleData);
    request.once('end', () => settle(Buffer.concat(chunks).toString('utf8')));
    request.once('close', () => settle(null));
    if (request.headers.expect !== undefined) response.writeContinue();
  });
}

/** Answers with a description, or with nothing. */
export function answerWith(
  response: ServerResponse,
  status: number,
  headers: Headers = {},
  body: string | null = null,
): void {
  if (response.headersSent) return;
  const length = body === null ? {} : { 'Content-Length': `${Buffer.byteLength(body)}` };
  response.writeHead(status, { ...CORS, ...headers, ...length, 'Cache-Control': 'no-store' });
  response.end(body ?? undefined);
}

/** Answers with a sentence, and hangs up: what is left of the request's body is nobody's. */
export function refuseWith(
  response: ServerResponse,
  status: number,
  sentence: string,
  headers: Headers = {},
): void {
  const type = { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' };
  answerWith(response, status, { ...headers, ...type }, `${sentence}\n`);
}

/** Says what may be done at an address (Fetch's preflight; RFC 9725, section 4.2). */
export function answerOptions(response: ServerResponse, methods: string, headers: Headers): void {
  answerWith(response, 204, {
    ...PREFLIGHT,
    ...headers,
    Allow: methods,
    'Access-Control-Allow-Methods': methods,
  });
}
