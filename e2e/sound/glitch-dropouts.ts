import { type DelayTrack, mostAlike } from './delay-track.ts';
import type { Glitch } from './glitch.ts';

/** Level is taken this often and over as much, in samples: 2.5 ms, a little less than the shortest dropout told. */
const HOP_SAMPLES = 120;
const HOP_MS = 2.5;

/** Shorter ones, in hops, are clicks if they are anything: 5 ms. */
const LEAST_HOPS = 2;

/** This far below the softest moment of the reference nearby: 26 dB, as a ratio of power. */
const LOST_RATIO = 1 / 400;

/** The reference is searched this far on both sides, in hops: 40 ms, what stretching may move it by. */
const SLACK_HOPS = 16;

/** A pause as long as this share of the dropout, this near in the reference (in hops: 80 ms), may be the same one. */
const SAME_PAUSE_SHARE = 0.8;
const SAME_PAUSE_HOPS = 32;

/** What is on both sides of a dropout is looked for in the reference with this much of it, in samples: 0.2 s. */
const AROUND_SAMPLES = 9_600;

/** A reference softer than this power (-50 dBFS) says nothing that could be missed. */
const LEAST_POWER = 1e-5;

/** The reference's level is taken over this many hops, 10 ms, longer than a period of a voice. */
const REFERENCE_HOPS = 4;

function hopPowers(samples: Float32Array): Float64Array {
  const powers = new Float64Array(Math.floor(samples.length / HOP_SAMPLES));
  for (let hop = 0; hop < powers.length; hop += 1) {
    let sum = 0;
    for (let at = hop * HOP_SAMPLES; at < (hop + 1) * HOP_SAMPLES; at += 1) sum += (samples[at] ?? 0) ** 2;
    powers[hop] = sum / HOP_SAMPLES;
  }
  return powers;
}

/** Softest level of the reference around a hop; 0 beyond its ends. */
function softestAround(powers: Float64Array, hop: number): number {
  let softest = Number.POSITIVE_INFINITY;
  for (let start = hop - SLACK_HOPS; start <= hop + SLACK_HOPS - REFERENCE_HOPS; start += 1) {
    let sum = 0;
    for (let of = 0; of < REFERENCE_HOPS; of += 1) sum += powers[start + of] ?? 0;
    softest = Math.min(softest, sum / REFERENCE_HOPS);
  }
  return softest;
}

/** True when the reference itself is as soft for as long nearby: a pause between words, which stretching has moved. */
function isPause(powers: Float64Array, hop: number, lengthHops: number, limit: number): boolean {
  let soft = 0;
  for (let at = hop - SAME_PAUSE_HOPS; at <= hop + lengthHops + SAME_PAUSE_HOPS; at += 1) {
    soft = (powers[at] ?? 0) < limit ? soft + 1 : 0;
    if (soft >= SAME_PAUSE_SHARE * lengthHops) return true;
  }
  return false;
}

/** Stretches of 5 ms and more in which nothing is heard though the reference goes on all around. */
export function findDropouts(recording: Float32Array, reference: Float32Array, track: DelayTrack): Glitch[] {
  const heard = hopPowers(recording);
  const said = hopPowers(reference);
  const dropouts: Glitch[] = [];
  let lost = 0;
  let limit = 0;
  const placeOf = (hop: number): number => hop - Math.round(track.at(hop * HOP_SAMPLES) / HOP_SAMPLES);
  for (let hop = 0; hop <= heard.length; hop += 1) {
    const softest = softestAround(said, placeOf(hop));
    if (softest >= LEAST_POWER && (heard[hop] ?? 1) < softest * LOST_RATIO) {
      limit = Math.max(limit, softest * LOST_RATIO);
      lost += 1;
      continue;
    }
    const from = hop - lost;
    const middle = Math.round((from + lost / 2) * HOP_SAMPLES);
    if (lost >= LEAST_HOPS && !isPause(said, placeOf(from), lost, limit)) {
      // Where the delay was mistaken, what is around has a pause of its own somewhat further away.
      const place = mostAlike(
        recording,
        middle,
        reference,
        middle - Math.round(track.at(middle)),
        AROUND_SAMPLES,
      );
      if (softestAround(said, Math.round(place / HOP_SAMPLES)) >= LEAST_POWER)
        dropouts.push({ kind: 'dropout', atSample: from * HOP_SAMPLES, strength: lost * HOP_MS });
    }
    lost = 0;
    limit = 0;
  }
  return dropouts;
}
