import { describe, expect, it } from 'vitest';
import { CHANNEL_TARGET } from '../seal/key-ring.ts';
import { MicrophoneRig } from './microphone-rig.ts';
import {
  MAX_PENDING_PRESSES,
  NOBODY,
  WHISPER_SPREAD_SAMPLES,
  WHISPER_TAIL_SAMPLES,
} from './whisper-schedule.ts';

describe('Microphone', () => {
  it('sends nothing of the first 200 ms: whose it is nobody knows', () => {
    const rig = new MicrophoneRig();
    rig.microphone.gate.mode = 'open';
    rig.run(WHISPER_TAIL_SAMPLES + 1_920);
    expect(rig.runs(CHANNEL_TARGET)).toEqual([[WHISPER_TAIL_SAMPLES, WHISPER_TAIL_SAMPLES + 1_920]]);
    expect(rig.microphone.counters().nobodysSamples).toBe(WHISPER_TAIL_SAMPLES);
  });

  it('parts channel and whisper at the very sample of the press, and of the release and its tail', () => {
    const rig = MicrophoneRig.in('open');
    rig.run(2_400);
    const pressed = rig.captured;
    rig.whisper(2);
    rig.run(4_800);
    rig.capture(77);
    const released = rig.captured;
    rig.whisper(null);
    rig.run(2 * WHISPER_TAIL_SAMPLES);
    const tailEnd = released + WHISPER_TAIL_SAMPLES;
    expect(rig.runs(2)).toEqual([[pressed, tailEnd]]);
    expect(rig.runs(CHANNEL_TARGET)[0]).toEqual([WHISPER_TAIL_SAMPLES, pressed]);
    expect(rig.runs(CHANNEL_TARGET)[1]?.[0]).toBe(tailEnd + WHISPER_SPREAD_SAMPLES);
    expect(rig.heard.filter(({ last }) => last).map(({ target }) => target)).toEqual([CHANNEL_TARGET, 2]);
  });

  it('leaves to the channel what waited in the ring when the key went down', () => {
    const rig = MicrophoneRig.in('open');
    rig.run(960);
    rig.capture(2_000);
    const pressed = rig.captured;
    rig.whisper(1);
    rig.run(960);
    expect(rig.runs(CHANNEL_TARGET)).toEqual([[WHISPER_TAIL_SAMPLES, pressed]]);
    rig.run(2_000);
    expect(rig.runs(1)).toEqual([[pressed, pressed + 2_880]]);
  });

  it('ends a talkspurt that was cut exactly between two frames with a frame of silence, at once', () => {
    const rig = MicrophoneRig.in('open');
    rig.run(960);
    rig.whisper(1);
    expect(rig.heard.map(({ from, to, last }) => [to - from, last])).toEqual([
      [960, false],
      [0, true],
    ]);
  });

  it('lets no talkspurt overlap the frame that was filled up before it', () => {
    const rig = MicrophoneRig.in('open');
    rig.whisper(1);
    rig.run(100);
    rig.whisper(null);
    rig.run(WHISPER_TAIL_SAMPLES);
    rig.whisper(1);
    rig.run(960);
    const times = rig.heard.filter(({ target }) => target === 1).map(({ timestamp }) => timestamp);
    for (let at = 1; at < times.length; at += 1)
      expect((times[at] ?? 0) - (times[at - 1] ?? 0)).toBeGreaterThanOrEqual(960);
    expect(rig.runs(1)).toEqual([[WHISPER_TAIL_SAMPLES, rig.captured]]);
  });

  it('begins to the channel, with voice activity, only after the level has fallen once', () => {
    const rig = MicrophoneRig.in('voiceActivity');
    rig.whisper(1);
    rig.run(960);
    rig.whisper(null);
    rig.run(WHISPER_TAIL_SAMPLES + 9_600);
    expect(rig.runs(CHANNEL_TARGET)).toEqual([]);
    rig.run(960, false);
    const quietUntil = rig.captured;
    rig.run(1_920);
    expect(rig.runs(CHANNEL_TARGET)).toEqual([[quietUntil, quietUntil + 1_920]]);
  });

  it('gives to nobody what two whispers could both own', () => {
    const rig = MicrophoneRig.in('pushToTalk');
    rig.whisper(1);
    rig.run(960);
    const changed = rig.captured;
    rig.whisper(2);
    rig.run(2 * WHISPER_TAIL_SAMPLES);
    expect(rig.runs(1)).toEqual([[WHISPER_TAIL_SAMPLES, changed]]);
    expect(rig.runs(2)).toEqual([[changed + WHISPER_TAIL_SAMPLES + WHISPER_SPREAD_SAMPLES, rig.captured]]);
    expect(rig.heard.filter(({ target, last }) => target === 1 && last)).toHaveLength(1);
  });

  it('closes the channel for a whisper to nobody, tail included', () => {
    const rig = MicrophoneRig.in('open');
    rig.whisper(NOBODY);
    rig.run(960);
    const released = rig.captured;
    rig.whisper(null);
    rig.run(WHISPER_TAIL_SAMPLES + WHISPER_SPREAD_SAMPLES + 960);
    expect(rig.heard.map(({ from }) => from)).toEqual([
      released + WHISPER_TAIL_SAMPLES + WHISPER_SPREAD_SAMPLES,
    ]);
  });

  it('is silent to everybody while muted, and outside of a room', () => {
    const rig = MicrophoneRig.in('open');
    rig.mute(true);
    rig.whisper(1);
    rig.run(960);
    rig.whisper(null);
    rig.run(2 * WHISPER_TAIL_SAMPLES);
    rig.mute(false);
    rig.microphone.setInRoom(false, 0, rig);
    rig.whisper(1);
    rig.run(960);
    expect(rig.heard).toEqual([]);
    expect(rig.microphone.sendingTo).toBeNull();
  });

  it('has the encoder forget at each change of target, and only there', () => {
    const rig = MicrophoneRig.in('open');
    rig.run(1_920);
    rig.whisper(1);
    rig.run(960);
    rig.whisper(null);
    rig.run(WHISPER_TAIL_SAMPLES + WHISPER_SPREAD_SAMPLES + 960);
    const expected = rig.heard.map(({ target }, at) => at > 0 && target !== rig.heard[at - 1]?.target);
    expect(rig.forgets).toEqual(expected);
    expect(expected.filter(Boolean)).toHaveLength(2);
  });

  it('ends the talkspurt before the hear-yourself test, and lets nothing of the test out', () => {
    const rig = MicrophoneRig.in('open');
    rig.run(960);
    rig.run(300);
    rig.microphone.setSelfTest(true, 0, rig);
    const began = rig.captured;
    rig.run(1_920);
    rig.microphone.setSelfTest(false, 0, rig);
    const ended = rig.captured;
    rig.run(960);
    expect(rig.heard.map(({ from, to, last }) => [from, to, last])).toEqual([
      [WHISPER_TAIL_SAMPLES, WHISPER_TAIL_SAMPLES + 960, false],
      [WHISPER_TAIL_SAMPLES + 960, began, true],
      [ended, ended + 960, false],
    ]);
    expect(rig.heard.map(({ timestamp }) => timestamp - WHISPER_TAIL_SAMPLES)).toEqual([0, 960, 3_180]);
    expect(rig.selfTest.map(({ last }) => last)).toEqual([false, false, true]);
    expect(rig.forgets).toEqual([false, false, true, false, false, true]);
  });

  it('skips what grew old, and still parts the targets', () => {
    const rig = MicrophoneRig.in('open');
    rig.run(960);
    rig.capture(500);
    rig.microphone.handleWhisper(1, 500, rig);
    rig.capture(3_000);
    rig.dropWaiting();
    const skipped = rig.captured;
    rig.run(960);
    expect(rig.heard.map(({ target, from, to, last }) => [target, to - from, last])).toEqual([
      [CHANNEL_TARGET, 960, false],
      [CHANNEL_TARGET, 0, true],
      [1, 960, false],
    ]);
    expect(rig.runs(1)).toEqual([[skipped, skipped + 960]]);
  });

  it('takes a new frame length between two frames', () => {
    const rig = MicrophoneRig.in('open');
    rig.microphone.setFrameSamples(2_880);
    rig.run(5_760);
    expect(rig.heard.map(({ from, to }) => to - from)).toEqual([2_880, 2_880]);
  });

  it('sends to nobody when more presses wait than MAX_PENDING_PRESSES', () => {
    const rig = MicrophoneRig.in('open');
    for (let press = 0; press <= MAX_PENDING_PRESSES; press += 1) {
      rig.capture(10);
      rig.microphone.handleWhisper(press % 2 === 0 ? 1 : null, 10 * (press + 1), rig);
    }
    rig.drain();
    rig.run(WHISPER_TAIL_SAMPLES + 960);
    const known = WHISPER_TAIL_SAMPLES + 10 * (MAX_PENDING_PRESSES + 1) + WHISPER_TAIL_SAMPLES;
    for (const { from } of rig.heard) expect(from).toBeGreaterThanOrEqual(known);
  });
});
