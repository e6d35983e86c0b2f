import { expect, test } from 'vitest';
import { asksForSecret, type ListenState, statusSentence, useListenState } from './listen-state.ts';

const onAir = { source: 'Radio', title: '', artist: '', bitrate: null, channels: 1 };

function sentence(changes: Partial<ListenState>): string {
  return statusSentence({ ...useListenState.getInitialState(), link: { kind: 'open' }, ...changes });
}

test.each<[Partial<ListenState>, RegExp]>([
  [{ link: { kind: 'connecting' } }, /^Connecting/],
  [{ link: { kind: 'waiting', retryAtMs: 0 } }, /connection is lost/],
  [{}, /^Nothing is on air\.$/],
  [{ listening: 'on' }, /You will hear it when it begins/],
  [{ onAir }, /Press Play/],
  [{ onAir, listening: 'starting' }, /^Starting/],
  [{ onAir, listening: 'on' }, /^Live$/],
  [{ onAir, soundTrouble: 'No sound.' }, /^No sound\.$/],
  [{ onAir, refusal: { code: 'channelFull', sentence: 'It is full.' } }, /^It is full\.$/],
])('%j is told as %s', (changes, expected) => {
  expect(sentence(changes)).toMatch(expected);
});

test('a password is asked for only where one would help', () => {
  const asks = (code: string): boolean => asksForSecret({ refusal: { code, sentence: '' } });
  expect(asksForSecret({ refusal: null })).toBe(false);
  expect(['proofMissing', 'proofWrong'].every(asks)).toBe(true);
  expect(['channelFull', 'proofInTheClear', 'unknownChannel'].some(asks)).toBe(false);
});
