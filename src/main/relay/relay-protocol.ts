import type { ChannelInfo } from '../../core/wire/channels.ts';

export interface RelayWorkerData {
  readonly folder: string;
  readonly roomName: string;
  readonly maxMembers: number;
  readonly channels: readonly ChannelInfo[];
  /** 0: any free one. TCP and UDP take the same number. */
  readonly port: number;
}

/** Why a relay did not start. */
export type ListenFailure = 'portInUse' | 'portForbidden' | 'certificateFailed' | 'socketFailed';

/** Main thread to relay worker. */
export type RelayCommand = { kind: 'stop' };

/** Relay worker to main thread. */
export type RelayEvent =
  | { kind: 'listening'; port: number; certificateSha256: string }
  | { kind: 'failed'; failure: ListenFailure; detail: string }
  | { kind: 'counters'; counters: Record<string, number> }
  | { kind: 'stopped' };
