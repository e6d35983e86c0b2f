import type { AeadKey } from '../../core/seal/aead-key.ts';
import type { FrameDecoder } from '../../core/voice/speaker.ts';
import type { DatagramHeader } from '../../core/wire/datagram.ts';
import type { HearingReport } from '../../core/wire/hearing.ts';

export type Outcome = { readonly ok: true } | { readonly ok: false; readonly sentence: string };

/** The way of one member's voice to the relay and back, as any member has it. */
export interface MixLink {
  sendDatagram(bytes: Uint8Array, lengthBytes: number): void;
  handleLaneDatagram(bytes: Uint8Array): void;
  /** Datagrams that the kernel dropped at this socket, and those it did not send. */
  dropped(): number;
  close(): void;
}

export interface MixLinkRequest {
  readonly address: string;
  readonly port: number;
  readonly token: number;
  readonly pathKey: Uint8Array;
  /** Both are lent for the call. @param nowMs when it was read from the socket */
  readonly onVoice: (header: DatagramHeader, bytes: Uint8Array, lengthBytes: number, nowMs: number) => void;
  readonly sendLane: (bytes: Uint8Array) => void;
}

/** A sender's key of one epoch. */
interface KeyBytes {
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
}

/** What a membership tells the member's voice. */
export interface MemberVoicePort {
  connect(address: string, port: number, token: number, pathKey: Uint8Array): void;
  disconnect(): void;
  setEpoch(keyId: number, own: KeyBytes | null, members: readonly [number, Uint8Array, Uint8Array][]): void;
  setCodec(bitrate: number, frameSamples: number): void;
  setRedundancy(copies: number, spacing: number): void;
  setInRoom(inRoom: boolean): void;
  forget(token: number): void;
  handleLaneDatagram(bytes: Uint8Array): void;
}

/** A place in the room: login, roster and the keys of the channel, as any member has them. */
export interface MixMember {
  /** base64url of its public key; the same as long as it lives. */
  readonly identity: string;
  /** Where it is. Null: in no channel, or not known, because the lane is lost and looked for. */
  readonly channel: number | null;
  /** The lane stands and carries the session. */
  readonly connected: boolean;
  /** Somebody else is in its channel, as far as is known. */
  readonly inCompany: boolean;
  join(): Promise<Outcome>;
  joinChannel(channel: number): Promise<Outcome>;
  sendLaneDatagram(bytes: Uint8Array): void;
  /** What it hears of the others, for their encoders. */
  sendHearing(reports: readonly HearingReport[]): void;
  leave(): void;
}

export interface MixMemberOptions {
  readonly voice: MemberVoicePort;
  /** Something of the above changed. */
  readonly onDidChange: () => void;
  /** The session is over, and nobody here asked for it. */
  readonly onDidDrop: (sentence: string) => void;
}

/** Encodes the mix of one channel. */
export interface MixEncoder {
  /** @param samples mono, 48 kHz, 20 ms. @returns the packet, owned by the caller */
  encode(samples: Float32Array): Uint8Array;
  /** What follows has nothing to do with what went before. */
  reset(): void;
}

/** What the mix needs of the rest of the program. */
export interface MixPorts {
  createMember(options: MixMemberOptions): MixMember;
  openLink(request: MixLinkRequest): MixLink;
  createKey(key: Uint8Array): AeadKey;
  createDecoder(): FrameDecoder;
  /** @param bitrate in bit/s */
  createEncoder(bitrate: number): MixEncoder;
  /** On one clock with the arrivals. */
  nowMs(): number;
}
