import { assert } from '../base/assert.ts';
import type { SessionToken } from '../base/brand.ts';
import { CHANNEL_TARGET } from '../seal/key-ring.ts';
import { MAX_SEALED_PLAINTEXT_BYTES, openDatagram } from '../seal/sealed-datagram.ts';
import { readU32, writeU32 } from '../wire/big-endian.ts';
import { createHeader, decodeHeader, FLAG_LAST, FLAG_WHISPER, WHISPER_LIST_BIT } from '../wire/datagram.ts';
import { Microphone, type MicrophoneOut, SELF_TEST_TARGET } from './microphone.ts';
import type { ActivationMode } from './talk-gate.ts';
import { toyKey } from './toy-key.ts';
import { VoiceSender } from './voice-sender.ts';
import { WHISPER_TAIL_SAMPLES } from './whisper-schedule.ts';

/**
 * Samples carry their own position: a loud one as a float between 1 and 2, a quiet one 2^17 times smaller (below any
 * threshold). One out of a cross-fade is twice as large. All are exact in 24 bits, and none is the 0 of silence.
 */
const TAG_BASE = 2 ** 23;
const LOUD = 2 ** -23;
const QUIET = 2 ** -40;

interface Tag {
  readonly position: number;
  readonly faded: boolean;
}

function tagOf(sample: number): Tag {
  const raw = sample >= 1 ? sample / LOUD : sample / QUIET;
  return raw >= 2 * TAG_BASE
    ? { position: raw / 2 - TAG_BASE, faded: true }
    : { position: raw - TAG_BASE, faded: false };
}

const listOf = (whisper: number): number => WHISPER_LIST_BIT + whisper;

/** What left for the network, opened again, and where it went. */
export interface HeardFrame {
  readonly target: number;
  /** Captured samples `[from, to)`, both 0 when there is none; the frame may hold silence before and behind them. */
  readonly from: number;
  readonly to: number;
  /** All of them, by position, those out of a cross-fade excepted. */
  readonly positions: readonly number[];
  /** Those of both sides of a cross-fade, in any order. */
  readonly faded: readonly number[];
  readonly timestamp: number;
  readonly last: boolean;
}

/**
 * A microphone whose frames go through the sender and the sealing into datagrams. Its encoder writes down which
 * samples it was given, so that each datagram tells what sound is in it. Its processing does nothing but delay.
 */
export class MicrophoneRig implements MicrophoneOut {
  readonly microphone = new Microphone(0);
  readonly heard: HeardFrame[] = [];
  readonly forgets: boolean[] = [];
  readonly selfTest: { from: number; last: boolean }[] = [];
  /** Of the processing, from the next block on. */
  delaySamples = 0;
  blockSamples = 480;
  voiceProbability = 1;
  readonly #frames: Pick<HeardFrame, 'positions' | 'faded'>[] = [];
  readonly #sender = new VoiceSender();
  readonly #header = createHeader();
  readonly #payload = new Uint8Array(4);
  readonly #opened = new Uint8Array(MAX_SEALED_PLAINTEXT_BYTES);
  /** All that was captured, each loud or quiet. */
  readonly #loud: boolean[] = [];
  #processed = 0;
  #blockDelaySamples = 0;

  /** In a room, past the first 200 ms that are nobody's. */
  static in(mode: ActivationMode, delaySamples = 0): MicrophoneRig {
    const rig = new MicrophoneRig();
    rig.delaySamples = delaySamples;
    rig.microphone.gate.mode = mode;
    rig.run(WHISPER_TAIL_SAMPLES, false);
    return rig;
  }

  constructor() {
    this.#sender.setToken(7 as SessionToken);
    this.#sender.setChannelKey(toyKey(0, 1));
    for (let whisper = 1; whisper <= 3; whisper += 1)
      this.#sender.setWhisperKey(listOf(whisper), toyKey(whisper, whisper));
    this.microphone.setInRoom(true, 0, this);
  }

  get captured(): number {
    return this.#loud.length;
  }

  get waiting(): number {
    return this.#loud.length - this.#processed;
  }

  encodeFrame(
    samples: Float32Array,
    target: number,
    timestamp: number,
    last: boolean,
    forget: boolean,
  ): void {
    this.forgets.push(forget);
    const tags = [...samples].filter((sample) => sample !== 0).map(tagOf);
    const positions = tags.filter(({ faded }) => !faded).map(({ position }) => position);
    const faded = tags.filter((tag) => tag.faded).map(({ position }) => position);
    if (target === SELF_TEST_TARGET) {
      this.selfTest.push({ from: positions[0] ?? 0, last });
      return;
    }
    writeU32(this.#payload, 0, this.#frames.push({ positions, faded }) - 1);
    const wireTarget = target === CHANNEL_TARGET ? CHANNEL_TARGET : listOf(target);
    this.#sender.handleFrame(this.#payload, 4, timestamp, last, wireTarget, this);
  }

  sendDatagram(bytes: Uint8Array, lengthBytes: number): void {
    const header = this.#header;
    assert(decodeHeader(bytes, lengthBytes, header).ok, 'what is sent can be read');
    const whisper = (header.flags & FLAG_WHISPER) !== 0 ? header.target - WHISPER_LIST_BIT : CHANNEL_TARGET;
    const key = whisper === CHANNEL_TARGET ? toyKey(0, 1) : toyKey(whisper, whisper);
    const { payloadOffset, sequence, timestamp } = header;
    const opened = openDatagram(bytes, lengthBytes, payloadOffset, sequence, key, this.#opened);
    assert(opened.ok, 'what is sent can be opened');
    const frame = this.#frames[readU32(this.#opened, 0)] ?? { positions: [], faded: [] };
    const end = frame.positions.at(-1);
    this.heard.push({
      ...frame,
      target: whisper,
      from: frame.positions[0] ?? 0,
      to: end === undefined ? 0 : end + 1,
      timestamp,
      last: (header.flags & FLAG_LAST) !== 0,
    });
  }

  /** The device hands over `count` samples; they wait until `drain`. */
  capture(count: number, loud = true): void {
    for (let at = 0; at < count; at += 1) this.#loud.push(loud);
  }

  drain(): void {
    while (this.waiting >= this.blockSamples) this.#runBlock(this.blockSamples);
  }

  /** As the device and the encoder thread go on: 10 ms at a time, and what is left of it. */
  run(samples: number, loud = true): void {
    for (let done = 0; done < samples; done += 480) {
      this.capture(Math.min(480, samples - done), loud);
      this.drain();
      if (done + 480 > samples && this.waiting > 0) this.#runBlock(this.waiting);
    }
  }

  whisper(whisper: number | null): void {
    this.microphone.handleWhisper(whisper, this.waiting, this);
    this.drain();
  }

  talk(held: boolean): void {
    this.microphone.setPushToTalk(held, this.waiting);
  }

  mute(muted: boolean): void {
    this.microphone.setMuted(muted, this.waiting, this);
  }

  dropWaiting(): void {
    const count = this.waiting;
    this.#processed += count;
    this.microphone.handleGap(count, this);
  }

  /** Runs of captured samples, neighbours joined, as each target got them. */
  runs(target: number): number[][] {
    const runs: number[][] = [];
    for (const { positions } of this.heard.filter((one) => one.target === target)) {
      for (const position of positions) {
        const before = runs.at(-1);
        if (before?.[1] === position) before[1] = position + 1;
        else runs.push([position, position + 1]);
      }
    }
    return runs;
  }

  #runBlock(count: number): void {
    const block = new Float32Array(count);
    const faded = this.delaySamples !== this.#blockDelaySamples;
    for (let at = 0; at < count; at += 1) {
      // A cross-fade holds both: here the one and the other in turn.
      const delay = at % 2 === 0 ? this.#blockDelaySamples : this.delaySamples;
      block[at] = this.#sampleAt(this.#processed + at - delay, faded);
    }
    this.#blockDelaySamples = this.delaySamples;
    this.#processed += count;
    this.microphone.handleBlock(block, count, this.delaySamples, this.voiceProbability, this);
  }

  #sampleAt(position: number, faded: boolean): number {
    if (position < 0) return 0;
    return (TAG_BASE + position) * (this.#loud[position] ? LOUD : QUIET) * (faded ? 2 : 1);
  }
}
