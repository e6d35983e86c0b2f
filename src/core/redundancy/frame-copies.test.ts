import { describe, expect, it } from 'vitest';
import { FrameCopies, MAX_COPY_SPACING } from './frame-copies.ts';
import { createRedundantLayout, MAX_COPIES, parseRedundantPayload } from './redundant-payload.ts';

const FRAME_SAMPLES = 960;
const ROOM = 1_100;

/** Hands frames in and reads what goes out: copies as [distance, first byte], oldest first. */
class Talk {
  readonly copies = new FrameCopies();
  timestamp = 0xffff_f000;
  sequence = 100;

  say(
    value: number,
    options: { last?: boolean; target?: number; bytes?: number; room?: number } = {},
  ): number[][] {
    const { last = false, target = 0, bytes = 3, room = ROOM } = options;
    const packet = new Uint8Array(bytes).fill(value);
    const samples = bytes === 0 ? 0 : FRAME_SAMPLES;
    const length = this.copies.compose(packet, this.timestamp, samples, last, target, room);
    this.timestamp = (this.timestamp + FRAME_SAMPLES) >>> 0;
    this.sequence += 1;
    if (length === 0) return [];
    expect(length).toBeLessThanOrEqual(room);
    const layout = createRedundantLayout();
    const { payload } = this.copies;
    expect(parseRedundantPayload(payload, length, this.sequence, last, layout)).toEqual({ ok: true });
    expect([...payload.subarray(layout.primaryOffset, length)]).toEqual([...packet]);
    expect(layout.copyCount).toBe(this.copies.copyCount);
    return layout.copies
      .slice(0, layout.copyCount)
      .map(({ distance, offset }) => [distance, payload[offset] ?? -1]);
  }
}

function talk(copies: number, spacing: number): Talk {
  const made = new Talk();
  made.copies.setRedundancy(copies, spacing);
  return made;
}

describe('FrameCopies', () => {
  it('sends frames alone where no copies are wanted', () => {
    const one = talk(0, 1);
    for (const value of [1, 2, 3]) expect(one.say(value)).toEqual([]);
  });

  it('sends each frame again with the ones that follow, as far apart as wanted', () => {
    const near = talk(2, 1);
    expect([1, 2, 3, 4].map((value) => near.say(value))).toEqual([
      [],
      [[1, 1]],
      [
        [2, 1],
        [1, 2],
      ],
      [
        [2, 2],
        [1, 3],
      ],
    ]);
    const far = talk(1, 3);
    expect([1, 2, 3, 4, 5].map((value) => far.say(value))).toEqual([[], [], [], [[3, 1]], [[3, 2]]]);
  });

  it('keeps enough frames for the furthest copy, for as long as somebody talks', () => {
    const far = talk(MAX_COPIES, MAX_COPY_SPACING);
    let copies: number[][] = [];
    for (let value = 0; value < 200; value += 1) copies = far.say(value);
    expect(copies).toEqual([
      [2 * MAX_COPY_SPACING, 199 - 2 * MAX_COPY_SPACING],
      [MAX_COPY_SPACING, 199 - MAX_COPY_SPACING],
    ]);
  });

  it('crosses no border: talkspurt, silence, target, length of frames, key', () => {
    const borders: ((one: Talk) => number)[] = [
      (one) => {
        one.say(2, { last: true });
        return 0;
      },
      (one) => {
        one.timestamp += FRAME_SAMPLES;
        return 0;
      },
      () => 9,
      (one) => {
        one.copies.clearTarget(0);
        return 0;
      },
      (one) => {
        one.copies.clear();
        return 0;
      },
    ];
    for (const cross of borders) {
      const one = talk(2, 1);
      one.say(1);
      const target = cross(one);
      expect(one.say(3, { target })).toEqual([]);
      expect(one.say(4, { target })).toEqual([[1, 3]]);
    }
    const one = talk(1, 1);
    one.say(1);
    one.copies.clearTarget(9);
    expect(one.say(2)).toEqual([[1, 1]]);
    expect(one.copies.compose(Uint8Array.of(7), one.timestamp, FRAME_SAMPLES / 2, false, 0, ROOM)).toBe(0);
  });

  it('lets an empty end of a talkspurt carry the last frames', () => {
    const one = talk(2, 1);
    one.say(1);
    one.say(2);
    expect(one.say(0, { last: true, bytes: 0 })).toEqual([
      [2, 1],
      [1, 2],
    ]);
    expect(one.say(3)).toEqual([]);
  });

  it('copies nothing that is no Opus packet', () => {
    const one = talk(1, 1);
    expect(one.copies.compose(Uint8Array.of(1), one.timestamp, 0, false, 0, ROOM)).toBe(0);
    expect(one.copies.compose(Uint8Array.of(1), one.timestamp, 0, false, 0, ROOM)).toBe(0);
  });

  it('leaves out what does not fit, the older copy first, and counts it', () => {
    const one = talk(2, 1);
    one.say(1, { bytes: 10 });
    one.say(2, { bytes: 10 });
    expect(one.say(3, { bytes: 10, room: 33 })).toEqual([[1, 2]]);
    expect(one.copies.leftOut).toBe(1);
    expect(one.say(4, { bytes: 10, room: 21 })).toEqual([]);
    expect(one.copies.leftOut).toBe(2);
    expect(one.say(5, { bytes: 10, room: 34 })).toEqual([
      [2, 3],
      [1, 4],
    ]);
    expect(one.copies.leftOut).toBe(2);
  });

  it('takes what the settings allow, and nothing beyond', () => {
    const { copies } = new Talk();
    for (const [count, spacing] of [
      [-1, 1],
      [MAX_COPIES + 1, 1],
      [1.5, 1],
      [1, 0],
      [1, MAX_COPY_SPACING + 1],
    ] as const) {
      expect(() => copies.setRedundancy(count, spacing)).toThrow('broken invariant');
    }
    copies.setRedundancy(MAX_COPIES, MAX_COPY_SPACING);
  });
});
