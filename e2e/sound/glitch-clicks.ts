import { type DelayTrack, mostAlike } from './delay-track.ts';
import type { Glitch } from './glitch.ts';
import { predictionResidual } from './residual.ts';

/** The error around a sample is taken from this far on both sides, in samples: 12 ms, more than a period of a voice. */
const AROUND_SAMPLES = 576;

/** What lies nearer than this, in samples (1 ms), belongs to the click itself. */
const OWN_SAMPLES = 48;

/** A click stands out from the error around it by this factor at least. A voice's own pulses reach 9. */
const LEAST_CREST = 10;

/** And by this factor more than anything in the reference does. */
const LEAST_EXCESS = 2.5;

/** Errors below this amplitude (-66 dBFS) are not heard in the presence of a voice. */
const LEAST_ERROR = 0.0005;

/** Keeps silence from having clicks. */
const SILENCE_POWER = 1e-9;

/** The reference is searched this far around the same place, in samples: 40 ms, what stretching may move it by. */
export const SLACK_SAMPLES = 1_920;

/** Samples more on both sides, so that the predictor and the surroundings are whole. */
const MARGIN_SAMPLES = 1_536;

/** How far each prediction error of a sound stands out from those around it. */
export class Crest {
  readonly #residual: Float32Array;
  readonly #power: Float64Array;

  constructor(samples: Float32Array) {
    this.#residual = predictionResidual(samples);
    this.#power = new Float64Array(samples.length + 1);
    for (let at = 0; at < samples.length; at += 1)
      this.#power[at + 1] = (this.#power[at] ?? 0) + (this.#residual[at] ?? 0) ** 2;
  }

  error(at: number): number {
    return Math.abs(this.#residual[at] ?? 0);
  }

  at(at: number): number {
    const before = this.#powerOf(at - AROUND_SAMPLES, at - OWN_SAMPLES);
    const after = this.#powerOf(at + OWN_SAMPLES, at + AROUND_SAMPLES);
    const mean = (before + after) / (2 * (AROUND_SAMPLES - OWN_SAMPLES));
    return this.error(at) / Math.sqrt(mean + SILENCE_POWER);
  }

  /** The largest in a range. */
  largest(from: number, to: number): number {
    let largest = 0;
    for (let at = Math.max(0, from); at < to; at += 1) {
      if (this.error(at) > LEAST_ERROR / LEAST_EXCESS) largest = Math.max(largest, this.at(at));
    }
    return largest;
  }

  #powerOf(from: number, to: number): number {
    const last = this.#power.length - 1;
    const within = (at: number): number => Math.max(0, Math.min(last, at));
    return (this.#power[within(to)] ?? 0) - (this.#power[within(from)] ?? 0);
  }
}

/** Places where the waveform breaks: the prediction error stands out, and does not in the reference. */
export function findClicks(
  recording: Float32Array,
  crest: Crest,
  reference: Float32Array,
  track: DelayTrack,
): Glitch[] {
  const clicks: Glitch[] = [];
  for (let at = 0; at < recording.length; at += 1) {
    if (crest.error(at) < LEAST_ERROR || crest.at(at) < LEAST_CREST) continue;
    const end = at + OWN_SAMPLES;
    let strength = 0;
    let place = at;
    for (; at < end; at += 1) {
      const here = crest.at(at);
      if (crest.error(at) < LEAST_ERROR || here <= strength) continue;
      strength = here;
      place = at;
    }
    const said = Math.round(place - track.at(place));
    if (strength < LEAST_EXCESS * largestCrestAround(reference, said, SLACK_SAMPLES)) continue;
    // Where the delay was mistaken, the very same piece lies somewhat further away.
    const same = mostAlike(recording, place, reference, said, AROUND_SAMPLES);
    if (strength < LEAST_EXCESS * largestCrestAround(reference, same, OWN_SAMPLES)) continue;
    clicks.push({ kind: 'click', atSample: place, strength });
  }
  return clicks;
}

/** How far the reference's own errors stand out within `slack` samples of a place. */
export function largestCrestAround(reference: Float32Array, place: number, slack: number): number {
  const from = Math.max(0, place - slack - MARGIN_SAMPLES);
  const to = place + slack + MARGIN_SAMPLES;
  const crest = new Crest(reference.subarray(from, Math.max(from, to)));
  return crest.largest(place - slack - from, place + slack + 1 - from);
}
