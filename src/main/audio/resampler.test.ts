import { describe, expect, it } from 'vitest';
import { MAX_RATE_HZ, MIN_RATE_HZ, Resampler, resampleAll } from './resampler.ts';

function tone(rateHz: number, seconds: number, toneHz = 1_000): Float32Array {
  return Float32Array.from(
    { length: rateHz * seconds },
    (_, i) => 0.5 * Math.sin((2 * Math.PI * toneHz * i) / rateHz),
  );
}

/** Difference to a tone of `toneHz` from 0.1 s to 0.9 s, in dB below the tone. */
function errorDb(samples: Float32Array, rateHz: number, toneHz = 1_000): number {
  let error = 0;
  let energy = 0;
  for (let i = Math.round(0.1 * rateHz); i < 0.9 * rateHz; i++) {
    const wanted = 0.5 * Math.sin((2 * Math.PI * toneHz * i) / rateHz);
    error += ((samples[i] ?? 0) - wanted) ** 2;
    energy += wanted ** 2;
  }
  return 10 * Math.log10(error / energy);
}

describe('resampleAll', () => {
  it.each([8_000, 16_000, 22_050, 44_100, 96_000, 192_000])(
    'makes of a tone at %i Hz the same tone at 48 kHz, at the same time',
    async (rateHz) => {
      const converted = await resampleAll(tone(rateHz, 1), rateHz, 48_000);
      expect(converted.length).toBe(48_000);
      expect(errorDb(converted, 48_000)).toBeLessThan(-50);
    },
  );

  it('leaves 48 kHz alone', async () => {
    const samples = tone(48_000, 0.1);
    expect(await resampleAll(samples, 48_000, 48_000)).toBe(samples);
  });
});

describe('Resampler', () => {
  it('makes the same of small pieces as of large ones', async () => {
    const samples = tone(44_100, 1);
    const whole = await resampleAll(samples, 44_100, 48_000);
    const resampler = await Resampler.create(44_100, 48_000);
    resampler.skipDelay();
    const pieces = new Float32Array(50_000);
    let made = 0;
    for (let at = 0; at < samples.length; at += 147) {
      const piece = samples.subarray(at, at + 147);
      made += resampler.process(piece, piece.length, pieces, made);
    }
    expect(Math.abs(made - 48_000)).toBeLessThan(100);
    for (let i = 0; i < 47_000; i++) {
      if (Math.abs((pieces[i] ?? 0) - (whole[i] ?? 0)) > 1e-6) expect.unreachable(`sample ${i} differs`);
    }
  });

  it.each([
    [MIN_RATE_HZ - 1, false],
    [MIN_RATE_HZ, true],
    [MAX_RATE_HZ, true],
    [MAX_RATE_HZ + 1, false],
  ])('at %i Hz works: %s', async (rateHz, works) => {
    const made = await Resampler.create(rateHz, 48_000).then(
      () => true,
      () => false,
    );
    expect(made).toBe(works);
  });
});
