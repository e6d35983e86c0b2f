import { describe, expect, it } from 'vitest';
import { createRng } from '../base/rng.ts';
import { GainControl, MAX_GAIN_DB, MAX_NOISE_DB, MIN_GAIN_DB, TARGET_LEVEL_DB } from './gain-control.ts';
import { BLOCK_SAMPLES } from './processing-stage.ts';
import { meanPower, powerDb } from './stage-meter.ts';

const rng = createRng(8);

/** Noise of a level stands for a voice: the control goes by level and by what the detector says. */
function run(control: GainControl, levelDb: number, probability: number | null, blocks: number): number {
  const amplitude = 10 ** (levelDb / 20) * Math.sqrt(3);
  let last = 0;
  for (let count = 0; count < blocks; count += 1) {
    const block = Float32Array.from({ length: BLOCK_SAMPLES }, () => amplitude * (2 * rng.next() - 1));
    control.voiceProbability = probability;
    control.process(block);
    last = powerDb(meanPower(block));
  }
  return last;
}

describe('gain control', () => {
  it('starts at no gain', () => {
    const control = new GainControl();
    expect(run(control, -40, 1, 10)).toBeCloseTo(-40, 0);
    expect(control.gainDb).toBe(0);
  });

  it.each([-38, -28, -8])('brings a voice of %i dBFS to the target within seconds', (levelDb) => {
    const control = new GainControl();
    expect(Math.abs(run(control, levelDb, 0.95, 700) - TARGET_LEVEL_DB)).toBeLessThan(1.5);
  });

  it('does not move in a pause, nor while nobody can say whether there is a voice', () => {
    const control = new GainControl();
    run(control, -40, 1, 300);
    const { gainDb } = control;
    expect(gainDb).toBeGreaterThan(5);
    run(control, -70, 0.01, 1_000);
    run(control, -30, null, 1_000);
    run(control, -30, 0.5, 1_000);
    expect(control.gainDb).toBe(gainDb);
  });

  it('never raises noise that is there above its limit, however quiet the voice', () => {
    const control = new GainControl();
    for (let round = 0; round < 30; round += 1) {
      run(control, -60, 0.05, 50);
      run(control, -48, 0.95, 50);
    }
    expect(control.gainDb).toBeGreaterThan(5);
    expect(run(control, -60, 0.05, 10)).toBeLessThan(MAX_NOISE_DB + 1.5);
  });

  it('does not make a voice quieter because there is noise', () => {
    const control = new GainControl();
    run(control, -35, 0.05, 100);
    run(control, -25, 0.95, 500);
    expect(control.gainDb).toBe(0);
  });

  it('keeps to its range', () => {
    const control = new GainControl();
    run(control, -59, 1, 3_000);
    expect(control.gainDb).toBeLessThanOrEqual(MAX_GAIN_DB);
    run(control, 0, 1, 3_000);
    expect(control.gainDb).toBeGreaterThanOrEqual(MIN_GAIN_DB);
  });

  it('changes so slowly that no step is heard', () => {
    const control = new GainControl();
    let previous = 0;
    for (let count = 0; count < 500; count += 1) {
      run(control, -45, 1, 1);
      expect(Math.abs(control.gainDb - previous)).toBeLessThanOrEqual(0.1);
      previous = control.gainDb;
    }
  });
});
