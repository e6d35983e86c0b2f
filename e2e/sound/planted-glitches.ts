import type { Rng } from '../../src/core/base/rng.ts';

/** A way to break a sound at a sample; the sound may become shorter or longer. */
export type Plant = {
  readonly name: string;
  readonly plant: (sound: Float32Array, at: number) => Float32Array;
};

function joined(...parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function cut(samples: number): Plant['plant'] {
  return (sound, at) => joined(sound.subarray(0, at), sound.subarray(at + samples));
}

function repeat(samples: number): Plant['plant'] {
  return (sound, at) => joined(sound.subarray(0, at), sound.subarray(at - samples));
}

function silence(samples: number): Plant['plant'] {
  return (sound, at) => sound.map((value, index) => (index >= at && index < at + samples ? 0 : value));
}

/** Faded out and in again within 5 ms each, so that nothing clicks, with 20 ms of nothing between. */
function fadedDropout(sound: Float32Array, at: number): Float32Array {
  const [fade, gap] = [240, 960];
  return sound.map((value, index) => {
    const inside = Math.min(index - at, at + gap + 2 * fade - index);
    return inside <= 0 ? value : value * Math.max(0, 1 - inside / fade);
  });
}

/** What breaks sound in a program like this one, at 48 kHz, from loud to what is hardly heard. */
export const plants: readonly Plant[] = [
  { name: 'cut of 20 ms', plant: cut(960) },
  { name: 'cut of 5 ms', plant: cut(240) },
  { name: 'cut of 1 sample', plant: cut(1) },
  { name: '10 ms repeated', plant: repeat(480) },
  { name: '20 ms repeated', plant: repeat(960) },
  { name: 'dropout of 20 ms', plant: silence(960) },
  { name: 'dropout of 5 ms', plant: silence(240) },
  { name: 'faded dropout of 20 ms', plant: fadedDropout },
  { name: 'step of -34 dBFS', plant: (sound, at) => sound.map((v, index) => (index >= at ? v + 0.02 : v)) },
  { name: 'click of -34 dBFS', plant: (sound, at) => sound.map((v, index) => (index === at ? v + 0.02 : v)) },
  { name: 'gain halved at once', plant: (sound, at) => sound.map((v, index) => (index >= at ? v / 2 : v)) },
];

/** Half of what decides whether a place is loud enough, in samples: 10 ms. */
const LOUD_SAMPLES = 480;

/** A place is loud from this RMS on, -28 dBFS: a cut in a soft hiss is a hiss. */
const LOUD_RMS = 0.04;

/** Places in the middle of sound, at random, at least `margin` samples away from its ends. */
export function loudPlaces(sound: Float32Array, count: number, margin: number, rng: Rng): number[] {
  const places: number[] = [];
  // A sound that is hardly ever loud must not keep this busy for ever.
  for (let tries = 0; places.length < count && tries < 1_000 * count; tries += 1) {
    const at = margin + Math.floor(rng.next() * (sound.length - 2 * margin));
    let power = 0;
    for (let index = at - LOUD_SAMPLES; index < at + LOUD_SAMPLES; index += 1)
      power += (sound[index] ?? 0) ** 2;
    if (Math.sqrt(power / (2 * LOUD_SAMPLES)) > LOUD_RMS) places.push(at);
  }
  return places;
}

const STRETCH_WINDOW = 960;
const STRETCH_HOP = STRETCH_WINDOW / 2;
/** Search for the best fit, in samples: two periods of 200 Hz either way. */
const STRETCH_SEARCH = 480;

/**
 * Time-stretching that is not heard, as a good player does it: overlap-add of the pieces that fit best (WSOLA,
 * W. Verhelst and M. Roelands, 1993).
 *
 * @param factor length of the result over that of `sound`
 */
export function stretched(sound: Float32Array, factor: number): Float32Array {
  const out = new Float32Array(Math.floor(sound.length * factor));
  let natural = 0;
  for (let at = 0; at + STRETCH_WINDOW <= out.length; at += STRETCH_HOP) {
    const wanted = Math.round(at / factor);
    const start = at === 0 ? 0 : bestFit(sound, natural, wanted);
    for (let index = 0; index < STRETCH_WINDOW; index += 1) {
      const share = 0.5 - 0.5 * Math.cos((2 * Math.PI * (index + 0.5)) / STRETCH_WINDOW);
      out[at + index] = (out[at + index] ?? 0) + share * (sound[start + index] ?? 0);
    }
    natural = start + STRETCH_HOP;
  }
  return out;
}

/** Where around `wanted` the sound is most like what would follow by nature. */
function bestFit(sound: Float32Array, natural: number, wanted: number): number {
  let best = wanted;
  let most = Number.NEGATIVE_INFINITY;
  for (let start = wanted - STRETCH_SEARCH; start <= wanted + STRETCH_SEARCH; start += 1) {
    let product = 0;
    let power = 1e-9;
    for (let index = 0; index < STRETCH_HOP; index += 4) {
      const value = sound[start + index] ?? 0;
      product += value * (sound[natural + index] ?? 0);
      power += value * value;
    }
    const likeness = product / Math.sqrt(power);
    if (likeness > most) [most, best] = [likeness, start];
  }
  return best;
}
