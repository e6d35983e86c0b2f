import { describe, expect, it } from 'vitest';
import {
  JitterBuffer,
  MAX_BACKLOG_PACKETS,
  MAX_CONCEALED_FRAMES,
  MAX_HELD_PACKETS,
  MAX_PAYLOAD_BYTES,
  MAX_REORDER_PACKETS,
  MAX_START_FRAMES,
} from './jitter-buffer.ts';
import { RESTART_PACKETS } from './restart-detector.ts';

const FRAME = 960;
const FRAME_MS = 20;
/** Wraps through 2^32 within the first few frames. */
const FIRST_TIMESTAMP = 2 ** 32 - 3 * FRAME;

/** A buffer with a clock; `p` gives it a packet of the running talkspurt, `pull` answers in words. */
class Bench {
  readonly buffer: JitterBuffer;
  readonly slot = JitterBuffer.createSlot();
  nowMs = 1_000;

  constructor(startFrames = 2) {
    this.buffer = new JitterBuffer({ frameSamples: FRAME, startFrames });
  }

  /** `delaySamples`: silence before this packet, since sequence 0. */
  packet(sequence: number, options: { last?: boolean; empty?: boolean; delaySamples?: number } = {}): string {
    const timestamp = (FIRST_TIMESTAMP + sequence * FRAME + (options.delaySamples ?? 0)) >>> 0;
    const payload = options.empty ? new Uint8Array(0) : Uint8Array.of(sequence & 0xff, 1, 2);
    return this.buffer.handlePacket(sequence, timestamp, options.last ?? false, payload, this.nowMs);
  }

  /** 'frame 7', 'frame 7+8' when two are merged, with '(' at a talkspurt's start and ')' at its end. */
  pull(): string {
    const playout = this.buffer.pull(this.nowMs, this.slot);
    this.nowMs += FRAME_MS;
    if (playout !== 'frame') return playout;
    expect(this.slot.length).toBe(3);
    expect(this.slot.payload[0]).toBe(this.slot.sequence & 0xff);
    const second = this.slot.secondLength > 0 ? `+${this.slot.second[0]}` : '';
    return `${this.slot.talkspurtStart ? '(' : ''}${this.slot.sequence}${second}${this.slot.talkspurtEnd ? ')' : ''}`;
  }

  pulls(count: number): string[] {
    return Array.from({ length: count }, () => this.pull());
  }

  /** A packet and a pull per frame, from `from` on. */
  stream(from: number, count: number): string[] {
    return Array.from({ length: count }, (_, index) => {
      expect(this.packet(from + index)).toBe('queued');
      return this.pull();
    });
  }
}

describe('JitterBuffer: talkspurts', () => {
  it('starts when two frames are held and then plays in order', () => {
    const bench = new Bench();
    expect(bench.stream(5, 5)).toEqual(['silence', '(5', '6', '7', '8']);
    expect(bench.buffer.depthFrames).toBe(1);
  });

  it('starts with one frame less or more when told so, up to the limit', () => {
    expect(new Bench(1).stream(0, 2)).toEqual(['(0', '1']);
    expect(new Bench(3).stream(0, 4)).toEqual(['silence', 'silence', '(0', '1']);
    const silence = new Array<string>(MAX_START_FRAMES - 1).fill('silence');
    expect(new Bench(MAX_START_FRAMES).stream(0, MAX_START_FRAMES)).toEqual([...silence, '(0']);
    for (const startFrames of [0, MAX_START_FRAMES + 1, 1.5]) {
      expect(() => new Bench(startFrames)).toThrow('MAX_START_FRAMES');
    }
    expect(() => new JitterBuffer({ frameSamples: 0 })).toThrow('samples');
  });

  it('starts a lone packet after it has waited as long as two frames last', () => {
    const bench = new Bench();
    bench.packet(0);
    const arrivedMs = bench.nowMs;
    bench.nowMs = arrivedMs + 39.9;
    expect(bench.pull()).toBe('silence');
    bench.nowMs = arrivedMs + 40;
    expect(bench.pull()).toBe('(0');
  });

  it('starts at once when the whole talkspurt is one packet', () => {
    const bench = new Bench();
    bench.packet(0, { last: true });
    expect(bench.pulls(2)).toEqual(['(0)', 'silence']);
  });

  it('orders what the network has mixed up', () => {
    const bench = new Bench(3);
    for (const sequence of [2, 0, 3, 1]) expect(bench.packet(sequence)).toBe('queued');
    expect(bench.pulls(4)).toEqual(['(0', '1', '2', '3']);
  });

  it('ends after LAST and waits for two frames again', () => {
    const bench = new Bench();
    bench.packet(0);
    bench.packet(1, { last: true });
    expect(bench.pulls(3)).toEqual(['(0', '1)', 'silence']);
    const later = { delaySamples: 50 * FRAME };
    bench.packet(2, later);
    expect(bench.pull()).toBe('silence');
    bench.packet(3, later);
    expect(bench.pulls(2)).toEqual(['(2', '3']);
    expect(bench.buffer.counters()).toMatchObject({ talkspurts: 2, lost: 0, concealed: 0 });
  });

  it('takes an empty LAST as the end of the frame before it, or of nothing', () => {
    const together = new Bench();
    together.packet(0);
    together.packet(1, { last: true, empty: true });
    expect(together.pulls(2)).toEqual(['(0)', 'silence']);
    const after = new Bench();
    expect(after.stream(0, 3)).toEqual(['silence', '(0', '1']);
    expect(after.pull()).toBe('2');
    after.packet(3, { last: true, empty: true });
    expect(after.pull()).toBe('silence');
    expect(after.buffer.counters()).toMatchObject({ played: 4, concealed: 0, talkspurts: 1 });
  });

  it('hears from the timestamps that LAST was lost, and conceals none of the silence', () => {
    const bench = new Bench();
    bench.stream(0, 3);
    // 3 is LAST and lost; 4 begins the next talkspurt a second later, before the frames held have run out.
    bench.packet(4, { delaySamples: 50 * FRAME });
    expect(bench.pulls(2)).toEqual(['2', 'silence']);
    bench.packet(5, { delaySamples: 50 * FRAME });
    expect(bench.pulls(2)).toEqual(['(4', '5']);
    expect(bench.buffer.counters()).toMatchObject({ lost: 1, concealed: 0, talkspurts: 2 });
  });
});

describe('JitterBuffer: loss and delay', () => {
  it('conceals a lost frame and calls it late when it comes after all', () => {
    const bench = new Bench();
    bench.stream(0, 3);
    bench.packet(4);
    expect(bench.pulls(2)).toEqual(['2', 'conceal']);
    expect(bench.packet(3)).toBe('late');
    expect(bench.pull()).toBe('4');
    expect(bench.buffer.counters()).toMatchObject({ lost: 1, late: 1, concealed: 1, expanded: 0 });
  });

  it('waits for the next frame when nothing is there: the delay grows, nothing is lost', () => {
    const bench = new Bench();
    bench.stream(0, 3);
    expect(bench.pulls(3)).toEqual(['2', 'conceal', 'conceal']);
    bench.packet(3);
    bench.packet(4);
    bench.packet(5);
    expect(bench.pulls(3)).toEqual(['3', '4', '5']);
    expect(bench.buffer.counters()).toMatchObject({ lost: 0, concealed: 2, expanded: 2 });
  });

  it('does not conceal twice for one lost frame: two lost in a row leave the delay as it was', () => {
    const bench = new Bench();
    bench.stream(0, 4);
    expect(bench.pull()).toBe('3');
    expect(bench.pull()).toBe('conceal');
    // 4 and 5 never come.
    bench.packet(6);
    expect(bench.pull()).toBe('conceal');
    bench.packet(7);
    expect(bench.pull()).toBe('6');
    expect(bench.buffer.depthFrames).toBe(1);
    expect(bench.buffer.counters()).toMatchObject({ lost: 2, concealed: 2, expanded: 1 });
  });

  it('breaks off after MAX_CONCEALED_FRAMES without any packet', () => {
    const bench = new Bench();
    bench.stream(0, 2);
    expect(bench.pull()).toBe('1');
    const conceal = new Array<string>(MAX_CONCEALED_FRAMES).fill('conceal');
    expect(bench.pulls(MAX_CONCEALED_FRAMES + 2)).toEqual([...conceal, 'silence', 'silence']);
    bench.packet(2);
    bench.packet(3);
    expect(bench.pull()).toBe('(2');
  });

  it('goes on without a break when a packet comes one pull before that', () => {
    const bench = new Bench();
    bench.stream(0, 2);
    bench.pulls(1 + MAX_CONCEALED_FRAMES);
    bench.packet(2);
    expect(bench.pull()).toBe('2');
    expect(bench.buffer.counters().talkspurts).toBe(1);
  });

  it('conceals a gap of MAX_CONCEALED_FRAMES whole, and breaks off in one that is longer', () => {
    for (const [gap, after] of [
      [MAX_CONCEALED_FRAMES, '7'],
      [MAX_CONCEALED_FRAMES + 1, 'silence'],
    ] as const) {
      const bench = new Bench();
      bench.stream(0, 2);
      bench.packet(2 + gap);
      bench.packet(3 + gap);
      expect(bench.pull()).toBe('1');
      expect(bench.pulls(MAX_CONCEALED_FRAMES)).not.toContain('silence');
      expect(bench.pull()).toBe(after);
      if (after === 'silence') expect(bench.pull()).toBe(`(${2 + gap}`);
      expect(bench.buffer.counters().lost).toBe(gap);
    }
  });

  it('drains a delay that has grown, one frame per two seconds, and stops at the normal depth', () => {
    const bench = new Bench();
    bench.stream(0, 10);
    bench.pull();
    bench.pull();
    expect(bench.pull()).toBe('conceal');
    for (let sequence = 10; sequence < 13; sequence++) bench.packet(sequence);
    const heard = bench.stream(13, 700);
    const merges = heard.flatMap((playout, index) => (playout.includes('+') ? [index] : []));
    expect(merges.length).toBe(2);
    expect(merges[0]).toBeGreaterThan(80);
    expect((merges[1] ?? 0) - (merges[0] ?? 0)).toBeLessThanOrEqual(100);
    expect(heard).not.toContain('conceal');
    expect(bench.buffer.depthFrames).toBe(1);
    expect(bench.buffer.counters()).toMatchObject({ drained: 2, lost: 0 });
  });

  it('never merges across the end of a talkspurt, wherever it falls', () => {
    let merged = 0;
    for (let end = 100; end < 125; end++) {
      for (const lastLost of [false, true]) {
        const bench = new Bench();
        for (let sequence = 0; sequence < 5; sequence++) bench.packet(sequence);
        const pause = (sequence: number): number => (sequence > end ? 50 * FRAME : 0);
        const heard: string[] = [];
        for (let sequence = 5; sequence < 160; sequence++) {
          const last = sequence === end && !lastLost;
          bench.packet(sequence, { last, delaySamples: pause(sequence) });
          heard.push(bench.pull());
        }
        const text = heard.join(' ');
        merged += text.split('+').length - 1;
        expect(text).not.toContain('conceal');
        expect(text).toContain(lastLost ? ` silence (${end + 1} ` : ` ${end}) (${end + 1} `);
      }
    }
    // Otherwise nothing was tried.
    expect(merged).toBeGreaterThan(25);
  });

  it('leaves a steady stream alone', () => {
    const bench = new Bench();
    const heard = bench.stream(0, 1_000);
    expect(heard.slice(1).join(' ')).toBe(`(${Array.from({ length: 999 }, (_, index) => index).join(' ')}`);
    expect(bench.buffer.depthFrames).toBe(1);
  });

  it('skips a backlog that piled up while playout stood still', () => {
    for (const [held, first] of [
      [MAX_BACKLOG_PACKETS, '(0'],
      [MAX_BACKLOG_PACKETS + 1, `(${MAX_BACKLOG_PACKETS - 1}`],
    ] as const) {
      const bench = new Bench();
      for (let sequence = 0; sequence < held; sequence++) bench.packet(sequence);
      expect(bench.pull()).toBe(first);
      expect(bench.buffer.counters().flushed).toBe(held > MAX_BACKLOG_PACKETS ? held - 2 : 0);
    }
  });
});

describe('JitterBuffer: hostile and restarted senders', () => {
  it('tells a duplicate from a late packet, held or played', () => {
    const bench = new Bench();
    bench.stream(0, 3);
    expect(bench.packet(2)).toBe('duplicate');
    expect(bench.packet(1)).toBe('duplicate');
    expect(bench.buffer.counters()).toMatchObject({ duplicate: 2, late: 0 });
  });

  it('remembers what it has played for MAX_REORDER_PACKETS', () => {
    const bench = new Bench();
    bench.stream(0, MAX_REORDER_PACKETS + 6);
    const turn = MAX_REORDER_PACKETS + 5;
    expect(bench.packet(turn - MAX_REORDER_PACKETS + 1)).toBe('duplicate');
    expect(bench.packet(turn - MAX_REORDER_PACKETS)).toBe('duplicate');
    expect(bench.packet(turn - MAX_REORDER_PACKETS - 1)).toBe('late');
  });

  it('bounds the payload', () => {
    const { buffer } = new Bench();
    const sizes = [MAX_PAYLOAD_BYTES - 1, MAX_PAYLOAD_BYTES, MAX_PAYLOAD_BYTES + 1, 0];
    const outcomes = sizes.map((bytes, index) =>
      buffer.handlePacket(index, index * FRAME, false, new Uint8Array(bytes), 0),
    );
    expect(outcomes).toEqual(['queued', 'queued', 'tooLarge', 'empty']);
  });

  it('bounds how far ahead a packet may be', () => {
    const bench = new Bench();
    bench.stream(0, 3);
    // The turn is that of packet 2.
    expect(bench.packet(2 + MAX_HELD_PACKETS - 1)).toBe('queued');
    expect(bench.packet(2 + MAX_HELD_PACKETS)).toBe('tooFarAhead');
    expect(bench.packet(2 + MAX_HELD_PACKETS + 1)).toBe('tooFarAhead');
    expect(bench.packet(Number.MAX_SAFE_INTEGER)).toBe('tooFarAhead');
  });

  it('refuses more packets than it has slots for', () => {
    const bench = new Bench();
    const base = 1_000;
    for (let index = 0; index < MAX_HELD_PACKETS; index++) {
      expect(bench.packet(base + index)).toBe('queued');
    }
    expect(bench.packet(base - 1)).toBe('overflow');
    expect(bench.buffer.depthFrames).toBe(MAX_HELD_PACKETS);
  });

  it('follows a sender that starts anew far below, after RESTART_PACKETS in a row', () => {
    const bench = new Bench();
    bench.stream(10_000, 3);
    for (let index = 0; index < RESTART_PACKETS - 1; index++) expect(bench.packet(index)).toBe('late');
    expect(bench.packet(RESTART_PACKETS - 1)).toBe('queued');
    bench.packet(RESTART_PACKETS);
    expect(bench.pull()).toBe(`(${RESTART_PACKETS - 1}`);
    expect(bench.buffer.counters()).toMatchObject({ flushed: 1, late: RESTART_PACKETS - 1 });
  });

  it('does not follow a recording that is played back between the packets of the living stream', () => {
    const bench = new Bench();
    bench.stream(10_000, 3);
    for (let index = 0; index < 50; index++) {
      expect(bench.packet(index)).toBe('late');
      if (index % (RESTART_PACKETS - 1) === 0) bench.stream(10_003 + index / (RESTART_PACKETS - 1), 1);
    }
    expect(bench.buffer.counters().flushed).toBe(0);
  });

  it('sees a new start close below by timestamps that are too fresh for the numbers', () => {
    const bench = new Bench();
    bench.stream(40, 3);
    const fresh = { delaySamples: 100_000 };
    for (let index = 0; index < RESTART_PACKETS - 1; index++) expect(bench.packet(index, fresh)).toBe('late');
    expect(bench.packet(RESTART_PACKETS - 1, fresh)).toBe('queued');
    // Ordinary late packets as close below are no new start.
    const ordinary = new Bench();
    ordinary.stream(MAX_REORDER_PACKETS, 3);
    for (let index = 4; index < MAX_REORDER_PACKETS; index++) expect(ordinary.packet(index)).toBe('late');
  });

  it('draws the line between late and started anew at MAX_REORDER_PACKETS', () => {
    for (const [behind, follows] of [
      [MAX_REORDER_PACKETS, false],
      [MAX_REORDER_PACKETS + 1, false],
      [MAX_REORDER_PACKETS + RESTART_PACKETS, true],
    ] as const) {
      const bench = new Bench();
      bench.stream(1_000, 3);
      const turn = 1_002;
      const outcomes = Array.from({ length: RESTART_PACKETS }, (_, index) =>
        bench.packet(turn - behind + index),
      );
      expect(outcomes.at(-1)).toBe(follows ? 'queued' : 'late');
    }
  });

  it('follows a jump far ahead at once in silence, and after RESTART_PACKETS in a talkspurt', () => {
    const silent = new Bench();
    silent.packet(0, { last: true });
    silent.pulls(2);
    expect(silent.packet(1_000_000)).toBe('queued');
    expect(silent.buffer.counters().lost).toBe(0);
    const talking = new Bench();
    talking.stream(0, 3);
    const outcomes = Array.from({ length: RESTART_PACKETS }, (_, index) => talking.packet(5_000 + index));
    expect(outcomes).toEqual([...new Array<string>(RESTART_PACKETS - 1).fill('tooFarAhead'), 'queued']);
  });

  it('survives the largest sequence number', () => {
    const bench = new Bench();
    bench.packet(Number.MAX_SAFE_INTEGER, { last: true });
    expect(bench.pull()).toContain(')');
    for (let index = 0; index < RESTART_PACKETS; index++) bench.packet(index);
    bench.packet(RESTART_PACKETS);
    expect(bench.pull()).toBe(`(${RESTART_PACKETS - 1}`);
  });
});
