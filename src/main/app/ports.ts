import type { AppState, Binding, DeviceInfo, DeviceStatus } from '../../contract/dto.ts';
import type { ProcessingSettings, TalkTiming } from '../../contract/sound.ts';
import type { ChaosSettings, Testing } from '../../contract/testing.ts';
import type { LaneFailure } from '../../core/session/session-engine.ts';
import type { ActivationMode } from '../../core/voice/talk-gate.ts';
import type { WhisperPublicKey } from '../../core/wire/key-delivery.ts';

/** What the program needs of the two sound threads. */
export interface VoicePort {
  setActivation(mode: ActivationMode, thresholdDb: number): void;
  setPushToTalk(held: boolean): void;
  setMuted(muted: boolean): void;
  setInRoom(inRoom: boolean): void;
  setSelfTest(on: boolean): void;
  setCodec(bitrate: number, frameSamples: number): void;
  /** How many earlier frames go along with each, and every how manieth. */
  setRedundancy(copies: number, spacing: number): void;
  setProcessing(settings: ProcessingSettings): void;
  setTalkTiming(releaseDelayMs: number, preRollMs: number): void;
  setChaos(settings: ChaosSettings, seed: number): void;
  startTrace(): void;
  /** Answered by the fact `trace`. */
  stopTrace(): void;
  /** A trace that was checked; null: no more. */
  replayTrace(text: string | null): void;
  /** Rings that take the sound to be recorded; null: nobody records. */
  setTaps(memories: TapMemories | null): void;
  /** How often counters are reported, in ms. */
  setReportInterval(intervalMs: number): void;
  setDeafened(deafened: boolean): void;
  setVolume(token: number, volume: number): void;
  setMemberMuted(token: number, muted: boolean): void;
  forget(token: number): void;
  /** With the token of the session before, only the path is new: speakers, keys and counts go on. */
  connect(address: string, port: number, token: number, pathKey: Uint8Array): void;
  disconnect(): void;
  /** Keys of the channel we are in: our own to send under (null: nothing may be sent), the others' to open. */
  setEpoch(keyId: number, own: MediaKey | null, members: readonly [number, Uint8Array, Uint8Array][]): void;
  /** The whisper slot that is held down; NOBODY: held, and nobody is there to hear it; null: none. */
  setWhisper(slot: number | null): void;
  /** What a slot stands for and the key to whisper under; target null: nothing any more. */
  setWhisperTarget(
    slot: number,
    target: number | null,
    keyId?: number,
    key?: Uint8Array,
    salt?: Uint8Array,
  ): void;
  /** A key that somebody whispers to us under. */
  setWhisperKey(from: number, target: number, keyId: number, key: Uint8Array, salt: Uint8Array): void;
  /** A datagram that came over the control lane. */
  handleLaneDatagram(bytes: Uint8Array): void;
}

/** Rings that take sound on its way through the program: as captured, as sent, as played. */
export interface TapMemories {
  readonly raw: SharedArrayBuffer;
  readonly processed: SharedArrayBuffer;
  readonly mix: SharedArrayBuffer;
}

/** What writes recordings of the sound inside the program, one at a time. */
export interface TapsPort {
  readonly state: Testing['taps'];
  /** @returns null when it cannot begin (see `state.problem`), or when one runs already */
  start(): TapMemories | null;
  /** A voice is recorded from its first sample, which is sample `startSample` of the recording. */
  addSpeaker(token: number, memory: SharedArrayBuffer, startSample: number, name: string): void;
  /** Resolves when the files are whole. */
  stop(): Promise<void>;
}

/** A sender's key of one epoch: AES-128 key and 96-bit salt. */
export interface MediaKey {
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
}

/** Our place in the key group of one channel (MLS, RFC 9420). Calls are worked off one after the other. */
export interface GroupPort {
  readonly epoch: bigint | null;
  readonly groupId: Uint8Array | null;
  readonly epochAuthenticator: Uint8Array | null;
  /** Identities in the group, 32 bytes each. */
  members(): Uint8Array[];
  createPackage(): Promise<Uint8Array>;
  create(groupId: Uint8Array): Promise<void>;
  /** Prepares a commit; it holds only once `acceptOwnCommit` is called. `skipped`: whose packages were no good. */
  commit(change: {
    readonly add: readonly { readonly identity: Uint8Array; readonly keyPackage: Uint8Array }[];
    readonly remove: readonly Uint8Array[];
  }): Promise<
    | {
        readonly ok: true;
        readonly commit: Uint8Array | null;
        readonly welcome: Uint8Array | null;
        readonly skipped: readonly Uint8Array[];
      }
    | { readonly ok: false }
  >;
  /** @returns false when there was none to accept */
  acceptOwnCommit(): Promise<boolean>;
  rejectOwnCommit(): Promise<void>;
  applyCommit(
    commit: Uint8Array,
  ): Promise<{ readonly ok: true; readonly outcome: 'advanced' | 'removed' } | { readonly ok: false }>;
  join(welcome: Uint8Array, groupId: Uint8Array): Promise<{ readonly ok: boolean }>;
  /** By identity, base64url. */
  mediaKeys(): Promise<ReadonlyMap<string, MediaKey>>;
  clear(): Promise<void>;
}

/** Who we are. */
export interface IdentityPort {
  /** base64url. */
  readonly publicKey: string;
  /** `problem`: what is wrong with how it is kept, for a person; empty when all is well. */
  readonly storage: 'system' | 'file';
  readonly problem: string;
  sign(bytes: Uint8Array): Uint8Array;
  safetyCode(otherIdentity: string): string;
  groupCode(epochAuthenticator: Uint8Array): string;
  createGroup(): GroupPort;
  /** Keys to whisper with, made anew for each session. */
  createWhisperCrypto(): Promise<WhisperCryptoPort>;
  exportTo(passphrase: string): Promise<{ ok: true; text: string } | { ok: false; sentence: string }>;
  /** Replaces who we are, here and in the store. */
  importFrom(text: string, passphrase: string): Promise<{ ok: true } | { ok: false; sentence: string }>;
}

/** The whisper key of one session of ours. */
export interface WhisperCryptoPort {
  readonly publicKey: WhisperPublicKey;
  /** @returns null when the other's whisper key is not signed by the identity */
  seal(facts: {
    readonly fromToken: number;
    readonly toIdentity: string;
    readonly toKey: WhisperPublicKey;
    readonly target: number;
    readonly keyId: number;
    readonly key: Uint8Array;
    readonly salt: Uint8Array;
  }): Promise<Uint8Array | null>;
  open(facts: {
    readonly sealed: Uint8Array;
    readonly fromIdentity: string;
    readonly fromToken: number;
    readonly target: number;
  }): Promise<
    | { readonly ok: true; readonly keyId: number; readonly key: Uint8Array; readonly salt: Uint8Array }
    | { readonly ok: false }
  >;
}

export type Side = 'input' | 'output';

/** What the program needs of the sound devices. */
export interface AudioPort {
  select(side: Side, id: string): void;
  refresh(): void;
}

/** What the sound devices report. */
export type AudioFact =
  | { kind: 'backend'; name: AppState['audioBackend']; reason: string }
  | { kind: 'devices'; inputs: DeviceInfo[]; outputs: DeviceInfo[] }
  | { kind: 'status'; side: Side; status: DeviceStatus; reason: string }
  /** Which buffers a device has: `nextStep` is where to begin the next time. */
  | { kind: 'buffer'; key: string; nextStep: number }
  /** What lies between the devices and our rings; null: not open, or not known. */
  | { kind: 'latency'; input: DeviceLatency | null; output: DeviceLatency | null };

/** Where the delay of a device is, in ms: in the device or its server (null: it does not say), and in our buffers. */
export interface DeviceLatency {
  readonly deviceMs: number | null;
  readonly bufferMs: number;
}

/** The global keys: `pushToTalk`, `reply`, `whisper.<list>`. */
export interface KeysPort {
  setBinding(name: string, binding: Binding | null): void;
  /** The next key or button pressed becomes that one. */
  startCapture(name: string): void;
  cancelCapture(): void;
}

/** One control connection to a relay. */
export interface Lane {
  send(text: string): void;
  sendDatagram(bytes: Uint8Array): void;
  close(): void;
}

export interface LaneRequest {
  readonly host: string;
  readonly port: number;
  readonly acceptCertificate: (sha256: string) => boolean;
  readonly onDidOpen: (facts: { readonly remoteAddress: string; readonly exporter: Uint8Array }) => void;
  readonly onMessage: (text: string) => void;
  readonly onDatagram: (bytes: Uint8Array) => void;
  readonly onDidClose: (failure: LaneFailure) => void;
}

export type OpenLane = (request: LaneRequest) => Lane;

/** A relay that runs inside this program. */
export interface HostedRelay {
  readonly port: number;
  readonly certificateSha256: string;
  /** An address that opens the room's dashboard, once, for whoever hosts it. */
  openDashboard(): Promise<{ ok: true; link: string } | { ok: false; sentence: string }>;
  /** Channels that are heard outside now, by name, and the address of each one's page. */
  listeningLinks(): readonly { readonly channel: string; readonly link: string }[];
  stop(reason: 'closing' | 'restarting'): Promise<void>;
}

export interface HostRequest {
  readonly roomName: string;
  readonly port: number;
  /** The host's own identity: always admin. */
  readonly ownerIdentity: string;
  /** Name or address that others are sent to, as it is now. */
  readonly address: () => string;
  /** `listeningLinks` tells something else now. */
  readonly onDidChangeListening: () => void;
  readonly onDidDie: (reason: string) => void;
}

export type StartHosting = (
  request: HostRequest,
) => Promise<{ ok: true; relay: HostedRelay } | { ok: false; sentence: string }>;

/** A whisper list as it is kept: people by identity, whether they are here or not. */
export interface StoredWhisperList {
  readonly id: number;
  readonly name: string;
  readonly targets: readonly string[];
  readonly binding: Binding | null;
}

/** What the program keeps from one start to the next. */
export interface SettingsValues {
  readonly nickname: string;
  readonly activation: ActivationMode;
  readonly gateThresholdDb: number;
  readonly pushToTalk: Binding | null;
  readonly inputId: string;
  readonly outputId: string;
  readonly inviteAddress: string | null;
  readonly whisperLists: readonly StoredWhisperList[];
  readonly replyKey: Binding | null;
  readonly processing: ProcessingSettings;
  readonly talkTiming: TalkTiming;
  /** Length of a device's buffers, as a step of its ladder, by backend, side and device. */
  readonly audioBuffers: Readonly<Record<string, number>>;
}

export interface SettingsPort {
  readonly current: SettingsValues;
  /** @throws Error when the disk refuses; the change then holds until the program ends */
  update(change: Partial<SettingsValues>): void;
}

/** What is kept about somebody on one relay. */
export interface PersonValues {
  readonly nickname: string;
  /** Linear gain, 0 to 2. */
  readonly volume: number;
  readonly mutedHere: boolean;
  readonly verified: boolean;
}

/** Relays and the people on them. `server` is the SHA-256 of the relay's certificate, base64url. */
export interface PeoplePort {
  knownRelay(hostAndPort: string): string | null;
  rememberRelay(hostAndPort: string, sha256: string): void;
  person(server: string, identity: string): PersonValues | null;
  savePerson(server: string, identity: string, values: PersonValues): void;
}

/** A room kept for later, without its password. */
export interface BookmarkValues {
  readonly id: number;
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly nickname: string;
  readonly certificateSha256: string | null;
  readonly hasPassword: boolean;
}

export interface BookmarksPort {
  list(): readonly BookmarkValues[];
  /** @param password undefined: as it is; null: none */
  save(
    bookmark: Omit<BookmarkValues, 'id' | 'hasPassword'> & { readonly id: number | null },
    password: string | null | undefined,
  ): void;
  remove(id: number): void;
  /** @returns null when there is none, or it cannot be opened any more */
  password(id: number): string | null;
}
