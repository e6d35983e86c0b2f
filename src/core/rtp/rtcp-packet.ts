import { INTERLEAVED_HEADER_BYTES } from './interleaved-frame.ts';
import { writeUint16, writeUint32 } from './rtp-packet.ts';

/** Types of RTCP packets (RFC 3550, section 12.1). */
export const RTCP_SENDER_REPORT = 200;
export const RTCP_RECEIVER_REPORT = 201;
export const RTCP_DESCRIPTION = 202;
export const RTCP_BYE = 203;

/** Longest canonical name: its length has 8 bits. */
const MAX_CNAME_LENGTH = 255;
const CNAME = 1;

const VERSION_BITS = 0x80;
const SENDER_REPORT_BYTES = 28;
const BYE_BYTES = 8;

/** From 1900, where NTP counts from, to 1970, in seconds. */
const NTP_EPOCH_SECONDS = 2_208_988_800;

export interface SenderReport {
  readonly ssrc: number;
  /** Unix time, in ms with fraction. */
  readonly unixMs: number;
  /** RTP timestamp of the same moment. */
  readonly timestamp: number;
  readonly packets: number;
  readonly octets: number;
  /** Canonical name of the sender: ASCII, the same for all its streams. */
  readonly cname: string;
}

function descriptionBytes(cname: string): number {
  // Header, source, the item and at least one zero, up to a multiple of four.
  return 4 + Math.ceil((4 + 2 + cname.length + 1) / 4) * 4;
}

function writeHeader(into: Uint8Array, at: number, type: number, count: number, bytes: number): void {
  into[at] = VERSION_BITS | count;
  into[at + 1] = type;
  writeUint16(into, at + 2, bytes / 4 - 1);
}

function writeReport(into: Uint8Array, at: number, report: SenderReport): void {
  writeHeader(into, at, RTCP_SENDER_REPORT, 0, SENDER_REPORT_BYTES);
  writeUint32(into, at + 4, report.ssrc);
  const seconds = Math.floor(report.unixMs / 1_000);
  const fraction = Math.floor(((report.unixMs - seconds * 1_000) / 1_000) * 2 ** 32);
  writeUint32(into, at + 8, (seconds + NTP_EPOCH_SECONDS) % 2 ** 32);
  writeUint32(into, at + 12, fraction);
  writeUint32(into, at + 16, report.timestamp);
  writeUint32(into, at + 20, report.packets);
  writeUint32(into, at + 24, report.octets);
}

function writeDescription(into: Uint8Array, at: number, ssrc: number, cname: string): void {
  writeHeader(into, at, RTCP_DESCRIPTION, 1, descriptionBytes(cname));
  writeUint32(into, at + 4, ssrc);
  into[at + 8] = CNAME;
  into[at + 9] = cname.length;
  for (let index = 0; index < cname.length; index += 1) into[at + 10 + index] = cname.charCodeAt(index);
}

/**
 * A compound packet with a sender report and the sender's canonical name, and a BYE behind them when it is the last
 * (RFC 3550, sections 6.1, 6.4.1, 6.5 and 6.6).
 *
 * @returns INTERLEAVED_HEADER_BYTES of room, then the packet
 */
export function senderReport(report: SenderReport, isLast: boolean): Uint8Array {
  const cname = report.cname.slice(0, MAX_CNAME_LENGTH);
  const described = descriptionBytes(cname);
  const bytes = new Uint8Array(
    INTERLEAVED_HEADER_BYTES + SENDER_REPORT_BYTES + described + (isLast ? BYE_BYTES : 0),
  );
  let at = INTERLEAVED_HEADER_BYTES;
  writeReport(bytes, at, report);
  at += SENDER_REPORT_BYTES;
  writeDescription(bytes, at, report.ssrc, cname);
  at += described;
  if (isLast) {
    writeHeader(bytes, at, RTCP_BYE, 1, BYE_BYTES);
    writeUint32(bytes, at + 4, report.ssrc);
  }
  return bytes;
}
