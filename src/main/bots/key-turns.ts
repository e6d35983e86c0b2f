interface Job {
  readonly bot: number;
  run(): Promise<void>;
}

/**
 * Works off what all bots have to do for their key groups, one after the other: they live in one thread, where a
 * hundred members each follow every commit. Whoever the relay has asked for a commit goes first, because the relay
 * waits a second for it and then asks another; side by side with all others no bot would be ready in time.
 */
export class KeyTurns {
  readonly #waiting: Job[] = [];
  readonly #asked = new Set<number>();
  #working = false;

  /** The relay has asked this bot for a commit. */
  hurry(bot: number): void {
    this.#asked.add(bot);
  }

  /** It has made one. */
  calm(bot: number): void {
    this.#asked.delete(bot);
  }

  /** Does a bot's work when it is its turn. */
  run<Result>(bot: number, work: () => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bot, run: () => work().then(resolve, reject) });
      if (!this.#working) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#working = true;
    for (let job = this.#next(); job !== undefined; job = this.#next()) {
      await job.run();
      // The sockets are read in between: the next commit that is asked for must be seen.
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#working = false;
  }

  #next(): Job | undefined {
    const asked = this.#waiting.findIndex(({ bot }) => this.#asked.has(bot));
    return asked < 0 ? this.#waiting.shift() : this.#waiting.splice(asked, 1)[0];
  }
}
