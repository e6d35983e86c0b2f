import type { AeadKey } from '../../core/seal/aead-key.ts';
import type { DatagramHeader } from '../../core/wire/datagram.ts';
import type { KeyTurns } from './key-turns.ts';
import type { PackageGate } from './package-gate.ts';
import type { SpeechEncoder } from './speech.ts';

export type Outcome = { readonly ok: true } | { readonly ok: false; readonly sentence: string };

/** One bot's way to the relay: its own socket, and the path probes that keep it bound. */
export interface BotLink {
  /** The relay answers the probes. */
  readonly alive: boolean;
  readonly kind: 'batched' | 'dgram';
  /** Sends by UDP, whatever the probes say: this is a test of UDP. */
  sendDatagram(bytes: Uint8Array, lengthBytes: number): void;
  handleLaneDatagram(bytes: Uint8Array): void;
  /** Datagrams that the kernel dropped at this socket, and those it did not send. */
  dropped(): number;
  close(): void;
}

export interface BotLinkRequest {
  readonly address: string;
  readonly port: number;
  readonly token: number;
  readonly pathKey: Uint8Array;
  /** Both are lent for the call. @param nowMs when it was read from the socket */
  readonly onVoice: (header: DatagramHeader, bytes: Uint8Array, lengthBytes: number, nowMs: number) => void;
  readonly sendLane: (bytes: Uint8Array) => void;
}

export type OpenBotLink = (request: BotLinkRequest) => BotLink;

/** What a bot's membership tells its voice. */
export interface BotVoicePort {
  connect(address: string, port: number, token: number, pathKey: Uint8Array): void;
  disconnect(): void;
  setEpoch(
    keyId: number,
    own: { readonly key: Uint8Array; readonly salt: Uint8Array } | null,
    members: readonly [number, Uint8Array, Uint8Array][],
  ): void;
  setCodec(bitrate: number, frameSamples: number): void;
  setRedundancy(copies: number, spacing: number): void;
  setInRoom(inRoom: boolean): void;
  forget(token: number): void;
  handleLaneDatagram(bytes: Uint8Array): void;
}

/** A bot's place in the room: login, roster and the keys of its channel, as any member has them. */
export interface BotMember {
  readonly token: number | null;
  /** Null: in none, or not connected. */
  readonly channel: number | null;
  readonly connected: boolean;
  join(): Promise<Outcome>;
  joinChannel(channel: number): Promise<Outcome>;
  sendLaneDatagram(bytes: Uint8Array): void;
  leave(): void;
}

export interface BotMemberOptions {
  /** Its number among the bots, from 0. */
  readonly index: number;
  readonly nickname: string;
  readonly identity: BotIdentity;
  readonly voice: BotVoicePort;
  /** When its key group may work. */
  readonly turns: KeyTurns;
  /** When its key package may go out. */
  readonly gate: PackageGate;
  /** Put out of the room for good. */
  readonly onDidDrop: (sentence: string) => void;
}

/** base64url of a bot's public key; what else belongs to it is the composition's. */
export interface BotIdentity {
  readonly publicKey: string;
}

/** What the bots need of the rest of the program. */
export interface BotPorts {
  createIdentity(): BotIdentity;
  createMember(options: BotMemberOptions): BotMember;
  readonly openLink: OpenBotLink;
  createKey(key: Uint8Array): AeadKey;
  createEncoder(bitrate: number): SpeechEncoder;
  /** Mono samples at 48 kHz. */
  readSpeech(
    path: string,
  ): Promise<
    { readonly ok: true; readonly samples: Float32Array } | { readonly ok: false; readonly sentence: string }
  >;
  /** On one clock with the arrivals. */
  nowMs(): number;
  /** Time of the processor that this thread has used so far, in ms. */
  threadCpuMs(): number;
}
