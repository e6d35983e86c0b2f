import { correlate, MAX_PERIOD_SAMPLES, MIN_PERIOD_SAMPLES } from './pitch.ts';

/** How much of the frame is compared with itself, in samples: 5 ms, as in every stretch. */
const FRAME_WINDOW_SAMPLES = 240;

/** How much of it is compared with what was invented, in samples: the cross-fade between them. */
const INVENTED_WINDOW_SAMPLES = 120;

/** Lengths are tried at this distance, and the best one's neighbours after it. */
const COARSE_STEP = 4;

/** A longer piece is taken where it fits hardly worse. */
const LONGER_LIKENESS = 0.1;

/**
 * Finds how much of a frame's beginning may be played ahead of it, to fill the end of the hole before it: as long as
 * a pitch period or several, so that it follows what was invented, and the frame follows it, in step.
 *
 * @param frame what comes behind the hole, `length` samples of it
 * @param invented from `offset` on lies what concealment would fill the last `holeSamples` of the hole with; null where that
 * is too faint for its period to matter
 * @param likeness how alike the pieces must be that are joined, 0 to 1
 * @returns samples, 0 when nothing fits
 */
export function findLeadIn(
  frame: Float32Array,
  length: number,
  invented: Float32Array | null,
  offset: number,
  holeSamples: number,
  likeness: number,
): number {
  const most = Math.min(holeSamples, MAX_PERIOD_SAMPLES, length - FRAME_WINDOW_SAMPLES);
  const fits = (lag: number): number => {
    const itself = correlate(frame, 0, frame, lag, FRAME_WINDOW_SAMPLES);
    if (invented === null || itself < likeness) return itself;
    return Math.min(
      itself,
      correlate(frame, 0, invented, offset + holeSamples - lag, INVENTED_WINDOW_SAMPLES),
    );
  };
  let best = likeness;
  let found = 0;
  for (let lag = MIN_PERIOD_SAMPLES; lag <= most; lag += COARSE_STEP) {
    const fit = fits(lag);
    if (fit < likeness || fit < best - LONGER_LIKENESS) continue;
    // Of one peak the top, of several the last.
    if (fit >= best || lag - found > MIN_PERIOD_SAMPLES) found = lag;
    best = Math.max(best, fit);
  }
  if (found === 0) return 0;
  const first = Math.max(MIN_PERIOD_SAMPLES, found - COARSE_STEP + 1);
  const last = Math.min(most, found + COARSE_STEP - 1);
  best = Number.NEGATIVE_INFINITY;
  for (let lag = first; lag <= last; lag++) {
    const fit = fits(lag);
    if (fit <= best) continue;
    best = fit;
    found = lag;
  }
  return found;
}
