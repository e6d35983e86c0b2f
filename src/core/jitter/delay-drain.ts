/** How long the depth is watched before it is called too deep, in ms: a network's bad moments come more often than that. */
export const DRAIN_WINDOW_MS = 2_000;

/** Pulls from one drained frame to the next: a fifth faster at most, which speech bears. */
export const DRAIN_SPACING_FRAMES = 5;

/**
 * Decides when a delay that has grown may shrink.
 *
 * The smallest depth after a pull over a window of playout is delay that nothing needed. What it has above the
 * target is taken out, a frame at a time with DRAIN_SPACING_FRAMES between them; then a new window begins.
 */
export class DelayDrain {
  private readonly windowFrames: number;
  private readonly targetFrames: number;
  private watched = 0;
  private smallest = Number.POSITIVE_INFINITY;
  private pending = 0;
  private sinceDrained = 0;

  /** @param targetFrames depth right after a pull that is to remain */
  constructor(frameMs: number, targetFrames: number) {
    this.windowFrames = Math.ceil(DRAIN_WINDOW_MS / frameMs);
    this.targetFrames = targetFrames;
  }

  /** A talkspurt starts: its delay is its own. */
  reset(): void {
    this.watched = 0;
    this.smallest = Number.POSITIVE_INFINITY;
    this.pending = 0;
    this.sinceDrained = DRAIN_SPACING_FRAMES;
  }

  /** Takes note of the depth after a pull during a talkspurt. */
  observe(depthFrames: number): void {
    this.sinceDrained++;
    if (depthFrames < this.targetFrames) this.pending = 0;
    if (this.pending > 0) return;
    this.smallest = Math.min(this.smallest, depthFrames);
    this.watched++;
    if (this.watched < this.windowFrames) return;
    this.pending = Math.max(0, this.smallest - this.targetFrames);
    this.watched = 0;
    this.smallest = Number.POSITIVE_INFINITY;
  }

  /** True when one frame more than usual is to be taken now; counts as taken. */
  takesOne(): boolean {
    if (this.pending === 0 || this.sinceDrained < DRAIN_SPACING_FRAMES) return false;
    this.pending--;
    this.sinceDrained = 0;
    return true;
  }
}
