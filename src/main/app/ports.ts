import type { AppState, Binding, DeviceInfo, DeviceStatus } from '../../contract/dto.ts';
import type { LaneFailure } from '../../core/session/session-engine.ts';
import type { ActivationMode } from '../../core/voice/talk-gate.ts';

/** What the program needs of the two sound threads. */
export interface VoicePort {
  setActivation(mode: ActivationMode, thresholdDb: number): void;
  setPushToTalk(held: boolean): void;
  setMuted(muted: boolean): void;
  setInRoom(inRoom: boolean): void;
  setSelfTest(on: boolean): void;
  setCodec(bitrate: number, frameSamples: number): void;
  setDeafened(deafened: boolean): void;
  setVolume(token: number, volume: number): void;
  forget(token: number): void;
  connect(address: string, port: number, token: number, pathKey: Uint8Array): void;
  disconnect(): void;
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
  | { kind: 'status'; side: Side; status: DeviceStatus; reason: string };

/** What the program needs of the global push-to-talk key. */
export interface PushToTalkPort {
  setBinding(binding: Binding | null): void;
  startCapture(): void;
  cancelCapture(): void;
}

/** One control connection to a relay. */
export interface Lane {
  send(text: string): void;
  close(): void;
}

export interface LaneRequest {
  readonly host: string;
  readonly port: number;
  readonly acceptCertificate: (sha256: string) => boolean;
  readonly onDidOpen: (remoteAddress: string) => void;
  readonly onMessage: (text: string) => void;
  readonly onDidClose: (failure: LaneFailure) => void;
}

export type OpenLane = (request: LaneRequest) => Lane;

/** A relay that runs inside this program. */
export interface HostedRelay {
  readonly port: number;
  readonly certificateSha256: string;
  stop(): Promise<void>;
}

export interface HostRequest {
  readonly roomName: string;
  readonly port: number;
  readonly onDidDie: (reason: string) => void;
}

export type StartHosting = (
  request: HostRequest,
) => Promise<{ ok: true; relay: HostedRelay } | { ok: false; sentence: string }>;

/** What the program keeps from one start to the next. */
export interface SettingsValues {
  readonly nickname: string;
  readonly activation: ActivationMode;
  readonly gateThresholdDb: number;
  readonly pushToTalk: Binding | null;
  readonly inputId: string;
  readonly outputId: string;
  readonly inviteAddress: string | null;
  readonly knownRelays: Readonly<Record<string, string>>;
}

export interface SettingsPort {
  readonly current: SettingsValues;
  update(change: Partial<SettingsValues>): void;
  rememberRelay(hostAndPort: string, sha256: string): void;
}
