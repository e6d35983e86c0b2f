import { describe, expect, it } from 'vitest';
import type { SeqNo } from '../base/brand.ts';
import { CHANNEL_TARGET } from '../seal/key-ring.ts';
import { sealDatagram } from '../seal/sealed-datagram.ts';
import { createHeader, encodeHeader, FLAG_LAST, FLAG_REDUNDANT, FLAG_SEALED } from '../wire/datagram.ts';
import vectors from '../wire/vectors.json' with { type: 'json' };
import {
  BLOCK_SAMPLES,
  channelKey,
  createReceiver,
  FRAME_MS,
  FRAME_SAMPLES,
  OWN_TOKEN,
  packet,
  play,
  Talker,
  talk,
  token,
  whisperKey,
} from './receiver-rig.ts';
import { MAX_SPEAKERS, type VoiceReceiver } from './voice-receiver.ts';

describe('VoiceReceiver, redundancy', () => {
  /** Says `frames` frames of 33 with copies and loses those that `lost` names; mixes all the while. */
  function sayWithLosses(
    copies: number,
    spacing: number,
    lost: (frame: number) => boolean,
    target = CHANNEL_TARGET,
  ): { receiver: VoiceReceiver; mixed: Float32Array } {
    const receiver = createReceiver(1);
    receiver.setWhisperKey(token(1), OWN_TOKEN, whisperKey(1, OWN_TOKEN), 0);
    const talker = new Talker(receiver, 1);
    talker.setRedundancy(copies, spacing);
    const frames = 60;
    const mixed = new Float32Array(frames * FRAME_SAMPLES);
    const block = new Float32Array(FRAME_SAMPLES);
    for (let frame = 0; frame < frames; frame += 1) {
      talker.lost = lost(frame);
      talker.say(packet(33), frame, frame * FRAME_MS, target);
      receiver.mix(block, FRAME_SAMPLES, frame * FRAME_MS);
      mixed.set(block, frame * FRAME_SAMPLES);
    }
    return { receiver, mixed };
  }

  const everyFifth = (frame: number): boolean => frame > 10 && frame % 5 === 0;
  /** From where all delays have settled. */
  const settled = 20 * FRAME_SAMPLES;

  it('plays the copy of a frame whose datagram was lost', () => {
    for (const target of [CHANNEL_TARGET, OWN_TOKEN]) {
      const bare = sayWithLosses(0, 1, everyFifth, target);
      expect(Math.min(...bare.mixed.subarray(settled))).toBeLessThan(0.1);
      const { receiver, mixed } = sayWithLosses(1, 1, everyFifth, target);
      expect(Math.min(...mixed.subarray(settled))).toBeCloseTo(0.33, 2);
      // The first frame of a talkspurt goes alone.
      expect(receiver.counters()).toMatchObject({ accepted: 51, copies: 50 });
    }
  });

  it('counts a payload that is no redundant one by its reason, and plays nothing of it', () => {
    const receiver = createReceiver(1);
    const header = createHeader();
    const key = channelKey(1);
    const payloads = vectors.redundant.invalid.filter(({ sequence }) => sequence === 9);
    for (const [index, { hex, last }] of payloads.entries()) {
      const bytes = new Uint8Array(200);
      header.token = token(1);
      header.flags = FLAG_SEALED | FLAG_REDUNDANT | (last ? FLAG_LAST : 0);
      header.sequence = (index + 20) as SeqNo;
      header.payloadOffset = encodeHeader(header, bytes);
      const plaintext = Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
      const length = sealDatagram(bytes, header.payloadOffset, header.sequence, plaintext, key);
      receiver.handleDatagram(header, bytes, length, 0);
    }
    const counters = receiver.counters();
    const malformed = Object.entries(counters).filter(([name]) => name.startsWith('malformed.'));
    expect(malformed.reduce((sum, [, count]) => sum + count, 0)).toBe(payloads.length);
    for (const reason of ['truncated', 'tooManyCopies', 'notOlder', 'emptyCopy', 'noPrimary']) {
      expect([reason, counters[`malformed.${reason}`]]).not.toEqual([reason, 0]);
    }
    expect(counters).toMatchObject({ accepted: 0, speakers: 0 });
    expect(receiver.openerCounters()).toMatchObject({ opened: payloads.length });
  });

  it('counts what reaches nobody because there are too many voices, copies and all', () => {
    const receiver = createReceiver(MAX_SPEAKERS + 1);
    for (let speaker = 1; speaker <= MAX_SPEAKERS; speaker += 1)
      new Talker(receiver, speaker).say(packet(1), 0, 0);
    const late = new Talker(receiver, MAX_SPEAKERS + 1);
    late.setRedundancy(1, 1);
    late.say(packet(1), 0, 0);
    late.say(packet(1), 1, 0);
    expect(receiver.counters()).toMatchObject({ accepted: MAX_SPEAKERS, tooManySpeakers: 2, copies: 0 });
  });
});

describe('VoiceReceiver, loss reports', () => {
  /** Everybody in `losses` talks for six seconds and loses every nth packet. */
  function listen(receiver: VoiceReceiver, losses: Record<number, number>, target = CHANNEL_TARGET): void {
    const talkers = Object.entries(losses).map(([speaker, every]) => ({
      talker: new Talker(receiver, Number(speaker)),
      every,
    }));
    const block = new Float32Array(FRAME_SAMPLES);
    for (let frame = 0; frame < 300; frame += 1) {
      for (const { talker, every } of talkers) {
        talker.lost = every > 0 && frame % every === every - 1;
        talker.say(packet(33), frame, frame * FRAME_MS, target);
      }
      receiver.mix(block, FRAME_SAMPLES, frame * FRAME_MS);
    }
  }

  it('tell of the channel what is lost, of the others nothing', () => {
    const receiver = createReceiver();
    listen(receiver, { 1: 10, 2: 0 });
    const [report, ...more] = receiver.takeHearingReports(6_000);
    expect(report).toMatchObject({ from: 1, burstTenths: 10 });
    // The last one lost is not known to be yet.
    expect([95, 100]).toContain(report?.lostPermille);
    expect(more).toEqual([]);
    expect(receiver.takeHearingReports(7_000)).toEqual([]);
  });

  it('say nothing of whispers and of the own voice', () => {
    const receiver = createReceiver();
    receiver.setWhisperKey(token(1), OWN_TOKEN, whisperKey(1, OWN_TOKEN), 0);
    listen(receiver, { 1: 5 }, OWN_TOKEN);
    for (let frame = 0; frame < 300; frame += 2)
      receiver.handleSelfTest(frame, frame * FRAME_SAMPLES, false, packet(33), frame * FRAME_MS);
    expect(receiver.takeHearingReports(6_000)).toEqual([]);
  });
});

describe('VoiceReceiver, taps', () => {
  it('hand over each person by itself, as loud as it is in the mix, and the mix', () => {
    const receiver = createReceiver();
    receiver.setVolume(token(2), 0.5);
    receiver.setMuted(token(3), true);
    receiver.setWhisperKey(token(1), OWN_TOKEN, whisperKey(1, OWN_TOKEN), 0);
    const parts = new Map<number, number[]>();
    const blocks: number[] = [];
    const mixes: number[] = [];
    receiver.setTap({
      beginBlock: (count) => blocks.push(count),
      handleSpeaker: (speaker, samples, offset, count) => {
        expect([offset, count]).toEqual([0, BLOCK_SAMPLES]);
        parts.set(speaker, [...(parts.get(speaker) ?? []), samples[count - 1] ?? -1]);
      },
      handleMix: (mix, count) => mixes.push(mix[count - 1] ?? -1),
    });
    const speeches = [
      { talker: new Talker(receiver, 1), value: 10 },
      { talker: new Talker(receiver, 1), value: 5, target: OWN_TOKEN },
      { talker: new Talker(receiver, 2), value: 20 },
      { talker: new Talker(receiver, 3), value: 40 },
    ];
    play(receiver, speeches, 10);
    expect(blocks).toEqual(new Array(20).fill(BLOCK_SAMPLES));
    const latest = [1, 2, 3].map((speaker) => parts.get(speaker)?.at(-1));
    expect(latest.map((value) => Math.round(100 * (value ?? -1)))).toEqual([15, 10, 0]);
    expect(parts.get(1)).toHaveLength(20);
    expect(mixes.at(-1)).toBeCloseTo(0.25);
    const heard = mixes.length;
    receiver.setTap(null);
    play(receiver, speeches, 1, 200);
    expect(mixes).toHaveLength(heard);
  });

  it('change nothing of what is heard', () => {
    const bare = talk(createReceiver(), { 1: 10, 2: 30 }, 20);
    const receiver = createReceiver();
    receiver.setTap({ beginBlock: () => {}, handleSpeaker: () => {}, handleMix: () => {} });
    expect(talk(receiver, { 1: 10, 2: 30 }, 20)).toEqual(bare);
  });
});
