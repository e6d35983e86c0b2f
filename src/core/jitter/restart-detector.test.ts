import { describe, expect, it } from 'vitest';
import { RESTART_PACKETS, RestartDetector } from './restart-detector.ts';

const FRAME = 960;
const MAX_GAP = 64;

type Step = [packets: number, samples: number];

/** Packets that far from each other. @returns whether the last one was taken for a new stream */
function observe(steps: Step[], detector = new RestartDetector(FRAME, MAX_GAP)): boolean {
  let sequence = 1_000;
  let timestamp = 2 ** 32 - FRAME;
  let restarted = detector.observe(sequence, timestamp);
  for (const [packets, samples] of steps) {
    sequence += packets;
    timestamp = (timestamp + samples) >>> 0;
    restarted = detector.observe(sequence, timestamp);
  }
  return restarted;
}

const steady = (count: number): Step[] => Array.from({ length: count }, () => [1, FRAME]);

describe('RestartDetector', () => {
  it('takes RESTART_PACKETS in a row for a new stream, also where the timestamp wraps', () => {
    expect(observe(steady(RESTART_PACKETS - 2))).toBe(false);
    expect(observe(steady(RESTART_PACKETS - 1))).toBe(true);
    expect(observe(steady(RESTART_PACKETS))).toBe(false);
  });

  it.each<[string, Step, boolean]>([
    ['some were lost', [3, 3 * FRAME], true],
    ['there was silence', [1, 90 * FRAME], true],
    ['the gap is the largest', [MAX_GAP, MAX_GAP * FRAME], true],
    ['the gap is too large', [MAX_GAP + 1, (MAX_GAP + 1) * FRAME], false],
    ['the same came twice', [0, 0], false],
    ['the sequence falls', [-1, FRAME], false],
    ['less time than frames has passed', [2, 2 * FRAME - 1], false],
    ['the timestamp falls', [1, -FRAME], false],
  ])('when %s', (_name, step, restarted) => {
    expect(observe([step, ...steady(RESTART_PACKETS - 2)])).toBe(restarted);
  });

  it('forgets its suspicion when a packet of the old stream comes', () => {
    const detector = new RestartDetector(FRAME, MAX_GAP);
    observe(steady(RESTART_PACKETS - 2), detector);
    detector.forget();
    expect(observe(steady(RESTART_PACKETS - 2), detector)).toBe(false);
  });
});
