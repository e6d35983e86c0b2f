import { expect, test } from 'vitest';
import type { Broadcast } from '../program/broadcast.ts';
import { metaText, publisherText, refusalText, welcomeText } from './listener-messages.ts';

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
