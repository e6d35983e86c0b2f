import { findGlitches } from '../../e2e/sound/glitches.ts';
import { loudPlaces, plants, stretched } from '../../e2e/sound/planted-glitches.ts';
import { createRng } from '../../src/core/base/rng.ts';
import type { Row } from '../report.ts';

const RATE_HZ = 48_000;
const PLACES = 40;
/** Sound on both sides of a planted glitch: half a second. */
const AROUND_SAMPLES = RATE_HZ / 2;
/** A find this near to the plant is the plant: 30 ms. */
const NEAR_SAMPLES = 1_440;

/** Stretching that the detector has to bear: what a player does while a delay moves. */
const STRETCHES = [0.92, 0.98, 1.02, 1.08];

/** How many of planted glitches the detector finds in this very speech, and what it finds where there is none. */
export function checkDetector(speech: Float32Array): Row[] {
  const places = loudPlaces(speech, PLACES, AROUND_SAMPLES, createRng(3));
  const rows: Row[] = plants.map(({ name, plant }) => {
    const found = places.filter((place) => {
      const around = speech.slice(place - AROUND_SAMPLES, place + AROUND_SAMPLES);
      return findGlitches(plant(around, AROUND_SAMPLES), around).some(
        ({ atSample }) => Math.abs(atSample - AROUND_SAMPLES) <= NEAR_SAMPLES,
      );
    });
    return { check: `planted: ${name}`, foundPercent: (100 * found.length) / places.length };
  });
  const falseAlarms = STRETCHES.map((factor) => {
    const changed = stretched(speech, factor);
    const end = changed.length - AROUND_SAMPLES;
    return findGlitches(changed, speech).filter(({ atSample }) => atSample < end).length;
  });
  const minutes = (STRETCHES.length * speech.length) / RATE_HZ / 60;
  const alarms = falseAlarms.reduce((sum, count) => sum + count, 0);
  return [
    ...rows,
    { check: 'false alarms in speech stretched by up to 8 %', perHour: (60 * alarms) / minutes },
  ];
}
