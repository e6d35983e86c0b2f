/** Signals on which a run puts everything away before it ends. */
const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Exit code of a run that was interrupted, as shells have it for SIGINT. */
const EXIT_INTERRUPTED = 130;

/** Longest time that one step of putting away may take, in ms. */
const MAX_STEP_MS = 10_000;

type Step = { readonly name: string; readonly undo: () => Promise<void> | void };

/**
 * What a run has to put away again: children, folders, windows.
 *
 * Steps run in reverse order, once, also when the run is interrupted; a step that fails or hangs does not keep
 * the others from running.
 */
export class Teardown {
  readonly #steps: Step[] = [];
  #running: Promise<void> | null = null;

  readonly #interrupt = (): void => {
    void this.run().finally(() => process.exit(EXIT_INTERRUPTED));
  };

  constructor() {
    for (const signal of ENDING_SIGNALS) process.once(signal, this.#interrupt);
  }

  /** @param name - what is put away, for the message when that fails */
  defer(name: string, undo: () => Promise<void> | void): void {
    this.#steps.push({ name, undo });
  }

  /** Runs all steps. Never rejects; failures go to stderr. */
  run(): Promise<void> {
    this.#running ??= this.#runSteps();
    return this.#running;
  }

  async #runSteps(): Promise<void> {
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      const { name, undo } = step;
      let timer: NodeJS.Timeout | undefined;
      const limit = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`took longer than ${MAX_STEP_MS} ms`)), MAX_STEP_MS);
      });
      try {
        await Promise.race([undo(), limit]);
      } catch (error) {
        process.stderr.write(`Could not put away ${name}: ${String(error)}\n`);
      } finally {
        clearTimeout(timer);
      }
    }
    for (const signal of ENDING_SIGNALS) process.off(signal, this.#interrupt);
  }
}
