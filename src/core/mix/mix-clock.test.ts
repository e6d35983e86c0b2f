import { describe, expect, it } from 'vitest';
import { MAX_FRAMES_BEHIND, MIX_FRAME_MS, MixClock } from './mix-clock.ts';

describe('MixClock', () => {
  it('makes the first frame at once and the others in their time, however late it is called', () => {
    const clock = new MixClock(100);
    expect(clock.takeDue(100)).toBe(1);
    expect(clock.takeDue(119.9)).toBe(0);
    expect(clock.takeDue(127)).toBe(1);
    expect(clock.nextDeadlineMs()).toBe(140);
    expect(clock.takeDue(187)).toBe(3);
    expect(clock.nextDeadlineMs()).toBe(200);
    expect(clock.framesLeftOut).toBe(0);
  });

  it('does not drift in a day', () => {
    const clock = new MixClock(0);
    let frames = 0;
    const dayMs = 86_400_000;
    for (let now = 0; now < dayMs; now = clock.nextDeadlineMs() + 1.3) frames += clock.takeDue(now);
    expect(frames * MIX_FRAME_MS).toBe(dayMs);
  });

  it('makes up for MAX_FRAMES_BEHIND, and leaves out what is beyond', () => {
    const clock = new MixClock(0);
    clock.takeDue(0);
    expect(clock.takeDue(20 * (MAX_FRAMES_BEHIND + 1))).toBe(MAX_FRAMES_BEHIND + 1);
    expect(clock.framesLeftOut).toBe(0);
    const from = clock.nextDeadlineMs();
    expect(clock.takeDue(from + 20 * (MAX_FRAMES_BEHIND + 1))).toBe(MAX_FRAMES_BEHIND + 1);
    expect(clock.framesLeftOut).toBe(1);
    expect(clock.nextDeadlineMs()).toBe(from + 20 * (MAX_FRAMES_BEHIND + 2));
  });
});
