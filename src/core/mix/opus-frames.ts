/** Longest frame inside a packet, in bytes (RFC 6716, section 3.2.1). */
const MAX_FRAME_BYTES = 1_275;

/** Most frames in one packet: 48 of 2.5 ms (RFC 6716, section 3.2.5). */
export const MAX_FRAMES = 48;

/** The bits of the first byte that say how the frames are coded: configuration and stereo. */
const CODING_MASK = 0xfc;

/** Lengths from here on take two bytes (RFC 6716, section 3.2.1). */
const FIRST_LONG_LENGTH = 252;

/** Bits of the second byte of code 3: frames of different lengths; padding; how many frames. */
const VARIABLE_BIT = 0x80;
const PADDING_BIT = 0x40;
const COUNT_MASK = 0x3f;

/** A length of padding that goes on in the next byte, and what it then stands for. */
const MORE_PADDING = 255;
const MORE_PADDING_BYTES = 254;

/** The frames of one Opus packet, all coded alike. */
export interface OpusFrames {
  /** First byte of a packet that holds one such frame. */
  readonly coding: number;
  /** Views into the packet; one may be empty: a frame that was not sent. */
  readonly frames: readonly Uint8Array[];
}

interface Length {
  readonly bytes: number;
  /** Where what follows begins. */
  readonly next: number;
}

/** Length of a frame, written in one or two bytes; null: it is cut off. */
function readLength(packet: Uint8Array, at: number): Length | null {
  const first = packet[at];
  if (first === undefined) return null;
  if (first < FIRST_LONG_LENGTH) return { bytes: first, next: at + 1 };
  const second = packet[at + 1];
  return second === undefined ? null : { bytes: 4 * second + first, next: at + 2 };
}

/** Where the padding behind the frames begins and where what stands before them ends; null: it is cut off. */
function readPadding(packet: Uint8Array, at: number): { readonly end: number; readonly next: number } | null {
  let padding = 0;
  for (let next = at; ; next += 1) {
    const byte = packet[next];
    if (byte === undefined) return null;
    padding += byte === MORE_PADDING ? MORE_PADDING_BYTES : byte;
    if (byte === MORE_PADDING) continue;
    const end = packet.length - padding;
    return end < next + 1 ? null : { end, next: next + 1 };
  }
}

/** Cuts `packet[from, to)` into frames of the `lengths`, and the rest; null: they do not fit. */
function cut(
  packet: Uint8Array,
  from: number,
  to: number,
  lengths: readonly number[],
): readonly Uint8Array[] | null {
  const frames: Uint8Array[] = [];
  let at = from;
  for (const length of lengths) {
    frames.push(packet.subarray(at, at + length));
    at += length;
  }
  if (at > to) return null;
  frames.push(packet.subarray(at, to));
  return frames.every((frame) => frame.length <= MAX_FRAME_BYTES) ? frames : null;
}

/** Cuts `packet[from, to)` into `count` frames of one length; null: it does not come out even. */
function cutEvenly(
  packet: Uint8Array,
  from: number,
  to: number,
  count: number,
): readonly Uint8Array[] | null {
  const length = (to - from) / count;
  return Number.isInteger(length) ? cut(packet, from, to, new Array<number>(count - 1).fill(length)) : null;
}

function cutCode3(packet: Uint8Array): readonly Uint8Array[] | null {
  const second = packet[1];
  if (second === undefined) return null;
  const count = second & COUNT_MASK;
  if (count === 0 || count > MAX_FRAMES) return null;
  let at = 2;
  let end = packet.length;
  if ((second & PADDING_BIT) !== 0) {
    const padding = readPadding(packet, at);
    if (padding === null) return null;
    at = padding.next;
    end = padding.end;
  }
  if ((second & VARIABLE_BIT) === 0) return cutEvenly(packet, at, end, count);
  const lengths: number[] = [];
  for (let frame = 1; frame < count; frame += 1) {
    const length = readLength(packet, at);
    if (length === null) return null;
    lengths.push(length.bytes);
    at = length.next;
  }
  return cut(packet, at, end, lengths);
}

/**
 * Takes an Opus packet apart (RFC 6716, section 3.2). Never throws on what the bytes say.
 *
 * @returns null when it is no Opus packet
 */
export function readOpusFrames(packet: Uint8Array): OpusFrames | null {
  const toc = packet[0];
  if (toc === undefined) return null;
  const frames = framesOf(packet, toc & ~CODING_MASK);
  return frames === null ? null : { coding: toc & CODING_MASK, frames };
}

function framesOf(packet: Uint8Array, code: number): readonly Uint8Array[] | null {
  if (code === 0) return cut(packet, 1, packet.length, []);
  if (code === 1) return cutEvenly(packet, 1, packet.length, 2);
  if (code === 3) return cutCode3(packet);
  const length = readLength(packet, 1);
  return length === null ? null : cut(packet, length.next, packet.length, [length.bytes]);
}

/** Bytes that `length` is written in. */
function lengthBytes(length: number): number {
  return length < FIRST_LONG_LENGTH ? 1 : 2;
}

/** Bytes of the packet that `writeOpusFrames` makes of frames of these lengths. */
export function opusPacketBytes(frames: readonly Uint8Array[]): number {
  const sound = frames.reduce((sum, frame) => sum + frame.length, 0);
  if (frames.length === 1) return 1 + sound;
  return 2 + sound + frames.slice(0, -1).reduce((sum, frame) => sum + lengthBytes(frame.length), 0);
}

/** Makes one packet of frames that are coded alike: 1 to MAX_FRAMES, 120 ms at the most (the caller sees to it). */
export function writeOpusFrames({ coding, frames }: OpusFrames): Uint8Array {
  const packet = new Uint8Array(opusPacketBytes(frames));
  const single = frames.length === 1;
  packet[0] = single ? coding : coding | 3;
  let at = 1;
  if (!single) {
    packet[1] = VARIABLE_BIT | frames.length;
    at = 2;
    for (const { length } of frames.slice(0, -1)) {
      if (length < FIRST_LONG_LENGTH) packet[at] = length;
      else {
        // The lower two bits stand in the first byte, which is 252 to 255.
        packet[at] = FIRST_LONG_LENGTH + (length & 3);
        packet[at + 1] = (length - FIRST_LONG_LENGTH - (length & 3)) / 4;
      }
      at += lengthBytes(length);
    }
  }
  for (const frame of frames) {
    packet.set(frame, at);
    at += frame.length;
  }
  return packet;
}
