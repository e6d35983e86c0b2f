import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { SeqNo, SessionToken } from '../base/brand.ts';
import { createHeader, decodeHeader, FLAG_CONTROL } from './datagram.ts';
import {
  addressCookie,
  COOKIE_KEY_BYTES,
  carriesCookie,
  createProbe,
  decodeProbe,
  encodeProbe,
  MAX_PROBE_CLOCK,
  type Mac,
  PATH_KEY_BYTES,
  PROBE_COOKIE_BYTES,
  PROBE_DATAGRAM_BYTES,
  type ProbeKind,
  verifyProbe,
} from './probe.ts';
import vectors from './vectors.json' with { type: 'json' };

const mac: Mac = (key, data) => createHmac('sha256', key).update(data).digest();
const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

describe('golden probes', () => {
  it.each(vectors.probes.valid)('$name', (vector) => {
    const bytes = fromHex(vector.hex);
    const pathKey = fromHex(vector.pathKey);
    expect(pathKey.length).toBe(PATH_KEY_BYTES);
    const header = createHeader();
    expect(decodeHeader(bytes, bytes.length, header)).toEqual({ ok: true });
    expect(header).toMatchObject({ flags: FLAG_CONTROL, token: vector.token, sequence: vector.sequence });
    const probe = createProbe();
    expect(decodeProbe(bytes, bytes.length, probe)).toEqual({ ok: true });
    const given = {
      kind: vector.kind as ProbeKind,
      clockMicroseconds: vector.clockMicroseconds,
      cookie: fromHex(vector.cookie),
    };
    expect(probe).toEqual(given);
    expect(verifyProbe(bytes, bytes.length, pathKey, mac)).toBe(true);

    const encoded = new Uint8Array(64);
    const { token, sequence } = vector;
    const length = encodeProbe(given, token as SessionToken, sequence as SeqNo, pathKey, mac, encoded);
    expect(Buffer.from(encoded.subarray(0, length)).toString('hex')).toBe(vector.hex);
  });

  it.each(vectors.probes.invalid)('$reason: $name', (vector) => {
    const bytes = fromHex(vector.hex);
    const probe = createProbe();
    expect(decodeProbe(bytes, bytes.length, probe)).toEqual({ ok: false, reason: vector.reason });
    expect(probe).toEqual(createProbe());
  });
});

describe('golden cookies', () => {
  it.each(vectors.cookies)('$name', (vector) => {
    const cookieKey = fromHex(vector.cookieKey);
    expect(cookieKey.length).toBe(COOKIE_KEY_BYTES);
    const cookie = addressCookie(vector.token as SessionToken, fromHex(vector.address), cookieKey, mac);
    expect(Buffer.from(cookie).toString('hex')).toBe(vector.cookie);
  });

  it('are others for another token or key, or any byte of the address changed', () => {
    const key = new Uint8Array(COOKIE_KEY_BYTES);
    const otherKey = new Uint8Array(COOKIE_KEY_BYTES).fill(1);
    const address = Uint8Array.from({ length: 24 }, (_, at) => at);
    const others = Array.from(address, (_, changed) =>
      address.map((byte, at) => (at === changed ? byte ^ 1 : byte)),
    );
    const cookies = [
      addressCookie(1 as SessionToken, address, key, mac),
      addressCookie(2 as SessionToken, address, key, mac),
      addressCookie(1 as SessionToken, address, otherKey, mac),
      ...others.map((other) => addressCookie(1 as SessionToken, other, key, mac)),
    ].map((cookie) => Buffer.from(cookie).toString('hex'));
    expect(new Set(cookies).size).toBe(cookies.length);
  });

  it('are told from one with any bit changed', () => {
    const cookie = Uint8Array.from({ length: PROBE_COOKIE_BYTES }, (_, at) => at * 31);
    const probe = createProbe();
    probe.cookie.set(cookie);
    expect(carriesCookie(probe, cookie)).toBe(true);
    for (let bit = 0; bit < cookie.length * 8; bit++) {
      probe.cookie.set(cookie);
      probe.cookie[bit >> 3] = (cookie[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(carriesCookie(probe, cookie)).toBe(false);
    }
  });
});

describe('probe', () => {
  const pathKey = new Uint8Array(PATH_KEY_BYTES).fill(7);
  const bytes = new Uint8Array(PROBE_DATAGRAM_BYTES);
  encodeProbe({ ...createProbe(), clockMicroseconds: 5 }, 1 as SessionToken, 2 as SeqNo, pathKey, mac, bytes);

  it('does not verify once any bit of it has changed', () => {
    expect(verifyProbe(bytes, bytes.length, pathKey, mac)).toBe(true);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Uint8Array.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(verifyProbe(changed, changed.length, pathKey, mac)).toBe(false);
    }
  });

  it('does not verify under another key or at another length', () => {
    expect(verifyProbe(bytes, bytes.length, new Uint8Array(PATH_KEY_BYTES), mac)).toBe(false);
    expect(verifyProbe(bytes, bytes.length - 1, pathKey, mac)).toBe(false);
    expect(verifyProbe(new Uint8Array(64), PROBE_DATAGRAM_BYTES + 1, pathKey, mac)).toBe(false);
  });

  it('refuses to send a cookie of another length', () => {
    for (const lengthBytes of [PROBE_COOKIE_BYTES - 1, PROBE_COOKIE_BYTES + 1]) {
      const given = { ...createProbe(), cookie: new Uint8Array(lengthBytes) };
      expect(() =>
        encodeProbe(given, 1 as SessionToken, 2 as SeqNo, pathKey, mac, new Uint8Array(64)),
      ).toThrow('cookie');
    }
  });

  it('refuses to send a clock that no peer would read', () => {
    for (const clockMicroseconds of [-1, 0.5, MAX_PROBE_CLOCK + 1]) {
      const given = { ...createProbe(), clockMicroseconds };
      expect(() =>
        encodeProbe(given, 1 as SessionToken, 2 as SeqNo, pathKey, mac, new Uint8Array(64)),
      ).toThrow('clock');
    }
  });
});
