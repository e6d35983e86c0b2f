import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writeOpusFrames } from './opus-frames.ts';
import { MAX_WAITING_MS, MAX_WAITING_PACKETS, RelayedVoice, TALKSPURT_END_MS } from './relayed-voice.ts';

const CELT_5_MS = 29 << 3;
const CELT_20_MS = 31 << 3;
const FRAME_SAMPLES = 960;

interface Sent {
  readonly atMs: number;
  readonly value: number;
  readonly timestamp: number;
  readonly last: boolean;
}

const packet = (value: number): Uint8Array => Uint8Array.of(CELT_20_MS, value);
const short = (value: number): Uint8Array =>
  writeOpusFrames({ coding: CELT_5_MS, frames: [Uint8Array.of(value)] });

/** A voice, and a clock that does what is due on the way. */
function createVoice(startMs = 1_000) {
  const voice = new RelayedVoice();
  const sent: Sent[] = [];
  let nowMs = startMs;
  const out = {
    sendFrame: (bytes: Uint8Array, timestamp: number, last: boolean): void => {
      sent.push({ atMs: nowMs, value: bytes[1] ?? -1, timestamp, last });
    },
  };
  const runUntil = (endMs: number): void => {
    for (let next = voice.nextDeadlineMs(); next !== null && next <= endMs; next = voice.nextDeadlineMs()) {
      nowMs = Math.max(nowMs, next);
      voice.handleDeadline(nowMs, out);
    }
    nowMs = endMs;
  };
  return {
    voice,
    sent,
    runUntil,
    say: (atMs: number, bytes: Uint8Array): void => {
      runUntil(atMs);
      voice.handlePacket(bytes, atMs, out);
    },
    pause: (atMs: number): void => {
      runUntil(atMs);
      voice.handlePause(atMs, out);
    },
    clear: (atMs: number): void => {
      runUntil(atMs);
      voice.clear(atMs, out);
    },
  };
}

describe('RelayedVoice', () => {
  it('sends packets in their time, with timestamps after their durations', () => {
    const { say, pause, sent } = createVoice();
    say(1_000, packet(1));
    // 3 ms late, as is all behind it.
    say(1_023, packet(2));
    say(1_038, packet(3));
    pause(1_050);
    expect(sent).toEqual([
      { atMs: 1_000, value: 1, timestamp: 48_000, last: false },
      { atMs: 1_023, value: 2, timestamp: 48_960, last: false },
      { atMs: 1_043, value: 3, timestamp: 49_920, last: false },
      { atMs: 1_050, value: -1, timestamp: 50_880, last: true },
    ]);
  });

  it('ends the talkspurt after TALKSPURT_END_MS of silence, once', () => {
    const { say, runUntil, sent, voice } = createVoice();
    say(1_000, packet(1));
    runUntil(1_020 + TALKSPURT_END_MS - 1);
    expect(sent.length).toBe(1);
    runUntil(5_000);
    expect(sent.at(-1)).toEqual({ atMs: 1_020 + TALKSPURT_END_MS, value: -1, timestamp: 48_960, last: true });
    expect(sent.length).toBe(2);
    expect(voice.nextDeadlineMs()).toBe(null);
  });

  it('begins the next talkspurt at the time of the clock, so that silence is known', () => {
    const { say, pause, sent } = createVoice();
    say(1_000, packet(1));
    pause(1_010);
    say(3_000, packet(2));
    expect(sent.at(-1)).toMatchObject({ atMs: 3_000, timestamp: 144_000 });
  });

  it('never lets timestamps go back', () => {
    const { say, pause, sent } = createVoice();
    say(1_000, packet(1));
    pause(1_001);
    say(1_002, packet(2));
    expect(sent.map(({ timestamp }) => timestamp)).toEqual([48_000, 48_960, 48_960]);
  });

  it('lets pages of a second out in their time', () => {
    const { say, runUntil, sent } = createVoice();
    for (let page = 0; page < 3; page += 1)
      for (let at = 0; at < 50; at += 1) say(1_000 + 1_000 * page, packet(at));
    runUntil(4_100);
    expect(sent.length).toBe(150);
    for (const [at, { atMs, timestamp, last }] of sent.entries()) {
      expect(timestamp).toBe(48_000 + at * FRAME_SAMPLES);
      expect(atMs).toBe(1_000 + at * 20);
      expect(last).toBe(false);
    }
  });

  it('is as much later as a packet came late', () => {
    const { say, runUntil, sent, voice } = createVoice();
    say(1_000, packet(1));
    say(1_100, packet(2));
    say(1_100, packet(3));
    say(1_120, packet(4));
    runUntil(1_200);
    expect(sent.map(({ atMs }) => atMs)).toEqual([1_000, 1_100, 1_120, 1_140]);
    expect(sent.map(({ timestamp }) => timestamp)).toEqual([48_000, 48_960, 49_920, 50_880]);
    expect(voice.counters.packetsLate).toBe(1);
  });

  it('follows a sender whose clock is faster, and keeps nothing waiting for long', () => {
    const { say, runUntil, sent, voice } = createVoice(0);
    // A hundredth too fast: 12 s in 20 minutes.
    for (let at = 0; at < 60_000; at += 1) say(at * 19.8, packet(at & 0xff));
    expect(voice.waiting).toBeLessThan(16);
    runUntil(60_000 * 19.8 + 1_000);
    expect(voice.counters).toMatchObject({ taken: 60_000, sent: 60_000, overflow: 0, talkspurts: 1 });
    expect(sent.at(-2)?.timestamp).toBe(59_999 * FRAME_SAMPLES);
  });

  it('drops what is more than MAX_WAITING_MS ahead: a file that is sent as fast as it can be', () => {
    const { say, runUntil, sent, voice } = createVoice();
    for (let at = 0; at < 1_000; at += 1) say(1_000, packet(at & 0xff));
    const most = MAX_WAITING_MS / 20 + 1;
    expect(voice.counters).toMatchObject({ taken: 1_000, overflow: 1_000 - most });
    runUntil(10_000);
    expect(sent.length).toBe(most + 1);
    expect(sent.at(-1)?.last).toBe(true);
    expect(voice.counters.sent).toBe(most);
  });

  it('holds MAX_WAITING_PACKETS at the most', () => {
    const { say, voice } = createVoice();
    const tenMs = Uint8Array.of(30 << 3, 1);
    for (let at = 0; at < 1_000; at += 1) say(1_000, tenMs);
    expect(voice.waiting).toBeLessThanOrEqual(MAX_WAITING_PACKETS);
    expect(voice.waiting).toBeGreaterThan(200);
  });

  it('sends what waits after a pause in its time, and ends then', () => {
    const { say, pause, runUntil, sent } = createVoice();
    for (let at = 0; at < 20; at += 1) say(1_000, packet(at));
    pause(1_001);
    runUntil(2_000);
    expect(sent.length).toBe(21);
    expect(sent.at(-1)).toMatchObject({ atMs: 1_000 + 19 * 20, last: true });
  });

  it('drops what waits when nobody is there any more, and says where it ended', () => {
    const { say, clear, sent, voice } = createVoice();
    for (let at = 0; at < 20; at += 1) say(1_000, packet(at));
    clear(1_005);
    expect(sent.length).toBe(2);
    expect(sent.at(-1)).toMatchObject({ last: true, timestamp: 48_000 + FRAME_SAMPLES });
    expect(voice.counters).toMatchObject({ taken: 20, sent: 1, cleared: 19 });
    expect(voice.nextDeadlineMs()).toBe(null);
  });

  it('puts short packets together, and sends the rest of them at the end', () => {
    const { say, pause, runUntil, sent } = createVoice();
    for (let at = 0; at < 6; at += 1) say(1_000 + at * 5, short(at));
    pause(1_030);
    runUntil(1_100);
    expect(sent.map(({ timestamp, last }) => [timestamp, last])).toEqual([
      [48_720, false],
      [49_680, false],
      [50_160, true],
    ]);
  });

  it('accounts for every packet, and never goes back in time, whatever comes when', () => {
    const step = fc.record({
      afterMs: fc.nat({ max: 400 }),
      count: fc.nat({ max: 60 }),
      act: fc.constantFrom('say', 'say', 'say', 'short', 'pause', 'clear'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { voice, sent, say, pause, clear, runUntil } = createVoice();
        let atMs = 1_000;
        for (const { afterMs, count, act } of steps) {
          atMs += afterMs;
          if (act === 'pause') pause(atMs);
          else if (act === 'clear') clear(atMs);
          else for (let at = 0; at < count; at += 1) say(atMs, act === 'say' ? packet(at) : short(at));
        }
        runUntil(atMs + 10_000);
        const { taken, sent: out, overflow, cleared } = voice.counters;
        expect(taken).toBe(out + overflow + cleared);
        expect(voice.talking).toBe(false);
        const stamps = sent.map(({ timestamp }) => timestamp);
        expect(stamps).toEqual([...stamps].sort((one, other) => one - other));
        expect(sent.filter(({ last }) => last).length).toBeLessThanOrEqual(voice.counters.talkspurts);
        if (sent.length > 0) expect(sent.at(-1)?.last).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
