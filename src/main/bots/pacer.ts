/**
 * Frames that are made up for when the thread was held up. More at once would be a burst that no member sends and that
 * the relay's rate limit may refuse; what is beyond is left out and counted.
 */
export const MAX_FRAMES_BEHIND = 5;

export interface PacerOptions {
  readonly speakers: number;
  readonly frameMs: number;
  readonly startMs: number;
}

/**
 * When each speaker's next frame is due: absolute times, so that no lateness adds up, and spread over the frame, so
 * that the speakers do not all talk in the same millisecond. The times are in one order for good: speaker after
 * speaker, frame after frame.
 */
export class Pacer {
  readonly #options: PacerOptions;
  /** Turns so far: one for each speaker in each frame. */
  #turn = 0;
  #framesLeftOut = 0;

  constructor(options: PacerOptions) {
    this.#options = options;
  }

  get framesLeftOut(): number {
    return this.#framesLeftOut;
  }

  nextDeadlineMs(): number {
    const { speakers, frameMs, startMs } = this.#options;
    return startMs + (this.#turn * frameMs) / speakers;
  }

  /**
   * Calls back for every frame that is due.
   *
   * @param onDue gets the speaker and how late it is, in ms
   */
  handleDeadline(nowMs: number, onDue: (speaker: number, lateMs: number) => void): void {
    const { speakers, frameMs } = this.#options;
    const behind = Math.floor((nowMs - this.nextDeadlineMs()) / frameMs) - MAX_FRAMES_BEHIND;
    if (behind > 0) {
      this.#framesLeftOut += behind * speakers;
      this.#turn += behind * speakers;
    }
    for (let dueMs = this.nextDeadlineMs(); dueMs <= nowMs; dueMs = this.nextDeadlineMs()) {
      const speaker = this.#turn % speakers;
      this.#turn += 1;
      onDue(speaker, nowMs - dueMs);
    }
  }
}
