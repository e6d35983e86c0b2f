import type { PlayoutReading } from './playout-buffer.ts';

/** Page to playout. */
export type ToPlayout =
  | {
      readonly kind: 'sound';
      readonly left: Float32Array<ArrayBuffer>;
      readonly right: Float32Array<ArrayBuffer>;
      readonly position: number;
    }
  | { readonly kind: 'rest' }
  | { readonly kind: 'clear' };

/** Playout to page, about every REPORT_SAMPLES. */
export interface PlayoutReport extends PlayoutReading {
  /** Of what was played since the last report, in dBFS. */
  readonly levelDb: number;
}

/** 50 ms: as often as a meter wants it. */
export const REPORT_SAMPLES = 2_400;

/** Sound below this is silence, in dBFS. */
const SILENCE_DB = -120;

/** Root mean square of both channels together. */
export class LevelSum {
  #sum = 0;
  #count = 0;

  /** @returns whether it is time to report */
  add(left: Float32Array, right: Float32Array): boolean {
    for (let i = 0; i < left.length; i += 1) this.#sum += ((left[i] ?? 0) ** 2 + (right[i] ?? 0) ** 2) / 2;
    this.#count += left.length;
    return this.#count >= REPORT_SAMPLES;
  }

  takeDb(): number {
    const power = this.#sum / Math.max(1, this.#count);
    this.#sum = 0;
    this.#count = 0;
    return power > 0 ? Math.max(SILENCE_DB, 10 * Math.log10(power)) : SILENCE_DB;
  }
}
