import { randomBytes } from 'node:crypto';
import { argon2id, hash, verify } from 'argon2';
import type { PasswordVerdict } from '../../core/relay/relay-engine.ts';

/** RFC 9106, section 4, second recommendation: 64 MiB and three passes, for where memory is shared with others. */
const ARGON2_OPTIONS = {
  type: argon2id,
  memoryCost: 65_536,
  timeCost: 3,
  parallelism: 1,
  hashLength: 32,
} as const;

/** RFC 9106, section 3.1. */
const SALT_BYTES = 16;

/** Passwords worked on at one time: 128 MiB, and half of libuv's four threads; files and names need the others. */
export const MAX_PASSWORDS_AT_ONCE = 2;

/** Passwords that wait for their turn: the last one's asker waits for three seconds or so, and no longer queue is patient. */
export const MAX_WAITING_PASSWORDS = 32;

/** Argon2id (RFC 9106) on libuv's threads, never on the one that forwards voice, and a bounded number at a time. */
export class PasswordHasher {
  readonly #atOnce: number;
  readonly #maxWaiting: number;
  readonly #waiting: (() => void)[] = [];
  readonly #counts = { hashed: 0, compared: 0, overflowed: 0, failed: 0 };
  #running = 0;

  /** All threads of a process share libuv's four: what hashes besides the relay takes less than the relay's share. */
  constructor(atOnce: number = MAX_PASSWORDS_AT_ONCE, maxWaiting: number = MAX_WAITING_PASSWORDS) {
    this.#atOnce = atOnce;
    this.#maxWaiting = maxWaiting;
  }

  get counters(): Readonly<Record<string, number>> {
    return { ...this.#counts, running: this.#running, waiting: this.#waiting.length };
  }

  /** @returns Argon2id in PHC string format; null when too many wait, or the machine has no memory for it */
  async hash(password: string): Promise<string | null> {
    if (!(await this.#enter())) return null;
    try {
      const hashed = await hash(password, { ...ARGON2_OPTIONS, salt: randomBytes(SALT_BYTES) });
      this.#counts.hashed += 1;
      return hashed;
    } catch {
      this.#counts.failed += 1;
      return null;
    } finally {
      this.#leave();
    }
  }

  /**
   * Compares a password with what `hash` made of one, in a time that does not tell how close it came. `unreadable`:
   * the stored hash is none, or the machine has no memory for it.
   */
  async compare(password: string, hashed: string): Promise<PasswordVerdict> {
    if (!(await this.#enter())) return 'overflow';
    try {
      const right = await verify(hashed, password);
      this.#counts.compared += 1;
      return right ? 'right' : 'wrong';
    } catch {
      this.#counts.failed += 1;
      return 'unreadable';
    } finally {
      this.#leave();
    }
  }

  /** Waits for a turn. @returns false when too many wait already */
  async #enter(): Promise<boolean> {
    if (this.#running < this.#atOnce) {
      this.#running += 1;
      return true;
    }
    if (this.#waiting.length >= this.#maxWaiting) {
      this.#counts.overflowed += 1;
      return false;
    }
    // Whoever leaves hands its place over, so `#running` stays.
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return true;
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running -= 1;
    else next();
  }
}
