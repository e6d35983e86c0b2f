import { describe, expect, it } from 'vitest';
import { CHANNEL_TARGET } from '../seal/key-ring.ts';
import { MicrophoneRig } from './microphone-rig.ts';
import { MAX_PENDING_KEYS } from './talk-key.ts';
import { WHISPER_SPREAD_SAMPLES, WHISPER_TAIL_SAMPLES } from './whisper-schedule.ts';

describe('Microphone behind a processing that delays', () => {
  it.each([0, 192, 480, 672, 1_080])(
    'parts the targets by the moment of capture (%i samples late)',
    (delay) => {
      const rig = MicrophoneRig.in('open', delay);
      rig.run(2_400);
      rig.capture(100);
      const pressed = rig.captured;
      rig.whisper(2);
      rig.run(4_800);
      const released = rig.captured;
      rig.whisper(null);
      rig.run(2 * WHISPER_TAIL_SAMPLES);
      const tailEnd = released + WHISPER_TAIL_SAMPLES;
      expect(rig.runs(2)).toEqual([[pressed, tailEnd]]);
      expect(rig.runs(CHANNEL_TARGET)[0]).toEqual([WHISPER_TAIL_SAMPLES, pressed]);
      expect(rig.runs(CHANNEL_TARGET)[1]?.[0]).toBe(tailEnd + WHISPER_SPREAD_SAMPLES);
      const { takenSamples, leftOutSamples } = rig.microphone.counters();
      expect(takenSamples + leftOutSamples + delay + rig.waiting).toBe(rig.captured);
    },
  );

  it('repeats nothing when the delay grows, and leaves out what is missing when it shrinks', () => {
    const rig = MicrophoneRig.in('open');
    rig.run(4_800);
    rig.delaySamples = 480;
    rig.run(4_800);
    rig.delaySamples = 192;
    rig.run(4_800);
    const positions = rig.heard.flatMap((frame) => frame.positions);
    expect(new Set(positions).size).toBe(positions.length);
    const missing = rig.microphone.counters().leftOutSamples;
    expect(missing).toBe(480 - 192);
    // The stream of the channel goes on without LAST: a change of settings ends no talkspurt.
    expect(rig.heard.some(({ last }) => last)).toBe(false);
  });

  it('gives to nobody a cross-fade that could hold the sound of two targets', () => {
    const rig = MicrophoneRig.in('open', 960);
    rig.run(4_800);
    rig.whisper(1);
    rig.delaySamples = 480;
    rig.run(9_600);
    rig.whisper(null);
    rig.run(WHISPER_TAIL_SAMPLES);
    rig.delaySamples = 960;
    rig.run(9_600);
    expect(rig.heard.flatMap(({ faded }) => faded)).toEqual([]);
    expect(rig.runs(1)).toHaveLength(1);
  });

  it('leaves out what the processing held when a stall dropped the samples behind it', () => {
    const rig = MicrophoneRig.in('open', 480);
    rig.run(960);
    rig.capture(2_400);
    rig.dropWaiting();
    const after = rig.captured;
    rig.run(2_400);
    expect(rig.runs(CHANNEL_TARGET)).toEqual([
      [WHISPER_TAIL_SAMPLES, WHISPER_TAIL_SAMPLES + 480],
      [after, after + 1_920],
    ]);
  });
});

describe('Microphone, the talk key', () => {
  it('opens and closes at the samples of the press and the release, whatever still waits', () => {
    const rig = MicrophoneRig.in('pushToTalk', 480);
    rig.run(9_600);
    const pressed = rig.captured;
    rig.talk(true);
    rig.run(4_800);
    const released = rig.captured;
    rig.talk(false);
    rig.run(9_600);
    const [[from, to] = []] = rig.runs(CHANNEL_TARGET);
    // To whole frames.
    expect(pressed - (from ?? 0)).toBeGreaterThanOrEqual(0);
    expect(pressed - (from ?? 0)).toBeLessThan(960);
    expect((to ?? 0) - released).toBeGreaterThanOrEqual(0);
    expect((to ?? 0) - released).toBeLessThanOrEqual(960);
    expect(rig.heard.map(({ last }) => last).indexOf(true)).toBe(rig.heard.length - 1);
  });

  it.each([0, 100, 1_000])('stays open for the release delay (%i ms)', (releaseDelayMs) => {
    const rig = MicrophoneRig.in('pushToTalk');
    rig.microphone.setTalkTiming(releaseDelayMs, 0);
    rig.talk(true);
    rig.run(4_800);
    const released = rig.captured;
    rig.talk(false);
    rig.run(96_000);
    const [[, to] = []] = rig.runs(CHANNEL_TARGET);
    expect((to ?? 0) - released).toBe(releaseDelayMs * 48 + 960);
    expect(rig.heard.filter(({ last }) => last)).toHaveLength(1);
  });

  it('shuts when the key moved more often than MAX_PENDING_KEYS before a sample came, until the next press', () => {
    const rig = MicrophoneRig.in('pushToTalk');
    rig.microphone.setTalkTiming(1_000, 0);
    rig.talk(true);
    rig.run(960);
    for (let move = 0; move <= MAX_PENDING_KEYS; move += 1) rig.talk(move % 2 === 1);
    rig.run(9_600);
    expect(rig.microphone.sendingTo).toBeNull();
    rig.talk(true);
    rig.run(960);
    expect(rig.microphone.sendingTo).toBe(CHANNEL_TARGET);
  });

  it('goes on when the key comes down again within the release delay', () => {
    const rig = MicrophoneRig.in('pushToTalk');
    rig.microphone.setTalkTiming(100, 60);
    rig.talk(true);
    rig.run(960);
    rig.talk(false);
    rig.run(960);
    rig.talk(true);
    rig.run(9_600);
    expect(rig.heard.some(({ last }) => last)).toBe(false);
    expect(rig.runs(CHANNEL_TARGET)).toHaveLength(1);
  });

  it('mutes at once, release delay or not, and sends nothing that was captured meanwhile', () => {
    const rig = MicrophoneRig.in('pushToTalk', 480);
    rig.microphone.setTalkTiming(1_000, 200);
    rig.talk(true);
    rig.run(4_900);
    rig.talk(false);
    rig.run(1_000);
    rig.capture(333);
    const sent = rig.heard.length;
    rig.mute(true);
    expect(rig.heard).toHaveLength(sent + 1);
    expect(rig.heard.at(-1)).toMatchObject({ positions: [], last: true });
    rig.run(9_600);
    rig.capture(777);
    const unmuted = rig.captured;
    rig.mute(false);
    rig.run(9_600);
    expect(rig.heard).toHaveLength(sent + 1);
    rig.talk(true);
    rig.run(9_600);
    expect(rig.heard[sent + 1]?.from).toBeGreaterThanOrEqual(unmuted);
    const times = rig.heard.map(({ timestamp }) => timestamp);
    expect(times.every((time, at) => at === 0 || time - (times[at - 1] ?? 0) >= 960)).toBe(true);
  });

  it('lets no release delay outlive a whisper', () => {
    const rig = MicrophoneRig.in('pushToTalk');
    rig.microphone.setTalkTiming(1_000, 200);
    rig.talk(true);
    rig.run(4_800);
    rig.talk(false);
    rig.run(960);
    rig.whisper(1);
    const whispered = rig.captured;
    rig.run(960);
    rig.whisper(null);
    rig.run(96_000);
    expect(rig.runs(CHANNEL_TARGET)).toEqual([[WHISPER_TAIL_SAMPLES, whispered]]);
  });
});

describe('Microphone, pre-roll', () => {
  it.each([
    [480, 60, 2_880],
    [960, 60, 2_880],
    [1_920, 60, 1_920],
    [2_880, 60, 2_880],
    [2_880, 40, 0],
    [960, 200, 9_600],
    [960, 0, 0],
  ])(
    'sends what came before in whole frames of their own times (%i, %i ms)',
    (frameSamples, preRollMs, expected) => {
      const rig = MicrophoneRig.in('pushToTalk', 480);
      rig.microphone.setFrameSamples(frameSamples);
      rig.microphone.setTalkTiming(0, preRollMs);
      rig.run(28_800);
      expect(rig.heard).toEqual([]);
      const pressed = rig.captured;
      rig.talk(true);
      rig.run(frameSamples * 2);
      const from = rig.heard[0]?.from ?? 0;
      expect(pressed - from).toBeGreaterThanOrEqual(expected);
      expect(pressed - from).toBeLessThan(expected + frameSamples);
      expect(rig.microphone.counters().preRollFrames * frameSamples).toBe(expected);
      expect(rig.runs(CHANNEL_TARGET)).toHaveLength(1);
      for (const { timestamp, from: first } of rig.heard) expect(timestamp).toBe(first);
    },
  );

  it('begins with voice activity before the frame that was loud', () => {
    const rig = MicrophoneRig.in('voiceActivity');
    rig.microphone.setTalkTiming(0, 60);
    rig.run(9_600, false);
    const spoke = rig.captured;
    rig.run(960);
    expect(rig.heard[0]?.from).toBe(spoke - 2_880);
  });

  it('does not open for loud noise that is no voice', () => {
    const rig = MicrophoneRig.in('voiceActivity');
    rig.voiceProbability = 0.2;
    rig.run(48_000);
    expect(rig.heard).toEqual([]);
    rig.voiceProbability = 0.9;
    rig.run(960);
    expect(rig.heard).toHaveLength(1);
  });

  it('holds nothing of the talkspurt before', () => {
    const rig = MicrophoneRig.in('pushToTalk');
    rig.microphone.setTalkTiming(0, 200);
    rig.talk(true);
    rig.run(4_800);
    rig.talk(false);
    rig.run(1_920);
    rig.talk(true);
    rig.run(4_800);
    const positions = rig.heard.flatMap((frame) => frame.positions);
    expect(new Set(positions).size).toBe(positions.length);
    expect(rig.runs(CHANNEL_TARGET)).toHaveLength(1);
  });

  it('holds nothing that was said while it might have been for a whisper', () => {
    const rig = MicrophoneRig.in('pushToTalk');
    rig.microphone.setTalkTiming(0, 200);
    rig.whisper(1);
    rig.run(4_800);
    rig.whisper(null);
    // Still speaking, long after the tail.
    rig.run(WHISPER_TAIL_SAMPLES + 48_000);
    const pressed = rig.captured;
    rig.talk(true);
    rig.run(960);
    expect(rig.runs(CHANNEL_TARGET)[0]?.[0]).toBeGreaterThan(pressed - 960);
  });

  it('holds nothing from outside of the room, of the hear-yourself test, or from before a gap', () => {
    const rig = MicrophoneRig.in('pushToTalk');
    rig.microphone.setTalkTiming(0, 200);
    rig.run(9_600);
    const acts = [
      () => {
        rig.microphone.setInRoom(false, 0, rig);
        rig.run(4_800);
        rig.microphone.setInRoom(true, 0, rig);
      },
      () => {
        rig.microphone.setSelfTest(true, 0, rig);
        rig.run(4_800);
        rig.microphone.setSelfTest(false, 0, rig);
      },
      () => {
        rig.capture(4_800);
        rig.dropWaiting();
      },
    ];
    for (const act of acts) {
      act();
      const after = rig.captured;
      rig.run(1_920);
      rig.talk(true);
      const heard = rig.heard.length;
      rig.run(960);
      expect(rig.heard[heard]?.from).toBe(after);
      rig.talk(false);
      rig.run(9_600);
    }
  });
});
