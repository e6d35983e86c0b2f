import { NAL_PICTURE_PARAMETERS, NAL_SEQUENCE_PARAMETERS, nalType } from './h264-nal.ts';
import { writeUint16 } from './rtp-packet.ts';

/** Longest RTP packet, header included, in bytes: fits an Ethernet frame with tunnels around it. */
export const MAX_RTP_PACKET_BYTES = 1_400;

/** Kinds of payload (RFC 6184, section 5.2) beside a NAL unit as it is. */
const STAP_A = 24;
const FU_A = 28;

const NAL_REFERENCE_BITS = 0x60;
const FU_HEADER_BYTES = 2;
const FU_START = 0x80;
const FU_END = 0x40;

/**
 * Payloads of an access unit (RFC 6184, non-interleaved mode): each NAL unit alone where it fits, parameter sets that
 * follow each other together (STAP-A), what is longer in fragments (FU-A).
 *
 * @param units NAL units without start codes, in decoding order; empty ones are left out
 * @param maxBytes longest payload, at least 16
 */
export function h264Payloads(units: readonly Uint8Array[], maxBytes: number): readonly Uint8Array[] {
  const payloads: Uint8Array[] = [];
  let parameters: Uint8Array[] = [];
  const flush = (): void => {
    const [only] = parameters;
    if (parameters.length === 1 && only !== undefined) payloads.push(only);
    if (parameters.length > 1) payloads.push(aggregate(parameters));
    parameters = [];
  };
  for (const unit of units) {
    if (unit.length === 0) continue;
    if (isParameters(unit) && aggregateBytes([unit]) <= maxBytes) {
      if (aggregateBytes([...parameters, unit]) > maxBytes) flush();
      parameters.push(unit);
      continue;
    }
    flush();
    if (unit.length <= maxBytes) payloads.push(unit);
    else payloads.push(...fragments(unit, maxBytes));
  }
  flush();
  return payloads;
}

function isParameters(unit: Uint8Array): boolean {
  const type = nalType(unit);
  return type === NAL_SEQUENCE_PARAMETERS || type === NAL_PICTURE_PARAMETERS;
}

function aggregateBytes(units: readonly Uint8Array[]): number {
  return units.reduce((sum, { length }) => sum + 2 + length, 1);
}

/** Section 5.7.1: the header carries the highest importance of the units in it. */
function aggregate(units: readonly Uint8Array[]): Uint8Array {
  const payload = new Uint8Array(aggregateBytes(units));
  payload[0] = STAP_A | Math.max(...units.map((unit) => (unit[0] ?? 0) & NAL_REFERENCE_BITS));
  let at = 1;
  for (const unit of units) {
    writeUint16(payload, at, unit.length);
    payload.set(unit, at + 2);
    at += 2 + unit.length;
  }
  return payload;
}

/** Section 5.8: the unit's own header is taken apart into the first two bytes of each fragment. */
function fragments(unit: Uint8Array, maxBytes: number): Uint8Array[] {
  const header = unit[0] ?? 0;
  const body = unit.subarray(1);
  const step = maxBytes - FU_HEADER_BYTES;
  const payloads: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += step) {
    const part = body.subarray(at, at + step);
    const payload = new Uint8Array(FU_HEADER_BYTES + part.length);
    payload[0] = (header & 0xe0) | FU_A;
    const start = at === 0 ? FU_START : 0;
    const end = at + step >= body.length ? FU_END : 0;
    payload[1] = start | end | (header & 0x1f);
    payload.set(part, FU_HEADER_BYTES);
    payloads.push(payload);
  }
  return payloads;
}
