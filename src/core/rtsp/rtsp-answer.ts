import { utf8Bytes } from './text-bytes.ts';

/** Answers that are given, with the words of RFC 2326, section 7.1.1, and RFC 6585. */
const REASONS = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  406: 'Not Acceptable',
  409: 'Conflict',
  413: 'Request Entity Too Large',
  429: 'Too Many Requests',
  451: 'Parameter Not Understood',
  453: 'Not Enough Bandwidth',
  454: 'Session Not Found',
  455: 'Method Not Valid in This State',
  459: 'Aggregate Operation Not Allowed',
  460: 'Only Aggregate Operation Allowed',
  461: 'Unsupported Transport',
  501: 'Not Implemented',
  503: 'Service Unavailable',
  505: 'RTSP Version Not Supported',
  551: 'Option Not Supported',
} as const;

export type RtspStatus = keyof typeof REASONS;

/** Every method that is answered. */
export const METHODS = [
  'OPTIONS',
  'DESCRIBE',
  'SETUP',
  'PLAY',
  'PAUSE',
  'GET_PARAMETER',
  'TEARDOWN',
] as const;
export type RtspMethod = (typeof METHODS)[number];

export interface RtspAnswer {
  readonly status: RtspStatus;
  /** Beside CSeq and Content-Length; values without line ends. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
}

/** An answer as it goes over the line. @param cseq null: the request had none that could be repeated */
export function answerBytes(
  { status, headers = [], body = '' }: RtspAnswer,
  cseq: string | null,
): Uint8Array {
  const lines = [`RTSP/1.0 ${status} ${REASONS[status]}`];
  if (cseq !== null) lines.push(`CSeq: ${cseq}`);
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  const bodyBytes = utf8Bytes(body);
  if (bodyBytes.length > 0) lines.push(`Content-Length: ${bodyBytes.length}`);
  const head = utf8Bytes(`${lines.join('\r\n')}\r\n\r\n`);
  const bytes = new Uint8Array(head.length + bodyBytes.length);
  bytes.set(head);
  bytes.set(bodyBytes, head.length);
  return bytes;
}
