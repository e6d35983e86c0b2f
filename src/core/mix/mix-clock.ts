/** Length of what is mixed at a time, in samples at 48 kHz: 20 ms. */
export const MIX_FRAME_SAMPLES = 960;
export const MIX_FRAME_MS = 20;

/**
 * Frames that are made up for when the thread was held up. Players hold this much in hand; what is beyond is left out
 * and counted, or a thread that is too slow would never do anything but catch up.
 */
export const MAX_FRAMES_BEHIND = 5;

/** When the frames of one mix are due: absolute times, so that no lateness adds up. The first is due at once. */
export class MixClock {
  readonly #startMs: number;
  #frame = 0;
  #leftOut = 0;

  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  get framesLeftOut(): number {
    return this.#leftOut;
  }

  nextDeadlineMs(): number {
    return this.#startMs + this.#frame * MIX_FRAME_MS;
  }

  /** @returns frames that are to be made now: 0 to MAX_FRAMES_BEHIND + 1 */
  takeDue(nowMs: number): number {
    const nextMs = this.nextDeadlineMs();
    if (nowMs < nextMs) return 0;
    const due = Math.floor((nowMs - nextMs) / MIX_FRAME_MS) + 1;
    const taken = Math.min(due, MAX_FRAMES_BEHIND + 1);
    this.#frame += due;
    this.#leftOut += due - taken;
    return taken;
  }
}
