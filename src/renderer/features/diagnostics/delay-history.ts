/** How far back the graphs go, in ms. */
export const HISTORY_MS = 30_000;

/** Points kept: five a second for 30 s, and some to spare for a clock that is not even. */
const MAX_POINTS = 160;

/** Two points further apart than this, in ms, are not joined: nobody looked in between. */
const MAX_GAP_MS = 1_000;

/** Tops that a graph's scale can have, in ms: whole numbers of packets, wide enough apart that it seldom changes. */
const TOPS_MS = [40, 80, 120, 200, 400, 800, 1_600, 3_200] as const;

/** Which of the two curves. */
export type Curve = 'depth' | 'target';

/** Depth and target of one speaker's jitter buffer over the last HISTORY_MS. */
export class DelayHistory {
  private readonly atMs = new Float64Array(MAX_POINTS);
  private readonly curves: Readonly<Record<Curve, Float32Array>> = {
    depth: new Float32Array(MAX_POINTS),
    target: new Float32Array(MAX_POINTS),
  };
  private next = 0;
  private count = 0;

  push(nowMs: number, depthMs: number, targetMs: number): void {
    this.atMs[this.next] = nowMs;
    this.curves.depth[this.next] = depthMs;
    this.curves.target[this.next] = targetMs;
    this.next = (this.next + 1) % MAX_POINTS;
    this.count = Math.min(MAX_POINTS, this.count + 1);
  }

  /** Top of the scale on which everything that is still shown can be seen, in ms. */
  topMs(nowMs: number): number {
    let highest = 0;
    this.visit(nowMs, (at) => {
      highest = Math.max(highest, this.curves.depth[at] ?? 0, this.curves.target[at] ?? 0);
    });
    return TOPS_MS.find((top) => top >= highest) ?? highest;
  }

  /**
   * One curve as the data of an SVG path: left is HISTORY_MS ago, right is now, up is more.
   *
   * @param topMs - what stands at the upper edge
   */
  path(curve: Curve, nowMs: number, topMs: number, width: number, height: number): string {
    const values = this.curves[curve];
    const parts: string[] = [];
    let lastMs = Number.NEGATIVE_INFINITY;
    this.visit(nowMs, (at) => {
      const pointMs = this.atMs[at] ?? 0;
      const x = (1 - (nowMs - pointMs) / HISTORY_MS) * width;
      const y = (1 - Math.min(1, Math.max(0, (values[at] ?? 0) / topMs))) * height;
      parts.push(`${pointMs - lastMs > MAX_GAP_MS ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`);
      lastMs = pointMs;
    });
    return parts.join('');
  }

  /** The points still shown, the oldest first. */
  private visit(nowMs: number, each: (at: number) => void): void {
    for (let back = this.count; back > 0; back -= 1) {
      const at = (this.next - back + MAX_POINTS) % MAX_POINTS;
      if (nowMs - (this.atMs[at] ?? 0) <= HISTORY_MS) each(at);
    }
  }
}
