import { describe, expect, it } from 'vitest';
import { createRng } from '../base/rng.ts';
import { MAX_PERIOD_SAMPLES, MIN_PERIOD_SAMPLES } from './pitch.ts';
import { HISTORY_SAMPLES, SoundBuffer } from './sound-buffer.ts';
import { FADE_SAMPLES, TimeStretch } from './time-stretch.ts';

const RATE = 48_000;

/** A voice-like sound: a fundamental with its harmonics. */
function voiced(hz: number, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, at) => {
    let sum = 0;
    for (let harmonic = 1; harmonic <= 5; harmonic++) {
      sum += Math.sin((2 * Math.PI * hz * harmonic * at) / RATE + harmonic) / harmonic;
    }
    return 0.2 * sum;
  });
}

/** Everything played: `played` samples are history, the rest waits. */
function bufferWith(sound: Float32Array, played: number): SoundBuffer {
  const buffer = new SoundBuffer();
  buffer.append(sound, 0, sound.length);
  buffer.start += played;
  return buffer;
}

const contents = (buffer: SoundBuffer): Float32Array => buffer.samples.slice(buffer.start - 1, buffer.end);

function steepest(samples: Float32Array): number {
  let largest = 0;
  for (let at = 1; at < samples.length; at++) {
    largest = Math.max(largest, Math.abs((samples[at] ?? 0) - (samples[at - 1] ?? 0)));
  }
  return largest;
}

describe('TimeStretch', () => {
  it.each([80, 110, 150, 220, 300, 380])(
    'takes whole periods out of a voice at %i Hz, and adds them',
    (hz) => {
      const sound = voiced(hz, HISTORY_SAMPLES + 1_440);
      const limit = 1.1 * steepest(sound);
      const period = RATE / hz;
      for (const direction of ['accelerate', 'expand'] as const) {
        const buffer = bufferWith(sound, HISTORY_SAMPLES);
        const stretch = new TimeStretch(buffer);
        const moved =
          direction === 'accelerate'
            ? stretch.accelerate(MAX_PERIOD_SAMPLES, 0.9, false)
            : stretch.expand(MIN_PERIOD_SAMPLES, 0.9, false);
        expect(moved).toBeGreaterThanOrEqual(MIN_PERIOD_SAMPLES);
        expect(Math.abs(moved / period - Math.round(moved / period))).toBeLessThan(0.03);
        expect(buffer.waiting).toBe(1_440 + (direction === 'accelerate' ? -moved : moved));
        expect(steepest(contents(buffer))).toBeLessThan(limit);
      }
    },
  );

  it('keeps what was played and the end of what waits', () => {
    const sound = voiced(130, HISTORY_SAMPLES + 960);
    for (const act of [
      (stretch: TimeStretch) => stretch.accelerate(720, 0.9, false),
      (stretch: TimeStretch) => stretch.expand(240, 0.9, false),
    ]) {
      const buffer = bufferWith(sound, HISTORY_SAMPLES);
      expect(act(new TimeStretch(buffer))).toBeGreaterThan(0);
      const before = buffer.samples.slice(buffer.start - 500, buffer.start);
      expect(before).toEqual(sound.slice(HISTORY_SAMPLES - 500, HISTORY_SAMPLES));
      expect(buffer.samples.slice(buffer.end - 100, buffer.end)).toEqual(sound.slice(-100));
    }
  });

  it('fades from what was said to what was said, however short the piece', () => {
    const voice = voiced(380, HISTORY_SAMPLES + 960);
    const rising = voice.map((value, at) => value * (1 + at / 480));
    const buffer = bufferWith(rising, HISTORY_SAMPLES);
    const waits = rising.slice(HISTORY_SAMPLES);
    const lag = new TimeStretch(buffer).accelerate(140, 0.5, false);
    expect(lag).toBeGreaterThanOrEqual(MIN_PERIOD_SAMPLES);
    expect(lag).toBeLessThan(FADE_SAMPLES);
    const joined = waits.slice(lag).map((after, at) => {
      const share = Math.min(1, (at + 0.5) / FADE_SAMPLES);
      return (waits[at] ?? 0) * (1 - share) + after * share;
    });
    expect(buffer.samples.slice(buffer.start, buffer.end)).toEqual(joined);
  });

  it('repeats what was played where too little waits', () => {
    const sound = voiced(100, HISTORY_SAMPLES + 240);
    const buffer = bufferWith(sound, HISTORY_SAMPLES);
    const inserted = new TimeStretch(buffer).expand(400, 0.9, false);
    expect(inserted).toBe(480);
    expect(buffer.waiting).toBe(240 + 480);
    expect(steepest(contents(buffer))).toBeLessThan(1.1 * steepest(sound));
  });

  it('refuses to cut noise, unless anything will do; then it cuts as much as it may', () => {
    const rng = createRng(3);
    const noise = Float32Array.from({ length: HISTORY_SAMPLES + 960 }, () => rng.next() - 0.5);
    const stretched = () => new TimeStretch(bufferWith(noise, HISTORY_SAMPLES));
    expect(stretched().accelerate(700, 0.9, false)).toBe(0);
    expect(stretched().expand(200, 0.9, false)).toBe(0);
    expect(stretched().accelerate(333, 0.9, true)).toBe(333);
    expect(stretched().expand(333, 0.9, true)).toBe(333);
  });

  it('does nothing with less than a period, or with too little sound', () => {
    const sound = voiced(200, HISTORY_SAMPLES + 960);
    expect(
      new TimeStretch(bufferWith(sound, HISTORY_SAMPLES)).accelerate(MIN_PERIOD_SAMPLES - 1, 0, true),
    ).toBe(0);
    expect(new TimeStretch(bufferWith(sound, HISTORY_SAMPLES + 760)).accelerate(720, 0, true)).toBe(0);
    expect(new TimeStretch(bufferWith(sound, HISTORY_SAMPLES + 900)).expand(240, 0, true)).toBe(0);
  });
});
