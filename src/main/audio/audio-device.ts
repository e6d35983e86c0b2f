import type { AppState, DeviceInfo } from '../../contract/dto.ts';

/** Every ring and every device stream runs at this rate; backends convert where the hardware differs. */
export const SAMPLE_RATE_HZ = 48_000;

/** `pulse` speaks to the sound server itself. */
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

/** Length of the buffers between us and the device. */
export interface BufferStep {
  /** Samples handed over at a time. */
  readonly blockSamples: number;
  /** Blocks that wait, for the device (output) or for us (input). Only an output's cost delay. */
  readonly queueBlocks: number;
}

/** Where the delay of a stream is, in ms, as means. */
export interface StreamLatency {
  /** In the hardware and the sound server, as they say; null where they do not. */
  readonly deviceMs: number | null;
  /** In the buffers between them and us. */
  readonly bufferMs: number;
}

/** An open input or output. */
export interface AudioStream {
  readonly counters: StreamCounters;
  /** Takes other buffers without a break. Resolves false where the stream must be opened anew for that. */
  adopt(step: BufferStep): Promise<boolean>;
  /** Null while it is not known. Never rejects. */
  latency(): Promise<StreamLatency | null>;
  /** Ends the stream. Never rejects and never takes longer than about a second, whatever the device does. */
  close(): Promise<void>;
}

export interface InputRequest {
  /** Stable id out of `list()`; '' is the system's default. */
  readonly id: string;
  readonly step: BufferStep;
  /** Mono f32 at 48 kHz. `samples` is only valid during the call. */
  readonly onBlock: (samples: Float32Array, count: number) => void;
  /** The stream ended by itself. Called at most once, with a sentence. */
  readonly onDidFail: (reason: string) => void;
}

export interface OutputRequest {
  readonly id: string;
  readonly step: BufferStep;
  /**
   * Has the next `count` samples made. A backend that can wait a moment calls it before each `pullBlock`: the
   * sound is then fresh. Without it a block is made after each pull and waits for the next.
   *
   * @param limitMs longest wait; without it, until it is clear that nobody makes them
   * @returns whether they are there
   */
  readonly prepare: (count: number, limitMs?: number) => Promise<boolean>;
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
  /** Lengths of buffers to choose from, the shortest first; at least one per side. */
  readonly steps: Readonly<Record<Side, readonly BufferStep[]>>;
  list(): Promise<DeviceList>;
  /** Calls back whenever the list may have changed. Backends that cannot know never call. */
  watch(onDidChange: () => void): void;
  openInput(request: InputRequest): Promise<OpenResult>;
  openOutput(request: OutputRequest): Promise<OpenResult>;
  /** Ends what the backend itself runs (watchers), not the streams. */
  close(): void;
}
