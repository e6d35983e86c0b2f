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
 * Playback, in blocks that the server asks for, four of them on their way, half at the server and half in the
 * device. Round trips over a null sink, with both cores idle or with two busy loops: 20 ms take 15 ms and hold, 40 ms
 * take 30 ms and hold. 10 ms would take 7.5 ms, but ran dry once in 3 s under the loops, and waking twice as often
 * costs this thread and the mixer a third more of a client that nobody talks to.
 */
const OUTPUT_STEPS: readonly BufferStep[] = [
  { blockSamples: 240, queueBlocks: 4 },
  { blockSamples: 480, queueBlocks: 4 },
  { blockSamples: 960, queueBlocks: 4 },
];

/**
 * Capture: half of it in the device, half in the pieces that come, which are then 10 ms: what processing and frames
 * are made of, so shorter ones would only wait for each other. The server keeps what is not read at once for
 * minutes, so there is nothing to grow against.
 */
const INPUT_STEPS: readonly BufferStep[] = [{ blockSamples: 960, queueBlocks: 1 }];

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
