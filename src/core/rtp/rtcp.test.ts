import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { INTERLEAVED_HEADER_BYTES } from './interleaved-frame.ts';
import { senderReport } from './rtcp-packet.ts';
import { MAX_RECEPTION_REPORTS, readRtcp } from './rtcp-reading.ts';

/** Short by default; FUZZ_RUNS=1000000 for a long night. */
const numRuns = Number(process.env['FUZZ_RUNS'] ?? 2_000);

const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const REPORT = {
  ssrc: 0x11223344,
  unixMs: 1_500,
  timestamp: 0xdeadbeef,
  packets: 7,
  octets: 700,
  cname: 'ab',
};

describe('a sender report', () => {
  it('is laid out as RFC 3550 has it', () => {
    expect(toHex(senderReport(REPORT, false).subarray(INTERLEAVED_HEADER_BYTES))).toBe(
      '80c80006' +
        '11223344' +
        '83aa7e81' +
        '80000000' +
        'deadbeef' +
        '00000007' +
        '000002bc' +
        '81ca0003' +
        '11223344' +
        '01026162' +
        '00000000',
    );
  });

  it('says goodbye behind itself', () => {
    const bytes = senderReport(REPORT, true).subarray(INTERLEAVED_HEADER_BYTES);
    expect(toHex(bytes.subarray(-8))).toBe('81cb000111223344');
    expect(readRtcp(bytes)).toEqual({ ok: true, reports: [], bye: true });
  });

  it('ends every canonical name with a zero, on a boundary of four bytes', () => {
    for (let length = 0; length < 300; length += 1) {
      const bytes = senderReport({ ...REPORT, cname: 'x'.repeat(length) }, false);
      const described = bytes.subarray(INTERLEAVED_HEADER_BYTES + 28);
      expect(described.length % 4).toBe(0);
      expect(described.at(-1)).toBe(0);
      expect(described[9]).toBe(Math.min(length, 255));
      expect(readRtcp(bytes.subarray(INTERLEAVED_HEADER_BYTES)).ok).toBe(true);
    }
  });
});

const BLOCK = '11223344' + '40fffffe' + '00010002' + '00000003' + '00000004' + '00000005';
const READ_BLOCK = { ssrc: 0x11223344, fractionLost: 64, lost: -2, highestSequence: 65_538, jitterTicks: 3 };

describe('what receivers send', () => {
  it.each([
    ['a receiver report', `81c9000700000009${BLOCK}`],
    ['a report with a description', `81c9000700000009${BLOCK}81ca0002000000090102616200000000`.slice(0, 88)],
    ['a report of somebody who sends', `81c8000c${'0'.repeat(48)}${BLOCK}`],
  ])('%s', (_, hex) => {
    expect(readRtcp(fromHex(hex))).toEqual({ ok: true, reports: [READ_BLOCK], bye: false });
  });

  it('is read only so far', () => {
    const one = `9fc900bb00000009${BLOCK.repeat(31)}`;
    const reading = readRtcp(fromHex(one));
    expect(reading.ok && reading.reports.length).toBe(MAX_RECEPTION_REPORTS);
    const many = readRtcp(fromHex(`81c9000700000009${BLOCK}`.repeat(MAX_RECEPTION_REPORTS + 1)));
    expect(many.ok && many.reports.length).toBe(MAX_RECEPTION_REPORTS);
  });

  it('may promise more blocks than it has', () => {
    expect(readRtcp(fromHex('9fc9000100000009'))).toEqual({ ok: true, reports: [], bye: false });
  });

  it.each([
    ['rtcpTooShort', ''],
    ['rtcpTooShort', '80c9'],
    ['rtcpVersion', '40c90000'],
    ['rtcpLengths', '80c9ffff'],
    ['rtcpLengths', '80c9000000'],
  ])('is refused: %s', (reason, hex) => {
    expect(readRtcp(fromHex(hex))).toEqual({ ok: false, reason });
  });

  it('of any kind is read or refused', () => {
    const header = fc.tuple(fc.integer({ min: 128, max: 191 }), fc.integer({ min: 198, max: 206 }));
    const hostile = fc
      .tuple(header, fc.uint8Array({ maxLength: 120 }))
      .map(([head, rest]) => Uint8Array.from([...head, 0, ...rest]));
    fc.assert(
      fc.property(fc.oneof(hostile, fc.uint8Array({ maxLength: 120 })), (bytes) => {
        const reading = readRtcp(bytes);
        if (reading.ok) expect(reading.reports.length).toBeLessThanOrEqual(MAX_RECEPTION_REPORTS);
      }),
      { numRuns },
    );
  });
});
