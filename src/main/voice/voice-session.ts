import type { SessionToken } from '../../core/base/brand.ts';
import { parseTrace } from '../../core/chaos/trace-document.ts';
import type { PacketSlot } from '../../core/ring/packet-ring.ts';
import { NONCE_BYTES, type SealingKey } from '../../core/seal/aead-key.ts';
import { CHANNEL_TARGET } from '../../core/seal/key-ring.ts';
import { SAMPLES_PER_MS } from '../../core/voice/sample-rate.ts';
import type { FrameDecoder } from '../../core/voice/speaker.ts';
import { VoiceReceiver } from '../../core/voice/voice-receiver.ts';
import { VoiceSender } from '../../core/voice/voice-sender.ts';
import type { VoicePath } from '../../core/wire/control.ts';
import type { Mac } from '../../core/wire/probe.ts';
import { AES_KEY_BYTES, AesGcmKey } from '../base/aes-gcm-key.ts';
import { ChaosLine } from './chaos-line.ts';
import { type OpenTransport, VoiceLink } from './voice-link.ts';
import {
  type KeyBytes,
  PACKET_LAST,
  PACKET_SELF_TEST,
  packetWhisper,
  type VoiceCommand,
  type VoiceEvent,
  whisperSlot,
} from './voice-protocol.ts';

export interface VoiceSessionOptions {
  /** Where our datagrams begin to be numbered; see VoiceSender. */
  readonly startSequence: number;
  readonly createDecoder: () => FrameDecoder;
  /** See VoiceReceiver. */
  readonly onDidStir?: () => void;
  readonly mac: Mac;
  readonly openTransport: OpenTransport;
  readonly emit: (event: VoiceEvent) => void;
}

type Order<Kind extends VoiceCommand['kind']> = Extract<VoiceCommand, { kind: Kind }>;

/** What one of our whispers stands for. */
interface WhisperTarget {
  readonly whisper: number;
  readonly target: number;
}

/**
 * What the voice thread holds of a session: keys, counts, speakers, and the link to the relay.
 *
 * A session resumed under its token gets a new link and keeps everything else, so that nobody hears a click.
 */
export class VoiceSession {
  readonly receiver: VoiceReceiver;
  readonly #options: VoiceSessionOptions;
  readonly #sender: VoiceSender;
  /** By slot. */
  readonly #whispers = new Map<number, WhisperTarget>();
  readonly #counters = { withoutTarget: 0, badKeys: 0, badTraces: 0 };
  /** Outlasts links. */
  readonly #chaos = new ChaosLine();
  readonly #out = {
    sendDatagram: (bytes: Uint8Array, lengthBytes: number): void =>
      this.#link?.sendDatagram(bytes, lengthBytes),
  };
  #link: VoiceLink | null = null;
  #token: number | null = null;
  #reportedPath: VoicePath = 'udp';
  #reportedState = '';
  #reportedMeters = '';
  #selfTestSequence = 0;

  constructor(options: VoiceSessionOptions) {
    this.#options = options;
    this.#sender = new VoiceSender(options.startSequence);
    const { createDecoder, onDidStir = () => undefined } = options;
    this.receiver = new VoiceReceiver({ createDecoder, onDidStir });
  }

  handleCommand(command: VoiceCommand, nowMs: number): void {
    const { receiver } = this;
    switch (command.kind) {
      case 'connect':
        this.#connect(command);
        return;
      case 'disconnect':
        this.#disconnect();
        return;
      case 'frameSamples':
        receiver.setFrameSamples(command.frameSamples);
        return;
      case 'volume':
        receiver.setVolume(command.token as SessionToken, command.volume);
        return;
      case 'muteMember':
        receiver.setMuted(command.token as SessionToken, command.muted);
        return;
      case 'forget':
        receiver.forget(command.token as SessionToken);
        return;
      case 'deafened':
        receiver.deafened = command.deafened;
        return;
      case 'epoch':
        this.#setEpoch(command, nowMs);
        return;
      case 'whisperTarget':
        this.#setWhisperTarget(command);
        return;
      case 'noWhisperTarget':
        this.#dropWhisperTarget(command.slot);
        return;
      case 'whisperKey': {
        const key = this.#readKey(command.keyId, command);
        if (key !== null) receiver.setWhisperKey(command.from as SessionToken, command.target, key, nowMs);
        return;
      }
      case 'laneDatagram':
        this.#link?.handleLaneDatagram(command.bytes);
        return;
      case 'redundancy':
        this.#sender.setRedundancy(command.copies, command.spacing);
        return;
      case 'chaos':
        this.#chaos.setChaos(command.settings, command.seed);
        return;
      case 'startTrace':
        this.#chaos.startTrace();
        return;
      case 'stopTrace':
        this.#options.emit({ kind: 'trace', ...this.#chaos.stopTrace() });
        return;
      case 'replayTrace':
        this.#replay(command.text);
        return;
    }
  }

  /** Takes in one packet of the encoder. */
  handlePacket(packet: PacketSlot, nowMs: number): void {
    const timestamp = Math.round(packet.stampMs * SAMPLES_PER_MS) >>> 0;
    const last = (packet.kind & PACKET_LAST) !== 0;
    if ((packet.kind & PACKET_SELF_TEST) !== 0) {
      const payload = packet.bytes.subarray(0, packet.length);
      this.receiver.handleSelfTest(this.#selfTestSequence, timestamp, last, payload, nowMs);
      this.#selfTestSequence += 1;
      return;
    }
    const target = this.#targetOf(packetWhisper(packet.kind));
    if (target === null) {
      this.#counters.withoutTarget += 1;
      return;
    }
    this.#sender.handleDeadline(nowMs);
    this.#sender.handleFrame(packet.bytes, packet.length, timestamp, last, target, this.#out);
  }

  /** Tells the levels, who talks, and, when it changed, how the path is. Call it often. */
  reportMeters(nowMs: number): void {
    const { receiver } = this;
    const { emit } = this.#options;
    const meters = {
      outputDb: receiver.outputLevelDb,
      talkingTokens: receiver.talkingTokens(),
      whisperingTokens: receiver.whisperingTokens(),
    };
    const shown = JSON.stringify(meters);
    // Silence need not be told twenty times a second.
    if (shown !== this.#reportedMeters) emit({ kind: 'meters', ...meters });
    this.#reportedMeters = shown;
    const deafForMs = this.#link?.deafForMs(nowMs) ?? null;
    const state = {
      alive: this.#link?.alive ?? false,
      pingMs: this.#link?.pingMs ?? null,
      deafForMs: deafForMs === null ? null : Math.floor(deafForMs / 1_000) * 1_000,
    };
    const text = JSON.stringify(state);
    if (text === this.#reportedState) return;
    this.#reportedState = text;
    emit({ kind: 'path', ...state });
  }

  /** Tells what is lost of the others' voices, and gives back what is not used any more. Call it now and then. */
  handleDeadline(nowMs: number): void {
    this.receiver.handleDeadline(nowMs);
    const reports = this.receiver.takeHearingReports(nowMs);
    if (reports.length > 0) this.#options.emit({ kind: 'hearing', reports });
  }

  /** Counters in groups; the groups `speaker.…` are there while that voice is. */
  counters(): Record<string, Record<string, number>> {
    const groups: Record<string, Record<string, number>> = {
      receive: this.receiver.counters(),
      open: this.receiver.openerCounters(),
      seal: { ...this.#sender.counters(), ...this.#counters },
      ...this.#link?.counters(),
    };
    for (const { token, target, speaker, bytesReceived } of this.receiver.voices) {
      const name = target === CHANNEL_TARGET ? `speaker.${token}` : `speaker.${token}.whisper.${target}`;
      const talking = speaker.talking ? 1 : 0;
      groups[name] = { ...speaker.counters(), ...speaker.statistics(), bytesReceived, talking };
    }
    return groups;
  }

  close(): void {
    this.#link?.close();
    this.#link = null;
  }

  #connect(command: Order<'connect'>): void {
    this.close();
    if (command.token !== this.#token) {
      this.receiver.clear();
      this.#whispers.clear();
    }
    this.#token = command.token;
    this.#sender.setToken(command.token as SessionToken);
    // A new link begins with UDP.
    this.#reportPath('udp');
    this.#link = new VoiceLink({
      ...command,
      mac: this.#options.mac,
      openTransport: this.#options.openTransport,
      chaos: this.#chaos,
      onVoice: (header, bytes, lengthBytes, nowMs) =>
        this.receiver.handleDatagram(header, bytes, lengthBytes, nowMs),
      sendLane: (bytes) => this.#options.emit({ kind: 'laneDatagram', bytes }),
      onDidChangePath: (path) => this.#reportPath(path),
    });
  }

  #disconnect(): void {
    this.close();
    this.#token = null;
    this.#whispers.clear();
    this.#sender.setToken(null);
    this.receiver.forgetEverybody();
    // Without a session there is no relay to be told.
    this.#reportedPath = 'udp';
  }

  #reportPath(path: VoicePath): void {
    if (path === this.#reportedPath) return;
    this.#reportedPath = path;
    this.#options.emit({ kind: 'voicePath', path });
  }

  #setEpoch({ keyId, own, members }: Order<'epoch'>, nowMs: number): void {
    const keys = new Map<number, SealingKey>();
    for (const [token, key, salt] of members) {
      const read = this.#readKey(keyId, { key, salt });
      if (read !== null) keys.set(token, read);
    }
    this.receiver.setEpoch(keyId, keys, nowMs);
    const key = own === null ? null : this.#readKey(keyId, own);
    if (key === null) this.#sender.setChannelKey(null);
    else this.#sender.renewChannelKey(key, nowMs);
  }

  #setWhisperTarget(order: Order<'whisperTarget'>): void {
    const slot = whisperSlot(order.whisper);
    if (this.#whispers.get(slot)?.target !== order.target) this.#dropWhisperTarget(slot);
    this.#whispers.set(slot, { whisper: order.whisper, target: order.target });
    this.#sender.setWhisperKey(order.target, this.#readKey(order.keyId, order));
  }

  #dropWhisperTarget(slot: number): void {
    const known = this.#whispers.get(slot);
    if (known === undefined) return;
    this.#whispers.delete(slot);
    for (const { target } of this.#whispers.values()) if (target === known.target) return;
    this.#sender.setWhisperKey(known.target, null);
  }

  /** The text was checked when it came into the program. */
  #replay(text: string | null): void {
    const parsed = text === null ? null : parseTrace(text);
    if (parsed === null) this.#chaos.replay(null);
    else if (parsed.ok) this.#chaos.replay(parsed.trace);
    else this.#counters.badTraces += 1;
  }

  #targetOf(whisper: number): number | null {
    if (whisper === 0) return CHANNEL_TARGET;
    const known = this.#whispers.get(whisperSlot(whisper));
    return known?.whisper === whisper ? known.target : null;
  }

  /** Keys to open with come from other people: one that is none is left out and counted. */
  #readKey(keyId: number, { key, salt }: KeyBytes): SealingKey | null {
    if (key.length === AES_KEY_BYTES && salt.length === NONCE_BYTES) {
      return { keyId, key: new AesGcmKey(key), salt };
    }
    this.#counters.badKeys += 1;
    return null;
  }
}
