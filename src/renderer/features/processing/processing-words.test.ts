import { expect, test } from 'vitest';
import { noiseSuppressionSchema } from '../../../contract/sound.ts';
import { briefTimeText, noiseChoices, processingMark, stageProblem } from './processing-words.ts';

const problems = [
  { stage: 'limiter', sentence: 'It is gone.' },
  { stage: 'voiceActivity', sentence: 'It could not be loaded.' },
  { stage: 'limiter', sentence: 'It was tried again.' },
] as const;

test('a problem stands with its own stage and with no other', () => {
  expect(stageProblem(problems, 'limiter')).toBe('It is gone. It was tried again.');
  expect(stageProblem(problems, 'highPass')).toBe('');
});

test('the tab counts stages, not sentences', () => {
  expect(processingMark([])).toBe('');
  expect(processingMark(problems.slice(0, 1))).toBe('one stage does not work');
  expect(processingMark(problems)).toBe('2 stages do not work');
});

test('every strength of the noise suppression can be chosen', () => {
  expect(noiseChoices.map((choice) => choice.value)).toEqual(noiseSuppressionSchema.options);
});

test('no time is a word', () => {
  expect(briefTimeText(0)).toBe('None');
  expect(briefTimeText(60)).toBe('60 ms');
});
