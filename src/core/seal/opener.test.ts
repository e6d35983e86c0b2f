import { createCipheriv, createDecipheriv } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SeqNo, SessionToken } from '../base/brand.ts';
import {
  createHeader,
  decodeHeader,
  encodeHeader,
  FLAG_SEALED,
  FLAG_WHISPER,
  MAX_DATAGRAM_BYTES,
  WHISPER_LIST_BIT,
} from '../wire/datagram.ts';
import { type AeadKey, NONCE_BYTES, type SealingKey, TAG_BYTES } from './aead-key.ts';
import {
  KeyRing,
  MAX_KEYED_SENDERS,
  MAX_OPEN_EPOCHS,
  MAX_WHISPER_TARGETS_PER_SENDER,
  PAST_EPOCH_MS,
} from './key-ring.ts';
import { MAX_REPLAY_WINDOWS, OPENER_COUNTERS, Opener } from './opener.ts';
import { REPLAY_WINDOW } from './replay-window.ts';
import { MAX_SEALED_PLAINTEXT_BYTES, sealDatagram } from './sealed-datagram.ts';

const ALICE = 101;
const BOB = 102;
const MALLORY = 666;

function aesGcm(key: Uint8Array): AeadKey {
  return {
    seal(nonce, associatedData, plaintext, into, at) {
      const cipher = createCipheriv('aes-128-gcm', key, nonce).setAAD(associatedData);
      const sealed = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
      into.set(sealed, at);
      return sealed.length;
    },
    open(nonce, associatedData, sealed, into) {
      const decipher = createDecipheriv('aes-128-gcm', key, nonce).setAAD(associatedData);
      decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
      const plaintext = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
      try {
        decipher.final();
      } catch {
        return -1;
      }
      into.set(plaintext);
      return plaintext.length;
    },
  };
}

/** A key that nobody else has: of that sender, in that epoch. */
function keyOf(keyId: number, sender: number, epoch = keyId): SealingKey {
  const secret = new Uint8Array(16);
  new DataView(secret.buffer).setUint32(0, sender);
  new DataView(secret.buffer).setUint32(4, epoch);
  return { keyId, key: aesGcm(secret), salt: new Uint8Array(NONCE_BYTES).fill(epoch + (epoch >>> 8)) };
}

function epochKeys(keyId: number, senders: readonly number[], epoch = keyId): Map<number, SealingKey> {
  return new Map(senders.map((sender) => [sender, keyOf(keyId, sender, epoch)]));
}

interface Sent {
  readonly token: number;
  readonly sequence: number;
  readonly key: SealingKey;
  readonly target?: number;
  readonly sealed?: boolean;
}

function datagramOf({ token, sequence, key, target, sealed = true }: Sent): Uint8Array {
  const bytes = new Uint8Array(MAX_DATAGRAM_BYTES);
  const header = createHeader();
  header.token = token as SessionToken;
  header.sequence = sequence as SeqNo;
  header.flags = (sealed ? FLAG_SEALED : 0) | (target === undefined ? 0 : FLAG_WHISPER);
  header.target = target ?? 0;
  const payloadOffset = encodeHeader(header, bytes);
  return bytes.slice(0, sealDatagram(bytes, payloadOffset, sequence, Uint8Array.of(sequence & 255, 7), key));
}

function createBench() {
  const keys = new KeyRing();
  const opener = new Opener(keys);
  const into = new Uint8Array(MAX_SEALED_PLAINTEXT_BYTES);
  const hear = (bytes: Uint8Array, nowMs = 0): string => {
    const header = createHeader();
    const decoded = decodeHeader(bytes, bytes.length, header);
    if (!decoded.ok) return decoded.reason;
    const result = opener.open(header, bytes, bytes.length, nowMs, into);
    if (!result.ok) return result.reason;
    expect([...into.subarray(0, result.lengthBytes)]).toEqual([header.sequence & 255, 7]);
    return 'opened';
  };
  return { keys, opener, hear };
}

/** received = opened + refused, whatever happened. */
function expectBalance(opener: Opener): void {
  const { received, ...outcomes } = opener.counters;
  expect(Object.values(outcomes).reduce((sum, count) => sum + count, 0)).toBe(received);
}

describe('Opener, voice of a channel', () => {
  it('opens what a member sealed, once', () => {
    const { keys, opener, hear } = createBench();
    keys.setEpoch(1, epochKeys(1, [ALICE, BOB]), 0);
    const first = datagramOf({ token: ALICE, sequence: 10, key: keyOf(1, ALICE) });
    expect(hear(first)).toBe('opened');
    expect(hear(first)).toBe('replayed');
    expect(hear(datagramOf({ token: BOB, sequence: 10, key: keyOf(1, BOB) }))).toBe('opened');
    expect(opener.counters).toMatchObject({ received: 3, opened: 2, replayed: 1 });
    expectBalance(opener);
  });

  it('opens what arrives in another order, as far as the window reaches', () => {
    const { keys, hear } = createBench();
    keys.setEpoch(1, epochKeys(1, [ALICE]), 0);
    const send = (sequence: number) => hear(datagramOf({ token: ALICE, sequence, key: keyOf(1, ALICE) }));
    expect([5, 3, 4, 3000].map(send)).toEqual(['opened', 'opened', 'opened', 'opened']);
    expect(send(3000 - REPLAY_WINDOW + 1)).toBe('opened');
    expect(send(3000 - REPLAY_WINDOW)).toBe('replayed');
    expect(send(6)).toBe('replayed');
  });

  it('lets no member speak as another, and no outsider as a member', () => {
    const { keys, opener, hear } = createBench();
    keys.setEpoch(1, epochKeys(1, [ALICE, BOB]), 0);
    expect(hear(datagramOf({ token: ALICE, sequence: 1, key: keyOf(1, BOB) }))).toBe('forged');
    expect(hear(datagramOf({ token: ALICE, sequence: 2, key: keyOf(1, MALLORY) }))).toBe('forged');
    expect(hear(datagramOf({ token: MALLORY, sequence: 3, key: keyOf(1, MALLORY) }))).toBe('unknownSender');
    expect(hear(datagramOf({ token: ALICE, sequence: 4, key: keyOf(2, ALICE) }))).toBe('unknownKeyId');
    const open = datagramOf({ token: ALICE, sequence: 5, key: keyOf(1, ALICE), sealed: false });
    expect(hear(open)).toBe('notSealed');
    expectBalance(opener);
  });

  it('does not let a forged number close the window', () => {
    const { keys, hear } = createBench();
    keys.setEpoch(1, epochKeys(1, [ALICE]), 0);
    expect(hear(datagramOf({ token: ALICE, sequence: 2 ** 40, key: keyOf(1, MALLORY) }))).toBe('forged');
    expect(hear(datagramOf({ token: ALICE, sequence: 1, key: keyOf(1, ALICE) }))).toBe('opened');
  });

  it('keeps past epochs open for PAST_EPOCH_MS, even when nobody calls handleDeadline', () => {
    const { keys, hear } = createBench();
    keys.setEpoch(1, epochKeys(1, [ALICE]), 0);
    keys.setEpoch(2, epochKeys(2, [ALICE]), 1000);
    const old = (sequence: number) => datagramOf({ token: ALICE, sequence, key: keyOf(1, ALICE) });
    expect(hear(datagramOf({ token: ALICE, sequence: 1, key: keyOf(2, ALICE) }), 1000)).toBe('opened');
    expect(hear(old(2), 1000 + PAST_EPOCH_MS - 1)).toBe('opened');
    expect(hear(old(3), 1000 + PAST_EPOCH_MS)).toBe('unknownKeyId');
    expect(keys.nextDeadlineMs()).toBe(1000 + PAST_EPOCH_MS);
    keys.handleDeadline(1000 + PAST_EPOCH_MS);
    expect(keys.nextDeadlineMs()).toBe(Number.POSITIVE_INFINITY);
    expect(hear(old(4), 0)).toBe('unknownKeyId');
  });

  it('keeps MAX_OPEN_EPOCHS epochs, however fast they come', () => {
    const { keys, hear } = createBench();
    for (let epoch = 0; epoch <= MAX_OPEN_EPOCHS; epoch += 1)
      keys.setEpoch(epoch, epochKeys(epoch, [ALICE]), 0);
    const results = Array.from({ length: MAX_OPEN_EPOCHS + 1 }, (_, epoch) =>
      hear(datagramOf({ token: ALICE, sequence: epoch, key: keyOf(epoch, ALICE) })),
    );
    expect(results).toEqual(['unknownKeyId', 'opened', 'opened', 'opened']);
  });

  it('keeps past epochs open when the newest is given again with more members', () => {
    const { keys, hear } = createBench();
    keys.setEpoch(1, epochKeys(1, [ALICE]), 0);
    keys.setEpoch(2, epochKeys(2, [ALICE]), 0);
    for (let again = 0; again <= MAX_OPEN_EPOCHS; again += 1)
      keys.setEpoch(2, epochKeys(2, [ALICE, BOB]), 10);
    expect(hear(datagramOf({ token: ALICE, sequence: 1, key: keyOf(1, ALICE) }), 20)).toBe('opened');
    expect(hear(datagramOf({ token: BOB, sequence: 1, key: keyOf(2, BOB) }), 20)).toBe('opened');
    expect(keys.nextDeadlineMs()).toBe(PAST_EPOCH_MS);
  });

  it('counts one sequence through all epochs: a new key opens no old number again', () => {
    const { keys, hear } = createBench();
    keys.setEpoch(1, epochKeys(1, [ALICE]), 0);
    const before = datagramOf({ token: ALICE, sequence: 50, key: keyOf(1, ALICE) });
    expect(hear(before)).toBe('opened');
    keys.setEpoch(2, epochKeys(2, [ALICE]), 0);
    expect(hear(before)).toBe('replayed');
    expect(hear(datagramOf({ token: ALICE, sequence: 50, key: keyOf(2, ALICE) }))).toBe('replayed');
    expect(hear(datagramOf({ token: ALICE, sequence: 51, key: keyOf(2, ALICE) }))).toBe('opened');
  });

  it('tries both when two epochs share an id, and a member of the older one only is still heard', () => {
    const { keys, hear } = createBench();
    keys.setEpoch(7, epochKeys(7, [ALICE, BOB], 7), 0);
    keys.setEpoch(7, epochKeys(7, [ALICE], 263), 0);
    expect(hear(datagramOf({ token: ALICE, sequence: 1, key: keyOf(7, ALICE, 7) }))).toBe('opened');
    expect(hear(datagramOf({ token: ALICE, sequence: 2, key: keyOf(7, ALICE, 263) }))).toBe('opened');
    expect(hear(datagramOf({ token: BOB, sequence: 1, key: keyOf(7, BOB, 7) }))).toBe('opened');
  });

  it('forgets a session whole, so that its token may be given out anew', () => {
    const { keys, opener, hear } = createBench();
    keys.setEpoch(1, epochKeys(1, [ALICE, BOB]), 0);
    const heard = datagramOf({ token: ALICE, sequence: 9, key: keyOf(1, ALICE) });
    expect(hear(heard)).toBe('opened');
    opener.forget(ALICE);
    expect(hear(heard)).toBe('unknownSender');
    expect(opener.windows).toBe(0);
    keys.setEpoch(2, epochKeys(2, [ALICE]), 0);
    expect(hear(datagramOf({ token: ALICE, sequence: 0, key: keyOf(2, ALICE) }))).toBe('opened');
    expect(hear(heard)).toBe('unknownSender');
    opener.clear();
    expect(hear(datagramOf({ token: ALICE, sequence: 1, key: keyOf(2, ALICE) }))).toBe('unknownKeyId');
  });
});

describe('Opener, whispers', () => {
  const LIST = WHISPER_LIST_BIT + 3;

  it('opens a whisper under the key for its sender and target, and under no other', () => {
    const { keys, opener, hear } = createBench();
    keys.setEpoch(1, epochKeys(1, [ALICE, BOB]), 0);
    expect(keys.setWhisperKey(ALICE, BOB, keyOf(4, ALICE), 0)).toEqual({ ok: true });
    const whisper = { token: ALICE, target: BOB, key: keyOf(4, ALICE) };
    expect(hear(datagramOf({ ...whisper, sequence: 1 }))).toBe('opened');
    expect(hear(datagramOf({ ...whisper, sequence: 2, target: LIST }))).toBe('unknownSender');
    expect(hear(datagramOf({ ...whisper, sequence: 3, key: keyOf(1, ALICE) }))).toBe('unknownKeyId');
    expect(hear(datagramOf({ token: ALICE, sequence: 4, key: keyOf(4, ALICE) }))).toBe('unknownKeyId');
    expect(hear(datagramOf({ ...whisper, sequence: 5, token: BOB }))).toBe('unknownSender');
    expectBalance(opener);
  });

  it('keeps a replay window of its own for each target, through a change of key too', () => {
    const { keys, opener, hear } = createBench();
    keys.setEpoch(1, epochKeys(1, [ALICE]), 0);
    keys.setWhisperKey(ALICE, LIST, keyOf(4, ALICE), 0);
    keys.setWhisperKey(ALICE, BOB, keyOf(5, ALICE), 0);
    const whisper = { token: ALICE, target: LIST, key: keyOf(4, ALICE), sequence: 8 };
    const toBob = { token: ALICE, target: BOB, key: keyOf(5, ALICE), sequence: 8 };
    expect(hear(datagramOf({ token: ALICE, sequence: 3000, key: keyOf(1, ALICE) }))).toBe('opened');
    for (const sent of [whisper, toBob]) {
      expect(hear(datagramOf(sent))).toBe('opened');
      expect(hear(datagramOf(sent))).toBe('replayed');
    }
    keys.setWhisperKey(ALICE, LIST, keyOf(6, ALICE), 0);
    expect(hear(datagramOf({ ...whisper, key: keyOf(6, ALICE) }))).toBe('replayed');
    expect(opener.windows).toBe(3);
    opener.forget(ALICE);
    expect(opener.windows).toBe(0);
  });

  it('keeps the key before for PAST_EPOCH_MS, under the same id too', () => {
    const { keys, hear } = createBench();
    keys.setWhisperKey(ALICE, BOB, keyOf(4, ALICE, 1), 0);
    keys.setWhisperKey(ALICE, BOB, keyOf(4, ALICE, 2), 500);
    const whisper = (sequence: number, epoch: number) =>
      datagramOf({ token: ALICE, target: BOB, sequence, key: keyOf(4, ALICE, epoch) });
    expect(hear(whisper(1, 2), 500)).toBe('opened');
    expect(hear(whisper(2, 1), 500 + PAST_EPOCH_MS - 1)).toBe('opened');
    expect(hear(whisper(3, 1), 500 + PAST_EPOCH_MS)).toBe('forged');
    expect(keys.nextDeadlineMs()).toBe(500 + PAST_EPOCH_MS);
    keys.handleDeadline(500 + PAST_EPOCH_MS);
    expect(hear(whisper(4, 1), 0)).toBe('forged');
    expect(hear(whisper(5, 2), 1e9)).toBe('opened');
  });

  it('outlives leaving the channel', () => {
    const { keys, hear } = createBench();
    keys.setEpoch(1, epochKeys(1, [ALICE]), 0);
    keys.setWhisperKey(ALICE, BOB, keyOf(4, ALICE), 0);
    keys.clearEpochs();
    expect(hear(datagramOf({ token: ALICE, sequence: 1, key: keyOf(1, ALICE) }))).toBe('unknownKeyId');
    expect(hear(datagramOf({ token: ALICE, target: BOB, sequence: 2, key: keyOf(4, ALICE) }))).toBe('opened');
  });

  it('holds no more than its limits', () => {
    const keys = new KeyRing();
    const key = keyOf(1, ALICE);
    for (let target = 0; target < MAX_WHISPER_TARGETS_PER_SENDER; target += 1)
      expect(keys.setWhisperKey(ALICE, target, key, 0).ok).toBe(true);
    expect(keys.setWhisperKey(ALICE, 99, key, 0)).toEqual({ ok: false, reason: 'tooManyTargets' });
    expect(keys.setWhisperKey(ALICE, 0, key, 0).ok).toBe(true);
    for (let sender = 1000; sender < 1000 + MAX_KEYED_SENDERS - 1; sender += 1)
      expect(keys.setWhisperKey(sender, 0, key, 0).ok).toBe(true);
    expect(keys.setWhisperKey(MALLORY, 0, key, 0)).toEqual({ ok: false, reason: 'tooManySenders' });
    keys.forget(1000);
    expect(keys.setWhisperKey(MALLORY, 0, key, 0).ok).toBe(true);
  });
});

describe('Opener, under load and under attack', () => {
  it('holds no more than MAX_REPLAY_WINDOWS, and drops none of a sender who has a key', () => {
    const { keys, opener, hear } = createBench();
    keys.setWhisperKey(ALICE, BOB, keyOf(4, ALICE), 0);
    const whisper = datagramOf({ token: ALICE, target: BOB, sequence: 1, key: keyOf(4, ALICE) });
    expect(hear(whisper)).toBe('opened');
    for (let token = 1000; token < 1000 + MAX_REPLAY_WINDOWS + 50; token += 1) {
      keys.setEpoch(1, epochKeys(1, [token]), 0);
      expect(hear(datagramOf({ token, sequence: 1, key: keyOf(1, token) }))).toBe('opened');
    }
    expect(opener.windows).toBe(MAX_REPLAY_WINDOWS);
    expect(hear(whisper)).toBe('replayed');
  });

  it('refuses a room with more senders than rooms have', () => {
    const senders = Array.from({ length: MAX_KEYED_SENDERS + 1 }, (_, at) => at);
    expect(() => new KeyRing().setEpoch(1, epochKeys(1, senders), 0)).toThrow('senders');
    expect(() => new KeyRing().setEpoch(2, epochKeys(1, [ALICE]), 0)).toThrow('id');
  });

  it('never throws, never opens anything twice or forged, and its totals balance', () => {
    const members = [ALICE, BOB];
    const action = fc.record({
      token: fc.constantFrom(ALICE, BOB, MALLORY),
      signer: fc.constantFrom(ALICE, BOB, MALLORY),
      epoch: fc.integer({ min: 0, max: 4 }),
      sequence: fc.integer({ min: 0, max: 30 }),
      whisper: fc.boolean(),
      flip: fc.option(fc.nat(400), { nil: null }),
      cut: fc.option(fc.nat(60), { nil: null }),
      laterMs: fc.constantFrom(0, 0, 20, 900),
      newEpoch: fc.boolean(),
    });
    let openedInAll = 0;
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const { keys, opener, hear } = createBench();
        keys.setWhisperKey(ALICE, BOB, keyOf(0, ALICE), 0);
        const opened = new Set<string>();
        let epoch = 0;
        let nowMs = 0;
        let sent = 0;
        for (const { token, signer, sequence, whisper, flip, cut, laterMs, newEpoch, ...given } of actions) {
          nowMs += laterMs;
          if (newEpoch) keys.setEpoch(epoch % 3, epochKeys(epoch % 3, members, epoch++), nowMs);
          const key = keyOf(given.epoch % 3, signer, given.epoch);
          const bytes = datagramOf({ token, sequence, key, ...(whisper ? { target: BOB } : {}) });
          const whole = bytes.length;
          if (flip !== null)
            bytes[(flip >> 3) % whole] = (bytes[(flip >> 3) % whole] ?? 0) ^ (1 << (flip & 7));
          const arrived = cut === null ? bytes : bytes.subarray(0, cut);
          const before = opener.counters.received;
          const result = hear(arrived, nowMs);
          sent += opener.counters.received - before;
          if (result !== 'opened') continue;
          expect(flip).toBeNull();
          expect(arrived.length).toBe(whole);
          expect(token).toBe(signer);
          expect(token).not.toBe(MALLORY);
          const number = `${token} ${whisper ? BOB : ''} ${sequence}`;
          expect(opened.has(number)).toBe(false);
          opened.add(number);
        }
        expect(opener.counters.received).toBe(sent);
        expectBalance(opener);
        openedInAll += opened.size;
      }),
      { numRuns: 200 },
    );
    expect(openedInAll).toBeGreaterThan(0);
  });

  it('refuses random bytes', () => {
    const { keys, opener, hear } = createBench();
    keys.setEpoch(1, epochKeys(1, [ALICE]), 0);
    const prefix = datagramOf({ token: ALICE, sequence: 1, key: keyOf(1, ALICE) }).subarray(0, 17);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.boolean(), (noise, headed) => {
        expect(hear(headed ? Uint8Array.of(...prefix, ...noise) : noise)).not.toBe('opened');
      }),
      { numRuns: 300 },
    );
    expectBalance(opener);
    expect(Object.keys(opener.counters).sort()).toEqual([...OPENER_COUNTERS].sort());
  });
});
