import { describe, expect, it } from 'vitest';
import { type FrameDecoder, Speaker } from './speaker.ts';

const FRAME_SAMPLES = 960;
const FRAME_MS = 20;
const LOUD = 0.5;

/** Sound at a constant level, whatever comes in: what clicks is then plain to see. */
const steady: FrameDecoder = {
  decode(_packet, into) {
    into.fill(LOUD, 0, FRAME_SAMPLES);
    return FRAME_SAMPLES;
  },
  conceal(into) {
    into.fill(LOUD, 0, FRAME_SAMPLES);
    return FRAME_SAMPLES;
  },
};

/** Largest step from one sample to the next while `sent` frames arrive and `frames` are played. */
function play(speaker: Speaker, frames: number, isSent: (frame: number) => boolean) {
  const block = new Float32Array(FRAME_SAMPLES);
  let previous = 0;
  let largestStep = 0;
  let silentFrames = 0;
  for (let frame = 0; frame < frames; frame += 1) {
    const nowMs = frame * FRAME_MS;
    if (isSent(frame)) speaker.handlePacket(frame, frame * FRAME_SAMPLES, false, Uint8Array.of(1), nowMs);
    block.fill(0);
    speaker.render(block, FRAME_SAMPLES, true, nowMs + 1);
    for (const sample of block) {
      largestStep = Math.max(largestStep, Math.abs(sample - previous));
      previous = sample;
    }
    if (block.every((sample) => sample === 0)) silentFrames += 1;
  }
  return { largestStep, silentFrames };
}

describe('Speaker', () => {
  it('fades when nothing comes any more, and when something comes again', () => {
    const speaker = new Speaker(FRAME_SAMPLES, steady);
    const { largestStep, silentFrames } = play(speaker, 60, (frame) => frame < 20 || frame >= 40);
    expect(silentFrames).toBeGreaterThan(10);
    // The steepest fade runs over 5 ms.
    expect(largestStep).toBeLessThan(LOUD / 200);
  });

  it('fades back in, however long something was missing', () => {
    for (let missing = 1; missing < 120; missing += 1) {
      const speaker = new Speaker(FRAME_SAMPLES, steady);
      const { largestStep } = play(speaker, 150, (frame) => frame < 10 || frame >= 10 + missing);
      expect(largestStep).toBeLessThan(LOUD / 200);
    }
  });

  it('plays on without a dip over a single lost frame', () => {
    const speaker = new Speaker(FRAME_SAMPLES, steady);
    const { silentFrames, largestStep } = play(speaker, 40, (frame) => frame !== 20);
    expect(silentFrames).toBeLessThan(4);
    expect(largestStep).toBeLessThan(LOUD / 200);
  });
});
