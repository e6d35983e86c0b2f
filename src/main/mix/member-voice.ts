import type { SessionToken } from '../../core/base/brand.ts';
import { createCounters } from '../../core/base/counters.ts';
import type { SealingKey } from '../../core/seal/aead-key.ts';
import { CHANNEL_TARGET } from '../../core/seal/key-ring.ts';
import { VoiceReceiver } from '../../core/voice/voice-receiver.ts';
import { VoiceSender } from '../../core/voice/voice-sender.ts';
import type { DatagramHeader } from '../../core/wire/datagram.ts';
import type { HearingReport } from '../../core/wire/hearing.ts';
import type { MemberVoicePort, MixLink, MixPorts } from './mix-ports.ts';

export interface MemberVoiceOptions {
  readonly ports: Pick<MixPorts, 'openLink' | 'createKey' | 'createDecoder' | 'nowMs'>;
  readonly sendLane: (bytes: Uint8Array) => void;
  /** Keys came or went. */
  readonly onDidChangeKeys: () => void;
}

const COUNTED = ['datagrams', 'unheard', 'ownFrames'] as const;

/**
 * The voice of a member that stands in a channel: sealed and opened as any member's. While nobody wants to hear the
 * channel, datagrams are dropped before they are opened; the keys are followed always.
 *
 * Counted: datagrams = unheard + received by the opener.
 */
export class MemberVoice implements MemberVoicePort {
  readonly #options: MemberVoiceOptions;
  readonly #receiver: VoiceReceiver;
  readonly #sender = new VoiceSender();
  readonly #counters = createCounters(COUNTED);
  readonly #out = {
    sendDatagram: (bytes: Uint8Array, lengthBytes: number): void =>
      this.#link?.sendDatagram(bytes, lengthBytes),
  };
  #link: MixLink | null = null;
  #token: number | null = null;
  #keyed = false;
  #listens = false;
  /** Of links that are gone. */
  #droppedBefore = 0;

  constructor(options: MemberVoiceOptions) {
    this.#options = options;
    this.#receiver = new VoiceReceiver({ createDecoder: options.ports.createDecoder });
  }

  /** It holds the channel's keys, its own included. */
  get keyed(): boolean {
    return this.#keyed;
  }

  /** From now on voice is opened and decoded, or no longer. */
  setListening(listens: boolean): void {
    this.#listens = listens;
    if (!listens) this.#receiver.rest();
  }

  /** Fills `into` with the next samples of everybody. */
  mix(into: Float32Array, nowMs: number): void {
    this.#receiver.mix(into, into.length, nowMs);
  }

  /** Seals a frame and sends it to the others. */
  say(packet: Uint8Array, timestamp: number, last: boolean, nowMs: number): void {
    this.#sender.handleDeadline(nowMs);
    this.#sender.handleFrame(packet, packet.length, timestamp, last, CHANNEL_TARGET, this.#out);
  }

  /** Takes the same frame into the mix: nobody hears himself through the relay. */
  hearOwn(packet: Uint8Array, timestamp: number, last: boolean, nowMs: number): void {
    this.#receiver.handleSelfTest(this.#counters.ownFrames, timestamp, last, packet, nowMs);
    this.#counters.ownFrames += 1;
  }

  /** Gives back what is not used any more. Call it now and then. @returns what others are to be told */
  handleDeadline(nowMs: number): readonly HearingReport[] {
    this.#receiver.handleDeadline(nowMs);
    return this.#listens ? this.#receiver.takeHearingReports(nowMs) : [];
  }

  connect(address: string, port: number, token: number, pathKey: Uint8Array): void {
    this.#closeLink();
    if (token !== this.#token) this.#receiver.clear();
    this.#token = token;
    this.#sender.setToken(token as SessionToken);
    this.#link = this.#options.ports.openLink({
      address,
      port,
      token,
      pathKey,
      onVoice: (header, bytes, lengthBytes, nowMs) => this.#handleVoice(header, bytes, lengthBytes, nowMs),
      sendLane: this.#options.sendLane,
    });
  }

  disconnect(): void {
    this.#closeLink();
    this.#token = null;
    this.#sender.setToken(null);
    this.#receiver.forgetEverybody();
    this.#setKeyed(false);
  }

  setEpoch(
    keyId: number,
    own: { readonly key: Uint8Array; readonly salt: Uint8Array } | null,
    members: readonly [number, Uint8Array, Uint8Array][],
  ): void {
    const { createKey, nowMs } = this.#options.ports;
    const sealing = (key: Uint8Array, salt: Uint8Array): SealingKey => ({ keyId, key: createKey(key), salt });
    const now = nowMs();
    const keys = new Map(members.map(([token, key, salt]) => [token, sealing(key, salt)]));
    this.#receiver.setEpoch(keyId, keys, now);
    if (own === null) this.#sender.setChannelKey(null);
    else this.#sender.renewChannelKey(sealing(own.key, own.salt), now);
    this.#setKeyed(own !== null);
  }

  /** The bitrate is that of microphones; publishers and the mix have their own. */
  setCodec(_bitrate: number, frameSamples: number): void {
    this.#receiver.setFrameSamples(frameSamples);
  }

  setRedundancy(copies: number, spacing: number): void {
    this.#sender.setRedundancy(copies, spacing);
  }

  forget(token: number): void {
    this.#receiver.forget(token as SessionToken);
  }

  handleLaneDatagram(bytes: Uint8Array): void {
    this.#link?.handleLaneDatagram(bytes);
  }

  /** It has no microphone to open. */
  setInRoom(): void {}

  counters(): Record<string, number> {
    const parts = {
      receive: this.#receiver.counters(),
      open: this.#receiver.openerCounters(),
      seal: this.#sender.counters(),
    };
    const sums: Record<string, number> = { ...this.#counters };
    sums['droppedAtSocket'] = this.#droppedBefore + (this.#link?.dropped() ?? 0);
    for (const [part, counters] of Object.entries(parts))
      for (const [name, value] of Object.entries(counters)) sums[`${part}.${name}`] = value;
    return sums;
  }

  close(): void {
    this.#closeLink();
    this.#receiver.forgetEverybody();
    this.#setKeyed(false);
  }

  #handleVoice(header: DatagramHeader, bytes: Uint8Array, lengthBytes: number, nowMs: number): void {
    this.#counters.datagrams += 1;
    if (this.#listens) this.#receiver.handleDatagram(header, bytes, lengthBytes, nowMs);
    else this.#counters.unheard += 1;
  }

  #closeLink(): void {
    this.#droppedBefore += this.#link?.dropped() ?? 0;
    this.#link?.close();
    this.#link = null;
  }

  #setKeyed(keyed: boolean): void {
    if (keyed === this.#keyed) return;
    this.#keyed = keyed;
    this.#options.onDidChangeKeys();
  }
}
