import { spawn } from 'node:child_process';
import type { DeviceInfo } from '../../contract/dto.ts';
import { mayHaveSoundCard } from './alsa-cards.ts';
import type {
  AudioDevice,
  AudioStream,
  BufferStep,
  DeviceList,
  InputRequest,
  OpenFailureKind,
  OpenResult,
  OutputRequest,
  Side,
} from './audio-device.ts';
import { SAMPLE_RATE_HZ } from './audio-device.ts';
import {
  type NaudiodonBinding,
  naudiodonBindingPath,
  type PortAudioDevice,
  type PortAudioOptions,
  type PortAudioStream,
} from './naudiodon-binding.ts';
import { type Graveyard, NaudiodonInput, NaudiodonOutput } from './naudiodon-stream.ts';
import { listPulseDevices, type PulseSelection, PulseWatcher } from './pulse-server.ts';
import { resampleInput, resampleOutput } from './resampled-request.ts';

/**
 * Capture buffers of 5 ms first, and those that may wait for the reader. The latter cost no delay while it keeps up,
 * and a reader held up for longer than they last makes the device drop sound.
 */
const INPUT_STEPS: readonly BufferStep[] = [
  { blockSamples: 240, queueBlocks: 8 },
  { blockSamples: 480, queueBlocks: 6 },
  { blockSamples: 960, queueBlocks: 4 },
];

/**
 * Playback buffers of 5 ms first. Through ALSA's pulse plug-in and a null sink, a round trip takes 25 ms with 240
 * frames and 46 ms with 480. One waits for the device, besides the one being written; a second one did not make it
 * hold better.
 */
const OUTPUT_STEPS: readonly BufferStep[] = [
  { blockSamples: 240, queueBlocks: 1 },
  { blockSamples: 480, queueBlocks: 1 },
  { blockSamples: 960, queueBlocks: 1 },
];

/** Dead outputs tolerated: each holds one of libuv's four threads; reader and writer need the other two. */
export const MAX_ABANDONED_STREAMS = 2;

/** A stream that hangs for longer, in ms, never ends. One that hangs for less was only waiting for its device to start. */
const HOPELESS_AFTER_MS = 5_000;

/** Attempts on a list that does not have the device though the system has, before another backend is asked for. */
const MAX_STALE_OPENS = 3;

/** Longest wait for another process to list devices, in ms; Windows drivers take a second. */
const LIST_TIMEOUT_MS = 5_000;

/** Device number that makes the binding take the system's default. */
const SYSTEM_DEFAULT = 0xffff_ffff;

/** PortAudio host APIs that show the same hardware again, without conversion of the rate. */
const HIDDEN_HOST_APIS = new Set(['Windows WDM-KS']);

/** Stable id of a device without a sound server: its names, for PortAudio's own numbers change. */
function portAudioId(device: PortAudioDevice): string {
  return `portaudio:${device.hostAPIName}:${device.name}`;
}

function channelsOf(device: PortAudioDevice, side: Side): number {
  return side === 'input' ? device.maxInputChannels : device.maxOutputChannels;
}

function describe(devices: readonly PortAudioDevice[], side: Side): DeviceInfo[] {
  const shown = devices.filter(
    (device) => channelsOf(device, side) > 0 && !HIDDEN_HOST_APIS.has(device.hostAPIName),
  );
  return shown.map((device) => {
    const ambiguous = shown.some((other) => other !== device && other.name === device.name);
    return {
      id: portAudioId(device),
      name: ambiguous ? `${device.name} (${device.hostAPIName})` : device.name,
    };
  });
}

/** Sides of what PortAudio lists, with names told apart by their host API where they are the same. */
export function describePortAudioDevices(devices: readonly PortAudioDevice[]): DeviceList {
  return { inputs: describe(devices, 'input'), outputs: describe(devices, 'output') };
}

/**
 * PortAudio's list as a fresh process sees it: in this one it stands still while any stream is open.
 * Null when the other process cannot be run.
 */
function listElsewhere(): Promise<PortAudioDevice[] | null> {
  const script = `process.send(require(${JSON.stringify(naudiodonBindingPath())}).getDevices())`;
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['-e', script], {
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      timeout: LIST_TIMEOUT_MS,
    });
    child.on('message', (devices) => resolve(devices as unknown as PortAudioDevice[]));
    child.on('error', () => resolve(null));
    child.on('close', () => resolve(null));
  });
}

/** Rates of hardware that does not have 48 kHz, the most common first. */
const OTHER_RATES_HZ = [44_100, 96_000, 32_000, 16_000];

/** 48 kHz, then what the device calls its own, then the usual ones. */
function ratesToTry(ownRateHz: number): number[] {
  return [...new Set([SAMPLE_RATE_HZ, Math.round(ownRateHz), ...OTHER_RATES_HZ])];
}

/** Where a stream is to be opened, or why it cannot be. */
type Place =
  | { readonly ok: true; readonly index: number; readonly ownRateHz: number }
  | Extract<OpenResult, { ok: false }>;

const failure = (kind: OpenFailureKind, reason: string): Extract<OpenResult, { ok: false }> => ({
  ok: false,
  kind,
  reason,
});

const noun = { input: 'microphone', output: 'speaker' } as const;

/**
 * The hardware through PortAudio and naudiodon's Node-API binding.
 *
 * Traps of the binding, and what is done about them (all seen in its source and tried):
 * - The device's callback blocks while the queue is full (input) or empty (output), so somebody must always read
 *   and write. Each waits in a libuv thread: one read and one write outstanding, two of the four threads.
 * - `quit` on an output waits for the callback to come round again. When the sound server died it never does:
 *   the libuv thread hangs, and so would the exit of the process. Such a stream is abandoned instead, kept
 *   referenced and counted; after `MAX_ABANDONED_STREAMS` this backend declares itself exhausted.
 * - PortAudio lists devices once and rescans only after every stream has been closed; a failed open keeps it from
 *   that for good. So lists come from another process, and nothing is opened that the list does not have.
 * - Under PulseAudio or PipeWire, PortAudio knows one device, "pulse"; the server's own list is used and the
 *   device is chosen through libpulse's environment at the moment of opening.
 * - It prints to stdout whenever a stream opens or ends.
 */
export class NaudiodonDevice implements AudioDevice {
  readonly name = 'naudiodon';
  readonly steps = { input: INPUT_STEPS, output: OUTPUT_STEPS };
  readonly #binding: NaudiodonBinding;
  /** Null without a sound server. */
  readonly #pulse: PulseSelection | null;
  /** Streams that hang, and since when. They stay referenced: native threads still look at them. */
  readonly #abandoned = new Map<AudioStream, number>();
  readonly #graveyard: Graveyard = {
    add: (stream) => void this.#abandoned.set(stream, performance.now()),
    delete: (stream) => void this.#abandoned.delete(stream),
  };
  #watcher: PulseWatcher | null = null;
  #staleOpens = 0;

  /** @param pulse set when a PulseAudio or PipeWire server answered */
  constructor(binding: NaudiodonBinding, pulse: PulseSelection | null) {
    this.#binding = binding;
    this.#pulse = pulse;
  }

  get abandonedStreams(): number {
    return this.#abandoned.size;
  }

  get exhausted(): string {
    if (this.#hopelessStreams() >= MAX_ABANDONED_STREAMS)
      return 'The sound server broke down too often for PortAudio.';
    return this.#staleOpens >= MAX_STALE_OPENS
      ? 'PortAudio does not see the device that the system has.'
      : '';
  }

  async list(): Promise<DeviceList> {
    if (this.#pulse !== null) return (await listPulseDevices()) ?? { inputs: [], outputs: [] };
    if (!mayHaveSoundCard()) return { inputs: [], outputs: [] };
    return describePortAudioDevices((await listElsewhere()) ?? this.#binding.getDevices());
  }

  watch(onDidChange: () => void): void {
    if (this.#pulse !== null && this.#watcher === null) this.#watcher = new PulseWatcher(onDidChange);
  }

  async openInput(request: InputRequest): Promise<OpenResult> {
    const place = await this.#find('input', request.id);
    if (!place.ok) return place;
    let refusal = '';
    for (const rateHz of ratesToTry(place.ownRateHz)) {
      try {
        const fitted = rateHz === SAMPLE_RATE_HZ ? request : await resampleInput(request, rateHz);
        const inOptions = inputOptions(place.index, fitted.step, rateHz);
        const io = this.#create('input', request.id, () => this.#binding.create({ inOptions }));
        io.start();
        return { ok: true, stream: new NaudiodonInput(io, fitted, this.#graveyard) };
      } catch (error) {
        refusal ||= messageOf(error);
      }
    }
    return failure('failed', `The microphone cannot be opened (${refusal}).`);
  }

  async openOutput(request: OutputRequest): Promise<OpenResult> {
    const place = await this.#find('output', request.id);
    if (!place.ok) return place;
    let refusal = '';
    for (const rateHz of ratesToTry(place.ownRateHz)) {
      // Some hardware has no mono: the same sound goes to both ears then.
      for (const channels of [1, 2]) {
        try {
          const fitted = rateHz === SAMPLE_RATE_HZ ? request : await resampleOutput(request, rateHz);
          const outOptions = outputOptions(place.index, fitted.step, channels, rateHz);
          const io = this.#create('output', request.id, () => this.#binding.create({ outOptions }));
          io.start();
          return { ok: true, stream: new NaudiodonOutput(io, fitted, channels, this.#graveyard) };
        } catch (error) {
          refusal ||= messageOf(error);
        }
      }
    }
    return failure('failed', `The speaker cannot be opened (${refusal}).`);
  }

  close(): void {
    this.#watcher?.close();
  }

  async #find(side: Side, id: string): Promise<Place> {
    const list = await this.list();
    const devices = side === 'input' ? list.inputs : list.outputs;
    if (devices.length === 0) return failure('absent', `This machine has no ${noun[side]}.`);
    if (id !== '' && !devices.some((device) => device.id === id)) {
      return failure('gone', `The chosen ${noun[side]} is not there.`);
    }
    const known = this.#binding.getDevices().filter((device) => channelsOf(device, side) > 0);
    const index = this.#indexOf(known, id);
    if (index === undefined) {
      this.#staleOpens += 1;
      return failure('stale', `The ${noun[side]} has just been plugged in.`);
    }
    this.#staleOpens = 0;
    const ownRateHz = known.find((device) => device.id === index)?.defaultSampleRate ?? SAMPLE_RATE_HZ;
    return { ok: true, index, ownRateHz };
  }

  #hopelessStreams(): number {
    const nowMs = performance.now();
    return [...this.#abandoned.values()].filter((sinceMs) => nowMs - sinceMs > HOPELESS_AFTER_MS).length;
  }

  #indexOf(known: readonly PortAudioDevice[], id: string): number | undefined {
    if (this.#pulse !== null) return known.find((device) => device.name === 'pulse')?.id;
    if (id === '') return known.length === 0 ? undefined : SYSTEM_DEFAULT;
    return known.find((device) => portAudioId(device) === id)?.id;
  }

  /** PortAudio connects to the sound server within `create`, so the environment is right just that long. */
  #create(side: Side, id: string, create: () => PortAudioStream): PortAudioStream {
    this.#pulse?.aim(side, id);
    try {
      return create();
    } finally {
      this.#pulse?.restore(side);
    }
  }
}

// `closeOnError` only says how xruns are told: as the result of the write or, instead of a block, of the read.

function inputOptions(deviceId: number, step: BufferStep, sampleRate: number): PortAudioOptions {
  return {
    deviceId,
    sampleRate,
    channelCount: 1,
    sampleFormat: 1,
    maxQueue: step.queueBlocks,
    framesPerBuffer: step.blockSamples,
    closeOnError: true,
  };
}

function outputOptions(
  deviceId: number,
  step: BufferStep,
  channelCount: number,
  sampleRate: number,
): PortAudioOptions {
  return {
    deviceId,
    sampleRate,
    channelCount,
    sampleFormat: 1,
    maxQueue: step.queueBlocks,
    framesPerBuffer: step.blockSamples,
    closeOnError: true,
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
