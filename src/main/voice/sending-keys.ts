import { createHash } from 'node:crypto';

/** Keys remembered: those of a day of comings and goings. Above this the oldest is forgotten; nobody has it by then. */
export const MAX_REMEMBERED_KEYS = 4_096;

/**
 * Which sending keys were handed to a voice thread, so that none is handed to two.
 *
 * A thread counts what it seals, and its count dies with it. A second thread under the same key would begin at zero,
 * use numbers again, and so give away what it seals (RFC 5116, section 3.1). Remembers hashes, not keys.
 */
export class SendingKeys {
  readonly #handed = new Set<string>();
  readonly #spent = new Set<string>();

  /**
   * Asks before handing `key` over, and takes note.
   *
   * @returns false when another count has begun under this key: it must not be handed over
   */
  mayHandOver(key: Uint8Array): boolean {
    const name = createHash('sha256').update(key).digest('base64');
    if (this.#spent.has(name)) return false;
    remember(this.#handed, name);
    return true;
  }

  /** The thread, or the session it counted for, is gone: no key it had is handed over again. */
  spendAll(): void {
    for (const name of this.#handed) remember(this.#spent, name);
    this.#handed.clear();
  }
}

function remember(names: Set<string>, name: string): void {
  names.add(name);
  const [oldest] = names;
  if (names.size > MAX_REMEMBERED_KEYS && oldest !== undefined) names.delete(oldest);
}
