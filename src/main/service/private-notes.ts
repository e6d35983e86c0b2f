import { rmSync } from 'node:fs';
import { writePrivateFile } from '../base/private-file.ts';

/** Tells the operator what must not stand in a log: at the terminal, else in a file for the program's user alone. */
export class PrivateNote {
  readonly #path: string;
  readonly #terminal: ((text: string) => void) | null;

  /** @param terminal null: there is none */
  constructor(path: string, terminal: ((text: string) => void) | null) {
    this.#path = path;
    this.#terminal = terminal;
  }

  /**
   * @param lead what it is, for the terminal
   * @returns the file that was written; null: it was shown
   * @throws Error when the disk refuses
   */
  show(lead: string, text: string): string | null {
    if (this.#terminal !== null) {
      this.#terminal(`${lead}\n  ${text}\n`);
      return null;
    }
    writePrivateFile(this.#path, `${text}\n`);
    return this.#path;
  }

  /** It is of no use any more. */
  remove(): void {
    rmSync(this.#path, { force: true });
  }
}
