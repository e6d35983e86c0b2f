import { createRequire } from 'node:module';
import type { Microphone, MicrophoneInfo, Speaker, SpeakerInfo } from 'decibri';
import { mayHaveSoundCard } from './alsa-cards.ts';
import type {
  AudioDevice,
  AudioStream,
  BufferStep,
  DeviceList,
  InputRequest,
  OpenResult,
  OutputRequest,
  StreamLatency,
} from './audio-device.ts';
import { SAMPLE_RATE_HZ } from './audio-device.ts';
import { BlockClock } from './block-clock.ts';
import { listPulseDevices, type PulseSelection, PulseWatcher } from './pulse-server.ts';

/** The part of decibri that is used. */
export interface DecibriModule {
  readonly Microphone: typeof Microphone;
  readonly Speaker: typeof Speaker;
  inputDevices(): MicrophoneInfo[];
  outputDevices(): SpeakerInfo[];
}

/** 10 ms, both ways: cpal's own buffers are longer than that, so less would only cost CPU. */
const BLOCK_SAMPLES = 480;

const BLOCK_MS = (BLOCK_SAMPLES * 1_000) / SAMPLE_RATE_HZ;

/** cpal's buffers are its own: there is nothing to choose. */
const INPUT_STEPS: readonly BufferStep[] = [{ blockSamples: BLOCK_SAMPLES, queueBlocks: 1 }];

/** Blocks kept in decibri's playback queue: cpal takes them two at a time (every 21 ms under PulseAudio). */
const OUTPUT_STEPS: readonly BufferStep[] = [4, 6, 8, 12].map((queueBlocks) => ({
  blockSamples: BLOCK_SAMPLES,
  queueBlocks,
}));

const BYTES_PER_SAMPLE = Float32Array.BYTES_PER_ELEMENT;

/** @throws Error where there is no binary for this platform */
export function loadDecibri(): DecibriModule {
  return createRequire(import.meta.url)('decibri') as DecibriModule;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** ALSA's hints are mostly plug-ins and the same card many times over: the default and one entry per card stay. */
function isHardware(device: { readonly id: string }): boolean {
  return !device.id.startsWith('alsa:') || /^alsa:(default$|sysdefault:CARD=|plughw:CARD=)/.test(device.id);
}

/** What an open stream needs of its device to end safely. */
interface StreamEnd {
  /** cpal's thread would never answer: the stream must be left alone. */
  readonly isHopeless: () => Promise<boolean>;
  readonly onDidAbandon: () => void;
}

class DecibriInput implements AudioStream {
  readonly counters = { deviceXruns: 0 };
  readonly #microphone: Microphone;
  readonly #end: StreamEnd;
  #closing = false;

  constructor(microphone: Microphone, request: InputRequest, end: StreamEnd) {
    this.#microphone = microphone;
    this.#end = end;
    const fail = (reason: string): void => {
      if (this.#closing) return;
      this.#closing = true;
      request.onDidFail(reason);
    };
    let block = new Float32Array(BLOCK_SAMPLES);
    microphone.on('data', (chunk: Buffer) => {
      if (this.#closing) return;
      const count = chunk.length / BYTES_PER_SAMPLE;
      // Copied, for a chunk may begin at an offset that a Float32Array cannot.
      if (count > block.length) block = new Float32Array(count);
      Buffer.from(block.buffer).set(chunk);
      this.counters.deviceXruns = microphone.overrunCount;
      request.onBlock(block, count);
    });
    microphone.on('error', (error) => fail(`The microphone stopped (${error.message}).`));
    microphone.on('end', () => fail('The microphone stopped by itself.'));
  }

  async adopt(): Promise<boolean> {
    return false;
  }

  /** What cpal keeps is not told. */
  async latency(): Promise<StreamLatency> {
    return { deviceMs: null, bufferMs: BLOCK_MS };
  }

  async close(): Promise<void> {
    this.#closing = true;
    if (await this.#end.isHopeless()) this.#end.onDidAbandon();
    else this.#microphone.stop();
  }
}

/**
 * decibri's own queue takes 32 writes, a third of a second, before a write waits. So the pace is the monotonic
 * clock's with a short lead, put right whenever the device reports that it ran dry.
 */
class DecibriOutput implements AudioStream {
  readonly counters = { deviceXruns: 0 };
  readonly #speaker: Speaker;
  readonly #request: OutputRequest;
  readonly #end: StreamEnd;
  #leadBlocks: number;
  /** Blocks to write on top of the clock's, once. */
  #extra = 0;
  #closing = false;

  constructor(speaker: Speaker, request: OutputRequest, end: StreamEnd) {
    this.#speaker = speaker;
    this.#end = end;
    this.#request = request;
    this.#leadBlocks = request.step.queueBlocks;
    // A Writable without this listener would throw; the failed write reports the same error.
    speaker.on('error', () => undefined);
    void this.#run();
  }

  async adopt(step: BufferStep): Promise<boolean> {
    this.#extra += step.queueBlocks - this.#leadBlocks;
    this.#leadBlocks = step.queueBlocks;
    return true;
  }

  async latency(): Promise<StreamLatency> {
    return { deviceMs: null, bufferMs: this.#leadBlocks * BLOCK_MS };
  }

  async close(): Promise<void> {
    this.#closing = true;
    if (await this.#end.isHopeless()) this.#end.onDidAbandon();
    else this.#speaker.stop();
  }

  async #run(): Promise<void> {
    const samples = new Float32Array(BLOCK_SAMPLES);
    const bytes = Buffer.from(samples.buffer);
    let clock = new BlockClock(BLOCK_MS, performance.now());
    let owed = this.#leadBlocks;
    try {
      while (!this.#closing) {
        for (; owed > 0 && !this.#closing; owed--) {
          this.#request.pullBlock(samples, BLOCK_SAMPLES);
          await this.#speaker.writeAsync(bytes);
        }
        await new Promise((resolve) => setTimeout(resolve, clock.waitMs(performance.now())));
        owed = clock.take(performance.now()) + this.#extra;
        this.#extra = 0;
        const underruns = this.#speaker.underrunCount;
        if (underruns > this.counters.deviceXruns) {
          this.counters.deviceXruns = underruns;
          clock = new BlockClock(BLOCK_MS, performance.now());
          owed = this.#leadBlocks;
        }
      }
    } catch (error) {
      if (!this.#closing) this.#request.onDidFail(`The speaker stopped (${messageOf(error)}).`);
    }
  }
}

/**
 * The hardware through decibri (cpal), for platforms that naudiodon has no binary for: Apple Silicon, Linux on
 * ARM 64, Windows on ARM.
 *
 * On Linux, when the sound server dies, cpal 0.17's thread spins and complains on stderr, no error event comes for
 * a microphone, and `stop()` would wait for that thread for ever. So the stream is abandoned: its thread goes on
 * spinning until the program ends, which is bad, but the call goes on as soon as the server is back.
 */
export class DecibriDevice implements AudioDevice {
  readonly name = 'decibri';
  readonly steps = { input: INPUT_STEPS, output: OUTPUT_STEPS };
  readonly exhausted = '';
  readonly #module: DecibriModule;
  readonly #pulse: PulseSelection | null;
  readonly #end: StreamEnd = {
    isHopeless: async () => this.#pulse !== null && (await listPulseDevices()) === null,
    onDidAbandon: () => {
      this.#abandonedStreams += 1;
    },
  };
  #abandonedStreams = 0;
  #watcher: PulseWatcher | null = null;

  /** @param pulse set when a PulseAudio or PipeWire server answered */
  constructor(module: DecibriModule, pulse: PulseSelection | null) {
    this.#module = module;
    this.#pulse = pulse;
  }

  get abandonedStreams(): number {
    return this.#abandonedStreams;
  }

  async list(): Promise<DeviceList> {
    if (this.#pulse !== null) return (await listPulseDevices()) ?? { inputs: [], outputs: [] };
    if (!mayHaveSoundCard()) return { inputs: [], outputs: [] };
    const describe = (device: MicrophoneInfo | SpeakerInfo) => ({
      id: device.id === '' ? `name:${device.name}` : device.id,
      name: device.name,
    });
    return {
      inputs: this.#module.inputDevices().filter(isHardware).map(describe),
      outputs: this.#module.outputDevices().filter(isHardware).map(describe),
    };
  }

  watch(onDidChange: () => void): void {
    if (this.#pulse !== null && this.#watcher === null) this.#watcher = new PulseWatcher(onDidChange);
  }

  async openInput(request: InputRequest): Promise<OpenResult> {
    const list = await this.list();
    if (list.inputs.length === 0)
      return { ok: false, kind: 'absent', reason: 'This machine has no microphone.' };
    if (request.id !== '' && !list.inputs.some((device) => device.id === request.id)) {
      return { ok: false, kind: 'gone', reason: 'The chosen microphone is not there.' };
    }
    this.#pulse?.aim('input', request.id);
    try {
      const microphone = await this.#module.Microphone.open({
        sampleRate: SAMPLE_RATE_HZ,
        channels: 1,
        framesPerBuffer: BLOCK_SAMPLES,
        dtype: 'float32',
        ...this.#device(request.id),
      });
      return { ok: true, stream: new DecibriInput(microphone, request, this.#end) };
    } catch (error) {
      return { ok: false, kind: 'failed', reason: `The microphone cannot be opened (${messageOf(error)}).` };
    }
  }

  async openOutput(request: OutputRequest): Promise<OpenResult> {
    const list = await this.list();
    if (list.outputs.length === 0)
      return { ok: false, kind: 'absent', reason: 'This machine has no speaker.' };
    if (request.id !== '' && !list.outputs.some((device) => device.id === request.id)) {
      return { ok: false, kind: 'gone', reason: 'The chosen speaker is not there.' };
    }
    this.#pulse?.aim('output', request.id);
    try {
      const speaker = await this.#module.Speaker.open({
        sampleRate: SAMPLE_RATE_HZ,
        channels: 1,
        dtype: 'float32',
        ...this.#device(request.id),
      });
      return { ok: true, stream: new DecibriOutput(speaker, request, this.#end) };
    } catch (error) {
      return { ok: false, kind: 'failed', reason: `The speaker cannot be opened (${messageOf(error)}).` };
    }
  }

  close(): void {
    this.#watcher?.close();
    // cpal connects only when the stream starts, so the choice stays in the environment until here.
    this.#pulse?.restore('input');
    this.#pulse?.restore('output');
  }

  /** Under a sound server the environment chooses; '' is the system's default. */
  #device(id: string): { device?: string | { id: string } } {
    if (this.#pulse !== null || id === '') return {};
    return { device: id.startsWith('name:') ? id.slice('name:'.length) : { id } };
  }
}
