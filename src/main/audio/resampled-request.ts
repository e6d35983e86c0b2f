import type { InputRequest, OutputRequest } from './audio-device.ts';
import { SAMPLE_RATE_HZ } from './audio-device.ts';
import { MAX_INPUT_SAMPLES, Resampler } from './resampler.ts';

/** Room for one piece of a device at the highest rate and what was left before. */
const HELD_SAMPLES = MAX_INPUT_SAMPLES * 7;

/** Samples more than the ratio says, so that rounding never leaves a block short. */
const SPARE_SAMPLES = 2;

/** Length of a block at another rate. */
export function samplesAt(rateHz: number, samples: number): number {
  return Math.round((samples * rateHz) / SAMPLE_RATE_HZ);
}

/**
 * The request of a microphone that runs at `rateHz`: what it gives comes out at 48 kHz.
 *
 * The nominal ratio is all that is needed. A device's own clock, some parts per million beside it, drives the rings
 * on its side, so their levels cannot run away; two people's clocks are reconciled in the jitter buffer.
 *
 * @throws Error for a rate that cannot be converted
 */
export async function resampleInput(request: InputRequest, rateHz: number): Promise<InputRequest> {
  const resampler = await Resampler.create(rateHz, SAMPLE_RATE_HZ);
  const made = new Float32Array(HELD_SAMPLES);
  return {
    ...request,
    step: { ...request.step, blockSamples: samplesAt(rateHz, request.step.blockSamples) },
    onBlock: (samples, count) => request.onBlock(made, resampler.process(samples, count, made)),
  };
}

/**
 * The request of a speaker that runs at `rateHz`: it is made of sound at 48 kHz.
 *
 * @throws Error for a rate that cannot be converted
 */
export async function resampleOutput(request: OutputRequest, rateHz: number): Promise<OutputRequest> {
  const resampler = await Resampler.create(SAMPLE_RATE_HZ, rateHz);
  const pulled = new Float32Array(MAX_INPUT_SAMPLES);
  const held = new Float32Array(HELD_SAMPLES);
  let count = 0;
  const missing = (wanted: number): number =>
    wanted <= count
      ? 0
      : Math.min(MAX_INPUT_SAMPLES, Math.ceil(((wanted - count) * SAMPLE_RATE_HZ) / rateHz) + SPARE_SAMPLES);
  return {
    ...request,
    step: { ...request.step, blockSamples: samplesAt(rateHz, request.step.blockSamples) },
    prepare: (wanted, limitMs) => request.prepare(missing(wanted), limitMs),
    pullBlock: (into, wanted) => {
      while (count < wanted) {
        const needed = missing(wanted);
        request.pullBlock(pulled, needed);
        count += resampler.process(pulled, needed, held, count);
      }
      for (let i = 0; i < wanted; i++) into[i] = held[i] ?? 0;
      held.copyWithin(0, wanted, count);
      count -= wanted;
    },
  };
}
