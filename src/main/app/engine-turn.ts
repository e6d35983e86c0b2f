import { assert } from '../../core/base/assert.ts';

/**
 * Keeps an engine's promise: nobody calls it back from within one of its handlers. What a handler reports is told
 * when the handler is over, in order, and may then lead to further calls.
 */
export class EngineTurn {
  readonly #told: (() => void)[] = [];
  #handling = false;
  #telling = false;

  /** Runs one handler of the engine, then tells what it reported. */
  run<Result>(handler: () => Result): Result {
    assert(!this.#handling, 'an engine is not called back from within its handler');
    this.#handling = true;
    let result: Result;
    try {
      result = handler();
    } finally {
      this.#handling = false;
    }
    this.#tell();
    return result;
  }

  /** Called by the engine's sink: `tell` waits until the handler is over. */
  defer(tell: () => void): void {
    this.#told.push(tell);
  }

  /** What one report leads to comes behind those that were there before. */
  #tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    try {
      for (let tell = this.#told.shift(); tell !== undefined; tell = this.#told.shift()) tell();
    } finally {
      this.#telling = false;
    }
  }
}
