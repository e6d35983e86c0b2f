import { describe, expect, test } from 'vitest';
import { botsStateSchema, IDLE_BOTS } from '../../../contract/admin.ts';
import { fakeBotsState } from '../dev/fake-figures.ts';
import {
  botColumns,
  botValue,
  figuresWarning,
  isRunning,
  nextOrder,
  phaseSentence,
  sortedBots,
  stepOf,
} from './stress-words.ts';

const phases = botsStateSchema.shape.phase.options;
const speaking = fakeBotsState({ bots: 12, speakers: 3, seconds: 30, address: null }, 9, false);

test('every phase has a sentence, and steps go forward', () => {
  for (const phase of phases) expect(phaseSentence({ ...speaking, phase })).toMatch(/\w.*\.$/u);
  const way = (['joining', 'exchangingKeys', 'speaking', 'done'] as const).map(stepOf);
  expect(way).toEqual([0, 1, 2, 3]);
  expect(stepOf('ending')).toBe(2);
  expect(stepOf('idle')).toBe(-1);
});

test('a failure says why', () => {
  expect(phaseSentence({ ...IDLE_BOTS, phase: 'failed', sentence: 'The relay went away.' })).toBe(
    'The relay went away.',
  );
});

test('a test runs from joining to ending', () => {
  expect(phases.filter(isRunning)).toEqual(['joining', 'exchangingKeys', 'speaking', 'ending']);
});

test('bots that take a whole core measure themselves', () => {
  expect(figuresWarning({ ...speaking, botsCpu: 0.84 })).toBe('');
  expect(figuresWarning({ ...speaking, botsCpu: 0.95 })).toContain('95 % of a core');
});

describe('the table of bots', () => {
  test('sorts by every column, both ways, and those alike by number', () => {
    for (const { column } of botColumns) {
      const up = sortedBots(speaking.perBot, { column, descending: false });
      const values = up.map((figure) => botValue(figure, column));
      expect(values).toEqual(values.toSorted((a, b) => a - b));
      const down = sortedBots(speaking.perBot, { column, descending: true });
      expect(down.map((figure) => botValue(figure, column))).toEqual(values.toReversed());
    }
    const alike = sortedBots(speaking.perBot, { column: 'unopened', descending: true });
    expect(alike.map((figure) => figure.bot)).toEqual(speaking.perBot.map((figure) => figure.bot));
  });

  test('a press turns the order round, another column begins with its worst end', () => {
    const first = nextOrder({ column: 'bot', descending: false }, 'lossPercent');
    expect(first).toEqual({ column: 'lossPercent', descending: true });
    expect(nextOrder(first, 'lossPercent')).toEqual({ column: 'lossPercent', descending: false });
    expect(nextOrder(first, 'bot')).toEqual({ column: 'bot', descending: false });
  });
});
