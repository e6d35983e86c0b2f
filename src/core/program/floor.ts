/** A talker who sends nothing for so long has let go of the floor, in ms. */
export const FLOOR_IDLE_MS = 1_000;

/** Longest single talkspurt of a listener, in ms: then somebody else may. */
export const MAX_TALK_MS = 120_000;

/** Who of a channel's listeners talks: one at a time, first come. */
export class Floor {
  #holder: object | null = null;
  #sinceMs = 0;
  #lastMs = 0;

  /** Who has it now; null: nobody. */
  holder(nowMs: number): object | null {
    const over = nowMs - this.#lastMs >= FLOOR_IDLE_MS || nowMs - this.#sinceMs >= MAX_TALK_MS;
    if (over) this.#holder = null;
    return this.#holder;
  }

  /** Asks to be heard now. @returns false: somebody else talks */
  take(talker: object, nowMs: number): boolean {
    const holder = this.holder(nowMs);
    if (holder !== null && holder !== talker) return false;
    if (holder === null) this.#sinceMs = nowMs;
    this.#holder = talker;
    this.#lastMs = nowMs;
    return true;
  }

  release(talker: object): void {
    if (this.#holder === talker) this.#holder = null;
  }
}
