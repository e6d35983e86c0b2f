import { describe, expect, it } from 'vitest';
import type { SessionToken } from '../base/brand.ts';
import { createHeader, decodeHeader, FLAG_SEALED } from '../wire/datagram.ts';
import type { FrameDecoder } from './speaker.ts';
import { MAX_SPEAKERS, SELF_TEST_TOKEN, SPEAKER_IDLE_MS, VoiceReceiver } from './voice-receiver.ts';
import { VoiceSender } from './voice-sender.ts';

const FRAME_SAMPLES = 960;
const BLOCK_SAMPLES = 480;
const FRAME_MS = 20;

/** Decodes a payload of one byte into a constant of that many hundredths; conceals with 0.01. */
class ConstantDecoder implements FrameDecoder {
  decode(packet: Uint8Array, into: Float32Array): number {
    const value = packet[0] ?? 0;
    if (value === 255) return 0;
    into.fill(value / 100, 0, FRAME_SAMPLES);
    return FRAME_SAMPLES;
  }

  conceal(into: Float32Array): number {
    into.fill(0.01, 0, FRAME_SAMPLES);
    return FRAME_SAMPLES;
  }
}

const token = (value: number): SessionToken => value as SessionToken;

function createReceiver(): VoiceReceiver {
  return new VoiceReceiver({ createDecoder: () => new ConstantDecoder() });
}

/** Sends `frames` frames of a constant and mixes meanwhile; returns the mixed samples. */
function talk(receiver: VoiceReceiver, speakers: Record<number, number>, frames: number): Float32Array {
  const mixed = new Float32Array(frames * FRAME_SAMPLES);
  const block = new Float32Array(BLOCK_SAMPLES);
  for (let frame = 0; frame < frames; frame += 1) {
    for (const [speaker, value] of Object.entries(speakers)) {
      const payload = Uint8Array.of(value);
      receiver.handleFrame(
        token(Number(speaker)),
        frame,
        frame * FRAME_SAMPLES,
        false,
        payload,
        frame * FRAME_MS,
      );
    }
    for (let part = 0; part < 2; part += 1) {
      receiver.mix(block, BLOCK_SAMPLES, frame * FRAME_MS + part * 10);
      mixed.set(block, frame * FRAME_SAMPLES + part * BLOCK_SAMPLES);
    }
  }
  return mixed;
}

/** Level once fades and ramps are over. */
function settled(mixed: Float32Array): number {
  return mixed.at(-1) ?? Number.NaN;
}

describe('VoiceReceiver', () => {
  it('mixes speakers, each by its own volume', () => {
    const receiver = createReceiver();
    receiver.setVolume(token(2), 0.5);
    expect(settled(talk(receiver, { 1: 20, 2: 40 }, 10))).toBeCloseTo(0.2 + 0.2, 5);
    expect(receiver.talkingTokens().sort()).toEqual([1, 2]);
  });

  it('changes a volume without a step larger than the ramp allows', () => {
    const receiver = createReceiver();
    talk(receiver, { 1: 50 }, 5);
    receiver.setVolume(token(1), 0);
    const block = new Float32Array(BLOCK_SAMPLES);
    receiver.handleFrame(token(1), 5, 5 * FRAME_SAMPLES, false, Uint8Array.of(50), 100);
    receiver.mix(block, BLOCK_SAMPLES, 100);
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
    expect(settled(talk(receiver, { 1: 50, [SELF_TEST_TOKEN]: 30 }, 10))).toBeCloseTo(0.3, 5);
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
    const receiver = createReceiver();
    const speak = (speaker: number, nowMs: number): void =>
      receiver.handleFrame(token(speaker), 0, 0, false, Uint8Array.of(1), nowMs);
    for (let speaker = 1; speaker <= MAX_SPEAKERS; speaker += 1) speak(speaker, 0);
    expect(receiver.counters()).toMatchObject({ speakers: MAX_SPEAKERS, tooManySpeakers: 0 });
    speak(MAX_SPEAKERS + 1, 1);
    expect(receiver.counters()).toMatchObject({ speakers: MAX_SPEAKERS, tooManySpeakers: 1 });
    speak(MAX_SPEAKERS + 1, SPEAKER_IDLE_MS + 1);
    expect(receiver.counters()).toMatchObject({ speakers: 1, tooManySpeakers: 1 });
  });

  it('keeps the totals of speakers who left', () => {
    const receiver = createReceiver();
    talk(receiver, { 1: 10 }, 5);
    const before = receiver.counters()['received'];
    receiver.forget(token(1));
    expect(receiver.counters()).toMatchObject({ received: before, speakers: 0, depthFrames: 0 });
  });

  it('takes what a VoiceSender sends, and drops and counts what is sealed', () => {
    const receiver = createReceiver();
    const sender = new VoiceSender();
    const header = createHeader();
    sender.setToken(token(7));
    const out = {
      sendDatagram(bytes: Uint8Array, lengthBytes: number): void {
        expect(decodeHeader(bytes, lengthBytes, header)).toEqual({ ok: true });
        receiver.handleDatagram(header, bytes, lengthBytes, 0);
      },
    };
    sender.handleFrame(Uint8Array.of(33), 1, 5_000_000_000, false, out);
    sender.handleFrame(Uint8Array.of(33), 1, 5_000_000_960, true, out);
    expect(receiver.counters()).toMatchObject({ accepted: 2, notSupported: 0 });
    header.flags = FLAG_SEALED;
    receiver.handleDatagram(header, new Uint8Array(20), 20, 0);
    expect(receiver.counters()).toMatchObject({ accepted: 2, notSupported: 1 });
  });
});

describe('VoiceSender', () => {
  it('drops and counts frames outside of a session, and counts anew in a new one', () => {
    const sender = new VoiceSender();
    const sequences: number[] = [];
    const header = createHeader();
    const out = {
      sendDatagram(bytes: Uint8Array, lengthBytes: number): void {
        decodeHeader(bytes, lengthBytes, header);
        sequences.push(header.sequence);
      },
    };
    const send = (): void => sender.handleFrame(Uint8Array.of(1), 1, 0, false, out);
    send();
    sender.setToken(token(1));
    send();
    send();
    sender.setToken(token(2));
    send();
    expect(sequences).toEqual([0, 1, 0]);
    expect(sender.counters()).toEqual({ sent: 3, tooLong: 0, withoutSession: 1 });
  });
});
