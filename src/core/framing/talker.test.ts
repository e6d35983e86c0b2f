import { describe, expect, test } from 'vitest';
import { FaultCount, FORGIVENESS_MS, MAX_FAULTS } from './fault-count.ts';
import { MAX_TALK_BYTES, TALK_PAUSE_MS, Talker } from './talker.ts';
import { WHOTALKIE_HEADER_BYTES, writeWhoTalkieFrame } from './whotalkie-frame.ts';

/** First bytes of packets (RFC 6716, section 3.1): CELT of 20 ms, SILK of 60 ms. */
const MONO_20_MS = 0xf8;
const STEREO_20_MS = 0xfc;
const MONO_60_MS = 0x58;

function message(toc: number, length = 60, channels: 1 | 2 = 1): Uint8Array {
  const payload = new Uint8Array(length);
  payload[0] = toc;
  const bytes = new Uint8Array(WHOTALKIE_HEADER_BYTES + length);
  writeWhoTalkieFrame(bytes, 0, { sequence: 0, position: 0, samples: 960, channels, payload, atMs: 0 });
  return bytes;
}

describe('a talker', () => {
  test('is heard, and a pause begins a new talkspurt', () => {
    const talker = new Talker(0);
    const firsts = [0, 20, 40, 40 + TALK_PAUSE_MS, 60 + TALK_PAUSE_MS].map((nowMs) => {
      const read = talker.handleMessage(message(MONO_20_MS), nowMs);
      return read.ok && read.first;
    });
    expect(firsts).toEqual([true, false, false, true, false]);
  });

  test('is heard byte for byte', () => {
    const sent = message(MONO_60_MS, 100);
    const read = new Talker(0).handleMessage(sent, 0);
    expect(read).toEqual({ ok: true, first: true, packet: sent.subarray(WHOTALKIE_HEADER_BYTES) });
  });

  test.each([
    [message(STEREO_20_MS), 'talkNotMono'],
    [message(MONO_20_MS, 60, 2), 'talkNotMono'],
    // Two frames of 60 ms.
    [message(MONO_60_MS | 1), 'talkTooLong'],
    // Code 3 with no frames.
    [message(MONO_20_MS | 3), 'talkNotOpus'],
    [message(MONO_20_MS, MAX_TALK_BYTES + 1), 'talkTooLong'],
    [new Uint8Array(3), 'frameTooShort'],
  ])('is refused: %#', (bytes, reason) => {
    expect(new Talker(0).handleMessage(bytes, 0)).toEqual({ ok: false, reason });
  });

  test.each([MAX_TALK_BYTES - 1, MAX_TALK_BYTES])('may send packets of %i bytes', (length) => {
    expect(new Talker(0).handleMessage(message(MONO_20_MS, length), 0).ok).toBe(true);
  });

  test('gets no more sound through than time goes by, but for a burst', () => {
    const talker = new Talker(0);
    let taken = 0;
    for (let nowMs = 0; nowMs < 10_000; nowMs += 5)
      if (talker.handleMessage(message(MONO_20_MS), nowMs).ok) taken += 1;
    // Ten seconds, a tenth of that for clocks that differ and the burst.
    expect(taken).toBeGreaterThan(500);
    expect(taken).toBeLessThan(600);
  });
});

describe('faults', () => {
  test.each([
    [MAX_FAULTS - 1, true],
    [MAX_FAULTS, true],
    [MAX_FAULTS + 1, false],
  ])('%i at once are borne: %s', (count, borne) => {
    const faults = new FaultCount();
    let last = true;
    for (let i = 0; i < count; i += 1) last = faults.add(0);
    expect(last).toBe(borne);
  });

  test('are forgiven with time', () => {
    const faults = new FaultCount();
    for (let i = 0; i < 1_000; i += 1) expect(faults.add(i * FORGIVENESS_MS)).toBe(true);
  });
});
