/**
 * PulseAudio's native protocol, as far as two streams need it: packets of a 20-byte header (five u32, big-endian:
 * length, channel, two of offset, flags) and either sound of a stream or a command of tagged values. PipeWire's
 * pulse server speaks it too. Numbers are those of PulseAudio's native-common.h and tagstruct.h.
 */

/** Version spoken: 15 (PulseAudio 0.9.15) has all that is used; the server answers in the lower of both sides'. */
export const PROTOCOL_VERSION = 15;

export const HEADER_BYTES = 20;

/** Channel of commands; other channels carry sound. */
export const CONTROL_CHANNEL = 0xffff_ffff;

/** Stands for "no such number" and "as the server likes". */
export const INVALID_INDEX = 0xffff_ffff;

/** Longest packet taken, in bytes. Servers cut sound into blocks of 64 KiB, and answers to what we ask are shorter. */
export const MAX_PACKET_BYTES = 128 * 1024;

export const COMMAND = {
  error: 0,
  reply: 2,
  createPlaybackStream: 3,
  createRecordStream: 5,
  auth: 8,
  setClientName: 9,
  getPlaybackLatency: 14,
  getRecordLatency: 57,
  request: 61,
  overflow: 62,
  underflow: 63,
  playbackStreamKilled: 64,
  recordStreamKilled: 65,
  setPlaybackStreamBufferAttr: 72,
} as const;

/** Code of an error reply: the device asked for does not exist. */
export const ERROR_NO_ENTITY = 5;

const TAG = {
  string: 0x74,
  nullString: 0x4e,
  u32: 0x4c,
  sampleSpec: 0x61,
  arbitrary: 0x78,
  true: 0x31,
  false: 0x30,
  time: 0x54,
  usec: 0x55,
  channelMap: 0x6d,
  volume: 0x76,
  properties: 0x50,
  s64: 0x72,
} as const;

const FLOAT32_LITTLE_ENDIAN = 5;
const MONO = 0;
const FULL_VOLUME = 0x1_0000;

/** Builds one command. For opening streams and asking for latencies, not for every block. */
export class TagWriter {
  readonly #bytes: number[] = [];

  constructor(command: number, serial: number) {
    this.u32(command).u32(serial);
  }

  u32(value: number): this {
    this.#bytes.push(TAG.u32);
    return this.#raw32(value);
  }

  flag(value: boolean): this {
    this.#bytes.push(value ? TAG.true : TAG.false);
    return this;
  }

  /** `count` times no. */
  noFlags(count: number): this {
    for (let i = 0; i < count; i++) this.flag(false);
    return this;
  }

  text(value: string | null): this {
    if (value === null) this.#bytes.push(TAG.nullString);
    else this.#bytes.push(TAG.string, ...Buffer.from(value, 'utf8'), 0);
    return this;
  }

  bytes(value: Uint8Array): this {
    this.#bytes.push(TAG.arbitrary);
    this.#raw32(value.length).#bytes.push(...value);
    return this;
  }

  /** Mono f32 at `rateHz`. */
  monoFormat(rateHz: number): this {
    this.#bytes.push(TAG.sampleSpec, FLOAT32_LITTLE_ENDIAN, 1);
    this.#raw32(rateHz).#bytes.push(TAG.channelMap, 1, MONO);
    return this;
  }

  fullVolume(): this {
    this.#bytes.push(TAG.volume, 1);
    return this.#raw32(FULL_VOLUME);
  }

  time(): this {
    this.#bytes.push(TAG.time);
    return this.#raw32(0).#raw32(0);
  }

  properties(values: Readonly<Record<string, string>>): this {
    this.#bytes.push(TAG.properties);
    for (const [key, value] of Object.entries(values)) {
      const data = Buffer.from(`${value}\0`, 'utf8');
      this.text(key).u32(data.length).bytes(data);
    }
    return this.text(null);
  }

  /** The command as a packet. */
  packet(): Buffer {
    const packet = Buffer.alloc(HEADER_BYTES + this.#bytes.length);
    packet.writeUInt32BE(this.#bytes.length, 0);
    packet.writeUInt32BE(CONTROL_CHANNEL, 4);
    packet.set(this.#bytes, HEADER_BYTES);
    return packet;
  }

  #raw32(value: number): this {
    this.#bytes.push((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
    return this;
  }
}

/** Reads tagged values one after another. What is not there or of another kind reads as 0 and sets `failed`. */
export class TagReader {
  failed = false;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;

  /** The reader can be used again and again, so that no packet makes garbage. */
  reset(bytes: Buffer, start: number, end: number): this {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.failed = false;
    return this;
  }

  u32(): number {
    return this.#take(TAG.u32, 4) ? this.#bytes.readUInt32BE(this.#at - 4) : 0;
  }

  /** A duration in microseconds, as a number. */
  usec(): number {
    return this.#take(TAG.usec, 8) ? this.#high() * 2 ** 32 + this.#bytes.readUInt32BE(this.#at - 4) : 0;
  }

  /** A position in bytes, as a number: exact for 200 years of sound. */
  s64(): number {
    return this.#take(TAG.s64, 8) ? (this.#high() | 0) * 2 ** 32 + this.#bytes.readUInt32BE(this.#at - 4) : 0;
  }

  flag(): boolean {
    if (this.#at < this.#end && this.#bytes[this.#at] === TAG.true) {
      this.#at += 1;
      return true;
    }
    this.#take(TAG.false, 0);
    return false;
  }

  skipTime(): void {
    this.#take(TAG.time, 8);
  }

  #high(): number {
    return this.#bytes.readUInt32BE(this.#at - 8);
  }

  #take(tag: number, length: number): boolean {
    if (this.failed || this.#at + 1 + length > this.#end || this.#bytes[this.#at] !== tag) {
      this.failed = true;
      return false;
    }
    this.#at += 1 + length;
    return true;
  }
}

/** Where packets go. `bytes` from `start` to `end` are only valid during the call. */
export interface PacketSink {
  handleCommand(bytes: Buffer, start: number, end: number): void;
  handleSound(bytes: Buffer, start: number, end: number): void;
}

/** Cuts what comes from the server into packets. Allocates nothing after the constructor. */
export class PacketReader {
  readonly #held = Buffer.alloc(HEADER_BYTES + MAX_PACKET_BYTES);
  readonly #sink: PacketSink;
  #count = 0;

  constructor(sink: PacketSink) {
    this.#sink = sink;
  }

  /**
   * Takes the first `count` bytes of `bytes`.
   *
   * @returns false when the server sends what cannot be a packet; nothing more can be read then
   */
  push(bytes: Buffer, count: number): boolean {
    for (let taken = 0; taken < count; ) {
      const copied = bytes.copy(this.#held, this.#count, taken, count);
      taken += copied;
      this.#count += copied;
      if (!this.#drain()) return false;
    }
    return true;
  }

  #drain(): boolean {
    const held = this.#held;
    let start = 0;
    while (this.#count - start >= HEADER_BYTES) {
      const length = held.readUInt32BE(start);
      if (length > MAX_PACKET_BYTES) return false;
      const end = start + HEADER_BYTES + length;
      if (end > this.#count) break;
      if (held.readUInt32BE(start + 4) === CONTROL_CHANNEL) {
        this.#sink.handleCommand(held, start + HEADER_BYTES, end);
      } else {
        this.#sink.handleSound(held, start + HEADER_BYTES, end);
      }
      start = end;
    }
    if (start > 0) held.copyWithin(0, start, this.#count);
    this.#count -= start;
    return true;
  }
}
