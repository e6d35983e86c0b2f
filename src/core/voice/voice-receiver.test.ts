import { describe, expect, it } from 'vitest';
import { CHANNEL_TARGET, MAX_WHISPER_TARGETS_PER_SENDER } from '../seal/key-ring.ts';
import { FLAG_REDUNDANT, FLAG_SEALED, FLAGS_OFFSET } from '../wire/datagram.ts';
import { levelDb, SILENCE_DB } from './level.ts';
import {
  BLOCK_SAMPLES,
  channelKey,
  createReceiver,
  FRAME_MS,
  FRAME_SAMPLES,
  LIST,
  OWN_TOKEN,
  packet,
  play,
  settled,
  Talker,
  TOC_10_MS,
  talk,
  token,
  whisperKey,
} from './receiver-rig.ts';
import { toyKey } from './toy-key.ts';
import { MAX_SPEAKERS, SELF_TEST_TOKEN, SPEAKER_IDLE_MS, type VoiceReceiver } from './voice-receiver.ts';
import { CUE_INTERVAL_MS, CUE_LEVEL_DB } from './whisper-cue.ts';

describe('VoiceReceiver', () => {
  it('mixes speakers, each by its own volume', () => {
    const receiver = createReceiver();
    receiver.setVolume(token(2), 0.5);
    expect(settled(talk(receiver, { 1: 20, 2: 40 }, 10))).toBeCloseTo(0.2 + 0.2, 5);
    expect(receiver.talkingTokens().sort()).toEqual([1, 2]);
    expect(receiver.whisperingTokens()).toEqual([]);
  });

  it('changes a volume without a step larger than the ramp allows', () => {
    const receiver = createReceiver();
    const talker = new Talker(receiver, 1);
    play(receiver, [{ talker, value: 50 }], 5);
    receiver.setVolume(token(1), 0);
    const block = play(receiver, [{ talker, value: 50 }], 1, 100).subarray(0, BLOCK_SAMPLES);
    let largest = 0;
    for (let index = 1; index < BLOCK_SAMPLES; index += 1) {
      largest = Math.max(largest, Math.abs((block[index] ?? 0) - (block[index - 1] ?? 0)));
    }
    expect(largest).toBeLessThan(0.5 / 200);
    expect(block.at(-1)).toBe(0);
  });

  it('hears nobody while deafened, the own test excepted', () => {
    const receiver = createReceiver();
    receiver.deafened = true;
    talk(receiver, { 1: 50 }, 10);
    const block = new Float32Array(BLOCK_SAMPLES);
    for (let frame = 0; frame < 10; frame += 1) {
      receiver.handleSelfTest(frame, frame * FRAME_SAMPLES, false, packet(30), frame * FRAME_MS);
      receiver.mix(block, BLOCK_SAMPLES, frame * FRAME_MS);
      receiver.mix(block, BLOCK_SAMPLES, frame * FRAME_MS + 10);
    }
    expect(settled(block)).toBeCloseTo(0.3, 5);
    expect(receiver.talkingTokens()).toContain(SELF_TEST_TOKEN);
  });

  it('never passes full scale, however many shout', () => {
    const receiver = createReceiver();
    const everybody = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [index + 1, 90]));
    const mixed = talk(receiver, everybody, 10);
    expect(mixed.every((sample) => Math.abs(sample) <= 1)).toBe(true);
    expect(settled(mixed)).toBeGreaterThan(0.9);
  });

  it('counts what cannot be decoded and conceals it', () => {
    const receiver = createReceiver();
    talk(receiver, { 1: 255 }, 4);
    expect(receiver.counters()['undecodable']).toBeGreaterThan(0);
  });

  it('admits MAX_SPEAKERS speakers, one below and not one more, until others have been idle', () => {
    const receiver = createReceiver(MAX_SPEAKERS + 1);
    const talkers = Array.from({ length: MAX_SPEAKERS + 1 }, (_, at) => new Talker(receiver, at + 1));
    const excess = talkers.at(-1);
    for (const talker of talkers.slice(0, -1)) talker.say(packet(1), 0, 0);
    expect(receiver.counters()).toMatchObject({ speakers: MAX_SPEAKERS, tooManySpeakers: 0 });
    excess?.say(packet(1), 0, 1);
    expect(receiver.counters()).toMatchObject({ speakers: MAX_SPEAKERS, tooManySpeakers: 1 });
    excess?.say(packet(1), 1, SPEAKER_IDLE_MS + 1);
    expect(receiver.counters()).toMatchObject({ speakers: 1, tooManySpeakers: 1 });
  });

  it('keeps the totals of speakers who left', () => {
    const receiver = createReceiver();
    talk(receiver, { 1: 10 }, 5);
    const before = receiver.counters()['received'];
    receiver.forget(token(1));
    expect(receiver.counters()).toMatchObject({ received: before, speakers: 0, depthFrames: 0 });
  });

  it('takes packets for as long as they are, whatever the frame length of the channel', () => {
    const receiver = createReceiver();
    // What the relay dictates does not hold for what a publisher sends through a listeners' member.
    receiver.setFrameSamples(3 * FRAME_SAMPLES);
    expect(settled(talk(receiver, { 1: 20 }, 20))).toBeCloseTo(0.2, 5);
    expect(receiver.voices.map(({ frameSamples }) => frameSamples)).toEqual([FRAME_SAMPLES]);
    expect(receiver.counters()).toMatchObject({ lost: 0, late: 0, concealedSamples: 0, talkspurts: 1 });
  });

  it('gives the decoders back at rest, and opens what follows', () => {
    const receiver = createReceiver(1);
    const talker = new Talker(receiver, 1);
    play(receiver, [{ talker, value: 20 }], 5);
    receiver.rest();
    expect(receiver.voices).toEqual([]);
    expect(receiver.quiet).toBe(true);
    talker.deliver(talker.lastDatagram.slice(), 100);
    expect(receiver.openerCounters()).toMatchObject({ opened: 5, replayed: 1 });
    expect(settled(play(receiver, [{ talker, value: 30 }], 10, 200))).toBeCloseTo(0.3, 5);
  });

  it('opens what is sealed for us, once, and counts what it refuses by its reason', () => {
    const receiver = createReceiver(1);
    const talker = new Talker(receiver, 1);
    talker.say(packet(33), 0, 0);
    const sealed = talker.lastDatagram;
    const changed = (offset: number, value: number): Uint8Array<ArrayBuffer> => {
      const bytes = sealed.slice();
      bytes[offset] = value;
      return bytes;
    };
    talker.deliver(sealed, 0);
    talker.deliver(changed(FLAGS_OFFSET, 0), 0);
    talker.deliver(changed(FLAGS_OFFSET + 3, 9), 0);
    talker.deliver(changed(FLAGS_OFFSET, FLAG_SEALED | FLAG_REDUNDANT), 0);
    new Talker(receiver, 2).say(packet(33), 0, 0);
    expect(receiver.counters()).toMatchObject({ accepted: 1, speakers: 1 });
    expect(receiver.openerCounters()).toEqual({
      received: 6,
      opened: 1,
      notSealed: 1,
      tooShort: 0,
      unknownKeyId: 0,
      unknownSender: 1,
      replayed: 2,
      forged: 1,
    });
  });

  it('lets keys and numbers go with the session, so that tokens may be given out anew', () => {
    const receiver = createReceiver(1);
    const talker = new Talker(receiver, 1);
    talker.say(packet(33), 0, 0);
    receiver.clear();
    talker.say(packet(33), 1, 0);
    expect(receiver.counters()).toMatchObject({ accepted: 1, speakers: 0 });
    receiver.setEpoch(1, new Map([[1, channelKey(1)]]), 0);
    new Talker(receiver, 1).say(packet(33), 0, 0);
    expect(receiver.counters()).toMatchObject({ accepted: 2, speakers: 1 });
  });
});

describe('VoiceReceiver, whispers', () => {
  function createWhispered() {
    const receiver = createReceiver();
    const talker = new Talker(receiver, 1);
    for (const target of [OWN_TOKEN, LIST]) {
      expect(receiver.setWhisperKey(token(1), target, whisperKey(1, target), 0)).toBe(true);
    }
    return { receiver, talker };
  }

  it('plays the channel and the whispers of one person beside each other', () => {
    const { receiver, talker } = createWhispered();
    const speeches = [
      { talker, value: 10 },
      { talker, value: 20, target: OWN_TOKEN },
      { talker, value: 30, target: LIST },
    ];
    expect(settled(play(receiver, speeches, 20))).toBeCloseTo(0.6, 5);
    expect(receiver.talkingTokens()).toEqual([1]);
    expect(receiver.whisperingTokens()).toEqual([1]);
    expect(receiver.voices.map(({ target }) => target)).toEqual([CHANNEL_TARGET, OWN_TOKEN, LIST]);
  });

  it('hears only whispers it has a key for', () => {
    const { receiver } = createWhispered();
    const stranger = new Talker(receiver, 2);
    expect(settled(play(receiver, [{ talker: stranger, value: 50, target: LIST }], 10))).toBe(0);
    expect(receiver.openerCounters()).toMatchObject({ received: 10, unknownSender: 10 });
  });

  it('announces a whisper before its sound, at CUE_LEVEL_DB, and only at its beginning', () => {
    const { receiver, talker } = createWhispered();
    // The first 40 ms wait in the jitter buffer: what sounds then is the cue alone.
    const begun = play(receiver, [{ talker, value: 0, target: LIST }], 20);
    expect(levelDb(begun.subarray(960, 1_920), 960)).toBeCloseTo(CUE_LEVEL_DB, 0);
    expect(levelDb(begun.subarray(7 * FRAME_SAMPLES), 13 * FRAME_SAMPLES)).toBe(SILENCE_DB);
    const goneOn = play(receiver, [{ talker, value: 0, target: LIST }], 200, 400);
    expect(levelDb(goneOn, goneOn.length)).toBe(SILENCE_DB);
    const again = play(receiver, [{ talker, value: 0, target: LIST }], 5, 4_400 + CUE_INTERVAL_MS);
    expect(levelDb(again.subarray(960, 1_920), 960)).toBeCloseTo(CUE_LEVEL_DB, 0);
  });

  it.each([
    ['we are deafened', (receiver: VoiceReceiver) => (receiver.deafened = true)],
    ['the person is muted by us', (receiver: VoiceReceiver) => receiver.setMuted(token(1), true)],
  ])('hears neither voice, whisper nor cue while %s', (_name, act) => {
    const { receiver, talker } = createWhispered();
    act(receiver);
    const speeches = [
      { talker, value: 40 },
      { talker, value: 40, target: OWN_TOKEN },
    ];
    const mixed = play(receiver, speeches, 20);
    // The gain starts at full and ramps down within the first frame played.
    expect(levelDb(mixed.subarray(4 * FRAME_SAMPLES), 16 * FRAME_SAMPLES)).toBe(SILENCE_DB);
    receiver.deafened = false;
    receiver.setMuted(token(1), false);
    expect(settled(play(receiver, speeches, 20, 400))).toBeCloseTo(0.8, 5);
  });

  it('takes whispers of another frame length than our channel has, and a change of it', () => {
    const { receiver, talker } = createWhispered();
    receiver.setFrameSamples(1_920);
    const block = new Float32Array(BLOCK_SAMPLES);
    for (let at = 0; at < 20; at += 1) {
      talker.say(Uint8Array.of(TOC_10_MS, 25), at / 2, at * 10, OWN_TOKEN);
      receiver.mix(block, BLOCK_SAMPLES, at * 10);
    }
    expect(settled(block)).toBeCloseTo(0.25, 5);
    expect(receiver.voices.map(({ frameSamples }) => frameSamples)).toEqual([480]);
    expect(settled(play(receiver, [{ talker, value: 35, target: OWN_TOKEN }], 10, 200))).toBeCloseTo(0.35, 5);
    expect(receiver.voices.map(({ frameSamples }) => frameSamples)).toEqual([960]);
    expect(receiver.counters()).toMatchObject({ concealedSamples: 0, accepted: 30 });
  });

  it('keeps whispers and their numbers when the channel changes its frame length or its keys', () => {
    const { receiver, talker } = createWhispered();
    talker.say(packet(20), 0, 0, LIST);
    receiver.setFrameSamples(480);
    receiver.setEpoch(2, new Map(), 0);
    talker.deliver(talker.lastDatagram, 0);
    talker.say(packet(20), 1, 20, LIST);
    expect(receiver.openerCounters()).toMatchObject({ opened: 2, replayed: 1 });
    expect(receiver.voices).toHaveLength(1);
  });

  it('takes keys up to the limit of a person, none for the channel, and counts the rest', () => {
    const receiver = createReceiver();
    const give = (target: number): boolean => receiver.setWhisperKey(token(3), target, toyKey(0, 1), 0);
    const targets = Array.from({ length: MAX_WHISPER_TARGETS_PER_SENDER }, (_, at) => at + 1);
    expect(targets.every(give)).toBe(true);
    expect(give(MAX_WHISPER_TARGETS_PER_SENDER + 1)).toBe(false);
    expect(give(CHANNEL_TARGET)).toBe(false);
    expect(receiver.counters()).toMatchObject({ whisperKeysRefused: 2 });
  });
});
