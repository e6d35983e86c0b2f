import type { AdminEvent } from '../../../contract/admin.ts';

/** How long an event may wait for others, in ms: too short to be seen, long enough for a storm of joins to be one. */
export const MAX_WAIT_MS = 50;

/**
 * Gathers events, so that a hundred bots that join at once draw the room a few times and not a hundred.
 *
 * Not by the browser's frames: those stand still in a tab that is not shown, and its room must not grow old.
 */
export class EventQueue {
  private readonly take: (events: readonly AdminEvent[]) => void;
  private readonly later: (delayMs: number, callback: () => void) => unknown;
  private waiting: AdminEvent[] = [];

  /** @param take - is given what was gathered, in the order in which it came */
  constructor(
    take: (events: readonly AdminEvent[]) => void,
    later: (delayMs: number, callback: () => void) => unknown,
  ) {
    this.take = take;
    this.later = later;
  }

  push(event: AdminEvent): void {
    this.waiting.push(event);
    if (this.waiting.length === 1) this.later(MAX_WAIT_MS, () => this.flush());
  }

  /** Forgets what waits. */
  drop(): void {
    this.waiting = [];
  }

  private flush(): void {
    const events = this.waiting;
    this.waiting = [];
    if (events.length > 0) this.take(events);
  }
}
