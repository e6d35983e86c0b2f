import { describe, expect, it } from 'vitest';
import { SampleRing } from '../../core/ring/sample-ring.ts';
import type { DecodedTap } from '../../core/voice/decoded-tap.ts';
import { TAP_RING_SAMPLES } from '../../core/voice/tap-ring.ts';
import { PlaybackTaps } from './tap-playback.ts';
import type { VoiceEvent } from './voice-protocol.ts';

const MIX_SAMPLES = 240;

function rigOf() {
  const playback = new SampleRing(SampleRing.allocate(4_096));
  const events: VoiceEvent[] = [];
  let tap: DecodedTap | null = null;
  const taps = new PlaybackTaps({
    playback,
    setTap: (next) => {
      tap = next;
    },
    emit: (event) => events.push(event),
  });
  const memory = SampleRing.allocate(TAP_RING_SAMPLES);
  let nowMs = 1_000;
  /** The device asks, `afterMs` later. */
  const mix = (afterMs: number): void => {
    nowMs += afterMs;
    taps.beforeMix(MIX_SAMPLES, nowMs);
    const block = new Float32Array(MIX_SAMPLES).fill(0.5);
    tap?.beginBlock(MIX_SAMPLES);
    tap?.handleSpeaker(7, block, 0, MIX_SAMPLES);
    tap?.handleMix(block, MIX_SAMPLES);
  };
  return {
    playback,
    events,
    taps,
    memory,
    ring: new SampleRing(memory),
    mix,
    start: () => taps.record(memory, 5, nowMs),
  };
}

describe('PlaybackTaps', () => {
  it('records from the order on, and tells of each person', () => {
    const { events, taps, ring, mix, start } = rigOf();
    mix(5);
    expect(ring.readable()).toBe(0);
    start();
    mix(5);
    mix(5);
    expect(ring.readable()).toBe(2 * MIX_SAMPLES);
    expect(events).toMatchObject([{ kind: 'tapOpened', token: 7, startSample: 0 }]);
    taps.record(null, 0, 0);
    mix(5);
    expect(ring.readable()).toBe(2 * MIX_SAMPLES);
    expect(taps.counters()).toEqual({});
  });

  it('counts as silence what the device played without us', () => {
    const { playback, taps, ring, mix, start } = rigOf();
    playback.pull(new Float32Array(100), 100);
    start();
    mix(5);
    playback.pull(new Float32Array(480), 480);
    mix(15);
    expect(ring.readable()).toBe(2 * MIX_SAMPLES + 480);
    expect(taps.counters()).toMatchObject({ missingSamples: 2 * 480 });
  });

  it('counts as silence the time in which there was no device', () => {
    const { ring, mix, start } = rigOf();
    start();
    mix(5);
    mix(199);
    expect(ring.readable()).toBe(2 * MIX_SAMPLES);
    mix(1_000);
    expect(ring.readable()).toBe(2 * MIX_SAMPLES + 48_000);
  });
});
