import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_SEALED_PLAINTEXT_BYTES } from '../seal/sealed-datagram.ts';
import { opusPacketSamples } from '../voice/opus-duration.ts';
import { MemberPackets } from './member-packets.ts';
import { readOpusFrames, writeOpusFrames } from './opus-frames.ts';

/** First bytes of CELT packets, fullband, mono, by frame length in ms (RFC 6716, table 2). */
const CELT = { 2.5: 28 << 3, 5: 29 << 3, 10: 30 << 3, 20: 31 << 3 } as const;
const STEREO = 4;
/** SILK, wideband, one frame of 60 ms. */
const SILK_60_MS = 11 << 3;

interface Taken {
  readonly bytes: Uint8Array;
  readonly samples: number;
}

function createPackets() {
  const packets = new MemberPackets();
  const taken: Taken[] = [];
  const take = (bytes: Uint8Array, samples: number): number => taken.push({ bytes, samples });
  return { packets, taken, take };
}

const frame = (length: number, value = 1): Uint8Array => new Uint8Array(length).fill(value);
const packetOf = (coding: number, ...frames: Uint8Array[]): Uint8Array => writeOpusFrames({ coding, frames });

describe('MemberPackets', () => {
  it.each([
    ['10 ms', packetOf(CELT[10], frame(80))],
    ['20 ms in stereo', packetOf(CELT[20] | STEREO, frame(320))],
    ['60 ms of three frames', packetOf(CELT[20], frame(200), frame(201), frame(202))],
    ['60 ms of one frame', packetOf(SILK_60_MS, frame(400))],
    ['the longest that fits', packetOf(CELT[20], frame(MAX_SEALED_PLAINTEXT_BYTES - 1))],
  ])('hands on byte for byte: %s', (_name, packet) => {
    const { packets, taken, take } = createPackets();
    packets.handlePacket(packet, take);
    expect(taken).toEqual([{ bytes: packet, samples: opusPacketSamples(packet) }]);
    expect(taken[0]?.bytes).toBe(packet);
    expect(packets.counters).toMatchObject({ packets: 1, asTheyAre: 1 });
  });

  it.each([
    [2.5, 8],
    [5, 4],
  ] as const)('puts packets of %d ms together until there are 20 ms', (ms, count) => {
    const { packets, taken, take } = createPackets();
    for (let at = 0; at < count; at += 1) {
      expect(taken).toEqual([]);
      packets.handlePacket(packetOf(CELT[ms], frame(30 + at, at)), take);
    }
    expect(taken.map(({ samples }) => samples)).toEqual([960]);
    const joined = taken[0]?.bytes ?? new Uint8Array();
    expect(opusPacketSamples(joined)).toBe(960);
    expect(readOpusFrames(joined)?.frames).toEqual(
      Array.from({ length: count }, (_, at) => frame(30 + at, at)),
    );
    expect(packets.counters).toMatchObject({ packets: count, joined: count });
  });

  it('hands on what waits when the talkspurt ends, the coding changes, or a longer packet comes', () => {
    const { packets, taken, take } = createPackets();
    packets.handlePacket(packetOf(CELT[5], frame(30)), take);
    packets.end(take);
    packets.handlePacket(packetOf(CELT[5], frame(30)), take);
    packets.handlePacket(packetOf(CELT[5] | STEREO, frame(30)), take);
    packets.handlePacket(packetOf(CELT[20], frame(30)), take);
    expect(taken.map(({ samples }) => samples)).toEqual([240, 240, 240, 960]);
    packets.end(take);
    expect(taken.length).toBe(4);
  });

  it('puts no more together than a datagram holds', () => {
    const { packets, taken, take } = createPackets();
    for (let at = 0; at < 4; at += 1) packets.handlePacket(packetOf(CELT[5], frame(500)), take);
    packets.end(take);
    expect(taken.map(({ samples }) => samples)).toEqual([480, 480]);
    expect(taken.every(({ bytes }) => bytes.length <= MAX_SEALED_PLAINTEXT_BYTES)).toBe(true);
  });

  it('takes packets that are too long apart into equal parts, and goes on so until the end', () => {
    const { packets, taken, take } = createPackets();
    packets.handlePacket(packetOf(CELT[20], frame(400), frame(400), frame(400)), take);
    expect(taken.map(({ samples }) => samples)).toEqual([960, 960, 960]);
    expect(taken.map(({ bytes }) => bytes)).toEqual(new Array(3).fill(packetOf(CELT[20], frame(400))));
    // A shorter one would fit, but receivers begin anew with packets of another duration.
    packets.handlePacket(packetOf(CELT[20], frame(100), frame(100), frame(100)), take);
    expect(taken.length).toBe(6);
    packets.end(take);
    packets.handlePacket(packetOf(CELT[20], frame(100), frame(100), frame(100)), take);
    expect(taken.at(-1)?.samples).toBe(2_880);
    expect(packets.counters).toMatchObject({ packets: 3, split: 2, asTheyAre: 1 });
  });

  it('takes apart into as few as will do, and leaves alone what is one frame', () => {
    const { packets, taken, take } = createPackets();
    packets.handlePacket(packetOf(CELT[20], ...new Array<Uint8Array>(4).fill(frame(400))), take);
    expect(taken.map(({ samples }) => samples)).toEqual([1_920, 1_920]);
    packets.handlePacket(packetOf(SILK_60_MS, frame(400)), take);
    expect(taken.at(-1)?.samples).toBe(2_880);
    expect(packets.counters).toMatchObject({ split: 1, asTheyAre: 1 });
  });

  it('drops a frame that no datagram holds, and what is no packet', () => {
    const { packets, taken, take } = createPackets();
    packets.handlePacket(packetOf(CELT[20], frame(MAX_SEALED_PLAINTEXT_BYTES)), take);
    packets.handlePacket(packetOf(CELT[5], frame(MAX_SEALED_PLAINTEXT_BYTES)), take);
    packets.handlePacket(new Uint8Array(), take);
    packets.handlePacket(Uint8Array.of(CELT[2.5] | 1, 1, 2, 3), take);
    expect(taken).toEqual([]);
    expect(packets.counters).toMatchObject({ packets: 4, tooLong: 2, malformed: 2 });
  });

  it('accounts for whatever comes, and loses no sound of what it takes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 3_900 }), { maxLength: 30 }), (sent) => {
        const { packets, taken, take } = createPackets();
        let lost = 0;
        for (const packet of sent) {
          const { tooLong, malformed } = packets.counters;
          packets.handlePacket(packet, take);
          if (packets.counters.tooLong + packets.counters.malformed > tooLong + malformed)
            lost += opusPacketSamples(packet);
        }
        packets.end(take);
        const { packets: all, ...parts } = packets.counters;
        expect(Object.values(parts).reduce((sum, count) => sum + count, 0)).toBe(all);
        expect(taken.every(({ bytes }) => bytes.length <= MAX_SEALED_PLAINTEXT_BYTES)).toBe(true);
        expect(taken.every(({ bytes, samples }) => opusPacketSamples(bytes) === samples)).toBe(true);
        const samplesIn = sent.reduce((sum, packet) => sum + opusPacketSamples(packet), 0);
        expect(taken.reduce((sum, { samples }) => sum + samples, 0)).toBe(samplesIn - lost);
      }),
    );
  });
});
