import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_SIGNAL_LENGTH, readSignal, writeSignal } from './signal-message.ts';
import { uplinkTarget } from './uplink-address.ts';

describe('signalling messages', () => {
  test.each([
    ['{"type":"ready"}', { type: 'ready' }],
    ['{"type":"offer","sdp":"v=0\\r\\n"}', { type: 'offer', sdp: 'v=0\r\n' }],
    ['{"type":"answer","sdp":"v=0\\r\\n"}', { type: 'answer', sdp: 'v=0\r\n' }],
    [
      '{"type":"ice_candidate","candidate":"candidate:1 1 udp 1 192.0.2.1 9 typ host","sdp_mid":"0","sdp_mline_index":0}',
      {
        type: 'ice_candidate',
        candidate: 'candidate:1 1 udp 1 192.0.2.1 9 typ host',
        sdp_mid: '0',
        sdp_mline_index: 0,
      },
    ],
    ['{"type":"error","message":"no"}', { type: 'error', message: 'no' }],
    ['{"type":"welcome"}', { type: 'welcome' }],
  ] as const)('%s is written as it is read', (text, signal) => {
    expect(readSignal(text)).toEqual({ ok: true, signal });
    expect(writeSignal(signal)).toBe(text);
  });

  test('a candidate may leave out where it belongs, or say that it does not know', () => {
    const candidate = 'candidate:1 1 udp 1 192.0.2.1 9 typ host';
    expect(readSignal(JSON.stringify({ type: 'ice_candidate', candidate })).ok).toBe(true);
    const unknown = { type: 'ice_candidate', candidate, sdp_mid: null, sdp_mline_index: null };
    expect(readSignal(JSON.stringify(unknown)).ok).toBe(true);
  });

  test('leaves out what it does not know', () => {
    expect(readSignal('{"type":"ready","__proto__":1,"more":{"a":[]}}')).toEqual({
      ok: true,
      signal: { type: 'ready' },
    });
  });

  test('a message may be as long as the limit, and no longer', () => {
    const text = (length: number): string => {
      const empty = '{"type":"welcome","pad":""}';
      return empty.replace('""', `"${'x'.repeat(length - empty.length)}"`);
    };
    expect(readSignal(text(MAX_SIGNAL_LENGTH - 1)).ok).toBe(true);
    expect(readSignal(text(MAX_SIGNAL_LENGTH)).ok).toBe(true);
    expect(readSignal(text(MAX_SIGNAL_LENGTH + 1))).toEqual({ ok: false, reason: 'messageTooLong' });
  });

  test.each([
    ['', 'messageNotJson'],
    ['{', 'messageNotJson'],
    ['null', 'messageUnknown'],
    ['[]', 'messageUnknown'],
    ['{"type":"Ready"}', 'messageUnknown'],
    ['{"type":"offer"}', 'messageUnknown'],
    ['{"type":"offer","sdp":7}', 'messageUnknown'],
    ['{"type":"ice_candidate","candidate":"x","sdp_mline_index":-1}', 'messageUnknown'],
  ])('%s is refused', (text, reason) => {
    expect(readSignal(text)).toEqual({ ok: false, reason });
  });

  test('anything is read or refused, and what is read is written and read again the same', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const reading = readSignal(text);
        if (reading.ok) expect(readSignal(writeSignal(reading.signal))).toEqual(reading);
      }),
    );
  });
});

describe("the relay's address", () => {
  const identity = { robotId: 'room 1', apiKey: 'a&b=c#d', credentialsInHeader: false };
  const query = 'type=robot&robot_id=room%201&api_key=a%26b%3Dc%23d';

  test.each([
    ['http://relay.example/webrtc-relay', 'ws://relay.example/webrtc-relay?'],
    ['https://relay.example/webrtc-relay', 'wss://relay.example/webrtc-relay?'],
    ['ws://relay.example', 'ws://relay.example?'],
    ['WSS://relay.example/a?b=c', 'wss://relay.example/a?b=c&'],
    ['wss://relay.example/a?', 'wss://relay.example/a?'],
  ])('%s becomes %s', (url, start) => {
    expect(uplinkTarget({ ...identity, url })).toEqual({
      address: `${start}${query}`,
      headers: {},
      certificateSha256: null,
    });
  });

  test('keeps the key out of the address where the relay reads headers', () => {
    const target = uplinkTarget({ ...identity, url: 'https://relay.example/r', credentialsInHeader: true });
    expect(target).toEqual({
      address: 'wss://relay.example/r?type=robot&robot_id=room%201',
      headers: { authorization: 'Bearer a&b=c#d', 'x-api-key': 'a&b=c#d' },
      certificateSha256: null,
    });
  });

  test("a fingerprint of the relay's certificate stands behind the address, and is not sent", () => {
    const colons = Array.from({ length: 32 }, () => 'aB').join(':');
    for (const pin of [colons, colons.replaceAll(':', '')]) {
      expect(uplinkTarget({ ...identity, url: `https://relay.example/a#sha256=${pin}` })).toEqual({
        address: `wss://relay.example/a?${query}`,
        headers: {},
        certificateSha256: 'ab'.repeat(32),
      });
    }
  });

  test.each([
    'ftp://relay.example',
    'relay.example',
    '',
    'http://',
    'javascript:alert(1)',
    'wss://relay.example/a#here',
    `wss://relay.example/a#sha256=${'ab'.repeat(31)}`,
    `ws://relay.example/a#sha256=${'ab'.repeat(32)}`,
  ])('refuses %j', (url) => expect(uplinkTarget({ ...identity, url })).toBeNull());

  test('refuses a key that would end its header', () => {
    const url = 'https://relay.example';
    expect(uplinkTarget({ ...identity, url, apiKey: 'a\r\nb', credentialsInHeader: true })).toBeNull();
  });

  test('every value comes back out of the address', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (robotId, apiKey) => {
        const target = uplinkTarget({
          url: 'https://relay.example/r',
          robotId,
          apiKey,
          credentialsInHeader: false,
        });
        const { searchParams } = new URL(target?.address ?? '');
        expect([...searchParams]).toEqual([
          ['type', 'robot'],
          ['robot_id', robotId],
          ['api_key', apiKey],
        ]);
      }),
    );
  });
});
