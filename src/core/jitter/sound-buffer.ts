import { assert } from '../base/assert.ts';

/** Sound that has been played and is kept, in samples: the longest pitch period twice, to search in. */
export const HISTORY_SAMPLES = 1_440;

/** Sound that may wait, in samples: two of the longest Opus packets (120 ms), one of them being stretched. */
export const MAX_WAITING_SAMPLES = 2 * 5_760 + HISTORY_SAMPLES;

/** Room to write into before what has been played is moved away. */
const SLACK_SAMPLES = 16_384;

/**
 * Decoded sound of one speaker in one piece: what was played a moment ago, then what waits to be played.
 *
 * `samples` from `start - HISTORY_SAMPLES` to `start` is history, from `start` to `end` waits. Positions are valid
 * until the next call of `room`.
 */
export class SoundBuffer {
  readonly samples = new Float32Array(HISTORY_SAMPLES + MAX_WAITING_SAMPLES + SLACK_SAMPLES);
  start = HISTORY_SAMPLES;
  end = HISTORY_SAMPLES;

  /** Samples that wait. */
  get waiting(): number {
    return this.end - this.start;
  }

  /** Makes room for `count` samples at `end`. */
  room(count: number): void {
    assert(this.waiting + count <= MAX_WAITING_SAMPLES, 'no more sound waits than there is room for');
    if (this.end + count <= this.samples.length) return;
    const from = this.start - HISTORY_SAMPLES;
    this.samples.copyWithin(0, from, this.end);
    this.start -= from;
    this.end -= from;
  }

  /** Copies `count` samples to the end. */
  append(source: Float32Array, offset: number, count: number): void {
    this.room(count);
    for (let at = 0; at < count; at++) this.samples[this.end + at] = source[offset + at] ?? 0;
    this.end += count;
  }
}
