import type {
  AudioDevice,
  AudioStream,
  BufferStep,
  DeviceList,
  InputRequest,
  OpenResult,
  OutputRequest,
  Side,
} from './audio-device.ts';
import { PulseRefusal, pulseSocketPath } from './pulse-connection.ts';
import { listPulseDevices, type PulseSelection, PulseWatcher } from './pulse-server.ts';
import { PulseInput, PulseOutput } from './pulse-stream.ts';

/**
 * Playback, in blocks that the server asks for and the four of them that are on their way, half at the server and
 * half in the device. Round trips over a null sink, both cores idle / two busy loops: 10 ms 7.5 ms / runs dry once
 * in 3 s, 20 ms 15 ms / holds, 40 ms 30 ms / holds. This thread's share of one core: 1.3, 1.0 and 0.6 %.
 */
const OUTPUT_STEPS: readonly BufferStep[] = [
  { blockSamples: 120, queueBlocks: 4 },
  { blockSamples: 240, queueBlocks: 4 },
  { blockSamples: 480, queueBlocks: 4 },
  { blockSamples: 960, queueBlocks: 4 },
];

/** Capture: the server keeps what is not read at once for minutes, so there is nothing to grow against. */
const INPUT_STEPS: readonly BufferStep[] = [{ blockSamples: 480, queueBlocks: 1 }];

const noun = { input: 'microphone', output: 'speaker' } as const;

/**
 * The hardware through a PulseAudio or PipeWire server, spoken to directly over its socket.
 *
 * Against PortAudio over ALSA's pulse plug-in, which had this place before: a third of the delay, a third of the
 * CPU, and the server itself says when sound ran dry, how long its buffers are, and that it is going away. No
 * thread can hang: a stream ends with its socket.
 */
export class PulseDevice implements AudioDevice {
  readonly name = 'pulse';
  readonly exhausted = '';
  readonly abandonedStreams = 0;
  readonly steps = { input: INPUT_STEPS, output: OUTPUT_STEPS };
  readonly #env: NodeJS.ProcessEnv;
  readonly #selection: PulseSelection;
  #watcher: PulseWatcher | null = null;

  /** @throws Error when the server has no socket on this machine */
  constructor(env: NodeJS.ProcessEnv, selection: PulseSelection) {
    if (pulseSocketPath(env) === null) throw new Error('the sound server has no socket on this machine');
    this.#env = env;
    this.#selection = selection;
  }

  async list(): Promise<DeviceList> {
    return (await listPulseDevices()) ?? { inputs: [], outputs: [] };
  }

  watch(onDidChange: () => void): void {
    this.#watcher ??= new PulseWatcher(onDidChange);
  }

  openInput(request: InputRequest): Promise<OpenResult> {
    const name = this.#selection.nameOf('input', request.id);
    return this.#open('input', request.id, () => PulseInput.open(this.#env, name, request));
  }

  openOutput(request: OutputRequest): Promise<OpenResult> {
    const name = this.#selection.nameOf('output', request.id);
    return this.#open('output', request.id, () => PulseOutput.open(this.#env, name, request));
  }

  close(): void {
    this.#watcher?.close();
  }

  async #open(side: Side, id: string, open: () => Promise<AudioStream>): Promise<OpenResult> {
    try {
      return { ok: true, stream: await open() };
    } catch (error) {
      if (error instanceof PulseRefusal && error.isAbsent) {
        return id === ''
          ? { ok: false, kind: 'absent', reason: `This machine has no ${noun[side]}.` }
          : { ok: false, kind: 'gone', reason: `The chosen ${noun[side]} is not there.` };
      }
      const why = error instanceof Error ? error.message : String(error);
      return { ok: false, kind: 'failed', reason: `The ${noun[side]} cannot be opened (${why}).` };
    }
  }
}
