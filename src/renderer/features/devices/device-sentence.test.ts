import { expect, test } from 'vitest';
import { deviceSentence, soundHardwareSentence } from './device-sentence.ts';

test('a reason follows the sentence, but not while the device works', () => {
  expect(deviceSentence('microphone', 'failed', 'Another program holds it.')).toBe(
    'This microphone cannot be opened. Another program holds it.',
  );
  expect(deviceSentence('speaker', 'absent', '')).toBe('There is no speaker.');
  expect(deviceSentence('speaker', 'running', 'stale')).toBe('Working');
});

test('only the null backend means that there is no hardware', () => {
  expect(soundHardwareSentence('null')).toContain('No sound hardware');
  for (const backend of ['naudiodon', 'decibri', 'wave'] as const) {
    expect(soundHardwareSentence(backend)).toBe('');
  }
});
