import { expect, test } from 'vitest';
import { failureSentence, settle } from './outcome.ts';

test('the carrier’s own words do not reach the person', () => {
  const carried = new Error("Error invoking remote method 'command:join': TypeError: The room is gone.");
  expect(failureSentence(carried)).toBe('The room is gone.');
  expect(failureSentence(new Error('The program is not answering.'))).toBe('The program is not answering.');
  expect(failureSentence('text')).toBe('The program did not carry that out.');
});

test('a rejection becomes a refusal, an answer stays what it is', async () => {
  expect(await settle(Promise.reject(new Error('No.')))).toEqual({ ok: false, sentence: 'No.' });
  expect(await settle(Promise.resolve({ ok: true }))).toEqual({ ok: true });
});
