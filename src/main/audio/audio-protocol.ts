import type { DeviceInfo, DeviceStatus } from '../../contract/dto.ts';
import type { BackendName, Side, StreamLatency } from './audio-device.ts';
import type { BufferFact } from './buffer-control.ts';

/** What the audio worker is started with. Memories come from `SampleRing.allocate`. */
export interface AudioWorkerData {
  readonly captureMemory: SharedArrayBuffer;
  readonly playbackMemory: SharedArrayBuffer;
  /**
   * Takes exactly what goes to the speaker, mono at 48 kHz, silence too, for the echo canceller; null: nobody
   * wants it. Where nobody reads it, it overruns without harm.
   */
  readonly referenceMemory: SharedArrayBuffer | null;
  /** A backend's name forces it; empty: chosen by what the machine has. */
  readonly backend: string;
  readonly inputId: string;
  readonly outputId: string;
  /** WAV file that the `wave` backend uses as microphone; empty: silence. */
  readonly waveInputPath: string;
  /** The file is played once and followed by silence, instead of over and over. */
  readonly waveInputOnce: boolean;
  /** WAV file that the `wave` backend writes what would be heard to; empty: thrown away. */
  readonly waveOutputPath: string;
  /** How much faster the clock of the `wave` backend runs than the machine's, in parts per million. */
  readonly wavePpm: number;
  /** Steps of buffers to begin with, by `BufferFact.key`, as `buffer` events told them. */
  readonly remembered: Readonly<Record<string, number>>;
  /** Folder of alsa-pulse.conf. */
  readonly resourcesPath: string;
}

/** Main thread to audio worker. */
export type AudioCommand =
  | { readonly kind: 'select'; readonly side: Side; readonly id: string }
  | { readonly kind: 'refresh' }
  | { readonly kind: 'close' };

/** Audio worker to main thread. Counters come once a second; gaps are between blocks, in ms, of that second. */
export type AudioEvent =
  | { kind: 'backend'; name: BackendName; reason: string }
  | { kind: 'devices'; inputs: DeviceInfo[]; outputs: DeviceInfo[] }
  | { kind: 'status'; side: Side; status: DeviceStatus; reason: string }
  | ({ kind: 'buffer' } & BufferFact)
  /** Once a second; null: not open, or not known. */
  | { kind: 'latency'; input: StreamLatency | null; output: StreamLatency | null }
  | { kind: 'counters'; counters: Record<string, number> }
  | { kind: 'closed' };
