import { describe, expect, it } from 'vitest';
import type { SessionToken } from '../base/brand.ts';
import type { SealingKey } from '../seal/aead-key.ts';
import { CHANNEL_TARGET } from '../seal/key-ring.ts';
import { MAX_SEALED_PLAINTEXT_BYTES, openDatagram } from '../seal/sealed-datagram.ts';
import {
  createHeader,
  decodeHeader,
  FLAG_LAST,
  FLAG_REDUNDANT,
  FLAG_SEALED,
  FLAG_WHISPER,
  MAX_DATAGRAM_BYTES,
  WHISPER_LIST_BIT,
  WHISPER_TARGET_BYTES,
} from '../wire/datagram.ts';
import { toyKey } from './toy-key.ts';
import { KEY_CHANGE_DELAY_MS, MAX_COUNTED_TARGETS, VoiceSender } from './voice-sender.ts';

const LIST = WHISPER_LIST_BIT + 1;
const token = (value: number): SessionToken => value as SessionToken;

interface Sent {
  readonly flags: number;
  readonly target: number;
  readonly sequence: number;
  readonly keyId: number;
  readonly bytes: Uint8Array;
  readonly payloadOffset: number;
}

function setUp(connected = true, startSequence = 0) {
  const sender = new VoiceSender(startSequence);
  const sent: Sent[] = [];
  const out = {
    sendDatagram(bytes: Uint8Array, lengthBytes: number): void {
      const header = createHeader();
      expect(decodeHeader(bytes, lengthBytes, header)).toEqual({ ok: true });
      const { flags, target, sequence, payloadOffset } = header;
      const keyId = bytes[payloadOffset] ?? -1;
      sent.push({ flags, target, sequence, keyId, bytes: bytes.slice(0, lengthBytes), payloadOffset });
    },
  };
  if (connected) {
    sender.setToken(token(7));
    sender.setChannelKey(toyKey(1, 11));
  }
  const send = (target = CHANNEL_TARGET, last = false, payload = Uint8Array.of(9)): void =>
    sender.handleFrame(payload, payload.length, 5_000_000_000, last, target, out);
  return { sender, sent, send, out };
}

function openWith(key: SealingKey, { bytes, payloadOffset, sequence }: Sent): number[] | string {
  const into = new Uint8Array(MAX_SEALED_PLAINTEXT_BYTES);
  const opened = openDatagram(bytes, bytes.length, payloadOffset, sequence, key, into);
  return opened.ok ? [...into.subarray(0, opened.lengthBytes)] : opened.reason;
}

describe('VoiceSender', () => {
  it('seals everything, an empty end of a talkspurt too', () => {
    const { sent, send } = setUp();
    send();
    send(CHANNEL_TARGET, true, new Uint8Array(0));
    expect(sent.map(({ flags }) => flags)).toEqual([FLAG_SEALED, FLAG_SEALED | FLAG_LAST]);
    expect(sent.map((one) => openWith(toyKey(1, 11), one))).toEqual([[9], []]);
    expect(sent.map((one) => openWith(toyKey(1, 12), one))).toEqual(['forged', 'forged']);
  });

  it('marks whispers with their target and seals them with their key', () => {
    const { sender, sent, send } = setUp();
    sender.setWhisperKey(LIST, toyKey(5, 55));
    send(LIST);
    expect(sent[0]).toMatchObject({ flags: FLAG_SEALED | FLAG_WHISPER, target: LIST, keyId: 5 });
    expect(sent.map((one) => openWith(toyKey(5, 55), one))).toEqual([[9]]);
  });

  it('counts each target by itself, through changes of key', () => {
    const { sender, sent, send } = setUp();
    sender.setWhisperKey(LIST, toyKey(5, 55));
    for (const target of [0, 0, LIST, 0, LIST]) send(target);
    sender.setChannelKey(toyKey(2, 12));
    sender.setWhisperKey(LIST, null);
    sender.setWhisperKey(LIST, toyKey(6, 56));
    for (const target of [0, LIST]) send(target);
    const numbers = (of: number) =>
      sent.filter(({ target }) => target === of).map(({ sequence }) => sequence);
    expect(numbers(0)).toEqual([0, 1, 2, 3]);
    expect(numbers(LIST)).toEqual([0, 1, 2]);
  });

  it('drops and counts what it cannot seal', () => {
    const { sender, sent, send } = setUp(false);
    send();
    sender.setToken(token(1));
    send();
    sender.setChannelKey(toyKey(1, 11));
    send();
    send(LIST);
    sender.setChannelKey(null);
    send();
    expect(sent).toHaveLength(1);
    expect(sender.counters()).toMatchObject({ sent: 1, tooLong: 0, withoutSession: 1, withoutKey: 3 });
  });

  it('goes on where it was when a session is resumed, and begins anew, without keys, in another', () => {
    const { sender, sent, send } = setUp();
    send();
    sender.setToken(token(7));
    send();
    sender.setToken(null);
    send();
    sender.setToken(token(7));
    send();
    sender.setChannelKey(toyKey(2, 12));
    send();
    sender.setToken(token(8));
    send();
    sender.setChannelKey(toyKey(3, 13));
    send();
    expect(sent.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 0]);
    expect(sender.counters()).toMatchObject({ withoutSession: 1, withoutKey: 2 });
  });

  it('begins, when it takes a session over, where it is told to, with each target', () => {
    const { sender, sent, send } = setUp(true, 2 ** 32);
    sender.setWhisperKey(LIST, toyKey(5, 55));
    for (const target of [CHANNEL_TARGET, CHANNEL_TARGET, LIST]) send(target);
    sender.setToken(token(8));
    sender.setChannelKey(toyKey(1, 11));
    send();
    expect(sent.map(({ sequence }) => sequence - 2 ** 32)).toEqual([0, 1, 0, 0]);
  });

  it('takes a packet that just fits, and none longer', () => {
    const { sender, sent, send } = setUp();
    sender.setWhisperKey(LIST, toyKey(5, 55));
    send(0, false, new Uint8Array(MAX_SEALED_PLAINTEXT_BYTES));
    send(0, false, new Uint8Array(MAX_SEALED_PLAINTEXT_BYTES + 1));
    const longestWhisper = MAX_SEALED_PLAINTEXT_BYTES - WHISPER_TARGET_BYTES;
    send(LIST, false, new Uint8Array(longestWhisper));
    send(LIST, false, new Uint8Array(longestWhisper + 1));
    expect(sent.map(({ bytes }) => bytes.length)).toEqual([1200, 1200]);
    expect(sender.counters()).toMatchObject({ sent: 2, tooLong: 2 });
  });

  it('never gives a number twice to a target, however many targets come and go', () => {
    const { sender, sent, send } = setUp();
    const seen = new Set<string>();
    for (let round = 0; round < 3; round += 1) {
      for (let target = 1; target <= 2 * MAX_COUNTED_TARGETS; target += 1) {
        sender.setWhisperKey(target, toyKey(target & 0xff, target));
        for (let count = 0; count <= target % 3; count += 1) send(target);
        sender.setWhisperKey(target, null);
      }
    }
    for (const { target, sequence } of sent) seen.add(`${target} ${sequence}`);
    expect(seen.size).toBe(sent.length);
    expect(sent.length).toBeGreaterThan(6 * MAX_COUNTED_TARGETS);
  });
});

describe('VoiceSender, when an epoch follows another', () => {
  it('goes on under the key before until everybody can have heard of the new one', () => {
    const { sender, sent, send } = setUp();
    sender.renewChannelKey(toyKey(2, 22), 1_000);
    expect(sender.nextDeadlineMs()).toBe(1_000 + KEY_CHANGE_DELAY_MS);
    for (const nowMs of [1_000, 999 + KEY_CHANGE_DELAY_MS, 1_000 + KEY_CHANGE_DELAY_MS]) {
      sender.handleDeadline(nowMs);
      send();
    }
    expect(sent.map(({ keyId }) => keyId)).toEqual([1, 1, 2]);
    expect(sent.map(({ sequence }) => sequence)).toEqual([0, 1, 2]);
    expect(sender.nextDeadlineMs()).toBeNull();
  });

  it('takes the first key at once', () => {
    const { sender, sent, send } = setUp();
    sender.setChannelKey(null);
    sender.renewChannelKey(toyKey(2, 22), 1_000);
    send();
    expect(sent.map(({ keyId }) => keyId)).toEqual([2]);
  });

  it('is not put off by the same key again, and goes straight to the newest', () => {
    const { sender, sent, send } = setUp();
    sender.renewChannelKey(toyKey(2, 22), 0);
    sender.renewChannelKey(toyKey(2, 22), 100);
    expect(sender.nextDeadlineMs()).toBe(KEY_CHANGE_DELAY_MS);
    sender.renewChannelKey(toyKey(3, 33), 120);
    sender.handleDeadline(120 + KEY_CHANGE_DELAY_MS);
    send();
    expect(sent.map(({ keyId }) => keyId)).toEqual([3]);
  });

  it('drops the key in waiting when nothing may be sent any more, or the session is another', () => {
    const { sender, sent, send } = setUp();
    sender.renewChannelKey(toyKey(2, 22), 0);
    sender.setChannelKey(null);
    sender.handleDeadline(KEY_CHANGE_DELAY_MS);
    send();
    sender.setChannelKey(toyKey(1, 11));
    sender.renewChannelKey(toyKey(2, 22), 0);
    sender.setToken(token(8));
    sender.handleDeadline(KEY_CHANGE_DELAY_MS);
    send();
    expect(sent).toEqual([]);
  });
});

describe('VoiceSender, redundancy', () => {
  /** A CELT frame of 20 ms (RFC 6716, section 3.1) that says `value`. */
  const frame = (value: number, bytes = 2): Uint8Array => new Uint8Array(bytes).fill(value).fill(0xf8, 0, 1);

  function setUpCopies(copies: number, spacing = 1) {
    const bench = setUp();
    bench.sender.setRedundancy(copies, spacing);
    let timestamp = 0;
    /** Sends a frame. @returns what the datagram says */
    const say = (value: number, options: { target?: number; last?: boolean; key?: SealingKey } = {}) => {
      const { target = CHANNEL_TARGET, last = false, key = toyKey(1, 11) } = options;
      bench.sender.handleFrame(frame(value), 2, timestamp, last, target, bench.out);
      timestamp += 960;
      const one = bench.sent.at(-1);
      return one === undefined ? 'nothing' : openWith(key, one);
    };
    return { ...bench, say };
  }

  it('sends earlier frames of the talkspurt along, and says so in the flags', () => {
    const { sender, sent, say } = setUpCopies(2);
    expect(say(1)).toEqual([0xf8, 1]);
    expect(say(2)).toEqual([0x08, 2, 0xf8, 1, 0xf8, 2]);
    expect(say(3, { last: true })).toEqual([0x90, 2, 0x08, 2, 0xf8, 1, 0xf8, 2, 0xf8, 3]);
    expect(say(4)).toEqual([0xf8, 4]);
    const redundant = FLAG_SEALED | FLAG_REDUNDANT;
    expect(sent.map(({ flags }) => flags)).toEqual([
      FLAG_SEALED,
      redundant,
      redundant | FLAG_LAST,
      FLAG_SEALED,
    ]);
    const bytesSent = sent.reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(sender.counters()).toMatchObject({ sent: 4, copiesSent: 3, bytesSent, copiesLeftOut: 0 });
  });

  it('says nothing again to another target, under another key, or after frames that were not sent', () => {
    const { sender, say } = setUpCopies(1);
    sender.setWhisperKey(LIST, toyKey(5, 55));
    say(1);
    expect(say(2, { target: LIST, key: toyKey(5, 55) })).toEqual([0xf8, 2]);
    expect(say(3)).toEqual([0xf8, 3]);
    sender.setChannelKey(toyKey(2, 12));
    expect(say(4, { key: toyKey(2, 12) })).toEqual([0xf8, 4]);
    sender.setChannelKey(null);
    say(5);
    sender.setChannelKey(toyKey(3, 13));
    expect(say(6, { key: toyKey(3, 13) })).toEqual([0xf8, 6]);
    sender.setToken(token(7));
    expect(say(7, { key: toyKey(3, 13) })).toEqual([0xf8, 7]);
    expect(say(8, { key: toyKey(3, 13) })).toEqual([0x08, 2, 0xf8, 7, 0xf8, 8]);
  });

  it('stays within a datagram, whispers too', () => {
    const { sender, sent, out } = setUpCopies(2);
    sender.setWhisperKey(LIST, toyKey(5, 55));
    for (const target of [CHANNEL_TARGET, LIST]) {
      for (let at = 0; at < 3; at += 1) {
        const bytes = target === LIST ? 575 : 577;
        sender.handleFrame(frame(1, bytes), bytes, at * 960, false, target, out);
      }
    }
    const lengths = sent.map(({ bytes }) => bytes.length);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(MAX_DATAGRAM_BYTES);
    // One copy fits, two do not.
    expect(sender.counters()).toMatchObject({ sent: 6, copiesSent: 4, copiesLeftOut: 2, tooLong: 0 });
  });
});
