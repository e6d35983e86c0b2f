/** How long a nonce is good for, in ms: a player logs in at once, and people retype a password. */
export const NONCE_LIFE_MS = 300_000;

/** Uses of a nonce by players that do not count (RFC 2069): one logs in once a connection. */
export const MAX_UNCOUNTED_USES = 32;

/** Nonces remembered; then the oldest is forgotten, and whoever has it is given another. */
export const MAX_NONCES = 4_096;

interface Nonce {
  readonly issuedMs: number;
  count: number;
  uncounted: number;
}

/** The nonces of digest authentication that are out (RFC 7616, section 3.3): each for a while, each count once. */
export class NonceBook {
  readonly #nonces = new Map<string, Nonce>();

  get size(): number {
    return this.#nonces.size;
  }

  /** @param nonce cannot be guessed */
  issue(nonce: string, nowMs: number): void {
    this.#nonces.set(nonce, { issuedMs: nowMs, count: 0, uncounted: 0 });
    for (const [oldest] of this.#nonces) {
      if (this.#nonces.size <= MAX_NONCES) break;
      this.#nonces.delete(oldest);
    }
  }

  /**
   * @param count what the player says how often it used the nonce; null: it does not count
   * @returns false: too old, unknown, or used already
   */
  use(nonce: string, count: number | null, nowMs: number): boolean {
    const known = this.#nonces.get(nonce);
    if (known === undefined) return false;
    if (nowMs - known.issuedMs >= NONCE_LIFE_MS) {
      this.#nonces.delete(nonce);
      return false;
    }
    if (count === null) {
      known.uncounted += 1;
      return known.uncounted <= MAX_UNCOUNTED_USES;
    }
    if (count <= known.count) return false;
    known.count = count;
    return true;
  }
}
