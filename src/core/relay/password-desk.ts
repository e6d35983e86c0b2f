import { type Answer, LATER, refused } from './answer.ts';
import type { ControlCounters } from './control-counters.ts';
import { GuessLimit } from './guess-limit.ts';
import type { Lane } from './lanes.ts';
import type { JobId, RelayOut } from './relay-out.ts';

/**
 * Passwords hashed at one time, those included whose asker has gone: Argon2id takes 64 MiB and a tenth of a second
 * for each, and they wait in the adapter.
 */
export const MAX_PASSWORD_JOBS = 32;

/** Whoever waits for a password: what the result leads to is answered on this lane. */
export interface Asker {
  readonly lane: Lane;
  readonly identity: string;
  answer(answer: Answer, nowMs: number, out: RelayOut): void;
}

/** What is to be done once a password proved right. */
export type OnRight = (nowMs: number, out: RelayOut) => Answer;
/** What is to be done once a password is hashed. */
export type OnHashed = (hash: string, nowMs: number, out: RelayOut) => Answer;

type Job = { asker: Asker | null } & (
  | {
      readonly kind: 'check';
      readonly channel: string;
      readonly keys: readonly string[];
      readonly then: OnRight;
    }
  | { readonly kind: 'hash'; readonly then: OnHashed }
);

/**
 * Passwords that are being hashed somewhere else. One at a time for a lane; the adapter answers every job, in any
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
    asker: Asker,
    lock: { readonly channel: string; readonly password: string; readonly hash: string },
    nowMs: number,
    out: RelayOut,
    then: OnRight,
  ): Answer {
    if (this.#busy(asker.lane)) return refused('busy');
    const keys = [`identity ${asker.identity}`, `address ${asker.lane.address}`];
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

  handleChecked(id: JobId, ok: boolean, nowMs: number, out: RelayOut): void {
    const job = this.#finish(id);
    if (job === null || job.kind !== 'check') return;
    if (ok) this.#guesses.takeBack(job.keys);
    if (job.asker === null) return;
    this.#counters[ok ? 'passwordsRight' : 'passwordsWrong'] += 1;
    const wrong = { kind: 'password', channel: job.channel, given: true } as const;
    job.asker.answer(ok ? job.then(nowMs, out) : refused('wrongPassword', wrong), nowMs, out);
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

  #busy(lane: Lane): boolean {
    const busy = lane.job !== null || this.#jobs.size >= MAX_PASSWORD_JOBS;
    if (busy) this.#counters.passwordsBusy += 1;
    return busy;
  }

  #begin(job: Job): JobId {
    this.#counters.passwordJobs += 1;
    this.#lastJob += 1;
    this.#jobs.set(this.#lastJob, job);
    if (job.asker !== null) job.asker.lane.job = this.#lastJob;
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
    else job.asker.lane.job = null;
    return job;
  }
}
