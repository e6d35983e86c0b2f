import { createRng } from '../../../src/core/base/rng.ts';
import { FRAME_SAMPLES, type MarkedSpeech } from '../marked-speech.ts';
import { NetEq, type NetEqStatistics } from '../neteq/neteq.ts';
import type { Passed } from './trace-proxy.ts';

/** NetEQ's thresholds are made for 16-bit samples. */
const FULL_SCALE = 32_768;

const PULL_MS = 10;

/** Pulls at every 10 ms, as no real sound device takes them. */
export function regularPulls(passed: readonly Passed[], phaseMs: number): number[] {
  const [startMs, endMs] = [passed[0]?.atMs ?? 0, passed.at(-1)?.atMs ?? 0];
  const count = Math.floor((endMs - startMs) / PULL_MS);
  return Array.from({ length: count }, (_, pull) => startMs + phaseMs + pull * PULL_MS);
}

/** Gives the port the packets of a real call, and takes sound out of it at given times. */
export function replay(
  passed: readonly Passed[],
  pullsMs: readonly number[],
  speech: MarkedSpeech,
): NetEqStatistics {
  const netEq = new NetEq(createRng(1));
  const [first] = passed;
  if (!first) throw new Error('no packet came through');
  let next = 0;
  for (const pullMs of pullsMs) {
    for (let packet = passed[next]; packet && packet.atMs <= pullMs; packet = passed[next]) {
      const frame = Math.round(((packet.timestamp - first.timestamp) | 0) / FRAME_SAMPLES);
      next += 1;
      // One that overtook the very first packet would have no place.
      if (frame < 0) continue;
      netEq.insertPacket({
        sequence: frame,
        timestamp: frame * FRAME_SAMPLES,
        samples: FRAME_SAMPLES,
        isDtx: false,
        decode: () => {
          const samples = new Float32Array(FRAME_SAMPLES);
          speech.writeUnmarked(frame, samples);
          return samples.map((sample) => sample * FULL_SCALE);
        },
      });
    }
    if (next > 0) netEq.getAudio();
  }
  return netEq.statistics();
}
