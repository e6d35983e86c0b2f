import { MAX_WHISPER_LISTS } from '../wire/control.ts';

interface WhisperList {
  readonly targets: readonly number[];
  registered: boolean;
}

/** The whisper lists of a session, as the person has set them, and which of them the relay knows. */
export class WhisperLists {
  readonly #lists = new Map<number, WhisperList>();

  /** Remembers a list, or forgets it when it has no targets. @returns false when there are too many */
  set(list: number, targets: readonly number[]): boolean {
    if (targets.length === 0) {
      this.#lists.delete(list);
      return true;
    }
    if (!this.#lists.has(list) && this.#lists.size >= MAX_WHISPER_LISTS) return false;
    this.#lists.set(list, { targets, registered: false });
    return true;
  }

  handleRegistered(list: number): void {
    const known = this.#lists.get(list);
    if (known !== undefined) known.registered = true;
  }

  /** The relay of a new session knows none. */
  handleNewSession(): void {
    for (const list of this.#lists.values()) list.registered = false;
  }

  /** What the relay has not confirmed, without targets that are gone. */
  *unregistered(isPresent: (token: number) => boolean): Generator<{ list: number; targets: number[] }> {
    for (const [list, { targets, registered }] of this.#lists) {
      const present = targets.filter(isPresent);
      if (!registered && present.length > 0) yield { list, targets: present };
    }
  }

  clear(): void {
    this.#lists.clear();
  }
}
