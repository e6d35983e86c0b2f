import { dot, linearPrediction } from './signal.ts';

const WINDOW_SAMPLES = 256;
const FILTER_ORDER = 8;
/** Energies are per sample, of 16-bit samples. */
const START_THRESHOLD = 500_000;
/** By which the threshold rises with every 10 ms that is louder. */
const THRESHOLD_RISE = 229 / 65_536;
/** Part of the energy that prediction must leave: noise is flat, speech is not. */
const FLAT_RESIDUAL = 0.05;
const MAX_ENERGY_DECAY = 1 - 1 / 1_024;
/** The threshold does not fall further than 60 dB below the loudest. */
const FLOOR_SHARE = 1 / 1_048_576;

/** Energy of the background, learnt from the quietest flat parts: what NetEQ calls speech is 9 dB above it. */
export class BackgroundNoise {
  #energy: number | null = null;
  #threshold = START_THRESHOLD;
  #loudest = 0;

  /** Mean energy per sample, null until noise was heard. */
  get energy(): number | null {
    return this.#energy;
  }

  update(history: Float32Array): void {
    const start = history.length - WINDOW_SAMPLES;
    const autocorrelation = new Float64Array(FILTER_ORDER + 1);
    for (let lag = 0; lag <= FILTER_ORDER; lag += 1) {
      autocorrelation[lag] = dot(history, start + lag, history, start, WINDOW_SAMPLES - lag);
    }
    const energy = (autocorrelation[0] ?? 0) / WINDOW_SAMPLES;
    if (energy >= this.#threshold) {
      this.#rise(energy);
      return;
    }
    if (energy <= 0) return;
    this.#threshold = Math.max(1, energy);
    if (linearPrediction(autocorrelation).residual < FLAT_RESIDUAL) return;
    this.#energy = Math.max(1, energy);
  }

  #rise(energy: number): void {
    this.#threshold *= 1 + THRESHOLD_RISE;
    this.#loudest = Math.max(this.#loudest * MAX_ENERGY_DECAY, energy);
    this.#threshold = Math.max(this.#threshold, this.#loudest * FLOOR_SHARE);
  }
}

/** Where nothing is known of the background: 9 dB above this is speech. */
export const UNKNOWN_ENERGY = 75_000;
