import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { LISTENING_REALM } from '../../../core/program/listening.ts';
import { statusOf, type VisitRefusal, visitSentence } from '../../../core/program/programs.ts';

/** Longest a browser remembers what a page of another site may ask, in seconds: a day. */
const PREFLIGHT_SECONDS = 86_400;

/** Any page may play a stream that it has the address and the key of; nothing is sent along by itself. */
const SHARED: OutgoingHttpHeaders = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'Accept-Ranges, Content-Type, Retry-After',
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
};

/**
 * Of a stream: what begins now and has no length. It goes on until the connection ends, without chunks, so that
 * clients of HTTP/1.0 and players that know none of them take the same bytes.
 */
export const STREAM_HEADERS: OutgoingHttpHeaders = {
  ...SHARED,
  'Content-Type': 'audio/ogg',
  'Accept-Ranges': 'none',
  Connection: 'close',
};

export const PLAYLIST_HEADERS: OutgoingHttpHeaders = {
  ...SHARED,
  'Content-Type': 'audio/x-mpegurl; charset=utf-8',
};

/** Answers what a browser asks before it lets a page ask. */
export function answerPreflight(response: ServerResponse): void {
  response.writeHead(204, {
    ...SHARED,
    'Access-Control-Allow-Methods': 'GET, HEAD, OPTIONS',
    'Access-Control-Allow-Headers': 'Authorization, Icy-MetaData, Range',
    'Access-Control-Max-Age': PREFLIGHT_SECONDS,
    Allow: 'GET, HEAD, OPTIONS',
  });
  response.end();
}

export function answerSentence(
  response: ServerResponse,
  status: number,
  sentence: string,
  headers: OutgoingHttpHeaders = {},
): void {
  const body = `${sentence}\n`;
  response.writeHead(status, {
    ...SHARED,
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}

export function answerRefusal(
  response: ServerResponse,
  reason: VisitRefusal,
  retryAfterSeconds: number | null,
): void {
  const status = statusOf(reason);
  answerSentence(response, status, visitSentence(reason), {
    ...(status === 401 && { 'WWW-Authenticate': `Basic realm="${LISTENING_REALM}", charset="UTF-8"` }),
    ...(retryAfterSeconds !== null && { 'Retry-After': retryAfterSeconds }),
  });
}
