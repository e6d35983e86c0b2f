import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** A device as PortAudio lists it; `id` is only an index and changes. */
export interface PortAudioDevice {
  readonly id: number;
  readonly name: string;
  readonly maxInputChannels: number;
  readonly maxOutputChannels: number;
  readonly hostAPIName: string;
  /** In Hz. */
  readonly defaultSampleRate: number;
}

/** One side's options. `sampleFormat` 1 is f32; `maxQueue` counts buffers between the device and JavaScript. */
export interface PortAudioOptions {
  readonly deviceId: number;
  readonly sampleRate: number;
  readonly channelCount: number;
  readonly sampleFormat: 1;
  readonly maxQueue: number;
  readonly framesPerBuffer: number;
  readonly closeOnError: boolean;
}

/**
 * A stream. `read` and `write` each block one of libuv's four threads until the device has taken or given a
 * buffer. `quit` blocks for ever on an output whose device died: see `NaudiodonDevice`.
 */
export interface PortAudioStream {
  start(): void;
  read(bytes: number): Promise<{ err?: string; buf?: Buffer; finished?: boolean }>;
  /** Resolves with a status text after an xrun. */
  write(buffer: Buffer): Promise<string | undefined>;
  quit(flag: 'WAIT' | 'ABORT'): Promise<void>;
}

/** naudiodon's Node-API binding, as far as it is used. */
export interface NaudiodonBinding {
  /** Rescans only while no stream is open. */
  getDevices(): PortAudioDevice[];
  /** @throws Error when the stream cannot be opened */
  create(options: { inOptions: PortAudioOptions } | { outOptions: PortAudioOptions }): PortAudioStream;
}

/** Where the binding lies. @throws Error when naudiodon is not installed */
export function naudiodonBindingPath(): string {
  const require = createRequire(import.meta.url);
  return join(dirname(require.resolve('naudiodon/package.json')), 'build', 'Release', 'naudiodon.node');
}

/**
 * Loads the binding itself and not the package's index, which pulls in a module tied to one Node ABI.
 *
 * @throws Error where there is no binary for this platform
 */
export function loadNaudiodon(): NaudiodonBinding {
  return createRequire(import.meta.url)(naudiodonBindingPath()) as NaudiodonBinding;
}
