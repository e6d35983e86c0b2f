import { describe, expect, it } from 'vitest';
import { MAX_OPENING_DATAGRAM_BYTES, openingOf } from './opening.ts';
import { RtspRig } from './rtsp-rig.ts';

function programOf(rig: RtspRig) {
  const program = rig.programs.program(1);
  if (program === null) throw new Error('there is no such channel');
  return program;
}

function show(rig: RtspRig, key: boolean, bytes: number): void {
  rig.feed.accessUnit({ units: [new Uint8Array(bytes).fill(1)], ticks: 0, key, atMs: rig.nowMs });
}

describe('what a joiner begins with', () => {
  it('is 200 ms of sound, or what there is', () => {
    const rig = new RtspRig();
    expect(openingOf(programOf(rig), 0)).toEqual({ frames: [], units: [] });
    rig.publish(4);
    expect(openingOf(programOf(rig), 0).frames.length).toBe(4);
    rig.publish(50);
    expect(openingOf(programOf(rig), 0).frames.length).toBe(10);
  });

  it('is with pictures the sound since the newest key, two seconds of it at most', () => {
    const rig = new RtspRig();
    rig.publish(50);
    show(rig, true, 10);
    rig.publish(3);
    show(rig, false, 10);
    const early = openingOf(programOf(rig), 1_000);
    expect([early.frames.length, early.units.length]).toEqual([10, 2]);
    rig.publish(27);
    expect(openingOf(programOf(rig), 1_000).frames.length).toBe(31);
    rig.publish(500);
    expect(openingOf(programOf(rig), 1_000).frames.length).toBe(100);
  });

  it('has no pictures where there are too many bytes of them, or none are wanted', () => {
    const rig = new RtspRig();
    rig.publish(50);
    show(rig, true, MAX_OPENING_DATAGRAM_BYTES);
    expect(openingOf(programOf(rig), MAX_OPENING_DATAGRAM_BYTES).units.length).toBe(1);
    expect(openingOf(programOf(rig), 0).units).toEqual([]);
    show(rig, false, 1);
    const { frames, units } = openingOf(programOf(rig), MAX_OPENING_DATAGRAM_BYTES);
    expect([frames.length, units.length]).toEqual([10, 0]);
  });
});
