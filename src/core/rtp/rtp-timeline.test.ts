import { describe, expect, it } from 'vitest';
import { createRng } from '../base/rng.ts';
import { RtpTimeline } from './rtp-timeline.ts';

const RATE = 48_000;
const AT_ZERO = { next: () => 0 };

describe('timestamps', () => {
  it('begin anywhere, as announced, and follow the ticks', () => {
    const timeline = new RtpTimeline(RATE, createRng(7));
    const announced = timeline.firstTimestamp;
    expect(timeline.preview(5_000_000, 0)).toBe(announced);
    expect(timeline.timestampOf(5_000_000, 0)).toBe(announced);
    expect(timeline.timestampOf(5_000_960, 20)).toBe(((announced ?? 0) + 960) % 2 ** 32);
    expect(timeline.firstTimestamp).toBeNull();
  });

  it('wrap at 32 bits', () => {
    const timeline = new RtpTimeline(RATE, { next: () => 1 - 2 ** -32 });
    expect(timeline.timestampOf(0, 0)).toBe(0xffffffff);
    expect(timeline.timestampOf(960, 20)).toBe(959);
  });

  it('follow the ticks whenever they come, and the wall clock over a pause of the source', () => {
    const timeline = new RtpTimeline(RATE, AT_ZERO);
    timeline.timestampOf(0, 1_000);
    expect(timeline.timestampOf(960, 1_300)).toBe(960);
    timeline.beginStretch();
    expect(timeline.preview(0, 11_000)).toBe(480_000);
    expect(timeline.timestampOf(0, 11_000)).toBe(480_000);
    expect(timeline.timestampOf(960, 11_020)).toBe(480_960);
  });

  it('never go back when a source begins anew at once', () => {
    const timeline = new RtpTimeline(RATE, AT_ZERO);
    timeline.timestampOf(0, 0);
    timeline.timestampOf(20_000, 10);
    timeline.beginStretch();
    expect(timeline.timestampOf(0, 20)).toBe(20_960);
  });

  it('are told for any moment, from the anchor on', () => {
    const timeline = new RtpTimeline(RATE, AT_ZERO);
    expect(timeline.timestampAt(0)).toBeNull();
    timeline.timestampOf(0, 1_000);
    timeline.timestampOf(960, 1_090);
    expect(timeline.timestampAt(2_000)).toBe(48_000);
  });

  it('move the anchor when it is far off', () => {
    const timeline = new RtpTimeline(RATE, AT_ZERO);
    timeline.timestampOf(0, 0);
    timeline.timestampOf(960, 520);
    expect(timeline.timestampAt(520)).toBe(24_960);
    timeline.timestampOf(1_920, 541);
    expect(timeline.timestampAt(541)).toBe(1_920);
  });
});
