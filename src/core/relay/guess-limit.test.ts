import { describe, expect, test } from 'vitest';
import {
  FIRST_GUESS_WAIT_MS,
  GUESS_WINDOW_MS,
  GuessLimit,
  LONGEST_GUESS_WAIT_MS,
  MAX_GUESSERS,
  MAX_PASSWORD_TRIES,
} from './guess-limit.ts';

const KEYS = ['identity anna', 'address 192.0.2.1'];

function exhausted(): GuessLimit {
  const limit = new GuessLimit();
  for (let tries = 0; tries < MAX_PASSWORD_TRIES; tries += 1) expect(limit.begin(KEYS, 0)).toBe(0);
  return limit;
}

describe('guessing', () => {
  test('is stopped behind so many tries, even all at once, under either key', () => {
    const limit = exhausted();
    expect(limit.begin(KEYS, 0)).toBe(FIRST_GUESS_WAIT_MS / 1_000);
    expect(limit.begin(['identity ben', 'address 192.0.2.1'], 0)).toBeGreaterThan(0);
    expect(limit.begin(['identity anna', 'address 192.0.2.2'], 0)).toBeGreaterThan(0);
    expect(limit.begin(['identity ben', 'address 192.0.2.2'], 0)).toBe(0);
    expect(limit.begin(KEYS, FIRST_GUESS_WAIT_MS - 1)).toBe(1);
    expect(limit.begin(KEYS, FIRST_GUESS_WAIT_MS)).toBe(0);
  });

  test('waits longer each time, up to a limit', () => {
    const limit = exhausted();
    let nowMs = 0;
    const waits: number[] = [];
    for (let tries = 0; tries < 10; tries += 1) {
      const seconds = limit.begin(KEYS, nowMs);
      waits.push(seconds);
      nowMs += seconds * 1_000;
      expect(limit.begin(KEYS, nowMs)).toBe(0);
    }
    expect(waits.slice(0, 4)).toEqual([30, 60, 120, 240]);
    expect(Math.max(...waits)).toBe(LONGEST_GUESS_WAIT_MS / 1_000);
    expect(waits.at(-1)).toBe(LONGEST_GUESS_WAIT_MS / 1_000);
  });

  test('that proved right is taken back, and clears nothing else', () => {
    const limit = new GuessLimit();
    for (let tries = 0; tries < 20; tries += 1) {
      expect(limit.begin(KEYS, 0)).toBe(0);
      limit.takeBack(KEYS);
    }
    expect(limit.size).toBe(0);
    for (let tries = 1; tries < MAX_PASSWORD_TRIES; tries += 1) limit.begin(KEYS, 0);
    expect(limit.begin(KEYS, 0)).toBe(0);
    limit.takeBack(KEYS);
    expect(limit.begin(KEYS, 0)).toBe(0);
    expect(limit.begin(KEYS, 0)).toBeGreaterThan(0);
  });

  test('is forgotten after a while, and no wait with it', () => {
    expect(exhausted().begin(KEYS, GUESS_WINDOW_MS)).toBe(0);
    expect(LONGEST_GUESS_WAIT_MS).toBeLessThan(GUESS_WINDOW_MS);
  });

  test('of ever new identities takes bounded memory, and the address still waits', () => {
    const limit = exhausted();
    let nowMs = FIRST_GUESS_WAIT_MS;
    for (let guesser = 0; guesser < MAX_GUESSERS + 10; guesser += 1) {
      limit.begin([`identity ${guesser}`], nowMs);
      nowMs += 1;
    }
    expect(limit.size).toBe(MAX_GUESSERS);
  });
});
