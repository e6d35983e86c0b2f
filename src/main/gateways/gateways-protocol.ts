import type { MessagePort } from 'node:worker_threads';
import type { ListeningChannel } from '../../core/program/listening.ts';
import type { CertificatePair } from '../base/certificate-pair.ts';

/** Where this room's program is offered to dashboards through somebody else's relay (see docs/gateways.md). */
export interface SignallingUplink {
  /** http, https, ws or wss. */
  readonly url: string;
  readonly robotId: string;
  readonly apiKey: string;
  /** Slug, name or id of the channel that is heard. */
  readonly channel: string;
  readonly reconnectMs: number;
  /** The credentials go in a header; only relays that know it. Otherwise they go into the address, as others expect. */
  readonly credentialsInHeader: boolean;
}

/** A room that may be reached through this relay's `/webrtc-relay`. */
export interface SignallingRobot {
  readonly robotId: string;
  /** Lower-case hexadecimal SHA-256 of its key. */
  readonly apiKeySha256: string;
  /** What dashboards must show; null: the robot's name is enough. */
  readonly viewerKeySha256: string | null;
}

export interface GatewaysWorkerData {
  /** Numeric address or name that the ports listen on; empty: all of them. */
  readonly host: string;
  /** 0: any free one. */
  readonly webPort: number;
  /** 0: any free one; null: no RTSP. */
  readonly rtspPort: number | null;
  readonly tls: CertificatePair;
  readonly visitsPerNetwork: number;
  readonly secretsInTheClear: boolean;
  /** Folder of the built pages. */
  readonly rendererPath: string;
  /** Names and addresses that others reach this machine by, for WebRTC. */
  readonly publicHosts: readonly string[];
  /** UDP ports for WebRTC. Null: any. */
  readonly webRtcPorts: { readonly first: number; readonly last: number } | null;
  readonly uplinks: readonly SignallingUplink[];
  readonly robots: readonly SignallingRobot[];
  /** Where the members that stand in the channels are asked (`ToRoom`, `FromRoom`); null: there are none. */
  readonly room: MessagePort | null;
}

/** Main thread to gateways. */
export type GatewaysCommand =
  /** All channels that may be listened to from now on. */
  | { readonly kind: 'channels'; readonly channels: readonly ListeningChannel[] }
  /** For connections from now on. */
  | { readonly kind: 'certificate'; readonly certificate: CertificatePair }
  | { readonly kind: 'stop' };

/** What is on in a channel, for the dashboard. */
export interface ProgramState {
  readonly channel: number;
  readonly listeners: number;
  /** Null: nothing is on. */
  readonly source: string | null;
  readonly title: string;
}

/** Gateways to main thread. */
export type GatewaysEvent =
  | { readonly kind: 'listening'; readonly webPort: number; readonly rtspPort: number | null }
  /** `detail` is a sentence for people. `takenPort`: the one that another program has; null: that is not why. */
  | { readonly kind: 'failed'; readonly detail: string; readonly takenPort: number | null }
  /** Once a second, and when something changes. */
  | {
      readonly kind: 'state';
      readonly programs: readonly ProgramState[];
      readonly counters: Readonly<Record<string, number>>;
    }
  | { readonly kind: 'stopped' };
