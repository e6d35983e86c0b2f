import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRng } from '../base/rng.ts';
import { INTERLEAVED_HEADER_BYTES, writeInterleavedHeader } from './interleaved-frame.ts';
import { RTP_HEADER_BYTES, readRtpPacket, writeRtpHeader } from './rtp-packet.ts';
import { RtpSender } from './rtp-sender.ts';

/** Short by default; FUZZ_RUNS=1000000 for a long night. */
const numRuns = Number(process.env['FUZZ_RUNS'] ?? 2_000);

const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const uint32 = fc.integer({ min: 0, max: 0xffffffff });

describe('an RTP packet', () => {
  it('is laid out as RFC 3550 has it', () => {
    const bytes = new Uint8Array(RTP_HEADER_BYTES);
    const header = {
      payloadType: 97,
      marker: true,
      sequence: 0x1234,
      timestamp: 0xdeadbeef,
      ssrc: 0x01020304,
    };
    writeRtpHeader(bytes, 0, header);
    expect(toHex(bytes)).toBe('80e11234deadbeef01020304');
  });

  it('is read as it was written', () => {
    const headers = fc.record({
      payloadType: fc.integer({ min: 0, max: 127 }),
      marker: fc.boolean(),
      sequence: fc.integer({ min: 0, max: 0xffff }),
      timestamp: uint32,
      ssrc: uint32,
    });
    fc.assert(
      fc.property(headers, fc.uint8Array(), (header, payload) => {
        const bytes = new Uint8Array(RTP_HEADER_BYTES + payload.length);
        writeRtpHeader(bytes, 0, header);
        bytes.set(payload, RTP_HEADER_BYTES);
        expect(readRtpPacket(bytes)).toEqual({ ok: true, header, payload });
      }),
      { numRuns },
    );
  });

  it.each([
    ['contributing sources', '81610001000000020000000311111111aabb', 'aabb'],
    ['an extension', '9061000100000002000000031234000155555555aabb', 'aabb'],
    ['padding', 'a06100010000000200000003aabb000003', 'aabb'],
  ])('loses %s when it is read', (_, hex, payload) => {
    const reading = readRtpPacket(fromHex(hex));
    expect(reading.ok && toHex(reading.payload)).toBe(payload);
  });

  it.each([
    ['rtpTooShort', '8061000100000002000000'],
    ['rtpVersion', '406100010000000200000003'],
    ['rtpLengths', '8f6100010000000200000003'],
    ['rtpLengths', 'a06100010000000200000003ff'],
    ['rtpLengths', 'a06100010000000200000003aa00'],
    ['rtpLengths', '90610001000000020000000312340100'],
  ])('is refused: %s', (reason, hex) => {
    expect(readRtpPacket(fromHex(hex))).toEqual({ ok: false, reason });
  });

  it('of any bytes is read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const reading = readRtpPacket(bytes);
        if (reading.ok) expect(reading.payload.length).toBeLessThanOrEqual(bytes.length - RTP_HEADER_BYTES);
      }),
      { numRuns },
    );
  });
});

describe('a sender', () => {
  it('leaves room for the header of an interleaved frame, and the payload as it is', () => {
    const sender = new RtpSender(97, createRng(1));
    const first = sender.nextSequence;
    const payload = fromHex('fc0102');
    const bytes = sender.packet(payload, 960, false);
    writeInterleavedHeader(bytes, 2, bytes.length - INTERLEAVED_HEADER_BYTES);
    expect(toHex(bytes.subarray(0, 4))).toBe('2402000f');
    const reading = readRtpPacket(bytes.subarray(INTERLEAVED_HEADER_BYTES));
    expect(reading).toEqual({
      ok: true,
      header: { payloadType: 97, marker: false, sequence: first, timestamp: 960, ssrc: sender.ssrc },
      payload,
    });
  });

  it('counts on over the end of its numbers, and over what it does not send', () => {
    const sender = new RtpSender(97, { next: () => 0.99999999 });
    expect(sender.nextSequence).toBe(0xffff);
    sender.packet(Uint8Array.of(1, 2), 0, false);
    expect(sender.nextSequence).toBe(0);
    sender.skip(3);
    sender.packet(Uint8Array.of(1), 0, false);
    expect([sender.nextSequence, sender.packets, sender.octets]).toEqual([4, 2, 3]);
  });

  it('begins anywhere, the same with the same seed', () => {
    const [one, other, same] = [1, 2, 1].map((seed) => new RtpSender(97, createRng(seed)));
    expect(one?.ssrc).toBe(same?.ssrc);
    expect(one?.ssrc).not.toBe(other?.ssrc);
    expect(one?.nextSequence).not.toBe(other?.nextSequence);
  });
});
