import { assert } from '../base/assert.ts';
import type { SessionToken } from '../base/brand.ts';
import { createRng } from '../base/rng.ts';
import { SampleRing } from '../ring/sample-ring.ts';
import { readU32, writeU32 } from '../wire/big-endian.ts';
import { createHeader, decodeHeader } from '../wire/datagram.ts';
import { Microphone, type MicrophoneOut } from './microphone.ts';
import { MicrophonePath, type Processing } from './microphone-path.ts';
import { SAMPLES_PER_MS } from './sample-rate.ts';
import type { FrameDecoder } from './speaker.ts';
import { toyKey } from './toy-key.ts';
import { VoiceReceiver } from './voice-receiver.ts';
import { VoiceSender } from './voice-sender.ts';

/** What the voice worker mixes at a time, in samples. */
const MIX_SAMPLES = 240;

const RING_SAMPLES = 16_384;
const TOKEN = 7 as SessionToken;

/** Samples tell their position; below any gain that would bend them, exact in 24 bits. */
const MARK = 2 ** -25;
const MARK_BASE = 2 ** 23;

/** The way through the network, the relay included, takes so long, in ms, and up to JITTER_MS more. */
const NETWORK_MS = 15;
const JITTER_MS = 4;

/** First byte of a packet (RFC 6716, section 3.1) by how many samples it says that it holds. */
const FIRST_BYTES: Readonly<Record<number, number>> = { 480: 0, 960: 1 << 3, 1920: 2 << 3, 2880: 3 << 3 };

export interface DelayRigOptions {
  readonly frameSamples: number;
  /** What the devices hand over and take at a time. */
  readonly captureBlockSamples: number;
  readonly playbackBlockSamples: number;
  /** The speaker's blocks are so much later than the microphone's. */
  readonly phaseSamples: number;
  readonly processingDelaySamples: number;
  /** The speaker cannot wait for the mixer: it takes a block that was made when it took the one before. */
  readonly takesAhead: boolean;
}

/** A sample that was heard as it was spoken. */
export interface MarkedSample {
  /** From the capture ring's hand-over until the speaker took it out of the playback ring, in ms. */
  readonly ringToRingMs: number;
  /** From the mouth to the ear, through devices without delay of their own, in ms. */
  readonly mouthToEarMs: number;
  /** When it was heard, in ms. */
  readonly heardMs: number;
}

interface Packet {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly atSamples: number;
}

/** Marked sound on the whole way from a microphone to a speaker, in virtual time; the codec passes it on as it is. */
export class DelayRig implements MicrophoneOut {
  readonly marked: MarkedSample[] = [];
  readonly receiver: VoiceReceiver;
  readonly #options: DelayRigOptions;
  readonly #capture = new SampleRing(SampleRing.allocate(RING_SAMPLES));
  readonly #playback = new SampleRing(SampleRing.allocate(RING_SAMPLES));
  readonly #microphone = new Microphone(0);
  readonly #path: MicrophonePath;
  readonly #sender = new VoiceSender();
  readonly #header = createHeader();
  readonly #frames: Float32Array[] = [];
  /** The first byte, and which frame it is. */
  readonly #payload = new Uint8Array(5);
  readonly #mix = new Float32Array(MIX_SAMPLES);
  readonly #rng = createRng(1);
  readonly #underway: Packet[] = [];
  #now = 0;
  #captured = 0;
  #nextPull: number;

  constructor(options: DelayRigOptions) {
    this.#options = options;
    this.#nextPull = options.phaseSamples;
    this.#path = new MicrophonePath({
      capture: this.#capture,
      reference: new SampleRing(SampleRing.allocate(RING_SAMPLES)),
      processing: new Delay(options.processingDelaySamples),
      microphone: this.#microphone,
      nowUs: () => (this.#now * 1_000) / SAMPLES_PER_MS,
    });
    this.#microphone.gate.mode = 'open';
    this.#microphone.setFrameSamples(options.frameSamples);
    this.#microphone.setInRoom(true, 0, this);
    this.#sender.setToken(TOKEN);
    this.#sender.setChannelKey(toyKey(1, 1));
    this.receiver = new VoiceReceiver({ createDecoder: () => this.#createDecoder() });
    this.receiver.setFrameSamples(options.frameSamples);
    this.receiver.setEpoch(1, new Map([[TOKEN, toyKey(1, 1)]]), 0);
  }

  /** Mean time from the speaker over the relay to the listener, in ms: a round trip, where both are as far from it. */
  get pingMs(): number {
    return NETWORK_MS + JITTER_MS / 2;
  }

  /** What the threads count, as they name it. */
  counters(): Record<string, Record<string, number>> {
    const voices = this.receiver.voices.map(({ token, speaker }) => [
      `speaker.${token}`,
      { ...speaker.statistics(), talking: speaker.talking ? 1 : 0 },
    ]);
    return {
      encoder: this.#path.takeCounters(),
      playback: { fillSamples: this.#playback.readable() },
      ...Object.fromEntries(voices),
    };
  }

  run(untilMs: number): void {
    const end = untilMs * SAMPLES_PER_MS;
    for (;;) {
      const nextCapture = this.#captured + this.#options.captureBlockSamples;
      const nextPacket = this.#underway[0]?.atSamples ?? Number.POSITIVE_INFINITY;
      this.#now = Math.min(nextCapture, nextPacket, this.#nextPull);
      if (this.#now >= end) return;
      if (this.#now === nextPacket) this.#receive();
      else if (this.#now === nextCapture) this.#speak();
      else this.#play();
    }
  }

  encodeFrame(samples: Float32Array, target: number, timestamp: number, last: boolean): void {
    this.#payload[0] = FIRST_BYTES[this.#options.frameSamples] ?? 0;
    writeU32(this.#payload, 1, this.#frames.push(samples.slice()) - 1);
    this.#sender.handleFrame(this.#payload, this.#payload.length, timestamp, last, target, this);
  }

  sendDatagram(bytes: Uint8Array, lengthBytes: number): void {
    const wayMs = NETWORK_MS + JITTER_MS * this.#rng.next();
    const before = this.#underway.at(-1)?.atSamples ?? 0;
    const atSamples = Math.max(before, this.#now + wayMs * SAMPLES_PER_MS);
    this.#underway.push({ bytes: bytes.slice(0, lengthBytes), atSamples });
  }

  #speak(): void {
    const count = this.#options.captureBlockSamples;
    const block = Float32Array.from({ length: count }, (_, at) => (MARK_BASE + this.#captured + at) * MARK);
    this.#captured += count;
    this.#capture.push(block, count);
    this.#path.drain(this);
  }

  #receive(): void {
    const packet = this.#underway.shift();
    assert(packet !== undefined, 'a packet is under way');
    const { bytes } = packet;
    assert(decodeHeader(bytes, bytes.length, this.#header).ok, 'what is sent can be read');
    this.receiver.handleDatagram(this.#header, bytes, bytes.length, this.#now / SAMPLES_PER_MS);
  }

  #play(): void {
    const count = this.#options.playbackBlockSamples;
    const block = new Float32Array(count);
    this.#nextPull += count;
    if (!this.#options.takesAhead) this.#mixFor(count);
    this.#playback.pull(block, count);
    if (this.#options.takesAhead) this.#mixFor(count);
    for (let at = 1; at < count; at += 1) this.#note(block[at - 1] ?? 0, block[at] ?? 0, at);
  }

  #mixFor(count: number): void {
    this.#playback.request(count);
    while (this.#playback.requested() > 0) {
      this.receiver.mix(this.#mix, MIX_SAMPLES, this.#now / SAMPLES_PER_MS);
      this.#playback.push(this.#mix, MIX_SAMPLES);
    }
  }

  /** Two neighbours that still are: neither faded nor stretched. */
  #note(before: number, sample: number, at: number): void {
    const position = sample / MARK - MARK_BASE;
    if (before === 0 || !Number.isInteger(position) || sample - before !== MARK) return;
    const { captureBlockSamples } = this.#options;
    const handedOver = (Math.floor(position / captureBlockSamples) + 1) * captureBlockSamples;
    this.marked.push({
      ringToRingMs: (this.#now - handedOver) / SAMPLES_PER_MS,
      mouthToEarMs: (this.#now + at - position) / SAMPLES_PER_MS,
      heardMs: (this.#now + at) / SAMPLES_PER_MS,
    });
  }

  #createDecoder(): FrameDecoder {
    const { frameSamples } = this.#options;
    return {
      decode: (packet, into) => {
        into.set(this.#frames[readU32(packet, 1)] ?? []);
        return frameSamples;
      },
      conceal: (into) => {
        into.fill(0, 0, frameSamples);
        return frameSamples;
      },
    };
  }
}

/** A processing that does nothing but delay. */
class Delay implements Processing {
  readonly delaySamples: number;
  readonly voiceProbability = 1;
  readonly #held: number[];

  constructor(delaySamples: number) {
    this.delaySamples = delaySamples;
    this.#held = Array.from({ length: delaySamples }, () => 0);
  }

  handleReference(): void {}

  process(block: Float32Array): void {
    for (let at = 0; at < block.length; at += 1) {
      this.#held.push(block[at] ?? 0);
      block[at] = this.#held.shift() ?? 0;
    }
  }

  idle(): void {}
}
