/**
 * A holder of keys whom the member list does not show is a stranger after this long, in ms: whoever leaves is off the
 * list at once and out of the group within a second.
 */
export const STRANGER_AFTER_MS = 3_000;

/** Counts those who hold keys and are not shown, as time goes by. */
export class StrangerWatch {
  readonly #onDidChange: () => void;
  readonly #unshownSinceMs = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;

  /** @param onDidChange somebody has become a stranger by the mere passing of time */
  constructor(onDidChange: () => void) {
    this.#onDidChange = onDidChange;
  }

  count(nowMs: number): number {
    let strangers = 0;
    for (const sinceMs of this.#unshownSinceMs.values())
      if (nowMs - sinceMs >= STRANGER_AFTER_MS) strangers += 1;
    return strangers;
  }

  /** @param holders identities that hold keys */
  update(holders: ReadonlySet<string>, isShown: (identity: string) => boolean, nowMs: number): void {
    for (const identity of this.#unshownSinceMs.keys())
      if (!holders.has(identity)) this.#unshownSinceMs.delete(identity);
    for (const identity of holders) {
      if (isShown(identity)) this.#unshownSinceMs.delete(identity);
      else if (!this.#unshownSinceMs.has(identity)) this.#unshownSinceMs.set(identity, nowMs);
    }
    this.#wait(nowMs);
  }

  clear(): void {
    this.#unshownSinceMs.clear();
    this.#stop();
  }

  #wait(nowMs: number): void {
    this.#stop();
    const dues = Array.from(this.#unshownSinceMs.values(), (sinceMs) => sinceMs + STRANGER_AFTER_MS);
    const nextMs = Math.min(...dues.filter((dueMs) => dueMs > nowMs));
    if (!Number.isFinite(nextMs)) return;
    // A millisecond more: timers may fire a little before their time.
    this.#timer = setTimeout(
      () => {
        this.#onDidChange();
        this.#wait(performance.now());
      },
      nextMs - nowMs + 1,
    );
    this.#timer.unref();
  }

  #stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
