import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_PORT } from './control.ts';
import { MAX_ROOM_NAME_LENGTH } from './fields.ts';
import {
  formatInvite,
  type Invite,
  MAX_HOST_LABEL_LENGTH,
  MAX_HOST_LENGTH,
  MAX_JOIN_TEXT_LENGTH,
  parseJoinTarget,
} from './invite.ts';

/** base64url of 32 zero bytes; and one whose last digit has bits left over. */
const CERT = 'A'.repeat(43);
const BAD_CERT = `${'A'.repeat(42)}B`;

const plain = (host: string, port = DEFAULT_PORT): Invite => ({
  host,
  port,
  certificateSha256: null,
  roomName: null,
});

function reasonOf(text: string): string {
  const result = parseJoinTarget(text);
  if (result.ok) return JSON.stringify(result.target);
  expect(result.sentence).toMatch(/^[A-Z].*\.$/);
  return result.reason;
}

describe('parseJoinTarget', () => {
  it.each<[string, Invite]>([
    ['relay.example', plain('relay.example')],
    ['  relay.example \n', plain('relay.example')],
    ['Relay.Example:5000', plain('relay.example', 5000)],
    ['localhost', plain('localhost')],
    ['my_pc.local', plain('my_pc.local')],
    ['relay.example.', plain('relay.example.')],
    ['192.168.0.7', plain('192.168.0.7')],
    ['192.168.0.7:1', plain('192.168.0.7', 1)],
    ['192.168.0.7:65535', plain('192.168.0.7', 65_535)],
    ['::1', plain('::1')],
    ['2001:DB8::5', plain('2001:db8::5')],
    ['1:2:3:4:5:6:7:8', plain('1:2:3:4:5:6:7:8')],
    ['1:2:3:4:5:6:7::', plain('1:2:3:4:5:6:7::')],
    ['::', plain('::')],
    ['::ffff:10.0.0.1', plain('::ffff:10.0.0.1')],
    ['fe80::1%eth0', plain('fe80::1%eth0')],
    ['[::1]', plain('::1')],
    ['[2001:db8::5]:7000', plain('2001:db8::5', 7000)],
    ['sidetone://relay.example', plain('relay.example')],
    ['SIDETONE://relay.example:99/', plain('relay.example', 99)],
    [
      `sidetone://[::1]:99/?cert=${CERT}&room=Tea%20%26%20talk`,
      { host: '::1', port: 99, certificateSha256: CERT, roomName: 'Tea & talk' },
    ],
    [`sidetone://a?later=1&room=%E2%98%95`, { ...plain('a'), roomName: '☕' }],
    ['sidetone://a/?', plain('a')],
  ])('%s', (text, target) => {
    expect(parseJoinTarget(text)).toEqual({ ok: true, target });
  });

  it.each([
    ['', 'empty'],
    ['   ', 'empty'],
    ['a b', 'spaces'],
    ['relay\u200b.example', 'spaces'],
    ['a\u0000b', 'spaces'],
    ['https://relay.example/', 'otherScheme'],
    ['sidetones://a', 'otherScheme'],
    ['-a.example', 'badHost'],
    ['a-.example', 'badHost'],
    ['a..b', 'badHost'],
    ['.', 'badHost'],
    ['a/b', 'badHost'],
    ['user@host', 'badHost'],
    ['bücher.example', 'badHost'],
    ['256.1.1.1', 'badHost'],
    ['1.2.3', 'badHost'],
    ['01.2.3.4', 'badHost'],
    [':5000', 'badHost'],
    ['1:2:3:4:5:6:7', 'badHost'],
    ['1:2:3:4:5:6:7:8:9', 'badHost'],
    ['1::2::3', 'badHost'],
    ['1:2:3:4:5:6:7:8::', 'badHost'],
    [':1:2:3:4:5:6:7', 'badHost'],
    ['12345::', 'badHost'],
    ['::1%', 'badHost'],
    ['[::1', 'badHost'],
    ['[relay.example]', 'badHost'],
    ['[]', 'badHost'],
    ['relay.example:', 'badPort'],
    ['relay.example:0', 'badPort'],
    ['relay.example:65536', 'badPort'],
    ['relay.example:+80', 'badPort'],
    ['relay.example:8e3', 'badPort'],
    ['[::1]:', 'badPort'],
    ['sidetone://', 'badHost'],
    ['sidetone://a/b', 'badLink'],
    ['sidetone://a#b', 'badLink'],
    ['sidetone://a?cert=', 'badCertificate'],
    [`sidetone://a?cert=${CERT}A`, 'badCertificate'],
    [`sidetone://a?cert=${CERT.slice(1)}`, 'badCertificate'],
    [`sidetone://a?cert=${BAD_CERT}`, 'badCertificate'],
    [`sidetone://a?cert=${CERT}&cert=${CERT}`, 'badCertificate'],
    ['sidetone://a?room=%', 'badRoom'],
    ['sidetone://a?room=%FF', 'badRoom'],
    ['sidetone://a?room=', 'badRoom'],
    ['sidetone://a?room=%0A', 'badRoom'],
    ['sidetone://a?room=x&room=y', 'badRoom'],
  ])('%j is refused: %s', (text, reason) => {
    expect(reasonOf(text)).toBe(reason);
  });

  it('bounds the text, the host, its labels and the room name', () => {
    const label = 'a'.repeat(MAX_HOST_LABEL_LENGTH);
    expect(reasonOf(`${label}.b`)).toContain(label);
    expect(reasonOf(`${label}a.b`)).toBe('badHost');
    const host = (length: number): string => `${'a.'.repeat(130)}`.slice(0, length - 1).concat('b');
    expect(host(MAX_HOST_LENGTH).length).toBe(MAX_HOST_LENGTH);
    expect(reasonOf(host(MAX_HOST_LENGTH))).toContain('a.a');
    expect(reasonOf(host(MAX_HOST_LENGTH + 2))).toBe('badHost');
    const room = 'r'.repeat(MAX_ROOM_NAME_LENGTH);
    expect(reasonOf(`sidetone://a?room=${room}`)).toContain(room);
    expect(reasonOf(`sidetone://a?room=${room}r`)).toBe('badRoom');
    expect(reasonOf('a'.padEnd(MAX_JOIN_TEXT_LENGTH, ' '))).toContain('"a"');
    expect(reasonOf('a'.padEnd(MAX_JOIN_TEXT_LENGTH + 1, ' '))).toBe('tooLong');
  });
});

const hosts = fc.oneof(
  fc.domain().map((host) => host.toLowerCase()),
  fc.ipV4(),
  fc.ipV6().map((host) => host.toLowerCase()),
);
const invites: fc.Arbitrary<Invite> = fc.record({
  host: hosts,
  port: fc.integer({ min: 1, max: 65_535 }),
  certificateSha256: fc.option(
    fc.uint8Array({ minLength: 32, maxLength: 32 }).map((hash) => Buffer.from(hash).toString('base64url')),
  ),
  roomName: fc.option(
    fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
      .map((name) => name.trim().slice(0, MAX_ROOM_NAME_LENGTH))
      .filter(
        (name) =>
          name !== '' &&
          !/[\p{Cs}\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(name) &&
          name === name.trim(),
      ),
  ),
});

describe('formatInvite', () => {
  it('is read back as the same invite', () => {
    fc.assert(
      fc.property(invites, (invite) => {
        expect(parseJoinTarget(formatInvite(invite))).toEqual({ ok: true, target: invite });
      }),
    );
  });

  it('fits the box even at its longest', () => {
    const host = 'a.'.repeat(126).concat('a');
    const link = formatInvite({
      host,
      port: 65_535,
      certificateSha256: CERT,
      roomName: '語'.repeat(MAX_ROOM_NAME_LENGTH),
    });
    expect(link.length).toBeLessThanOrEqual(MAX_JOIN_TEXT_LENGTH);
    expect(parseJoinTarget(link).ok).toBe(true);
  });

  it('does not throw on half a surrogate pair', () => {
    expect(formatInvite({ ...plain('a'), roomName: 'x\ud83d' })).toBe(
      `sidetone://a:${DEFAULT_PORT}/?room=x%EF%BF%BD`,
    );
  });
});
