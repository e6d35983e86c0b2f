import { findPeriod, MAX_PERIOD_SAMPLES, MIN_PERIOD_SAMPLES, type PeriodMatch } from './pitch.ts';
import { HISTORY_SAMPLES, type SoundBuffer } from './sound-buffer.ts';

/** Length of the cross-fade where sound is joined, in samples: 5 ms, longer than a click and shorter than a syllable's edge. */
export const FADE_SAMPLES = 240;

/** The shortest cross-fade, in samples: 2.5 ms, for frames of 10 ms. */
const MIN_FADE_SAMPLES = 120;

const match: PeriodMatch = { lag: 0, likeness: 0 };

/**
 * Shortens or lengthens what waits in a sound buffer by a pitch period, so that no listener hears it: the sound is
 * cut where it is like itself and joined by a cross-fade (WSOLA: Verhelst and Roelands 1993).
 */
export class TimeStretch {
  private readonly sound: SoundBuffer;

  constructor(sound: SoundBuffer) {
    this.sound = sound;
  }

  /**
   * Takes a piece out of what waits.
   *
   * @param mostSamples no more than this is taken
   * @param likeness how alike the pieces must be that are joined, 0 to 1
   * @param free the sound is noise-like or faint: any place will do
   * @returns samples taken out, 0 when no place was good enough
   */
  accelerate(mostSamples: number, likeness: number, free: boolean): number {
    const { sound } = this;
    const fade = this.fadeFor(sound.waiting);
    const most = Math.min(mostSamples, MAX_PERIOD_SAMPLES, sound.waiting - fade);
    if (most < MIN_PERIOD_SAMPLES) return 0;
    let lag = most;
    if (!free) {
      findPeriod(sound.samples, sound.start, 1, MIN_PERIOD_SAMPLES, most, fade, match);
      if (match.likeness < likeness) return 0;
      lag = match.lag;
    }
    // The sound ahead is kept where it is; what is played first moves up to it.
    // From the end on: where the piece is shorter than the fade, its place is still to be read.
    const { samples, start } = sound;
    for (let at = fade - 1; at >= 0; at--) {
      const share = (at + 0.5) / fade;
      const before = samples[start + at] ?? 0;
      const after = samples[start + lag + at] ?? 0;
      samples[start + lag + at] = before * (1 - share) + after * share;
    }
    samples.copyWithin(start + lag - HISTORY_SAMPLES, start - HISTORY_SAMPLES, start);
    sound.start += lag;
    return lag;
  }

  /**
   * Repeats a piece of what waits; where that is too short, the end of what was played.
   *
   * @param leastSamples what is missing: no less than this is put in, up to the longest period
   * @returns samples put in, 0 when no place was good enough
   */
  expand(leastSamples: number, likeness: number, free: boolean): number {
    const { sound } = this;
    const fade = this.fadeFor(sound.waiting);
    if (sound.waiting < fade) return 0;
    const least = Math.min(Math.max(leastSamples, MIN_PERIOD_SAMPLES), MAX_PERIOD_SAMPLES);
    const inside = sound.waiting - fade >= least;
    const most = inside ? Math.min(MAX_PERIOD_SAMPLES, sound.waiting - fade) : MAX_PERIOD_SAMPLES;
    let lag = least;
    if (!free) {
      findPeriod(sound.samples, sound.start, inside ? 1 : -1, least, most, fade, match);
      if (match.likeness < likeness) return 0;
      lag = match.lag;
    }
    this.repeat(inside ? sound.start : sound.start - lag, lag, fade);
    return lag;
  }

  /** Puts the `lag` samples from `from` on in once more behind themselves, and fades from what followed into them. */
  private repeat(from: number, lag: number, fade: number): void {
    const { sound } = this;
    const shift = sound.start;
    sound.room(lag);
    const first = from + sound.start - shift;
    const { samples } = sound;
    samples.copyWithin(first + lag, first, sound.end);
    sound.end += lag;
    for (let at = 0; at < fade; at++) {
      const share = (at + 0.5) / fade;
      const onward = samples[first + 2 * lag + at] ?? 0;
      const again = samples[first + lag + at] ?? 0;
      samples[first + lag + at] = onward * (1 - share) + again * share;
    }
  }

  private fadeFor(waiting: number): number {
    return waiting >= 2 * FADE_SAMPLES + MIN_PERIOD_SAMPLES ? FADE_SAMPLES : MIN_FADE_SAMPLES;
  }
}
