import { assertNever } from '../base/assert.ts';
import { type Answer, LATER, refused } from './answer.ts';
import type { ControlCounters } from './control-counters.ts';
import { GuessLimit } from './guess-limit.ts';
import type { Lane } from './lanes.ts';
import type { JobId, PasswordVerdict, RelayOut } from './relay-out.ts';

/**
 * Passwords hashed at one time, those included whose asker has gone: Argon2id takes 64 MiB and a tenth of a second
 * for each, and they wait in the adapter.
 */
export const MAX_PASSWORD_JOBS = 32;

/** Whoever waits for a password. */
export interface Asker {
  /** What the result leads to is answered on this lane; null: to an account of the admin API. */
  readonly lane: Lane | null;
  readonly identity: string;
  answer(answer: Answer, nowMs: number, out: RelayOut): void;
}

/** Somebody who gives a password, and may be guessing. */
export interface LaneAsker extends Asker {
  readonly lane: Lane;
}

/** What is to be done once a password proved right. */
export type OnRight = (nowMs: number, out: RelayOut) => Answer;
/** What is to be done once a password is hashed. */
export type OnHashed = (hash: string, nowMs: number, out: RelayOut) => Answer;

interface CheckJob {
  asker: Asker | null;
  readonly kind: 'check';
  readonly channel: string;
  readonly keys: readonly string[];
  readonly then: OnRight;
}

type Job = CheckJob | { asker: Asker | null; readonly kind: 'hash'; readonly then: OnHashed };

/**
 * Passwords that are being hashed somewhere else. One at a time for a lane, as many as there may be for accounts; the adapter answers every job, in any
 * order. A job whose lane has gone leads to nothing.
 */
export class PasswordDesk {
  readonly #counters: ControlCounters;
  readonly #jobs = new Map<JobId, Job>();
  readonly #guesses = new GuessLimit();
  #lastJob: JobId = 0;

  constructor(counters: ControlCounters) {
    this.#counters = counters;
  }

  get underWay(): number {
    return this.#jobs.size;
  }

  /** Has a password compared, unless there were too many wrong ones of late. */
  check(
    asker: LaneAsker,
    lock: { readonly channel: string; readonly password: string; readonly hash: string },
    nowMs: number,
    out: RelayOut,
    then: OnRight,
  ): Answer {
    if (this.#busy(asker.lane)) return refused('busy');
    const keys = [`identity ${asker.identity}`, `address ${asker.lane.network}`];
    const seconds = this.#guesses.begin(keys, nowMs);
    if (seconds > 0) {
      this.#counters.passwordsWaited += 1;
      return refused('wrongPassword', { kind: 'passwordWait', seconds });
    }
    const job = this.#begin({ kind: 'check', asker, channel: lock.channel, keys, then });
    out.checkPassword(job, lock.password, lock.hash);
    return LATER;
  }

  hash(asker: Asker, password: string, out: RelayOut, then: OnHashed): Answer {
    if (this.#busy(asker.lane)) return refused('busy');
    out.hashPassword(this.#begin({ kind: 'hash', asker, then }), password);
    return LATER;
  }

  /** A comparison that was not made counts as no guess, and nobody is told that the password is wrong. */
  handleChecked(id: JobId, verdict: PasswordVerdict, nowMs: number, out: RelayOut): void {
    const job = this.#finish(id);
    if (job === null || job.kind !== 'check') return;
    if (verdict !== 'wrong') this.#guesses.takeBack(job.keys);
    if (job.asker === null) return;
    job.asker.answer(this.#answerTo(job, verdict, nowMs, out), nowMs, out);
  }

  /** @param hash null: it could not be made */
  handleHashed(id: JobId, hash: string | null, nowMs: number, out: RelayOut): void {
    const job = this.#finish(id);
    if (job === null || job.kind !== 'hash' || job.asker === null) return;
    this.#counters[hash === null ? 'passwordsFailed' : 'passwordsHashed'] += 1;
    job.asker.answer(hash === null ? refused('busy') : job.then(hash, nowMs, out), nowMs, out);
  }

  /** The lane is gone: nobody is to be answered. */
  forget(lane: Lane): void {
    const job = lane.job === null ? undefined : this.#jobs.get(lane.job);
    lane.job = null;
    if (job !== undefined) job.asker = null;
  }

  #answerTo(job: CheckJob, verdict: PasswordVerdict, nowMs: number, out: RelayOut): Answer {
    switch (verdict) {
      case 'right':
        this.#counters.passwordsRight += 1;
        return job.then(nowMs, out);
      case 'wrong':
        this.#counters.passwordsWrong += 1;
        return refused('wrongPassword', { kind: 'password', channel: job.channel, given: true });
      case 'overflow':
        this.#counters.passwordsFailed += 1;
        return refused('busy');
      case 'unreadable':
        this.#counters.passwordsFailed += 1;
        return refused('storageFailed');
      default:
        return assertNever(verdict);
    }
  }

  #busy(lane: Lane | null): boolean {
    const busy = (lane !== null && lane.job !== null) || this.#jobs.size >= MAX_PASSWORD_JOBS;
    if (busy) this.#counters.passwordsBusy += 1;
    return busy;
  }

  #begin(job: Job): JobId {
    this.#counters.passwordJobs += 1;
    this.#lastJob += 1;
    this.#jobs.set(this.#lastJob, job);
    if (job.asker !== null && job.asker.lane !== null) job.asker.lane.job = this.#lastJob;
    return this.#lastJob;
  }

  #finish(id: JobId): Job | null {
    const job = this.#jobs.get(id);
    if (job === undefined) {
      this.#counters.passwordsUnknownJob += 1;
      return null;
    }
    this.#jobs.delete(id);
    if (job.asker === null) this.#counters.passwordsForgotten += 1;
    else if (job.asker.lane !== null) job.asker.lane.job = null;
    return job;
  }
}
