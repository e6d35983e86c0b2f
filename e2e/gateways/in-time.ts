import { setTimeout as sleep } from 'node:timers/promises';

/** How often it is looked whether something is due, in ms. */
const LOOK_MS = 2;

/** Calls back for each of `count` times when it is due, `everyMs` apart; late ones at once. */
export async function inTime(
  count: number,
  everyMs: number,
  act: (index: number, nowMs: number) => void,
): Promise<void> {
  const startMs = performance.now();
  for (let index = 0; index < count; ) {
    const nowMs = performance.now();
    if (nowMs < startMs + index * everyMs) await sleep(LOOK_MS);
    else {
      act(index, nowMs);
      index += 1;
    }
  }
}
