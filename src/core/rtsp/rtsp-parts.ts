import { type Counters, createCounters } from '../base/counters.ts';
import type { Rng } from '../base/rng.ts';
import { type Programs, VISIT_REFUSALS } from '../program/programs.ts';
import type { GuessLimit } from '../relay/guess-limit.ts';
import type { DatagramRoutes } from './datagram-routes.ts';
import type { DigestFunctions } from './digest.ts';
import type { NonceBook } from './nonce-book.ts';
import type { ReportParts } from './rtsp-session.ts';
import type { PortPair } from './transport-header.ts';

const COUNTED = [
  // requests = answered + refused
  'requests',
  'answered',
  'refused',
  'sessions',
  'sessionsTornDown',
  'sessionsExpired',
  'sessionsEnded',
  'plays',
  // packets inside connections = packetsRead + packetsDropped
  'packets',
  'packetsRead',
  'packetsDropped',
  'responsesDropped',
  'receptionReports',
  'rtcpTooShort',
  'rtcpVersion',
  'rtcpLengths',
  // what was not understood
  'requestLine',
  'headerLine',
  'tooManyHeaders',
  'contentLength',
  'addressTooLong',
  'messageTooLarge',
  'transportMissing',
  'transportUnsupported',
  // logins
  'digestRight',
  'digestWrong',
  'digestStale',
  'digestMalformed',
  ...VISIT_REFUSALS,
  // ends from this side
  'malformed',
  'tooManyRequests',
  'answersNotTaken',
  'requestTooSlow',
  'idle',
  'revoked',
  'programClosed',
  'tooSlow',
] as const;
export type RtspCounter = (typeof COUNTED)[number];

export function createRtspCounters(): Counters<RtspCounter> {
  return createCounters(COUNTED);
}

/** What all connections of a server share. */
export interface RtspParts {
  readonly programs: Programs;
  readonly counters: Counters<RtspCounter>;
  readonly routes: DatagramRoutes;
  readonly nonces: NonceBook;
  /** Wrong passwords by digest. */
  readonly guesses: GuessLimit;
  readonly digest: DigestFunctions;
  /** UTF-8 of base64; null: it is none. */
  readonly fromBase64: (text: string) => string | null;
  /** 128 bits that nobody can guess, as base64url. */
  readonly randomToken: () => string;
  readonly rng: Rng;
  readonly reports: ReportParts;
  /** Ports that datagrams are sent from; null: there are none. */
  readonly serverPorts: PortPair | null;
}

/** Where a connection came from. */
export interface RtspOrigin {
  /** Numeric address of the peer. */
  readonly address: string;
  /** Over TLS. */
  readonly secure: boolean;
  /** Nobody on the way can read it. */
  readonly private: boolean;
}
