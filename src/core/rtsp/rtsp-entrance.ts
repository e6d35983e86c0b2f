import type { ListeningChannel } from '../program/listening.ts';
import { type Proof, statusOf, type Visit, type VisitAnswer, visitSentence } from '../program/programs.ts';
import { networkOf } from '../relay/network-of.ts';
import { readAuthorization } from './authorization.ts';
import { challenges, digestHashes, judgeDigest } from './digest.ts';
import { type RtspAddress, readRtspAddress } from './rtsp-address.ts';
import type { RtspAnswer } from './rtsp-answer.ts';
import type { RtspOrigin, RtspParts } from './rtsp-parts.ts';
import type { RtspHead } from './rtsp-request.ts';

export type Entry =
  | { readonly ok: true; readonly visit: Visit }
  | { readonly ok: false; readonly answer: RtspAnswer };

type Shown = { readonly ok: true; readonly proof: Proof } | { readonly ok: false; readonly entry: Entry };

/** Lets a connection in to a channel: by a key in the address, or by a login. What it proved holds for the connection. */
export class RtspEntrance {
  readonly #parts: RtspParts;
  readonly #origin: RtspOrigin;
  readonly #onDidRevoke: () => void;

  constructor(parts: RtspParts, origin: RtspOrigin, onDidRevoke: () => void) {
    this.#parts = parts;
    this.#origin = origin;
    this.#onDidRevoke = onDidRevoke;
  }

  enter(head: RtspHead, address: RtspAddress, nowMs: number): Entry {
    const { programs } = this.#parts;
    const found = programs.find(address.channel);
    const shown = this.#proofOf(head, address, found?.channel ?? null, nowMs);
    if (!shown.ok) return shown.entry;
    const { address: peer, private: isPrivate } = this.#origin;
    const answer = programs.admit(
      {
        channel: address.channel,
        purpose: 'listen',
        proof: shown.proof,
        address: peer,
        private: isPrivate,
        onDidRevoke: this.#onDidRevoke,
      },
      nowMs,
    );
    return answer.ok ? { ok: true, visit: answer.visit } : this.#refusal(answer, nowMs);
  }

  #refusal({ reason, retryAfterSeconds }: Extract<VisitAnswer, { ok: false }>, nowMs: number): Entry {
    this.#parts.counters[reason] += 1;
    const status = statusOf(reason);
    if (status === 401) return this.#challenge(false, nowMs);
    const retry = retryAfterSeconds === null ? [] : [['Retry-After', String(retryAfterSeconds)] as const];
    return refused({
      status,
      headers: [['Content-Type', 'text/plain'], ...retry],
      body: visitSentence(reason),
    });
  }

  #proofOf(head: RtspHead, address: RtspAddress, channel: ListeningChannel | null, nowMs: number): Shown {
    if (address.key !== null) return { ok: true, proof: { kind: 'secret', secret: address.key } };
    const header = head.headers.get('authorization');
    if (header === undefined || channel === null || channel.access === 'public')
      return { ok: true, proof: { kind: 'none' } };
    const authorization = readAuthorization(header);
    if (authorization?.scheme === 'basic')
      return { ok: true, proof: this.#basicProof(authorization.credentials) };
    if (authorization === null) {
      this.#parts.counters.digestMalformed += 1;
      return { ok: true, proof: { kind: 'none' } };
    }
    return this.#digestProof(head, authorization.parameters, channel, nowMs);
  }

  #basicProof(credentials: string): Proof {
    const [, ...rest] = this.#parts.fromBase64(credentials)?.split(':') ?? [];
    return rest.length === 0 ? { kind: 'none' } : { kind: 'secret', secret: rest.join(':') };
  }

  #digestProof(
    { method, address }: RtspHead,
    parameters: ReadonlyMap<string, string>,
    channel: ListeningChannel,
    nowMs: number,
  ): Shown {
    const { counters, digest, guesses, nonces } = this.#parts;
    const keys = [`network ${networkOf(this.#origin.address)}`];
    const waitSeconds = guesses.begin(keys, nowMs);
    if (waitSeconds > 0) {
      const refusal = { ok: false, reason: 'tooManyTries', retryAfterSeconds: waitSeconds } as const;
      return { ok: false, entry: this.#refusal(refusal, nowMs) };
    }
    const byLink = digestHashes(channel.linkKey, digest);
    const byPassword = channel.access === 'password' && channel.password !== null ? [channel.password] : [];
    const passwords = [byLink, ...byPassword];
    const judgement = isSameChannel(parameters.get('uri') ?? '', address)
      ? judgeDigest({ method, parameters, passwords }, digest, nonces, nowMs)
      : 'malformed';
    if (judgement !== 'wrong') guesses.takeBack(keys);
    switch (judgement) {
      case 'right':
        counters.digestRight += 1;
        return { ok: true, proof: { kind: 'verified' } };
      case 'stale':
        counters.digestStale += 1;
        return { ok: false, entry: this.#challenge(true, nowMs) };
      case 'wrong':
        counters.digestWrong += 1;
        return { ok: false, entry: this.#challenge(false, nowMs) };
      case 'malformed':
        counters.digestMalformed += 1;
        return { ok: false, entry: this.#challenge(false, nowMs) };
    }
  }

  #challenge(stale: boolean, nowMs: number): Entry {
    const nonce = this.#parts.randomToken();
    this.#parts.nonces.issue(nonce, nowMs);
    const headers = challenges(nonce, stale, this.#origin.secure).map(
      (challenge) => ['WWW-Authenticate', challenge] as const,
    );
    return refused({ status: 401, headers });
  }
}

/** Players sign the address they were given, and ask for one of its tracks. */
function isSameChannel(signed: string, asked: string): boolean {
  const channel = readRtspAddress(asked)?.channel;
  return channel !== undefined && readRtspAddress(signed)?.channel === channel;
}

function refused(answer: RtspAnswer): Entry {
  return { ok: false, answer };
}
