/** "OpusHead" and "OpusTags", in ASCII (RFC 7845, sections 5.1 and 5.2). */
const OPUS_HEAD: readonly number[] = [...'OpusHead'].map((letter) => letter.charCodeAt(0));
export const OPUS_TAGS: readonly number[] = [...'OpusTags'].map((letter) => letter.charCodeAt(0));

/** Length of the identification header without a mapping table. */
const HEAD_BYTES = 19;

/** A mapping table's counts of streams and of coupled ones, before a byte per channel. */
const MAPPING_COUNTS_BYTES = 2;

/** Versions with the same upper half are read in the same way (RFC 7845, section 5.1). */
const VERSION_LIMIT = 16;

/** What a decoder must know before the first packet. */
export interface OpusHead {
  readonly channels: 1 | 2;
  /** Samples at 48 kHz to leave out at the beginning. */
  readonly preSkipSamples: number;
  /** Of what was encoded; 0: not said. Opus is decoded at 48 kHz whatever it says. */
  readonly inputRateHz: number;
  /** To be added to what is decoded: Q7.8 dB. */
  readonly outputGain: number;
}

/** Why an Opus stream cannot be taken. */
export type OpusHeadRefusal = 'headMalformed' | 'headVersionUnknown' | 'tooManyChannels';

export type OpusHeadResult =
  | { readonly ok: true; readonly head: OpusHead }
  | { readonly ok: false; readonly reason: OpusHeadRefusal };

export function startsWith(bytes: Uint8Array, beginning: readonly number[]): boolean {
  return beginning.every((byte, at) => bytes[at] === byte);
}

/** Whether a stream's first packet says that it is Opus. */
export function isOpusHead(packet: Uint8Array): boolean {
  return startsWith(packet, OPUS_HEAD);
}

/**
 * Reads the identification header (RFC 7845, section 5.1). Taken are mono and stereo in one Opus stream: mapping family
 * 0, and 1 where its table says the same. Others hold several Opus packets in one, which nobody here would hear.
 */
export function readOpusHead(packet: Uint8Array): OpusHeadResult {
  if (!isOpusHead(packet) || packet.length < HEAD_BYTES) return { ok: false, reason: 'headMalformed' };
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  if (view.getUint8(8) >= VERSION_LIMIT) return { ok: false, reason: 'headVersionUnknown' };
  const channels = view.getUint8(9);
  if (channels === 0) return { ok: false, reason: 'headMalformed' };
  if (channels !== 1 && channels !== 2) return { ok: false, reason: 'tooManyChannels' };
  const family = view.getUint8(18);
  if (family !== 0) {
    const table = packet.subarray(HEAD_BYTES, HEAD_BYTES + MAPPING_COUNTS_BYTES + channels);
    if (table.length < MAPPING_COUNTS_BYTES + channels) return { ok: false, reason: 'headMalformed' };
    if (family !== 1 || !isPlain(table, channels)) return { ok: false, reason: 'tooManyChannels' };
  }
  const head: OpusHead = {
    channels,
    preSkipSamples: view.getUint16(10, true),
    inputRateHz: view.getUint32(12, true),
    outputGain: view.getInt16(16, true),
  };
  return { ok: true, head };
}

/** One stream, coupled where there are two channels, in their order. */
function isPlain(table: Uint8Array, channels: number): boolean {
  const [streams, coupled, ...mapping] = table;
  return streams === 1 && coupled === channels - 1 && mapping.every((from, to) => from === to);
}
