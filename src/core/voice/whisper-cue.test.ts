import { describe, expect, it } from 'vitest';
import { levelDb, SILENCE_DB } from './level.ts';
import { CUE_INTERVAL_MS, CUE_LEVEL_DB, CUE_SAMPLES, WhisperCue } from './whisper-cue.ts';

const BLOCK = 240;

function render(cue: WhisperCue, samples: number): Float32Array {
  const all = new Float32Array(samples);
  for (let at = 0; at < samples; at += BLOCK) cue.render(all.subarray(at, at + BLOCK), BLOCK);
  return all;
}

describe('WhisperCue', () => {
  it('is two tones of 120 ms together, at CUE_LEVEL_DB, and then silence', () => {
    const cue = new WhisperCue();
    cue.start(0);
    const sound = render(cue, 2 * CUE_SAMPLES);
    expect(CUE_SAMPLES).toBe(5_760);
    // The middle of each tone, clear of its fades.
    for (const middle of [CUE_SAMPLES / 4, (3 * CUE_SAMPLES) / 4]) {
      expect(levelDb(sound.subarray(middle - 720, middle + 720), 1_440)).toBeCloseTo(CUE_LEVEL_DB, 0);
    }
    expect(levelDb(sound.subarray(CUE_SAMPLES), CUE_SAMPLES)).toBe(SILENCE_DB);
  });

  it('has no click in it', () => {
    const cue = new WhisperCue();
    cue.start(0);
    const sound = render(cue, CUE_SAMPLES + BLOCK);
    let largest = 0;
    for (let at = 1; at < sound.length; at += 1)
      largest = Math.max(largest, Math.abs((sound[at] ?? 0) - (sound[at - 1] ?? 0)));
    // The steepest slope of the higher tone itself.
    expect(largest).toBeLessThan((0.071 * 2 * Math.PI * 1_175) / 48_000 + 1e-3);
  });

  it('sounds at most once in CUE_INTERVAL_MS', () => {
    const cue = new WhisperCue();
    const soundsAt = (nowMs: number): boolean => {
      cue.start(nowMs);
      return levelDb(render(cue, CUE_SAMPLES), CUE_SAMPLES) > SILENCE_DB;
    };
    expect([0, CUE_INTERVAL_MS - 1, CUE_INTERVAL_MS, CUE_INTERVAL_MS + 1].map(soundsAt)).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });
});
