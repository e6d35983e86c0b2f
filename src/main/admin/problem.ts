import type { AdminProblem } from '../../contract/admin.ts';
import { type RefusalCode, refusalSentence } from '../../core/wire/refusal.ts';
import { type Rule, ruleSentence } from '../../core/wire/rule.ts';
import type { BotsRefusal } from './bots-port.ts';

/** Status codes of refusals (RFC 9110, section 15; 429 is of RFC 6585). */
export type ProblemStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 421 | 429 | 500 | 503;

/** A request that is refused: thrown by handlers, answered by the error handler. */
export class RequestRefused extends Error {
  readonly status: ProblemStatus;
  readonly problem: AdminProblem;
  /** When to try again, in seconds (RFC 9110, section 10.2.3); null: not said. */
  readonly retryAfterSeconds: number | null;

  constructor(
    status: ProblemStatus,
    code: string,
    sentence: string,
    retryAfterSeconds: number | null = null,
  ) {
    super(code);
    this.status = status;
    this.problem = { code, sentence };
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

const relayStatuses: Readonly<Partial<Record<RefusalCode, ProblemStatus>>> = {
  unknownChannel: 404,
  unknownMember: 404,
  unknownRole: 404,
  unknownBan: 404,
  notAllowed: 403,
  wrongPassword: 403,
  banned: 403,
  badMessage: 400,
  badRange: 400,
  nicknameInvalid: 400,
  tooManyMessages: 429,
  busy: 503,
  storageFailed: 503,
  relayRestarting: 503,
  relayClosing: 503,
};

/** What the relay refused, in the sentence that members read as well. Whatever is neither wrong, forbidden nor gone stands in the way of the room's state: 409. */
export function relayRefusal(code: RefusalCode, rule: Rule | null): RequestRefused {
  const sentence = rule === null ? refusalSentence(code) : ruleSentence(rule);
  return new RequestRefused(relayStatuses[code] ?? 409, code, sentence);
}

const botsStatuses: Readonly<Record<BotsRefusal, ProblemStatus>> = {
  notAllowed: 403,
  running: 409,
  badRequest: 400,
  unavailable: 503,
};

export function botsRefusal(reason: BotsRefusal, sentence: string): RequestRefused {
  return new RequestRefused(botsStatuses[reason], reason, sentence);
}

/** The relay does not answer, or is gone. */
export function relayGone(): RequestRefused {
  return new RequestRefused(503, 'relayGone', 'The room does not answer. See whether it is still open.');
}
