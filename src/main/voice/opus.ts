import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { DurationMeter } from './duration-meter.ts';

/** Sample rate of every codec in the program, in Hz. */
export const SAMPLE_RATE_HZ = 48_000;

/** `OPUS_SET_APPLICATION`, `OPUS_SET_BITRATE`… of opus_defines.h. */
const SET_APPLICATION = 4000;
const SET_BITRATE = 4002;
const SET_COMPLEXITY = 4010;
const SET_SIGNAL = 4024;
const RESET_STATE = 4028;
const APPLICATION_VOIP = 2048;
const APPLICATION_AUDIO = 2049;
const SIGNAL_VOICE = 3001;

/** 9 of 10 sounds the same as 10 at 24 kbit/s and more, and leaves a fifth of the encoder's time. */
const COMPLEXITY = 9;

interface NativeOpus {
  encode(pcm: Buffer): Buffer;
  decode(packet: Buffer): Buffer;
  applyEncoderCTL(request: number, value: number): void;
}

interface OpusModule {
  OpusEncoder: new (rateHz: number, channels: number) => NativeOpus;
}

const requireHere = createRequire(import.meta.url);

/**
 * Loads the binding by its file: the package looks for a folder named after the running Node's ABI, but the
 * binding is Node-API and works under every Node and Electron, whichever it was built with.
 *
 * @throws Error when the binding was never built
 */
function loadOpus(): OpusModule {
  const packageFolder = dirname(requireHere.resolve('@discordjs/opus/package.json'));
  const prebuildFolder = join(packageFolder, 'prebuild');
  const built = readdirSync(prebuildFolder).filter((name) =>
    name.includes(`-${process.platform}-${process.arch}`),
  );
  const newest = built.at(-1);
  if (newest === undefined)
    throw new Error('The Opus codec was not built for this machine: run npm ci again.');
  return requireHere(join(prebuildFolder, newest, 'opus.node')) as OpusModule;
}

let loaded: OpusModule | null = null;

function createNative(): NativeOpus {
  loaded ??= loadOpus();
  return new loaded.OpusEncoder(SAMPLE_RATE_HZ, 1);
}

/** Opus encoder for 48 kHz mono, one per microphone or mix. */
export class VoiceEncoder {
  readonly #native = createNative();
  #pcm = Buffer.alloc(0);

  /** @param sound `speech`: made for voices; `any`: music among it is kept as it is */
  constructor(bitrate: number, sound: 'speech' | 'any' = 'speech') {
    this.#native.applyEncoderCTL(SET_APPLICATION, sound === 'any' ? APPLICATION_AUDIO : APPLICATION_VOIP);
    if (sound === 'speech') this.#native.applyEncoderCTL(SET_SIGNAL, SIGNAL_VOICE);
    this.#native.applyEncoderCTL(SET_COMPLEXITY, COMPLEXITY);
    this.setBitrate(bitrate);
  }

  /** @param bitrate in bit/s */
  setBitrate(bitrate: number): void {
    this.#native.applyEncoderCTL(SET_BITRATE, bitrate);
  }

  /**
   * Forgets what was encoded so far: the prediction and the 6.5 ms of lookahead that the next packet would still
   * carry. What follows is byte for byte what a new encoder makes. The settings stay.
   */
  reset(): void {
    this.#native.applyEncoderCTL(RESET_STATE, 0);
  }

  /**
   * Encodes one frame.
   *
   * @param samples mono, -1 to 1, a whole Opus frame (480, 960, 1920 or 2880)
   * @returns the packet, owned by the caller
   */
  encode(samples: Float32Array): Uint8Array {
    if (this.#pcm.length !== samples.length * 2) this.#pcm = Buffer.alloc(samples.length * 2);
    const pcm = new Int16Array(this.#pcm.buffer, this.#pcm.byteOffset, samples.length);
    for (let index = 0; index < samples.length; index += 1) {
      const sample = samples[index] ?? 0;
      pcm[index] = Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_767)));
    }
    return this.#native.encode(this.#pcm);
  }
}

/** Opus decoder for one speaker. */
export class VoiceDecoder {
  readonly #native = createNative();
  readonly #lost = Buffer.alloc(1);
  readonly #meter: DurationMeter | null;
  #heardPacket = false;

  /** @param meter of the time that decoding and concealing take */
  constructor(meter: DurationMeter | null = null) {
    this.#meter = meter;
  }

  /**
   * Decodes one packet.
   *
   * @param into receives the samples; 5760 fit the longest packet, 120 ms (RFC 6716, section 2.1.4)
   * @returns how many samples were written, 0 when the packet is not Opus
   */
  decode(packet: Uint8Array, into: Float32Array): number {
    const first = packet[0];
    if (first === undefined) return 0;
    const written = this.#run(Buffer.from(packet.buffer, packet.byteOffset, packet.length), into);
    if (written > 0) {
      this.#heardPacket = true;
      // RFC 6716, section 3.1: the two lowest bits count the frames; 0 means one.
      this.#lost[0] = first & 0xfc;
    }
    return written;
  }

  /**
   * Conceals one lost frame of the last packet's length. RFC 6716, section 3.2.1: a frame of length zero stands
   * for a lost one, which lets a decoder without a loss call conceal exactly one frame.
   */
  conceal(into: Float32Array): number {
    return this.#heardPacket ? this.#run(this.#lost, into) : 0;
  }

  #run(packet: Buffer, into: Float32Array): number {
    const startMs = performance.now();
    const count = this.#decode(packet, into);
    this.#meter?.end(startMs);
    return count;
  }

  #decode(packet: Buffer, into: Float32Array): number {
    let decoded: Buffer;
    try {
      decoded = this.#native.decode(packet);
    } catch {
      // The binding throws for a packet that is not Opus; that is the sender's fault and is counted by the caller.
      return 0;
    }
    const count = Math.min(decoded.length >> 1, into.length);
    const pcm = new Int16Array(decoded.buffer, decoded.byteOffset, count);
    for (let index = 0; index < count; index += 1) into[index] = (pcm[index] ?? 0) / 32_768;
    return count;
  }
}
