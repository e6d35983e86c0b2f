import { complexFrom, nextPowerOfTwo, transform } from '../../e2e/sound/fft.ts';
import type { Rng } from '../../src/core/base/rng.ts';

const RATE_HZ = 48_000;

/** Reverberation is followed down to -60 dB, which is what RT60 means. */
const DECAY_DB = 60;

/** Air and walls swallow the highs: one-pole low-pass, -3 dB at about 5 kHz. */
const DAMPING = 0.48;

/** A room, seen from a loudspeaker and a microphone in it. */
export interface Room {
  /** Its impulse response at 48 kHz, from the first sound that arrives on. */
  readonly response: Float32Array;
}

/**
 * Noise that dies away exponentially (J. D. Polack's model of a reverberant room, 1988) behind a direct sound.
 *
 * @param directDb energy of the direct sound over that of the reverberation: 0 at the critical distance, which is
 *   0.057 m times the root of volume by RT60 (in SI units): 0.5 m in a room of 30 cubic metres and 0.35 s
 */
export function createRoom(rt60Seconds: number, directDb: number, rng: Rng): Room {
  const response = new Float32Array(Math.round(rt60Seconds * RATE_HZ));
  const decayPerSample = 10 ** (-DECAY_DB / 20 / response.length);
  let envelope = 1;
  let smoothed = 0;
  for (let index = 0; index < response.length; index += 1) {
    smoothed += ((2 * rng.next() - 1) * envelope - smoothed) * DAMPING;
    response[index] = smoothed;
    envelope *= decayPerSample;
  }
  const reverberation = response.reduce((sum, value) => sum + value * value, 0);
  response[0] = Math.sqrt(reverberation * 10 ** (directDb / 10));
  return { response };
}

/** What a sound becomes on its way through a room, as long as it was itself. */
export function reverberate(sound: Float32Array, room: Room): Float32Array {
  const size = nextPowerOfTwo(sound.length + room.response.length);
  const a = complexFrom(sound, size);
  const b = complexFrom(room.response, size);
  transform(a, 'forward');
  transform(b, 'forward');
  for (let bin = 0; bin < size; bin += 1) {
    const [aRe, aIm, bRe, bIm] = [a.re[bin] ?? 0, a.im[bin] ?? 0, b.re[bin] ?? 0, b.im[bin] ?? 0];
    a.re[bin] = aRe * bRe - aIm * bIm;
    a.im[bin] = aRe * bIm + aIm * bRe;
  }
  transform(a, 'inverse');
  return Float32Array.from(sound, (_, index) => (a.re[index] ?? 0) / size);
}

/**
 * The same sound as a sound card hears it whose clock is off, from a delay on.
 *
 * Read between the samples by cubic Hermite interpolation, whose error on speech lies 60 dB below it.
 *
 * @param driftPpm how much faster the listener's clock is, in millionths
 */
export function heardBy(sound: Float32Array, delaySamples: number, driftPpm: number): Float32Array {
  const heard = new Float32Array(sound.length);
  for (let index = delaySamples; index < heard.length; index += 1) {
    const position = (index - delaySamples) / (1 + driftPpm * 1e-6);
    heard[index] = hermite(sound, Math.floor(position), position % 1);
  }
  return heard;
}

function hermite(sound: Float32Array, at: number, fraction: number): number {
  const [a, b, c, d] = [sound[at - 1] ?? 0, sound[at] ?? 0, sound[at + 1] ?? 0, sound[at + 2] ?? 0];
  const cubic = (d - a) / 2 + 1.5 * (b - c);
  const square = a - 2.5 * b + 2 * c - d / 2;
  return ((cubic * fraction + square) * fraction + (c - a) / 2) * fraction + b;
}
