import { describe, expect, it } from 'vitest';
import { loudPlaces } from '../../e2e/sound/planted-glitches.ts';
import { babble } from '../../e2e/sound/signals.ts';
import { createRng } from '../../src/core/base/rng.ts';
import { Listener, type ListenerResult } from './listener.ts';
import { FRAME_SAMPLES, framesOf, Programme } from './programme.ts';
import { BLOCK_SAMPLES, SoundCard } from './sound-card.ts';

const RATE_HZ = 48_000;
const MINUTES = 2.25;
const DELAY_MS = 45;
const exact = new SoundCard(0, 0);
const programme = new Programme(babble(8, RATE_HZ, createRng(1)), 0, framesOf(MINUTES), 1);

/** Hears what is said, `shiftOf` samples later as time goes on. */
function listen(heardBy: SoundCard, shiftOf: (sample: number) => number): ListenerResult {
  const listener = new Listener(programme, heardBy, exact);
  for (let at = 0; at < MINUTES * 60 * RATE_HZ; at += BLOCK_SAMPLES)
    listener.handleBlock(programme.sound(at - shiftOf(at), BLOCK_SAMPLES));
  return listener.result();
}

const steady = (): number => DELAY_MS * 48;

describe('Listener', () => {
  it('measures a steady delay everywhere, and finds nothing wrong', () => {
    const { delays, glitches, unaligned, windows } = listen(exact, steady);
    // Of twelve, those are left out that a border of the programme crosses.
    expect(windows).toBeGreaterThanOrEqual(8);
    expect(unaligned).toBe(0);
    for (const { delayMs } of delays) expect(delayMs).toBeCloseTo(DELAY_MS, 0);
    expect(new Set(delays.map(({ open }) => open))).toEqual(new Set([true, false]));
    expect(glitches).toEqual({ click: 0, dropout: 0, repeat: 0 });
  });

  it('sees the delay grow when nobody makes up for the clocks', () => {
    // A card that is slow by 500 ppm, and plays every sample: 30 ms more in a minute.
    const { delays } = listen(new SoundCard(-500, 0), steady);
    const [first, last] = [delays[0], delays.at(-1)];
    const grownMs = (last?.delayMs ?? 0) - (first?.delayMs ?? 0);
    expect(grownMs).toBeCloseTo(0.5 * ((last?.seconds ?? 0) - (first?.seconds ?? 0)), 0);
    expect(grownMs).toBeGreaterThan(20);
  });

  it('counts the jumps of a player that skips a block now and then', () => {
    const opens = (programme.borders[0] ?? 0) * FRAME_SAMPLES;
    const [from, apart] = [opens + 8 * RATE_HZ, 8 * RATE_HZ];
    const skips = [from, from + apart].map((start) => {
      const [place = 0] = loudPlaces(programme.sound(start, apart / 2), 1, RATE_HZ, createRng(5));
      return start + place - (place % BLOCK_SAMPLES);
    });
    const { glitches, places } = listen(
      exact,
      (at) => steady() - BLOCK_SAMPLES * skips.filter((skip) => at >= skip).length,
    );
    expect(glitches.click + glitches.dropout + glitches.repeat).toBe(2);
    expect(places).toHaveLength(2);
  });
});

describe('Programme', () => {
  it('pauses in its first and last third and not between, and ends each talkspurt', () => {
    const frames = framesOf(MINUTES);
    const spoken = Array.from({ length: frames }, (_, frame) => programme.frame(frame));
    const [opens = 0, closes = 0] = programme.borders;
    expect(spoken.slice(0, opens).some((frame) => frame === null)).toBe(true);
    expect(spoken.slice(opens, closes).every((frame) => frame !== null)).toBe(true);
    expect(spoken.slice(closes).some((frame) => frame === null)).toBe(true);
    for (let at = 0; at < frames - 1; at += 1)
      expect(spoken[at]?.last ?? false).toBe(spoken[at] !== null && spoken[at + 1] === null);
  });
});
