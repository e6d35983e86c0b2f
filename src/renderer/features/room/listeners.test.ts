import { expect, test } from 'vitest';
import { someChannel, someMember } from '../../dev/some-member.ts';
import { openSentence } from './listeners.ts';

const { config } = someChannel();
const open = someChannel({ id: 2, config: { ...config, listeners: true } });
const closed = someChannel({ id: 2 });
const stands = someMember({ token: 9, channel: 2, listeners: true });

test('an open channel says so, and whether somebody stands there who hears', () => {
  expect(openSentence(open, [someMember({ channel: 2 }), stands])).toContain('can hear what is said');
  expect(openSentence(open, [someMember({ channel: 2 })])).toContain('Nobody stands here');
  // In another channel it hears nothing of this one.
  expect(openSentence(open, [{ ...stands, channel: 3 }])).toContain('Nobody stands here');
});

test('a closed channel says nothing, unless a relay shows a listener there all the same', () => {
  expect(openSentence(closed, [someMember({ channel: 2 })])).toBe('');
  expect(openSentence(undefined, [stands])).toBe('');
  expect(openSentence(closed, [stands])).toContain('can hear what is said');
});
