/** The earliest of several deadlines, null being none. */
export function earliest(deadlines: readonly (number | null)[]): number | null {
  let next: number | null = null;
  for (const deadlineMs of deadlines) {
    if (deadlineMs !== null && (next === null || deadlineMs < next)) next = deadlineMs;
  }
  return next;
}
