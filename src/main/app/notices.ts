import type { Notice } from '../../contract/dto.ts';

/** Most notices shown at once; the oldest gives way. */
export const MAX_NOTICES = 8;

/** What the person is told and has not yet dismissed. The same sentence is never shown twice at once. */
export class Notices {
  #notices: Notice[] = [];
  #nextId = 1;

  get all(): readonly Notice[] {
    return this.#notices;
  }

  raise(severity: Notice['severity'], text: string): void {
    const others = this.#notices.filter((notice) => notice.text !== text);
    this.#notices = [...others, { id: this.#nextId, severity, text }].slice(-MAX_NOTICES);
    this.#nextId += 1;
  }

  dismiss(id: number): void {
    this.#notices = this.#notices.filter((notice) => notice.id !== id);
  }
}
