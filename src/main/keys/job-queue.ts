/** Runs asynchronous jobs one after the other, in the order in which they were given. */
export class JobQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** Settles as the job does; a failed job does not hold up the next. */
  run<T>(job: () => Promise<T>): Promise<T> {
    const result = this.#last.then(job);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
