import { expect, test } from 'vitest';
import type { Broadcast } from '../program/broadcast.ts';
import {
  MAX_META_TAGS_LENGTH,
  metaText,
  publisherText,
  refusalText,
  welcomeText,
} from './listener-messages.ts';

const broadcast: Broadcast = {
  id: 1,
  kind: 'publisher',
  source: 'LiveRadio',
  channels: 2,
  bitrate: 64_000,
  preSkipSamples: 312,
  container: 'ogg',
};

test('meta names source, tags, bitrate, channels and time, as clients of others read it', () => {
  const tags = [
    ['title', 'Song Name'],
    ['artist', 'Artist Name'],
    ['artist', 'Second Artist'],
  ] as const;
  expect(metaText('music', broadcast, tags, 1_690_000)).toBe(
    '{"type":"meta","channel":"music","source":"LiveRadio","tags":{"title":"Song Name","artist":"Artist Name"},' +
      '"bitrate":64000,"channels":2,"timestamp_us":1690000}',
  );
});

test('an unknown bitrate is left out, and a tag of any name is only a tag', () => {
  const text = metaText('music', { ...broadcast, bitrate: null }, [['__proto__', 'x']], 0);
  expect(text).toContain('"tags":{"__proto__":"x"},"channels":2');
});

test('a start, a welcome and a refusal', () => {
  expect(publisherText('music', 'start')).toBe('{"type":"publisher","channel":"music","action":"start"}');
  const welcome = {
    channel: 'music',
    sessionId: 'a1',
    delivery: 'opus-raw',
    name: 'Music',
    talk: false,
  } as const;
  expect(JSON.parse(welcomeText({ ...welcome, stream: '/stream/music.ogg' }))).toMatchObject({
    type: 'welcome',
    channel: 'music',
    accepted: true,
    sessionId: 'a1',
  });
  expect(JSON.parse(refusalText(null, 'tooManyTries', 'Wait.', 8))).toEqual({
    type: 'welcome',
    channel: null,
    accepted: false,
    error: 'Wait.',
    code: 'tooManyTries',
    retryAfterSeconds: 8,
  });
});

test.each([
  [MAX_META_TAGS_LENGTH, true],
  [MAX_META_TAGS_LENGTH + 1, false],
])('tags of %i units are told whole: %s; the title is in any case', (length, whole) => {
  const parts = Array.from({ length: 8 }, (_, i) => [`n${i}`, 'v'.repeat(1_000)] as const);
  const sofar = parts.length * 1_002 + 'title'.length + 1;
  const tags = [...parts, ['last', 'l'.repeat(length - sofar - 4)], ['title', 'T']] as const;
  const told = JSON.parse(metaText('music', broadcast, tags, 0)).tags;
  expect(told.title).toBe('T');
  expect('last' in told).toBe(true);
  const longer = [...parts, ['title', 'T'], ['last', 'l'.repeat(length - sofar - 4)]] as const;
  expect('last' in JSON.parse(metaText('music', broadcast, longer, 0)).tags).toBe(whole);
});
