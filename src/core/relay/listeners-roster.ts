/**
 * Who stands in which channel for the gateways: one member at most in each. Lasts as long as the relay's engine: the
 * host lets them in again. Knows nothing of sessions.
 */
export class ListenersRoster {
  readonly #channels = new Map<string, number>();
  readonly #identities = new Map<number, string>();

  /** How many are let in, whether they are here or not. */
  get places(): number {
    return this.#channels.size;
  }

  /** The channel that this identity was let into; null: none. */
  channelOf(identity: string): number | null {
    return this.#channels.get(identity) ?? null;
  }

  /** Who was let into that channel; null: nobody. */
  inChannel(channel: number): string | null {
    return this.#identities.get(channel) ?? null;
  }

  /** The caller has checked that neither is taken. */
  admit(identity: string, channel: number): void {
    this.#channels.set(identity, channel);
    this.#identities.set(channel, identity);
  }

  dismiss(identity: string): void {
    const channel = this.#channels.get(identity);
    if (channel === undefined) return;
    this.#channels.delete(identity);
    this.#identities.delete(channel);
  }
}
