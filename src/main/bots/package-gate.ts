/**
 * Holds the key packages of bots that come in until all of their wave are there, and lets them out together: the group
 * then takes in a whole wave by one commit, and every commit costs each of the members.
 */
export class PackageGate {
  readonly #held = new Map<number, () => boolean>();
  #open = true;

  /** Bots whose key package waits. */
  get held(): number {
    return this.#held.size;
  }

  close(): void {
    this.#open = false;
  }

  open(): void {
    this.#open = true;
    const waiting = [...this.#held.values()];
    this.#held.clear();
    for (const send of waiting) send();
  }

  /** Sends a bot's key package, now or when the gate opens; of two that wait the later one. @returns whether it went out */
  pass(bot: number, send: () => boolean): boolean {
    if (this.#open) return send();
    this.#held.set(bot, send);
    return true;
  }
}
