import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/core/base/rng.ts';
import { examineTone } from './gaps.ts';
import { findGlitches } from './glitches.ts';
import { loudPlaces, plants, stretched } from './planted-glitches.ts';
import { resample } from './resample.ts';
import { babble, noise, tone } from './signals.ts';

const RATE_HZ = 48_000;
const SECONDS = 6;
const PLACES = 20;
const HALF = 12_000;
/** A find this near to the plant is the plant: 30 ms. */
const NEAR_SAMPLES = 1_440;

/** Speech-like sound over the hiss that codecs and microphones leave, so that silence is not digital. */
function speech(seed: number): Float32Array {
  const rng = createRng(seed);
  const hiss = noise(SECONDS * RATE_HZ, 0.0005, rng);
  return babble(SECONDS, RATE_HZ, rng).map((value, at) => value + (hiss[at] ?? 0));
}

/** Plucked notes that overlap, soft where they begin and end. */
function music(seed: number): Float32Array {
  const rng = createRng(seed);
  const sound = new Float32Array(SECONDS * RATE_HZ);
  const length = RATE_HZ;
  for (let start = 0; start + length <= sound.length; start += RATE_HZ / 4) {
    const pitchHz = 110 * 2 ** (Math.floor(24 * rng.next()) / 12);
    for (let at = 0; at < length; at += 1) {
      const shape = Math.min(1, at / 480, (length - at) / 4_800) * Math.exp(-at / 14_000);
      let sum = 0;
      for (let harmonic = 1; harmonic <= 6; harmonic += 1)
        sum += Math.sin((2 * Math.PI * pitchHz * harmonic * at) / RATE_HZ) / harmonic ** 2;
      sound[start + at] = (sound[start + at] ?? 0) + 0.12 * shape * sum;
    }
  }
  return sound;
}

const sound = speech(1);
const places = loudPlaces(sound, PLACES, HALF, createRng(2));

/** Share of planted glitches that are found, in whole sound around each. */
function hitRate(plant: (sound: Float32Array, at: number) => Float32Array): number {
  const hits = places.filter((place) => {
    const around = sound.slice(place - HALF, place + HALF);
    return findGlitches(plant(around, HALF), around).some(
      ({ atSample }) => Math.abs(atSample - HALF) <= NEAR_SAMPLES,
    );
  });
  return hits.length / places.length;
}

/** What is found at least, of what is planted in the loud parts of speech. */
const LEAST_HITS: Readonly<Record<string, number>> = {
  'cut of 20 ms': 0.9,
  'cut of 5 ms': 0.9,
  'cut of 1 sample': 0.5,
  '10 ms repeated': 0.9,
  '20 ms repeated': 0.9,
  'dropout of 20 ms': 0.95,
  'dropout of 5 ms': 0.9,
  // This speech pauses every quarter of a second, and what is near a pause may be one.
  'faded dropout of 20 ms': 0.2,
  'step of -34 dBFS': 0.9,
  'click of -34 dBFS': 0.9,
  'gain halved at once': 0.85,
};

describe('findGlitches', () => {
  it.each(plants)('finds a $name', ({ name, plant }) => {
    expect(hitRate(plant)).toBeGreaterThanOrEqual(LEAST_HITS[name] ?? 1);
  });

  it.each<[string, Float32Array, Float32Array]>([
    ['speech', sound, sound],
    ['speech at a third of the level', sound.map((value) => value / 3), sound],
    ['speech that is late', Float32Array.from([...new Float32Array(2_400), ...sound]), sound],
    ['speech 5 % faster', stretched(sound, 0.95), sound],
    ['speech 5 % slower', stretched(sound, 1.05), sound],
    ['speech 300 ppm slower', resample(sound, 100_000, 100_030), sound],
    ['music', music(3), music(3)],
    ['music 2 % slower', stretched(music(3), 1.02), music(3)],
    ['a tone', tone(440, 5, RATE_HZ, 0.3), tone(440, 5, RATE_HZ, 0.3)],
    ['noise', noise(96_000, 0.1, createRng(4)), noise(96_000, 0.1, createRng(4))],
    ['silence', new Float32Array(96_000), new Float32Array(96_000)],
    ['silence where something was said softly', new Float32Array(96_000), noise(96_000, 0.001, createRng(4))],
  ])('raises no false alarm on %s', (_name, recording, reference) => {
    // The end of what was stretched is cut off in the middle of sound.
    const end = recording.length - 4_800;
    expect(findGlitches(recording, reference).filter(({ atSample }) => atSample < end)).toEqual([]);
  });

  it('finds a jump of a tone’s phase, as the examination of tones does', () => {
    const before = tone(1_000, 1, RATE_HZ, 0.3);
    const jumped = Float32Array.from({ length: 2 * RATE_HZ }, (_, at) =>
      at < RATE_HZ ? (before[at] ?? 0) : 0.3 * Math.sin((2 * Math.PI * 1_000 * at) / RATE_HZ + 0.8),
    );
    const found = findGlitches(jumped, tone(1_000, 2, RATE_HZ, 0.3));
    expect(found.map(({ kind }) => kind)).toEqual(['click']);
    expect(Math.abs((found[0]?.atSample ?? 0) - RATE_HZ)).toBeLessThan(48);
    expect(examineTone(jumped, 1_000, RATE_HZ).phaseJumps).toBe(1);
  });

  it('tells dropouts and repeats from other breaks, and says how long they are', () => {
    const flat = noise(96_000, 0.1, createRng(6));
    const gap = flat.map((value, at) => (at >= 48_000 && at < 48_960 ? 0 : value));
    expect(findGlitches(gap, flat)).toEqual([{ kind: 'dropout', atSample: 48_000, strength: 20 }]);
    const place = places[0] ?? HALF;
    const around = sound.slice(place - HALF, place + HALF);
    const twice = Float32Array.from([...around.subarray(0, HALF), ...around.subarray(HALF - 960)]);
    expect(findGlitches(twice, around).map(({ kind, strength }) => [kind, strength])).toEqual([
      ['repeat', 20],
    ]);
  });

  it('counts as many as there are, however the recording lags', () => {
    let broken = sound;
    const far = [40_000, 90_000, 140_000, 190_000].map((from) => places.find((at) => at > from) ?? from);
    for (const at of far) broken = plants[1]?.plant(broken, at) ?? broken;
    const late = Float32Array.from([...new Float32Array(4_800), ...broken]);
    expect(findGlitches(late, sound, 4_800)).toHaveLength(new Set(far).size);
  });
});
