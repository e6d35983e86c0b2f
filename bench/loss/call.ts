import type { SessionToken } from '../../src/core/base/brand.ts';
import type { Losses } from '../../src/core/redundancy/losses.ts';
import { RedundancyPlanner } from '../../src/core/redundancy/redundancy-planner.ts';
import type { SealingKey } from '../../src/core/seal/aead-key.ts';
import { CHANNEL_TARGET } from '../../src/core/seal/key-ring.ts';
import { SEALED_OVERHEAD_BYTES } from '../../src/core/seal/sealed-datagram.ts';
import { VoiceReceiver } from '../../src/core/voice/voice-receiver.ts';
import { VoiceSender } from '../../src/core/voice/voice-sender.ts';
import { createHeader, decodeHeader, HEADER_BYTES } from '../../src/core/wire/datagram.ts';
import { AesGcmKey } from '../../src/main/base/aes-gcm-key.ts';
import { VoiceDecoder, VoiceEncoder } from '../../src/main/voice/opus.ts';
import type { Scheme } from './schemes.ts';

export const FRAME_SAMPLES = 960;
const FRAME_MS = 20;

/** The sound device asks for 5 ms at a time, at moments of its own. */
const BLOCK_SAMPLES = 240;
const BLOCK_MS = 5;
const BLOCK_PHASE_MS = 2.5;

/** One way. Constant: what jitter costs is measured elsewhere. */
const NETWORK_MS = 30;

/** From a listener's report over two control lanes to the speaker, in ms. */
const REPORT_MS = 2 * NETWORK_MS;

const SPEAKER = 1 as SessionToken;

export interface CallOutcome {
  /** What the listener's device played, from the moment on at which the speaker's microphone began. */
  readonly heard: Float32Array;
  /** Of payloads as they were sent, frames and copies, in kbit/s. */
  readonly kbits: number;
  /** Mean from a frame's arrival to its playout, copies too, as NetEQ counts it. */
  readonly bufferDelayMs: number;
  /** Of what was played. */
  readonly concealedPercent: number;
  readonly lostPercent: number;
  /** Of the frames whose own datagram was lost. */
  readonly recoveredPercent: number;
}

interface OnItsWay {
  readonly atMs: number;
  readonly bytes: Uint8Array;
}

/** One voice, from the microphone to the listener's device: our engines and Opus, a network that loses, virtual time. */
class Call {
  readonly #scheme: Scheme;
  readonly #encoder: VoiceEncoder;
  readonly #sender = new VoiceSender();
  readonly #receiver = new VoiceReceiver({ createDecoder: () => new VoiceDecoder() });
  readonly #planner = new RedundancyPlanner();
  readonly #isLost: () => boolean;
  readonly #header = createHeader();
  readonly #datagrams: OnItsWay[] = [];
  readonly #reports: { readonly atMs: number; readonly losses: Losses }[] = [];
  #encoderBitrate = 0;
  #sent = 0;
  #lost = 0;
  #payloadBytes = 0;

  constructor(scheme: Scheme, isLost: () => boolean) {
    this.#scheme = scheme;
    this.#isLost = isLost;
    const key: SealingKey = {
      keyId: 1,
      key: new AesGcmKey(new Uint8Array(16).fill(1)),
      salt: new Uint8Array(12).fill(2),
    };
    this.#encoder = new VoiceEncoder(32_000);
    this.#sender.setToken(SPEAKER);
    this.#sender.setChannelKey(key);
    this.#receiver.setEpoch(1, new Map([[SPEAKER, key]]), 0);
    this.#protect();
  }

  run(speech: Float32Array): CallOutcome {
    const heard = new Float32Array(speech.length);
    const block = new Float32Array(BLOCK_SAMPLES);
    let frame = 0;
    for (let at = 0; at + BLOCK_SAMPLES <= heard.length; at += BLOCK_SAMPLES) {
      const nowMs = BLOCK_PHASE_MS + (at / BLOCK_SAMPLES) * BLOCK_MS;
      for (; (frame + 1) * FRAME_MS <= nowMs; frame += 1) {
        this.#speak(speech.subarray(frame * FRAME_SAMPLES, (frame + 1) * FRAME_SAMPLES), frame);
      }
      this.#deliver(nowMs);
      this.#receiver.mix(block, BLOCK_SAMPLES, nowMs);
      heard.set(block, at);
      this.#report(nowMs);
    }
    const [voice] = this.#receiver.voices;
    if (voice === undefined) throw new Error('nothing was heard');
    const { jitterBufferDelayMs, jitterBufferEmittedCount, concealedSamples, totalSamplesReceived } =
      voice.speaker.statistics();
    const { recovered = 0 } = this.#receiver.counters();
    return {
      heard,
      kbits: (this.#payloadBytes * 8) / (this.#sent * FRAME_MS),
      bufferDelayMs: jitterBufferDelayMs / jitterBufferEmittedCount,
      concealedPercent: (100 * concealedSamples) / totalSamplesReceived,
      lostPercent: (100 * this.#lost) / this.#sent,
      recoveredPercent: this.#lost === 0 ? 0 : (100 * recovered) / this.#lost,
    };
  }

  #speak(samples: Float32Array, frame: number): void {
    const packet = this.#encoder.encode(samples);
    this.#sender.handleFrame(packet, packet.length, frame * FRAME_SAMPLES, false, CHANNEL_TARGET, {
      sendDatagram: (bytes, lengthBytes) => {
        this.#sent += 1;
        this.#payloadBytes += lengthBytes - HEADER_BYTES - SEALED_OVERHEAD_BYTES;
        if (this.#isLost()) this.#lost += 1;
        else
          this.#datagrams.push({
            atMs: (frame + 1) * FRAME_MS + NETWORK_MS,
            bytes: bytes.slice(0, lengthBytes),
          });
      },
    });
  }

  #deliver(nowMs: number): void {
    for (let next = this.#datagrams[0]; next !== undefined && next.atMs <= nowMs; next = this.#datagrams[0]) {
      this.#datagrams.shift();
      decodeHeader(next.bytes, next.bytes.length, this.#header);
      this.#receiver.handleDatagram(this.#header, next.bytes, next.bytes.length, next.atMs);
    }
  }

  /** The loop of loss reports, at its real pace. */
  #report(nowMs: number): void {
    if (this.#scheme.kind === 'fixed') return;
    for (const losses of this.#receiver.takeHearingReports(nowMs))
      this.#reports.push({ atMs: nowMs + REPORT_MS, losses });
    for (let next = this.#reports[0]; next !== undefined && next.atMs <= nowMs; next = this.#reports[0]) {
      this.#reports.shift();
      this.#planner.handleHeard(next.losses, nowMs);
    }
    this.#planner.handleDeadline(nowMs);
    this.#protect();
  }

  #protect(): void {
    const scheme = this.#scheme;
    const { copies, spacing, encoderBitrate } =
      scheme.kind === 'fixed' ? scheme : this.#planner.plan({ ...scheme, frameSamples: FRAME_SAMPLES });
    this.#sender.setRedundancy(copies, spacing);
    if (encoderBitrate !== this.#encoderBitrate) this.#encoder.setBitrate(encoderBitrate);
    this.#encoderBitrate = encoderBitrate;
  }
}

/** Speech of one to one other, from beginning to end. */
export function simulateCall(speech: Float32Array, scheme: Scheme, isLost: () => boolean): CallOutcome {
  return new Call(scheme, isLost).run(speech);
}
