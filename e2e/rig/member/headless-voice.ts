import { createHmac } from 'node:crypto';
import type { SessionToken } from '../../../src/core/base/brand.ts';
import type { ChaosSettings } from '../../../src/core/chaos/chaos-settings.ts';
import { parseTrace } from '../../../src/core/chaos/trace-document.ts';
import type { SealingKey } from '../../../src/core/seal/aead-key.ts';
import { CHANNEL_TARGET, KeyRing } from '../../../src/core/seal/key-ring.ts';
import { Opener } from '../../../src/core/seal/opener.ts';
import { VoiceSender } from '../../../src/core/voice/voice-sender.ts';
import type { VoicePath } from '../../../src/core/wire/control.ts';
import { type DatagramHeader, MAX_DATAGRAM_BYTES } from '../../../src/core/wire/datagram.ts';
import type { MediaKey, VoicePort } from '../../../src/main/app/ports.ts';
import { AesGcmKey } from '../../../src/main/base/aes-gcm-key.ts';
import { UdpTransport } from '../../../src/main/voice/udp-transport.ts';
import { VoiceLink, type VoiceTransport } from '../../../src/main/voice/voice-link.ts';

export interface HeadlessVoiceOptions {
  /** Made for each connection; a rig may put its own network in between. */
  readonly openTransport?: (
    address: string,
    port: number,
    onDatagram: (bytes: Uint8Array, lengthBytes: number) => void,
  ) => VoiceTransport;
  readonly onDidChangePath: (path: VoicePath) => void;
  readonly sendLane: (bytes: Uint8Array) => void;
  /** New keys to send under are there. */
  readonly onDidChangeKey: (keyId: number) => void;
  /** A packet was opened. `payload` is lent for the call. */
  readonly onHeard: (from: number, target: number, payload: Uint8Array) => void;
}

/** Samples of one packet at 48 kHz: 20 ms. */
const FRAME_SAMPLES = 960;

/**
 * The voice side of a member without sound: real sockets, real probes, real sealing; packets hold whatever they are
 * given.
 */
export class HeadlessVoice implements VoicePort {
  readonly counters = { sent: 0, heard: 0 };
  readonly #options: HeadlessVoiceOptions;
  readonly #sender = new VoiceSender();
  readonly #ring = new KeyRing();
  readonly #opener = new Opener(this.#ring);
  readonly #plain = new Uint8Array(MAX_DATAGRAM_BYTES);
  readonly #targets = new Map<number, number>();
  readonly #out = {
    sendDatagram: (bytes: Uint8Array, lengthBytes: number): void => {
      this.counters.sent += 1;
      this.lastDatagram = bytes.slice(0, lengthBytes);
      this.#link?.sendDatagram(bytes, lengthBytes);
    },
  };
  #link: VoiceLink | null = null;
  #timestamp = 0;
  #slot: number | null = null;
  #token: number | null = null;
  #keyId: number | null = null;
  #nextKeyId: number | null = null;
  /** The newest voice datagram sent, as it went out. */
  lastDatagram: Uint8Array | null = null;
  /** Where and under which path key this session sends. */
  path: { readonly address: string; readonly port: number; readonly pathKey: Uint8Array } | null = null;

  constructor(options: HeadlessVoiceOptions) {
    this.#options = options;
  }

  get token(): number | null {
    return this.#token;
  }

  get alive(): boolean {
    return this.#link?.alive ?? false;
  }

  get openerCounters(): Readonly<Record<string, number>> {
    return this.#opener.counters;
  }

  get senderCounters(): Readonly<Record<string, number>> {
    return this.#sender.counters();
  }

  get linkCounters(): Readonly<Record<string, Record<string, number>>> {
    return this.#link?.counters() ?? {};
  }

  /** Sends one packet to the channel, or to the whisper that is held down. */
  speak(payload: Uint8Array, last = false): void {
    this.#timestamp = (this.#timestamp + FRAME_SAMPLES) >>> 0;
    const target = this.#slot === null ? CHANNEL_TARGET : this.#targets.get(this.#slot);
    if (target === undefined) return;
    this.#sender.handleDeadline(performance.now());
    this.#sender.handleFrame(payload, payload.length, this.#timestamp, last, target, this.#out);
  }

  /** Sends bytes as they are, from the address this session is bound to. */
  sendRaw(bytes: Uint8Array): void {
    this.#link?.sendDatagram(bytes, bytes.length);
  }

  connect(address: string, port: number, token: number, pathKey: Uint8Array): void {
    this.#link?.close();
    if (token !== this.#token) {
      this.#opener.clear();
      this.#targets.clear();
    }
    this.#token = token;
    this.path = { address, port, pathKey };
    this.#sender.setToken(token as SessionToken);
    this.#link = new VoiceLink({
      address,
      port,
      token,
      pathKey,
      mac: (key, bytes) => createHmac('sha256', key).update(bytes).digest(),
      openTransport:
        this.#options.openTransport ?? ((to, at, onDatagram) => new UdpTransport(to, at, onDatagram)),
      onVoice: (header, bytes, lengthBytes, nowMs) => this.#hear(header, bytes, lengthBytes, nowMs),
      sendLane: this.#options.sendLane,
      onDidChangePath: this.#options.onDidChangePath,
    });
  }

  disconnect(): void {
    this.#link?.close();
    this.#link = null;
    this.#token = null;
    this.#keyId = null;
    this.#nextKeyId = null;
    this.#sender.setToken(null);
    this.#opener.clear();
  }

  setEpoch(keyId: number, own: MediaKey | null, members: readonly [number, Uint8Array, Uint8Array][]): void {
    const nowMs = performance.now();
    this.#ring.setEpoch(
      keyId,
      new Map(members.map(([token, key, salt]) => [token, sealingKey(keyId, key, salt)])),
      nowMs,
    );
    if (own === null) this.#sender.setChannelKey(null);
    else this.#sender.renewChannelKey(sealingKey(keyId, own.key, own.salt), nowMs);
    this.#nextKeyId = own === null ? null : keyId;
    this.#awaitKey();
  }

  setWhisper(slot: number | null): void {
    this.#slot = slot;
  }

  setWhisperTarget(
    slot: number,
    target: number | null,
    keyId?: number,
    key?: Uint8Array,
    salt?: Uint8Array,
  ): void {
    const before = this.#targets.get(slot);
    if (before !== undefined) this.#sender.setWhisperKey(before, null);
    this.#targets.delete(slot);
    if (target === null || keyId === undefined || key === undefined || salt === undefined) return;
    this.#targets.set(slot, target);
    this.#sender.setWhisperKey(target, sealingKey(keyId, key, salt));
  }

  setWhisperKey(from: number, target: number, keyId: number, key: Uint8Array, salt: Uint8Array): void {
    this.#ring.setWhisperKey(from, target, sealingKey(keyId, key, salt), performance.now());
  }

  handleLaneDatagram(bytes: Uint8Array): void {
    this.#link?.handleLaneDatagram(bytes);
  }

  setChaos(settings: ChaosSettings, seed: number): void {
    this.#link?.setChaos(settings, seed);
  }

  startTrace(): void {
    this.#link?.startTrace();
  }

  stopTrace(): void {
    this.#link?.stopTrace();
  }

  replayTrace(text: string | null): void {
    const parsed = text === null ? null : parseTrace(text);
    this.#link?.replay(parsed?.ok === true ? parsed.trace : null);
  }

  forget(token: number): void {
    this.#opener.forget(token);
  }

  // There is no sound to be set up.
  setActivation(): void {}
  setPushToTalk(): void {}
  setMuted(): void {}
  setInRoom(): void {}
  setSelfTest(): void {}
  setCodec(): void {}
  setRedundancy(): void {}
  setProcessing(): void {}
  setTalkTiming(): void {}
  setReportInterval(): void {}
  setTaps(): void {}
  setDeafened(): void {}
  setVolume(): void {}
  setMemberMuted(): void {}

  /** Tells of the newest key once it is sealed under. */
  #awaitKey(): void {
    const nowMs = performance.now();
    this.#sender.handleDeadline(nowMs);
    const deadlineMs = this.#sender.nextDeadlineMs();
    if (deadlineMs !== null) {
      // A busy thread's timers come early as well as late: whether it is time is looked at anew.
      setTimeout(() => this.#awaitKey(), Math.max(1, deadlineMs - nowMs)).unref();
      return;
    }
    if (this.#nextKeyId === this.#keyId) return;
    this.#keyId = this.#nextKeyId;
    if (this.#keyId !== null) this.#options.onDidChangeKey(this.#keyId);
  }

  #hear(header: DatagramHeader, bytes: Uint8Array, lengthBytes: number, nowMs: number): void {
    const result = this.#opener.open(header, bytes, lengthBytes, nowMs, this.#plain);
    if (!result.ok) return;
    this.counters.heard += 1;
    this.#options.onHeard(header.token, header.target, this.#plain.subarray(0, result.lengthBytes));
  }
}

function sealingKey(keyId: number, key: Uint8Array, salt: Uint8Array): SealingKey {
  return { keyId, key: new AesGcmKey(key), salt };
}
