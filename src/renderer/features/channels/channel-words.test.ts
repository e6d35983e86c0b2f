import { describe, expect, test } from 'vitest';
import { channelConfigSchema } from '../../../contract/room.ts';
import { someChannel } from '../../dev/some-member.ts';
import { NO_MEMBER_LIMIT } from './channel-tree.ts';
import {
  bitrateChoices,
  bitrateWords,
  channelSoundText,
  frameChoices,
  MAX_HISTORY_DAYS,
  readFrameSamples,
  readWhole,
  redundancyChoices,
  retentionSentence,
} from './channel-words.ts';

describe('bitrates', () => {
  test('every bitrate a channel can have has words', () => {
    expect(bitrateWords(6_000)).toBe('just understood');
    expect(bitrateWords(32_000)).toBe('very good speech, the usual');
    expect(bitrateWords(40_000)).toBe(bitrateWords(32_000));
    expect(bitrateWords(510_000)).toBe('the most there is');
  });

  test('the one in force is offered once, in its place', () => {
    const values = bitrateChoices(40_000).map((choice) => Number(choice.value));
    expect(values).toContain(40_000);
    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect(bitrateChoices(32_000).filter((choice) => choice.value === '32000')).toHaveLength(1);
  });
});

test('whatever is offered is a configuration the room takes', () => {
  const { config } = someChannel();
  for (const bitrate of bitrateChoices(6_000))
    for (const frame of frameChoices)
      for (const redundancy of redundancyChoices) {
        const chosen = {
          ...config,
          bitrate: Number(bitrate.value),
          frameSamples: readFrameSamples(frame.value),
          redundancyCopies: Number(redundancy.value),
        };
        expect(channelConfigSchema.safeParse(chosen).success).toBe(true);
        expect(chosen.frameSamples).toBe(Number(frame.value));
      }
});

test.each([
  ['maxMembers', NO_MEMBER_LIMIT],
  ['historyDays', MAX_HISTORY_DAYS],
])('the most of %s is what the contract takes', (field, most) => {
  const { config } = someChannel();
  expect(channelConfigSchema.safeParse({ ...config, [field]: most }).success).toBe(true);
  expect(channelConfigSchema.safeParse({ ...config, [field]: most + 1 }).success).toBe(false);
});

test('the sound in a line', () => {
  expect(channelSoundText(someChannel().config)).toBe(
    '32 kbit/s (very good speech, the usual), 20 ms frames, one redundant copy',
  );
});

test('retention is told either way', () => {
  expect(retentionSentence(0)).toContain('not kept');
  expect(retentionSentence(1)).toContain('for a day');
  expect(retentionSentence(7)).toContain('for 7 days');
});

test.each([
  ['10', { ok: true, value: 10 }],
  [' 1 ', { ok: true, value: 1 }],
  ['200', { ok: true, value: 200 }],
  ['0', { ok: false }],
  ['201', { ok: false }],
  ['1.5', { ok: false }],
  ['-1', { ok: false }],
  ['', { ok: false }],
])('%j from 1 to 200 reads as %j', (text, expected) => {
  expect(readWhole(text, 1, 200)).toEqual(expected);
});
