import { describe, expect, test } from 'vitest';
import { commandSchemas } from '../../../contract/ipc.ts';
import { MAX_LINK_LENGTH, messageParts } from './links.ts';

/** Links of a message as "shown -> opened", or only once where both are the same. */
const links = (text: string): string[] =>
  messageParts(text).flatMap((part) => {
    if (part.kind === 'text') return [];
    return [part.text === part.url ? part.url : `${part.text} -> ${part.url}`];
  });

describe('what is a link', () => {
  test.each([
    ['see https://a.example/x?y=1#z now', 'https://a.example/x?y=1#z'],
    ['(http://a.example/b).', 'http://a.example/b'],
    ['https://a.example/wiki/Opus_(codec), they say', 'https://a.example/wiki/Opus_(codec)'],
    ['„https://a.example/x“ oder «https://a.example/y»', 'https://a.example/x%E2%80%9C,https://a.example/y'],
    ['https://a.example/x?!…', 'https://a.example/x'],
    ['<https://a.example/x>', 'https://a.example/x'],
    ['[https://a.example/[x]]', 'https://a.example/[x]'],
    ['https://[2001:db8::1]:8080/', 'https://[2001:db8::1]:8080/'],
    ['https://a.example:48480/x', 'https://a.example:48480/x'],
    ['a https://a.example/1 b https://b.example/2 c', 'https://a.example/1,https://b.example/2'],
  ])('%j holds %j', (text, expected) => {
    expect(links(text).join(',')).toBe(expected);
  });

  test.each([
    'javascript:alert(1)',
    'file:///etc/passwd',
    'sidetone://a.example/',
    'data:text/html,<b>',
    'www.a.example',
    'mail@a.example',
    'https://',
    'https://?x',
    'xhttps://a.example',
    'https://bank.example@evil.example/',
    'https://user:word@evil.example/',
    `https://a.example/${'x'.repeat(MAX_LINK_LENGTH)}`,
  ])('%j holds none', (text) => {
    expect(links(text)).toEqual([]);
  });

  test('an address that only grows too long when it is escaped is none', () => {
    const written = `https://a.example/${'é'.repeat(MAX_LINK_LENGTH / 2)}`;
    expect(written.length).toBeLessThan(MAX_LINK_LENGTH);
    expect(links(written)).toEqual([]);
  });
});

describe('how it is shown', () => {
  test('as it was written where that names the host', () => {
    expect(links('https://a.example')).toEqual(['https://a.example -> https://a.example/']);
    expect(links('HTTPS://A.example/X')).toEqual(['HTTPS://A.example/X -> https://a.example/X']);
  });

  test('hosts of other scripts in ASCII', () => {
    // The first letter is Cyrillic.
    expect(links('https://\u0430pple.example/')).toEqual(['https://xn--pple-43d.example/']);
    expect(links('https://bücher.example/ä')).toEqual(['https://xn--bcher-kva.example/%C3%A4']);
  });

  test('a number that hides an address as the address', () => {
    expect(links('http://0x7f000001/')).toEqual(['http://127.0.0.1/']);
    expect(links('http://2130706433/')).toEqual(['http://127.0.0.1/']);
  });

  test('full-width letters and dots as what they come to', () => {
    expect(links('https://ｅｖｉｌ。example/')).toEqual(['https://evil.example/']);
  });
});

test('nothing of a message is lost', () => {
  const text = 'a (https://a.example/x), <b>bold</b> https://b@c.example and https://d.example!\nend';
  const parts = messageParts(text);
  expect(parts.map((part) => part.text).join('')).toBe(text);
  expect(parts.filter((part) => part.kind === 'link')).toHaveLength(2);
  expect(messageParts('')).toEqual([]);
  expect(messageParts('plain')).toEqual([{ kind: 'text', text: 'plain' }]);
});

test('the longest link is what the command takes that opens it', () => {
  const { payload } = commandSchemas.openLink;
  const start = 'https://a.example/';
  const longest = start + 'x'.repeat(MAX_LINK_LENGTH - start.length);
  expect(links(longest)).toEqual([longest]);
  expect(payload.safeParse({ url: longest }).success).toBe(true);
  expect(payload.safeParse({ url: `${longest}x` }).success).toBe(false);
});
