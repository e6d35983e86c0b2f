import type { SessionToken } from '../../core/base/brand.ts';
import type { AeadKey, SealingKey } from '../../core/seal/aead-key.ts';
import { CHANNEL_TARGET, KeyRing } from '../../core/seal/key-ring.ts';
import { Opener } from '../../core/seal/opener.ts';
import { VoiceSender } from '../../core/voice/voice-sender.ts';
import {
  createHeader,
  type DatagramHeader,
  decodeHeader,
  MAX_DATAGRAM_BYTES,
} from '../../core/wire/datagram.ts';
import type { BotLink, BotVoicePort, OpenBotLink } from './bot-ports.ts';

export interface BotVoiceOptions {
  readonly openLink: OpenBotLink;
  readonly createKey: (key: Uint8Array) => AeadKey;
  readonly sendLane: (bytes: Uint8Array) => void;
  /** A voice datagram came; both are lent for the call. */
  readonly onArrival: (header: DatagramHeader, bytes: Uint8Array, lengthBytes: number, nowMs: number) => void;
  /** About to go out under this sequence. */
  readonly onSending: (sequence: number) => void;
}

/** Where plaintext goes that nobody plays. Shared: opening is synchronous. */
const plain = new Uint8Array(MAX_DATAGRAM_BYTES);
const header = createHeader();

/** The voice of one bot: sealed and opened as any member's, but spoken from packets made before and played to nobody. */
export class BotVoice implements BotVoicePort {
  readonly #options: BotVoiceOptions;
  readonly #sender = new VoiceSender();
  readonly #ring = new KeyRing();
  readonly #opener = new Opener(this.#ring);
  readonly #out = {
    sendDatagram: (bytes: Uint8Array, lengthBytes: number): void => {
      if (!decodeHeader(bytes, lengthBytes, header).ok) return;
      this.#options.onSending(header.sequence);
      this.#link?.sendDatagram(bytes, lengthBytes);
    },
  };
  #link: BotLink | null = null;
  #token: number | null = null;
  #keysHeld = 0;
  #codec: { readonly bitrate: number; readonly frameSamples: number } | null = null;

  constructor(options: BotVoiceOptions) {
    this.#options = options;
  }

  get link(): BotLink | null {
    return this.#link;
  }

  /** Of the channel, once it is known. */
  get codec(): { readonly bitrate: number; readonly frameSamples: number } | null {
    return this.#codec;
  }

  /** Members whose keys are held, our own included; 0 while we may not send. */
  get keysHeld(): number {
    return this.#keysHeld;
  }

  connect(address: string, port: number, token: number, pathKey: Uint8Array): void {
    this.#link?.close();
    if (token !== this.#token) this.#opener.clear();
    this.#token = token;
    this.#sender.setToken(token as SessionToken);
    this.#link = this.#options.openLink({
      address,
      port,
      token,
      pathKey,
      onVoice: this.#options.onArrival,
      sendLane: this.#options.sendLane,
    });
  }

  disconnect(): void {
    this.#link?.close();
    this.#link = null;
    this.#token = null;
    this.#keysHeld = 0;
    this.#sender.setToken(null);
    this.#opener.clear();
  }

  setEpoch(
    keyId: number,
    own: { readonly key: Uint8Array; readonly salt: Uint8Array } | null,
    members: readonly [number, Uint8Array, Uint8Array][],
  ): void {
    const nowMs = performance.now();
    const sealing = (key: Uint8Array, salt: Uint8Array): SealingKey => ({
      keyId,
      key: this.#options.createKey(key),
      salt,
    });
    this.#ring.setEpoch(
      keyId,
      new Map(members.map(([token, key, salt]) => [token, sealing(key, salt)])),
      nowMs,
    );
    if (own === null) this.#sender.setChannelKey(null);
    else this.#sender.renewChannelKey(sealing(own.key, own.salt), nowMs);
    this.#keysHeld = own === null ? 0 : members.length + 1;
  }

  /** Seals one packet and sends it. */
  speak(packet: Uint8Array, timestamp: number, nowMs: number): void {
    this.#sender.handleDeadline(nowMs);
    this.#sender.handleFrame(packet, packet.length, timestamp, false, CHANNEL_TARGET, this.#out);
  }

  /** @returns false when it could not be opened */
  open(bytes: Uint8Array, lengthBytes: number, nowMs: number): boolean {
    return (
      decodeHeader(bytes, lengthBytes, header).ok &&
      this.#opener.open(header, bytes, lengthBytes, nowMs, plain).ok
    );
  }

  setCodec(bitrate: number, frameSamples: number): void {
    this.#codec = { bitrate, frameSamples };
  }

  setRedundancy(copies: number, spacing: number): void {
    this.#sender.setRedundancy(copies, spacing);
  }

  forget(token: number): void {
    this.#opener.forget(token);
  }

  handleLaneDatagram(bytes: Uint8Array): void {
    this.#link?.handleLaneDatagram(bytes);
  }

  /** It has no microphone to open. */
  setInRoom(): void {}
}
