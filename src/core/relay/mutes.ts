/** Identities that stay muted after they left: a hundred times what any room has to put up with. */
export const MAX_MUTED_IDENTITIES = 1_000;

/**
 * Who is muted for everybody, by identity: leaving the room and coming back is no way out of it. Outlives sessions,
 * and those that a restart finds are put in again.
 */
export class Mutes {
  /** In the order they were muted; the oldest makes way. */
  readonly #identities = new Set<string>();

  has(identity: string): boolean {
    return this.#identities.has(identity);
  }

  set(identity: string, muted: boolean): void {
    this.#identities.delete(identity);
    if (!muted) return;
    this.#identities.add(identity);
    const [oldest] = this.#identities;
    if (oldest !== undefined && this.#identities.size > MAX_MUTED_IDENTITIES) this.#identities.delete(oldest);
  }
}
