import { type SampleRing, WRITE_INDEX } from '../../core/ring/sample-ring.ts';
import type { AudioDevice, AudioStream, BackendName, Side, StreamLatency } from './audio-device.ts';
import type { AudioCommand, AudioEvent } from './audio-protocol.ts';
import { BufferControl } from './buffer-control.ts';
import type { Choice } from './choose-backend.ts';
import { DeviceSide } from './device-side.ts';
import { GapStatistics } from './gap-statistics.ts';
import { openSink } from './wave-device.ts';

/** How often streams are looked after, in ms: a fifth of the watchdog's limit. */
export const TICK_MS = 100;

const COUNTERS_INTERVAL_MS = 1_000;

/** A device that comes or goes raises several events; they are answered by one list, this much later, in ms. */
const LIST_DELAY_MS = 100;

/** Longest wait for the mixer, in ms. A device that runs dry meanwhile says so; a mixer that takes longer is not there. */
const PREPARE_LIMIT_MS = 50;

/** Part of a new figure in the reported delay, a mean over about four seconds: one figure hangs on the moment. */
const LATENCY_SHARE = 0.25;

/** How often a machine without sound is searched again, in ms. */
const SEARCH_INTERVAL_MS = 10_000;

export interface AudioEngineOptions {
  readonly choose: (excluded: ReadonlySet<BackendName>) => Promise<Choice>;
  readonly capture: SampleRing;
  readonly playback: SampleRing;
  /** Takes a copy of all that is played, in the order played. */
  readonly reference: SampleRing | null;
  readonly inputId: string;
  readonly outputId: string;
  /** Steps of buffers to begin with, by `BufferFact.key`. */
  readonly remembered: Readonly<Record<string, number>>;
  readonly emit: (event: AudioEvent) => void;
  /** Monotonic, in ms. */
  readonly nowMs: () => number;
}

/** One side with what it counts. */
interface Line {
  readonly side: DeviceSide;
  readonly gaps: GapStatistics;
  readonly buffers: BufferControl;
  blocks: number;
  latency: StreamLatency | null;
}

/** The mean goes on where there is one. */
function blend(mean: StreamLatency | null, next: StreamLatency | null): StreamLatency | null {
  if (mean === null || next === null || mean.deviceMs === null || next.deviceMs === null) return next;
  return {
    deviceMs: mean.deviceMs + LATENCY_SHARE * (next.deviceMs - mean.deviceMs),
    bufferMs: mean.bufferMs + LATENCY_SHARE * (next.bufferMs - mean.bufferMs),
  };
}

/**
 * Moves sound between the devices and the two rings, and keeps the devices open. Copies only.
 *
 * While the speaker is away a sink takes its place and goes on pulling at a device's pace: the mixer's clock is
 * the pulling, and what is heard when the speaker returns is then the present and not the past.
 */
export class AudioEngine {
  readonly #options: AudioEngineOptions;
  readonly #excluded = new Set<BackendName>();
  readonly #selected: Record<Side, string>;
  #choice: Choice | null = null;
  readonly #retired: AudioDevice[] = [];
  #input: Line | null = null;
  #output: Line | null = null;
  #sink: AudioStream | null = null;
  #timers: NodeJS.Timeout[] = [];
  #listTimer: NodeJS.Timeout | null = null;
  #choosing = false;
  #closed = false;
  #searchedMs = 0;
  #listed = '';
  #prepared = false;
  /** The next block is silence that nobody is asked for. */
  #quiet = false;
  /** The mixer makes what it is asked for. */
  #mixerRuns = false;
  #waitingSinceMs = Number.POSITIVE_INFINITY;
  /** Counts waits that were ended. */
  #patience = 0;
  readonly #remembered: Map<string, number>;

  constructor(options: AudioEngineOptions) {
    this.#options = options;
    this.#remembered = new Map(Object.entries(options.remembered));
    this.#selected = { input: options.inputId, output: options.outputId };
  }

  async start(): Promise<void> {
    this.#replaceSpeaker(true);
    await this.#choose();
    if (this.#closed) return;
    this.#timers.push(setInterval(() => this.#tick(), TICK_MS));
    this.#timers.push(
      setInterval(() => {
        this.#reportCounters();
        void this.#reportLatency();
      }, COUNTERS_INTERVAL_MS),
    );
  }

  handle(command: Exclude<AudioCommand, { kind: 'close' }>): void {
    if (command.kind === 'select') {
      this.#selected[command.side] = command.id;
      const line = command.side === 'input' ? this.#input : this.#output;
      line?.side.select(command.id);
      void line?.side.tick();
      return;
    }
    if (this.#choice?.provisional === true) void this.#choose();
    else void this.#list();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    if (this.#listTimer !== null) clearTimeout(this.#listTimer);
    this.#choice?.device.close();
    this.#endWait();
    await Promise.all([this.#input?.side.close(), this.#output?.side.close(), this.#sink?.close()]);
    this.#reportCounters();
  }

  async #choose(): Promise<void> {
    if (this.#choosing || this.#closed) return;
    this.#choosing = true;
    this.#searchedMs = this.#options.nowMs();
    try {
      const choice = await this.#options.choose(this.#excluded);
      if (this.#closed) {
        choice.device.close();
        return;
      }
      if (choice.provisional && this.#choice?.provisional === true) return;
      await this.#use(choice);
    } finally {
      this.#choosing = false;
    }
  }

  async #use(choice: Choice): Promise<void> {
    if (this.#choice !== null) {
      this.#choice.device.close();
      this.#retired.push(this.#choice.device);
    }
    this.#choice = choice;
    await Promise.all([this.#input?.side.close(), this.#output?.side.close()]);
    this.#options.emit({ kind: 'backend', name: choice.device.name, reason: choice.reason });
    this.#input = this.#openLine('input', choice);
    this.#output = this.#openLine('output', choice);
    choice.device.watch(() => this.#listSoon());
    this.#listed = '';
    await this.#list();
    this.#tick();
  }

  #openLine(name: Side, choice: Choice): Line {
    const { device } = choice;
    const gaps = new GapStatistics();
    const other = (): Line | null => (name === 'input' ? this.#output : this.#input);
    const line: Line = {
      gaps,
      blocks: 0,
      latency: null,
      buffers: new BufferControl({
        backend: device.name,
        side: name,
        steps: device.steps[name],
        remembered: this.#remembered,
        onDidChange: (fact) => this.#options.emit({ kind: 'buffer', ...fact }),
      }),
      side: new DeviceSide({
        side: name,
        selectedId: this.#selected[name],
        nowMs: this.#options.nowMs,
        open: (id) =>
          name === 'input' ? this.#openInput(device, line, id) : this.#openOutput(device, line, id),
        onDidChangeStatus: (status, reason) => {
          if (device.name !== 'null') this.#options.emit({ kind: 'status', side: name, status, reason });
        },
        onDidFindStale: () => void other()?.side.yieldToRescan(),
        onDidChangeFlow: (flows) => {
          gaps.interrupt();
          line.latency = null;
          if (flows) line.buffers.handleFlow(line.side.deviceXruns, this.#options.nowMs());
          if (name === 'output') this.#replaceSpeaker(!flows);
        },
      }),
    };
    // Silence flows from the null device, but no person would call that running.
    if (device.name === 'null') {
      this.#options.emit({ kind: 'status', side: name, status: 'absent', reason: choice.absence });
    }
    return line;
  }

  #openInput(device: AudioDevice, line: Line, id: string): ReturnType<AudioDevice['openInput']> {
    return device.openInput({
      id,
      step: line.buffers.stepFor(id),
      onBlock: (samples, count) => {
        this.#options.capture.push(samples, count);
        this.#markBlock(line);
      },
      onDidFail: (reason) => line.side.handleFailure(reason),
    });
  }

  #openOutput(device: AudioDevice, line: Line, id: string): ReturnType<AudioDevice['openOutput']> {
    return device.openOutput({
      id,
      step: line.buffers.stepFor(id),
      prepare: (count, limitMs) => this.#prepare(count, limitMs),
      pullBlock: (into, count) => {
        this.#pullPlayback(into, count);
        this.#options.reference?.push(into, count);
        this.#markBlock(line);
      },
      onDidFail: (reason) => line.side.handleFailure(reason),
    });
  }

  /**
   * Asks the mixer for the next block and waits for it. No timer is set for that, for there is a block hundreds of
   * times a second: `#tick` ends a wait that takes too long. Only who is in need sets a limit.
   */
  async #prepare(count: number, limitMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    const { playback } = this.#options;
    const patience = this.#patience;
    this.#prepared = true;
    this.#quiet = playback.quiet;
    if (this.#quiet) return true;
    playback.request(count);
    while (playback.readable() < count) {
      const seen = Atomics.load(playback.indices, WRITE_INDEX);
      if (playback.readable() >= count) break;
      const waiting = Atomics.waitAsync(playback.indices, WRITE_INDEX, seen, limitMs);
      this.#waitingSinceMs = this.#options.nowMs();
      const outcome = waiting.async ? await waiting.value : waiting.value;
      this.#waitingSinceMs = Number.POSITIVE_INFINITY;
      if (outcome === 'timed-out' || patience !== this.#patience) return false;
    }
    this.#mixerRuns = true;
    return true;
  }

  /** Lets a device that waits for the mixer go on without it. */
  #endWait(): void {
    this.#patience += 1;
    this.#mixerRuns = false;
    Atomics.notify(this.#options.playback.indices, WRITE_INDEX);
  }

  #pullPlayback(into: Float32Array, count: number): void {
    const { playback } = this.#options;
    if (this.#quiet) into.fill(0, 0, count);
    else playback.pull(into, count);
    // A device that does not prepare its blocks takes what it asked for a block ago.
    if (!this.#prepared) {
      this.#quiet = playback.quiet;
      if (!this.#quiet) playback.request(count);
    }
    this.#prepared = false;
  }

  #markBlock(line: Line): void {
    line.blocks += 1;
    line.side.handleBlock();
    line.gaps.mark(this.#options.nowMs());
  }

  #replaceSpeaker(away: boolean): void {
    if (away && this.#sink === null && !this.#closed) {
      this.#sink = openSink({
        pullBlock: (into, count) => {
          this.#pullPlayback(into, count);
          // Nobody hears this: no echo of it can come back.
          this.#options.reference?.push(into.fill(0, 0, count), count);
        },
      });
    } else if (!away && this.#sink !== null) {
      void this.#sink.close();
      this.#sink = null;
    }
  }

  #tick(): void {
    const choice = this.#choice;
    if (choice === null) return;
    if (choice.device.exhausted !== '' && !this.#excluded.has(choice.device.name)) {
      this.#excluded.add(choice.device.name);
      void this.#choose();
      return;
    }
    if (choice.provisional && this.#options.nowMs() - this.#searchedMs > SEARCH_INTERVAL_MS)
      void this.#choose();
    if (this.#options.nowMs() - this.#waitingSinceMs > PREPARE_LIMIT_MS) this.#endWait();
    for (const line of [this.#input, this.#output]) {
      if (line === null) continue;
      void line.side.tick();
      // Without a mixer it is not the buffers' fault that sound runs dry.
      if (line.side.flows && (this.#mixerRuns || line === this.#input)) void this.#watchBuffers(line);
    }
  }

  async #watchBuffers(line: Line): Promise<void> {
    const step = line.buffers.tick(line.side.deviceXruns, this.#options.nowMs());
    if (step === null) return;
    // Where the device goes on without a break, no flow begins anew to tell of it.
    if (await line.side.changeBuffers(step)) {
      line.latency = null;
      line.buffers.handleFlow(line.side.deviceXruns, this.#options.nowMs());
    }
  }

  async #reportLatency(): Promise<void> {
    const [input, output] = [this.#input, this.#output];
    if (input === null || output === null) return;
    const [ofInput, ofOutput] = await Promise.all([input.side.latency(), output.side.latency()]);
    if (this.#closed || this.#input !== input || this.#output !== output) return;
    input.latency = blend(input.latency, ofInput);
    output.latency = blend(output.latency, ofOutput);
    this.#options.emit({ kind: 'latency', input: input.latency, output: output.latency });
  }

  #listSoon(): void {
    if (this.#listTimer !== null || this.#closed) return;
    this.#listTimer = setTimeout(() => {
      this.#listTimer = null;
      void this.#list();
    }, LIST_DELAY_MS);
  }

  async #list(): Promise<void> {
    const device = this.#choice?.device;
    if (device === undefined) return;
    const { inputs, outputs } = await device.list();
    if (this.#closed || this.#choice?.device !== device) return;
    this.#input?.side.handleDevices(inputs);
    this.#output?.side.handleDevices(outputs);
    const text = JSON.stringify([inputs, outputs]);
    if (text === this.#listed) return;
    this.#listed = text;
    this.#options.emit({ kind: 'devices', inputs, outputs });
  }

  /** A backend that was replaced may have left streams behind that hold threads of this process. */
  #abandonedStreams(): number {
    const current = this.#choice?.device.abandonedStreams ?? 0;
    return this.#retired.reduce((sum, device) => sum + device.abandonedStreams, current);
  }

  #reportCounters(): void {
    const counters: Record<string, number> = {
      captureFillSamples: this.#options.capture.readable(),
      captureOverrunSamples: this.#options.capture.overrunSamples,
      playbackUnderrunSamples: this.#options.playback.underrunSamples,
      referenceFillSamples: this.#options.reference?.readable() ?? 0,
      referenceOverrunSamples: this.#options.reference?.overrunSamples ?? 0,
      abandonedStreams: this.#abandonedStreams(),
    };
    for (const [name, line] of [
      ['input', this.#input],
      ['output', this.#output],
    ] as const) {
      if (line === null) continue;
      counters[`${name}Blocks`] = line.blocks;
      counters[`${name}GapP99Ms`] = line.gaps.p99Ms;
      counters[`${name}GapMaxMs`] = line.gaps.maxMs;
      counters[`${name}DeviceXruns`] = line.side.deviceXruns;
      counters[`${name}Reopens`] = line.side.reopens;
      counters[`${name}BufferStepsUp`] = line.buffers.stepsUp;
      line.gaps.reset();
    }
    this.#options.emit({ kind: 'counters', counters });
  }
}
