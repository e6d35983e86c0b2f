import { RTCP_BYE, RTCP_RECEIVER_REPORT, RTCP_SENDER_REPORT } from './rtcp-packet.ts';
import { readUint16, readUint32 } from './rtp-packet.ts';

/** What one receiver says about one source (RFC 3550, section 6.4.1). */
export interface ReceptionReport {
  /** The source that is reported on. */
  readonly ssrc: number;
  /** Of the packets since its last report, in 256ths. */
  readonly fractionLost: number;
  /** Since the beginning; negative when there were more duplicates than losses. */
  readonly lost: number;
  readonly highestSequence: number;
  /** Mean deviation of the packets' spacing, in ticks of the stream. */
  readonly jitterTicks: number;
}

/** Most reports that are read out of one compound packet: a session has two streams. */
export const MAX_RECEPTION_REPORTS = 8;

/** Shortest RTCP packet, and its header. */
const HEADER_BYTES = 4;
const REPORT_BYTES = 24;
const VERSION_MASK = 0xc0;
const VERSION_BITS = 0x80;

export type RtcpFailure = 'rtcpTooShort' | 'rtcpVersion' | 'rtcpLengths';

export type RtcpReading =
  | { readonly ok: true; readonly reports: readonly ReceptionReport[]; readonly bye: boolean }
  | { readonly ok: false; readonly reason: RtcpFailure };

function signed24(value: number): number {
  return value >= 0x800000 ? value - 0x1000000 : value;
}

function reportsIn(packet: Uint8Array, from: number, count: number): ReceptionReport[] {
  const reports: ReceptionReport[] = [];
  for (let index = 0; index < count; index += 1) {
    const at = from + index * REPORT_BYTES;
    if (at + REPORT_BYTES > packet.length) break;
    const lossWord = readUint32(packet, at + 4);
    reports.push({
      ssrc: readUint32(packet, at),
      fractionLost: lossWord >>> 24,
      lost: signed24(lossWord & 0xffffff),
      highestSequence: readUint32(packet, at + 8),
      jitterTicks: readUint32(packet, at + 12),
    });
  }
  return reports;
}

/**
 * Reads what receivers send: reports on our streams and goodbyes; other kinds of packets are passed over.
 *
 * @param bytes a compound packet (RFC 3550, section 6.1), or a lone one (RFC 5506)
 */
export function readRtcp(bytes: Uint8Array): RtcpReading {
  if (bytes.length < HEADER_BYTES) return { ok: false, reason: 'rtcpTooShort' };
  const reports: ReceptionReport[] = [];
  let bye = false;
  for (let at = 0; at < bytes.length; ) {
    if (at + HEADER_BYTES > bytes.length) return { ok: false, reason: 'rtcpLengths' };
    const first = bytes[at] ?? 0;
    if ((first & VERSION_MASK) !== VERSION_BITS) return { ok: false, reason: 'rtcpVersion' };
    const next = at + 4 * (readUint16(bytes, at + 2) + 1);
    if (next > bytes.length) return { ok: false, reason: 'rtcpLengths' };
    const type = bytes[at + 1];
    const packet = bytes.subarray(at, next);
    const count = Math.min(first & 31, MAX_RECEPTION_REPORTS - reports.length);
    if (type === RTCP_RECEIVER_REPORT) reports.push(...reportsIn(packet, 8, count));
    if (type === RTCP_SENDER_REPORT) reports.push(...reportsIn(packet, 28, count));
    if (type === RTCP_BYE) bye = true;
    at = next;
  }
  return { ok: true, reports, bye };
}
