import { assert } from '../../src/core/base/assert.ts';
import type { SessionToken } from '../../src/core/base/brand.ts';
import { ChaosEngine } from '../../src/core/chaos/chaos-engine.ts';
import { CHAOS_OFF } from '../../src/core/chaos/chaos-settings.ts';
import { NONCE_BYTES, type SealingKey } from '../../src/core/seal/aead-key.ts';
import { CHANNEL_TARGET } from '../../src/core/seal/key-ring.ts';
import { VoiceReceiver } from '../../src/core/voice/voice-receiver.ts';
import { VoiceSender } from '../../src/core/voice/voice-sender.ts';
import { createHeader, decodeHeader } from '../../src/core/wire/datagram.ts';
import { AES_KEY_BYTES, AesGcmKey } from '../../src/main/base/aes-gcm-key.ts';
import { VoiceDecoder } from '../../src/main/voice/opus.ts';
import { FRAME_SAMPLES, type Programme } from './programme.ts';
import { BLOCK_SAMPLES, SoundCard } from './sound-card.ts';

/** Mixed at a time, as the voice thread does: 5 ms. */
const MIX_SAMPLES = 240;

/** A quiet network: what a good line across a country adds. Mean of the jitter, normal. */
const NETWORK = { ...CHAOS_OFF, latencyMs: 20, jitterMs: 3, jitterDistribution: 'normal' } as const;

const KEY_ID = 1;
const HOUSEKEEPING_BLOCKS = 100;

export interface PartyOptions {
  readonly token: number;
  readonly peer: number;
  readonly errorPpm: number;
  /** When its sound card begins. */
  readonly startMs: number;
  readonly programme: Programme;
  readonly seed: number;
  /** Takes what is heard: blocks of BLOCK_SAMPLES, lent for the call. */
  readonly onHeard: (block: Float32Array) => void;
}

function keyOf(token: number): SealingKey {
  return {
    keyId: KEY_ID,
    key: new AesGcmKey(new Uint8Array(AES_KEY_BYTES).fill(token)),
    salt: new Uint8Array(NONCE_BYTES).fill(token + 100),
  };
}

/** One side of the conversation: a sound card, a sender with the line behind it, and a receiver. */
export class Party {
  readonly card: SoundCard;
  readonly receiver = new VoiceReceiver({ createDecoder: () => new VoiceDecoder() });
  readonly line: ChaosEngine;
  readonly #options: PartyOptions;
  readonly #sender = new VoiceSender();
  readonly #header = createHeader();
  readonly #heard = new Float32Array(BLOCK_SAMPLES);
  readonly #mix = new Float32Array(MIX_SAMPLES);
  readonly #out = {
    sendDatagram: (bytes: Uint8Array, lengthBytes: number): void =>
      this.line.handleDatagram(bytes, lengthBytes, this.#nowMs, this.arrivals),
  };
  /** Where datagrams come out of the line. */
  arrivals = { sendDatagram: (_bytes: Uint8Array, _lengthBytes: number): void => undefined };
  #nowMs = 0;
  #block = 1;

  constructor(options: PartyOptions) {
    this.#options = options;
    this.card = new SoundCard(options.errorPpm, options.startMs);
    this.line = new ChaosEngine(options.seed);
    this.line.setSettings(NETWORK, 0);
    this.#sender.setToken(options.token as SessionToken);
    this.#sender.setChannelKey(keyOf(options.token));
    this.receiver.setEpoch(KEY_ID, new Map([[options.peer, keyOf(options.peer)]]), 0);
    this.receiver.setFrameSamples(FRAME_SAMPLES);
  }

  /** When the sound card has captured its next block, and wants one. */
  get nextBlockMs(): number {
    return this.card.timeMs(this.#block * BLOCK_SAMPLES);
  }

  handleBlock(nowMs: number): void {
    this.#nowMs = nowMs;
    const captured = this.#block * BLOCK_SAMPLES;
    if (captured % FRAME_SAMPLES === 0) this.#send(captured / FRAME_SAMPLES - 1);
    for (let at = 0; at < BLOCK_SAMPLES; at += MIX_SAMPLES) {
      this.receiver.mix(this.#mix, MIX_SAMPLES, nowMs);
      this.#heard.set(this.#mix, at);
    }
    this.#options.onHeard(this.#heard);
    if (this.#block % HOUSEKEEPING_BLOCKS === 0) this.receiver.handleDeadline(nowMs);
    this.#block += 1;
  }

  /** A datagram of the other side. */
  handleDatagram(bytes: Uint8Array, lengthBytes: number, nowMs: number): void {
    assert(decodeHeader(bytes, lengthBytes, this.#header).ok, 'what is sent can be read');
    this.receiver.handleDatagram(this.#header, bytes, lengthBytes, nowMs);
  }

  #send(number: number): void {
    const frame = this.#options.programme.frame(number);
    if (frame === null) return;
    const { packet, last } = frame;
    const timestamp = (number * FRAME_SAMPLES) % 2 ** 32;
    this.#sender.handleFrame(packet, packet.length, timestamp, last, CHANNEL_TARGET, this.#out);
  }
}
