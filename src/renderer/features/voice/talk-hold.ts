/** What can hold the talk button down. */
export type TalkSource = 'pointer' | 'key';

/**
 * The talk button's state: down while at least one source holds it.
 *
 * `changed` hears every edge exactly once, so that a lost pointer and a lost focus in the same moment close the
 * microphone once, and a key that repeats opens it once.
 */
export class TalkHold {
  private readonly held = new Set<TalkSource>();
  private readonly changed: (down: boolean) => void;

  constructor(changed: (down: boolean) => void) {
    this.changed = changed;
  }

  get down(): boolean {
    return this.held.size > 0;
  }

  press(source: TalkSource): void {
    const before = this.down;
    this.held.add(source);
    if (!before) this.changed(true);
  }

  release(source: TalkSource): void {
    if (this.held.delete(source) && !this.down) this.changed(false);
  }

  releaseAll(): void {
    if (!this.down) return;
    this.held.clear();
    this.changed(false);
  }
}
