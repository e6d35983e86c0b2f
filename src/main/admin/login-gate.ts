import { type Counters, createCounters } from '../../core/base/counters.ts';
import { GuessLimit } from '../../core/relay/guess-limit.ts';
import { TokenBucket } from '../../core/relay/token-bucket.ts';

/** Tries per name, from wherever: a person who mistypes, not a program. One more every six seconds. */
export const MAX_NAME_TRIES = 10;
const NAME_TRIES_PER_SECOND = 1 / 6;

/**
 * Tries in all: each costs 64 MiB and a tenth of a second of a core, and the room's voice lives on the same machine.
 * One more every two seconds.
 */
export const MAX_TRIES = 20;
const TRIES_PER_SECOND = 0.5;

/** Names remembered; then the one that was tried least lately is forgotten. */
export const MAX_TRIED_NAMES = 1_024;

/** Names with the address they logged in from; then the pair that did so least lately is forgotten. */
export const MAX_KNOWN_PAIRS = 256;

/** Wait that a refusal by a bucket names, in seconds: by then there is a try again, unless others take it. */
const BUCKET_WAIT_SECONDS = 6;

const counterNames = [
  // tries = triesRight + triesWrong + triesBusy + the four limits + those under way
  'tries',
  'triesRight',
  'triesWrong',
  'triesBusy',
  'triesLimitedByAddress',
  'triesLimitedByName',
  'triesLimitedInAll',
] as const;

/** A try that may be made; one of these is called when it is over. */
export interface LoginTry {
  right(): void;
  wrong(): void;
  /** It could not be decided, and counts for nothing. */
  busy(): void;
}

export type LoginAdmission =
  | { readonly ok: true; readonly attempt: LoginTry }
  | { readonly ok: false; readonly waitSeconds: number };

/**
 * Slows down guessing of passwords and codes: by address, with waits that double (see `GuessLimit`); by name, which
 * bounds a thousand addresses that guess one account; and in all.
 *
 * Whoever guesses without end uses up the last two for everybody, but for those who logged in under that name from
 * that address before: they are limited by their address alone.
 */
export class LoginGate {
  readonly #counts: Counters<(typeof counterNames)[number]> = createCounters(counterNames);
  readonly #byAddress = new GuessLimit();
  readonly #byName = new Map<string, TokenBucket>();
  readonly #known = new Set<string>();
  readonly #inAll: TokenBucket;
  #underWay = 0;

  constructor(nowMs: number) {
    this.#inAll = new TokenBucket(TRIES_PER_SECOND, MAX_TRIES, nowMs);
  }

  get counters(): Readonly<Record<string, number>> {
    return { ...this.#counts, triesUnderWay: this.#underWay };
  }

  /** @param nowMs of a clock that only goes forward */
  admit(name: string, addressKey: string, nowMs: number): LoginAdmission {
    this.#counts.tries += 1;
    const waitSeconds = this.#byAddress.begin([addressKey], nowMs);
    if (waitSeconds > 0) {
      this.#counts.triesLimitedByAddress += 1;
      return { ok: false, waitSeconds };
    }
    // No address has a space.
    const pair = `${addressKey} ${name}`;
    const limit = this.#known.has(pair) ? null : this.#sharedLimit(name, nowMs);
    if (limit !== null) {
      this.#byAddress.takeBack([addressKey]);
      this.#counts[limit] += 1;
      return { ok: false, waitSeconds: BUCKET_WAIT_SECONDS };
    }
    this.#underWay += 1;
    const end = (outcome: 'triesRight' | 'triesWrong' | 'triesBusy'): void => {
      this.#underWay -= 1;
      this.#counts[outcome] += 1;
      if (outcome !== 'triesWrong') this.#byAddress.takeBack([addressKey]);
      if (outcome === 'triesRight') this.#remember(pair);
    };
    return {
      ok: true,
      attempt: {
        right: () => end('triesRight'),
        wrong: () => end('triesWrong'),
        busy: () => end('triesBusy'),
      },
    };
  }

  /** The limit that others share and that is used up. */
  #sharedLimit(name: string, nowMs: number): 'triesLimitedByName' | 'triesLimitedInAll' | null {
    if (!this.#bucketOf(name, nowMs).take(nowMs)) return 'triesLimitedByName';
    return this.#inAll.take(nowMs) ? null : 'triesLimitedInAll';
  }

  #remember(pair: string): void {
    // Taken out and put in again: the set stays in the order of the last login.
    this.#known.delete(pair);
    this.#known.add(pair);
    const [oldest] = this.#known;
    if (oldest !== undefined && this.#known.size > MAX_KNOWN_PAIRS) this.#known.delete(oldest);
  }

  #bucketOf(name: string, nowMs: number): TokenBucket {
    const bucket = this.#byName.get(name) ?? new TokenBucket(NAME_TRIES_PER_SECOND, MAX_NAME_TRIES, nowMs);
    // Taken out and put in again: the map stays in the order of the last try.
    this.#byName.delete(name);
    this.#byName.set(name, bucket);
    const [oldest] = this.#byName.keys();
    if (oldest !== undefined && this.#byName.size > MAX_TRIED_NAMES) this.#byName.delete(oldest);
    return bucket;
  }
}
