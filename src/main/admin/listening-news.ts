/** Listeners come and go by the hundred; a dashboard is told to look again no more often than this, in ms. */
export const LISTENING_NEWS_MS = 2_000;

/** Makes one word of many: the first at once, then one each while there is something to tell. */
export class ListeningNews {
  readonly #tell: () => void;
  #timer: NodeJS.Timeout | null = null;
  #waits = false;

  constructor(tell: () => void) {
    this.#tell = tell;
  }

  tell(): void {
    if (this.#timer !== null) {
      this.#waits = true;
      return;
    }
    this.#waits = false;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#waits) this.tell();
    }, LISTENING_NEWS_MS);
    this.#timer.unref();
    this.#tell();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#waits = false;
  }
}
