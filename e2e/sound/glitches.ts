import { DelayTrack } from './delay-track.ts';
import type { Glitch } from './glitch.ts';
import { Crest, findClicks } from './glitch-clicks.ts';
import { findDropouts } from './glitch-dropouts.ts';
import { findRepeats } from './glitch-repeats.ts';

/** Two that are nearer than this, in samples, are heard as one: 30 ms. */
const ONE_EVENT_SAMPLES = 1_440;

/**
 * Finds what is audibly broken in a recording of 48 kHz, held against what should have been heard: the same sound, maybe
 * later, louder or softer, stretched by up to a twentieth for long, but not mixed with another.
 *
 * What the reference has as well (a plosive, a knock) is no glitch. Best is a reference that went through the same codec.
 *
 * @param delaySamples of the recording behind the reference at its beginning, good to 100 ms
 * @returns in the order of time
 */
export function findGlitches(recording: Float32Array, reference: Float32Array, delaySamples = 0): Glitch[] {
  const track = new DelayTrack(recording, reference, delaySamples);
  const crest = new Crest(recording);
  const found = [
    ...findDropouts(recording, reference, track),
    ...findRepeats(recording, crest, reference, track),
    ...findClicks(recording, crest, reference, track),
  ].sort((a, b) => a.atSample - b.atSample);
  const events: Glitch[] = [];
  let lastSample = Number.NEGATIVE_INFINITY;
  for (const glitch of found) {
    if (glitch.atSample - lastSample > ONE_EVENT_SAMPLES) events.push(glitch);
    lastSample = glitch.atSample;
  }
  return events;
}
