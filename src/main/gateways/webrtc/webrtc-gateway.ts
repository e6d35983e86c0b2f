import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Counters, createCounters } from '../../../core/base/counters.ts';
import {
  statusOf,
  VISIT_REFUSALS,
  type Visit,
  type VisitRefusal,
  visitSentence,
} from '../../../core/program/programs.ts';
import { FRAGMENT_TYPE, readFragment } from '../../../core/webrtc/ice-fragment.ts';
import {
  PEER_REFUSALS,
  type PeerDescription,
  type PeerRefusal,
  readPeer,
} from '../../../core/webrtc/peer-description.ts';
import type { Gateway, GatewayParts, WebRequest } from '../gateway.ts';
import { ListenerWork } from './listener-work.ts';
import { PublisherWork } from './publisher-work.ts';
import { Session, type SessionParts, type SessionWork } from './session.ts';
import { answerOptions, answerWith, bodyType, readBody, refuseWith, webRtcProof } from './web-exchange.ts';

const SDP_TYPE = 'application/sdp';

const ENDPOINT_METHODS = 'OPTIONS, POST';
const SESSION_METHODS = 'OPTIONS, PATCH, DELETE';

/** Names of sessions in addresses cannot be guessed: whoever knows one may end it. */
const SESSION_ID_BYTES = 16;

const UNAVAILABLE = 'This relay cannot make WebRTC connections at the moment. The other ways to listen work.';

const COUNTED = [
  'listeners',
  'publishers',
  'ended',
  'candidatesIn',
  'unavailable',
  'badMethod',
  'badType',
  'badBody',
  'unknownSession',
  'staleTag',
  'restartRefused',
  'publisherLate',
  'publisherSilent',
  ...PEER_REFUSALS,
  ...VISIT_REFUSALS,
] as const;
type WebRtcCounter = (typeof COUNTED)[number];

type Kind = 'whep' | 'whip';

interface Held {
  readonly session: Session;
  readonly kind: Kind;
  readonly tag: string;
}

/** An address of ours, taken apart. */
interface Target {
  readonly kind: Kind;
  readonly channel: string;
  /** Null: the endpoint itself. */
  readonly sessionId: string | null;
}

export interface WebRtcOptions extends SessionParts {
  /** Counters of what makes the connections, and of the uplinks. */
  readonly countersBelow: () => Readonly<Record<string, number>>;
  /** Ends everything below. */
  readonly closeBelow: () => Promise<void>;
}

/**
 * WHEP (draft-ietf-wish-whep) and WHIP (RFC 9725): listening and publishing by WebRTC, agreed on by one request.
 * `POST /whep/<channel>` and `POST /whip/<channel>`; the answer names the session, which takes candidates by PATCH
 * and ends by DELETE.
 */
export class WebRtcGateway implements Gateway {
  readonly name = 'webrtc';
  readonly #parts: GatewayParts;
  readonly #options: WebRtcOptions;
  readonly #counters: Counters<WebRtcCounter> = createCounters(COUNTED);
  readonly #sessions = new Map<string, Held>();

  constructor(parts: GatewayParts, options: WebRtcOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  handleRequest(web: WebRequest, response: ServerResponse): boolean {
    const target = targetOf(web.url);
    if (target === null) return false;
    if (target.sessionId === null) this.#handleEndpoint(web, response, target);
    else this.#handleSession(web.request, response, target.sessionId);
    return true;
  }

  counters(): Readonly<Record<string, number>> {
    return { ...this.#counters, ...this.#options.countersBelow(), sessions: this.#sessions.size };
  }

  async close(): Promise<void> {
    for (const { session } of [...this.#sessions.values()]) session.close();
    await this.#options.closeBelow();
  }

  #handleEndpoint(web: WebRequest, response: ServerResponse, target: Target): void {
    const { request } = web;
    if (request.method === 'OPTIONS') {
      answerOptions(response, ENDPOINT_METHODS, { 'Accept-Post': SDP_TYPE });
    } else if (request.method !== 'POST') {
      this.#refuse(response, 'badMethod', 405, 'Send an offer here, by POST.', { Allow: ENDPOINT_METHODS });
    } else if (bodyType(request) !== SDP_TYPE) {
      const headers = { 'Accept-Post': SDP_TYPE };
      this.#refuse(response, 'badType', 415, `An offer has the type ${SDP_TYPE}.`, headers);
    } else {
      void this.#begin(web, response, target);
    }
  }

  /** An offer: admission, then our end of the connection, then the answer. */
  async #begin(web: WebRequest, response: ServerResponse, { kind, channel }: Target): Promise<void> {
    const body = await readBody(web.request, response);
    if (body === null) {
      this.#refuse(response, 'badBody', 413, 'The offer is too long, or it did not come.');
      return;
    }
    let session: Session | null = null;
    const admission = this.#parts.programs.admit(
      {
        channel,
        purpose: kind === 'whep' ? 'listen' : 'publish',
        proof: webRtcProof(web.url, web.request),
        address: web.origin.address,
        private: web.origin.private,
        onDidRevoke: () => session?.close(),
      },
      this.#parts.nowMs(),
    );
    if (!admission.ok) {
      this.#refuseVisit(response, admission.reason, admission.retryAfterSeconds);
      return;
    }
    const { visit } = admission;
    const reading = readPeer(body, kind === 'whep' ? 'hears' : 'speaks');
    if (!reading.ok) {
      visit.leave();
      this.#refuse(response, reading.reason, peerStatus(reading.reason), peerSentence(reading.reason));
      return;
    }
    const id = randomBytes(SESSION_ID_BYTES).toString('base64url');
    const held = this.#hold(id, kind, visit, reading.peer);
    session = held.session;
    await this.#answer(response, held, `/${kind}/${encodeURIComponent(visit.channel.slug)}/${id}`);
  }

  #hold(id: string, kind: Kind, visit: Visit, offer: PeerDescription): Held {
    const work = this.#work(kind, visit, offer, () => held.session.close());
    const session = new Session(this.#options, offer, work, () => {
      this.#sessions.delete(id);
      this.#counters.ended += 1;
    });
    const held: Held = { session, kind, tag: `"${randomBytes(9).toString('base64url')}"` };
    this.#sessions.set(id, held);
    return held;
  }

  #work(kind: Kind, visit: Visit, { payloadType }: PeerDescription, end: () => void): SessionWork {
    const { nowMs } = this.#parts;
    if (kind === 'whip') {
      return new PublisherWork(visit, payloadType, nowMs, (why) => {
        this.#counters[why === 'late' ? 'publisherLate' : 'publisherSilent'] += 1;
        end();
      });
    }
    const backlogBytes = (): number => this.#options.peers.backlogBytes;
    return new ListenerWork(visit, payloadType, { nowMs, backlogBytes, onEnd: end });
  }

  async #answer(response: ServerResponse, { session, kind, tag }: Held, location: string): Promise<void> {
    const answer = await session.open();
    if (answer === null) {
      this.#refuse(response, 'unavailable', 503, UNAVAILABLE, { 'Retry-After': '10' });
      return;
    }
    if (response.destroyed) {
      session.close();
      return;
    }
    this.#counters[kind === 'whep' ? 'listeners' : 'publishers'] += 1;
    answerWith(
      response,
      201,
      { 'Content-Type': SDP_TYPE, Location: location, ETag: tag, 'Accept-Patch': FRAGMENT_TYPE },
      answer,
    );
  }

  #handleSession(request: IncomingMessage, response: ServerResponse, id: string): void {
    if (request.method === 'OPTIONS') {
      answerOptions(response, SESSION_METHODS, { 'Accept-Patch': FRAGMENT_TYPE });
      return;
    }
    const held = this.#sessions.get(id);
    if (held === undefined) {
      this.#refuse(response, 'unknownSession', 404, 'This session is over, or never was.');
    } else if (request.method === 'DELETE') {
      held.session.close();
      answerWith(response, 200);
    } else if (request.method === 'PATCH') {
      void this.#patch(request, response, held);
    } else {
      const headers = { Allow: SESSION_METHODS };
      this.#refuse(response, 'badMethod', 405, 'A session takes PATCH and DELETE.', headers);
    }
  }

  /** Further candidates (RFC 9725, section 4.3). Beginning ICE anew is optional, and not offered. */
  async #patch(request: IncomingMessage, response: ServerResponse, { session, tag }: Held): Promise<void> {
    if (bodyType(request) !== FRAGMENT_TYPE) {
      const headers = { 'Accept-Patch': FRAGMENT_TYPE };
      this.#refuse(response, 'badType', 415, `Candidates have the type ${FRAGMENT_TYPE}.`, headers);
      return;
    }
    const body = await readBody(request, response);
    const reading = body === null ? null : readFragment(body);
    const condition = request.headers['if-match'];
    if (reading === null || !reading.ok) {
      const status = reading === null ? 413 : 400;
      this.#refuse(response, 'badBody', status, 'These are no candidates, or too many.');
    } else if (condition === '*' || condition === '"*"') {
      this.#refuse(response, 'restartRefused', 422, 'A connection cannot be begun anew: make another.');
    } else if (condition !== undefined && condition !== tag) {
      this.#refuse(response, 'staleTag', 412, 'These candidates belong to another connection.');
    } else if (!session.addCandidates(reading.fragment)) {
      this.#refuse(response, 'restartRefused', 422, 'A connection cannot be begun anew: make another.');
    } else {
      this.#counters.candidatesIn += reading.fragment.candidates.length;
      answerWith(response, 204, { ETag: tag });
    }
  }

  #refuseVisit(response: ServerResponse, reason: VisitRefusal, retryAfterSeconds: number | null): void {
    const status = statusOf(reason);
    const wait = retryAfterSeconds === null ? {} : { 'Retry-After': `${retryAfterSeconds}` };
    const ask = status === 401 ? { 'WWW-Authenticate': 'Bearer realm="Sidetone"' } : {};
    this.#refuse(response, reason, status, visitSentence(reason), { ...wait, ...ask });
  }

  #refuse(
    response: ServerResponse,
    reason: WebRtcCounter,
    status: number,
    sentence: string,
    headers: Readonly<Record<string, string>> = {},
  ): void {
    this.#counters[reason] += 1;
    refuseWith(response, status, sentence, headers);
  }
}

/** @returns null: it is none of ours */
function targetOf({ pathname }: URL): Target | null {
  const [, kind = '', channel = '', sessionId = null, ...rest] = pathname.split('/');
  if ((kind !== 'whep' && kind !== 'whip') || channel === '' || rest.length > 0) return null;
  try {
    return { kind, channel: decodeURIComponent(channel), sessionId: sessionId === '' ? null : sessionId };
  } catch {
    return null;
  }
}

/** What is well-formed but nothing we can do is not acceptable; the rest is no offer. */
function peerStatus(reason: PeerRefusal): 400 | 406 | 413 {
  switch (reason) {
    case 'sdpNoAudio':
    case 'sdpNoOpus':
    case 'sdpWrongDirection':
    case 'sdpNoRtcpMux':
      return 406;
    case 'sdpTooLong':
    case 'sdpTooManySections':
      return 413;
    default:
      return 400;
  }
}

function peerSentence(reason: PeerRefusal): string {
  switch (reason) {
    case 'sdpNoAudio':
      return 'The offer has no sound in it.';
    case 'sdpNoOpus':
      return 'The offer does not have Opus among its codecs.';
    case 'sdpWrongDirection':
      return 'The offer wants the sound to go the other way.';
    case 'sdpNoRtcpMux':
      return 'The offer does not let RTP and RTCP share a port.';
    case 'sdpTooLong':
    case 'sdpTooManySections':
      return 'The offer is too long.';
    default:
      return 'That is no offer that this relay understands.';
  }
}
