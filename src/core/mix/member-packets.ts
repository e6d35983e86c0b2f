import { type Counters, createCounters } from '../base/counters.ts';
import { MAX_FRAME_SAMPLES } from '../jitter/frame-decoder.ts';
import { MAX_SEALED_PLAINTEXT_BYTES } from '../seal/sealed-datagram.ts';
import { opusPacketSamples } from '../voice/opus-duration.ts';
import { opusPacketBytes, readOpusFrames, writeOpusFrames } from './opus-frames.ts';

/** Shortest packet that goes to members as it is, in samples: 10 ms. More than 150 a second no relay forwards. */
const MIN_PACKET_SAMPLES = 480;

/** Shorter ones are put together until there is so much sound, in samples: 20 ms. */
const JOINED_SAMPLES = 960;

const COUNTED = ['packets', 'asTheyAre', 'joined', 'split', 'tooLong', 'malformed'] as const;
export type MemberPacketsCounter = (typeof COUNTED)[number];

/** Takes a packet that members can be sent. @param samples its duration, 48 kHz */
export type TakeMemberPacket = (packet: Uint8Array, samples: number) => void;

/**
 * Makes packets of a program fit for members: most go as they are, byte for byte. Those shorter than 10 ms are put
 * together, and those longer than a datagram are taken apart, where they are made of several frames; the frames stay
 * what they were (as libopus' repacketizer does). A single frame that no datagram holds is dropped.
 *
 * Counted: packets = asTheyAre + joined + split + tooLong + malformed.
 */
export class MemberPackets {
  readonly counters: Counters<MemberPacketsCounter> = createCounters(COUNTED);
  #coding = 0;
  #frames: Uint8Array[] = [];
  #samples = 0;
  /** A packet of this talkspurt had to be taken apart into so much sound; longer ones are, too. */
  #partSamples = MAX_FRAME_SAMPLES;

  /** @param packet not changed afterwards */
  handlePacket(packet: Uint8Array, take: TakeMemberPacket): void {
    this.counters.packets += 1;
    const samples = opusPacketSamples(packet);
    if (samples === 0) {
      this.counters.malformed += 1;
    } else if (samples < MIN_PACKET_SAMPLES) {
      this.#join(packet, samples, take);
    } else {
      this.#flush(take);
      if (packet.length > MAX_SEALED_PLAINTEXT_BYTES || samples > this.#partSamples)
        this.#split(packet, samples, take);
      else this.#takeWhole(packet, samples, take);
    }
  }

  /** The talkspurt is over: hands on what waits to become longer. */
  end(take: TakeMemberPacket): void {
    this.#flush(take);
    this.#partSamples = MAX_FRAME_SAMPLES;
  }

  #flush(take: TakeMemberPacket): void {
    if (this.#frames.length === 0) return;
    const packet = writeOpusFrames({ coding: this.#coding, frames: this.#frames });
    const samples = this.#samples;
    this.#frames = [];
    this.#samples = 0;
    take(packet, samples);
  }

  #join(packet: Uint8Array, samples: number, take: TakeMemberPacket): void {
    const read = readOpusFrames(packet);
    if (read === null) {
      this.counters.malformed += 1;
      return;
    }
    const together = [...this.#frames, ...read.frames];
    const goesOn = read.coding === this.#coding && fitsDatagram(together);
    if (!goesOn) this.#flush(take);
    if (!fitsDatagram(read.frames)) {
      this.counters.tooLong += 1;
      return;
    }
    this.counters.joined += 1;
    this.#coding = read.coding;
    this.#frames.push(...read.frames);
    this.#samples += samples;
    if (this.#samples >= JOINED_SAMPLES) this.#flush(take);
  }

  /** All parts have one length, or receivers would have to begin anew with each. */
  #split(packet: Uint8Array, samples: number, take: TakeMemberPacket): void {
    const read = readOpusFrames(packet);
    const frames = read?.frames ?? [];
    if (read === null || samples % frames.length !== 0) {
      this.counters.malformed += 1;
      return;
    }
    const frameSamples = samples / frames.length;
    for (let count = frames.length; count >= 1; count -= 1) {
      const partSamples = count * frameSamples;
      if (frames.length % count !== 0 || partSamples > this.#partSamples) continue;
      if (!partsOf(frames, count).every(fitsDatagram)) continue;
      this.#partSamples = partSamples;
      this.counters.split += 1;
      for (const part of partsOf(frames, count))
        take(writeOpusFrames({ coding: read.coding, frames: part }), partSamples);
      return;
    }
    // One frame cannot be taken apart; what follows it may be of another length again.
    this.#takeWhole(packet, samples, take);
  }

  #takeWhole(packet: Uint8Array, samples: number, take: TakeMemberPacket): void {
    if (packet.length > MAX_SEALED_PLAINTEXT_BYTES) {
      this.counters.tooLong += 1;
      return;
    }
    this.counters.asTheyAre += 1;
    take(packet, samples);
  }
}

function fitsDatagram(frames: readonly Uint8Array[]): boolean {
  return opusPacketBytes(frames) <= MAX_SEALED_PLAINTEXT_BYTES;
}

function partsOf(frames: readonly Uint8Array[], count: number): Uint8Array[][] {
  const parts: Uint8Array[][] = [];
  for (let at = 0; at < frames.length; at += count) parts.push(frames.slice(at, at + count));
  return parts;
}
