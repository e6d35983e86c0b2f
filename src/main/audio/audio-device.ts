import type { AppState, DeviceInfo } from '../../contract/dto.ts';

/** Every ring and every device stream runs at this rate; backends convert where the hardware differs. */
export const SAMPLE_RATE_HZ = 48_000;

export type BackendName = AppState['audioBackend'];

export type Side = 'input' | 'output';

/** Devices by side. The system's default is not in the list: it is the id ''. */
export interface DeviceList {
  readonly inputs: DeviceInfo[];
  readonly outputs: DeviceInfo[];
}

/** What a running stream counted since it was opened. */
export interface StreamCounters {
  /** Times the device ran out of sound (output) or had to drop some (input). */
  readonly deviceXruns: number;
}

/** An open input or output. */
export interface AudioStream {
  readonly counters: StreamCounters;
  /** Ends the stream. Never rejects and never takes longer than about a second, whatever the device does. */
  close(): Promise<void>;
}

export interface InputRequest {
  /** Stable id out of `list()`; '' is the system's default. */
  readonly id: string;
  /** Mono f32 at 48 kHz. `samples` is only valid during the call. */
  readonly onBlock: (samples: Float32Array, count: number) => void;
  /** The stream ended by itself. Called at most once, with a sentence. */
  readonly onDidFail: (reason: string) => void;
}

export interface OutputRequest {
  readonly id: string;
  /**
   * Has the next `count` samples made. A backend that can wait a moment calls it before each `pullBlock`: the
   * sound is then fresh. Without it a block is made after each pull and waits for the next. Resolves when they are
   * there, or when it is too late to wait for them.
   */
  readonly prepare: (count: number) => Promise<void>;
  /** Fills the first `count` samples of `into` with mono f32 at 48 kHz. */
  readonly pullBlock: (into: Float32Array, count: number) => void;
  readonly onDidFail: (reason: string) => void;
}

/**
 * Why a stream could not be opened. `absent`: there is no such hardware. `gone`: the id is not there now.
 * `failed`: it is there and refuses. `stale`: the library must close every stream before it can see the device.
 */
export type OpenFailureKind = 'absent' | 'gone' | 'failed' | 'stale';

export type OpenResult =
  | { readonly ok: true; readonly stream: AudioStream }
  | { readonly ok: false; readonly kind: OpenFailureKind; readonly reason: string };

/** A way to the sound hardware. Input and output are separate streams: neither waits for the other. */
export interface AudioDevice {
  readonly name: BackendName;
  /** Not empty: a sentence why this backend can do no more in this process and another one must take over. */
  readonly exhausted: string;
  /** Streams whose native side died and could not be freed. While there are any, the process cannot exit normally. */
  readonly abandonedStreams: number;
  list(): Promise<DeviceList>;
  /** Calls back whenever the list may have changed. Backends that cannot know never call. */
  watch(onDidChange: () => void): void;
  openInput(request: InputRequest): Promise<OpenResult>;
  openOutput(request: OutputRequest): Promise<OpenResult>;
  /** Ends what the backend itself runs (watchers), not the streams. */
  close(): void;
}
