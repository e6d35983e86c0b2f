import type { DeviceInfo, DeviceStatus } from '../../contract/dto.ts';
import type { AudioStream, BufferStep, OpenResult, Side, StreamLatency } from './audio-device.ts';

/** No block for this long, in ms, means that the device is gone, whatever it says: blocks come every 5 to 20 ms. */
export const STALL_MS = 500;

/** A stream that was just opened may take longer for its first block, in ms: cpal needs 900 under PulseAudio. */
export const FIRST_BLOCK_MS = 2_000;

/** First pause before a device is tried again, in ms; it doubles. */
export const FIRST_RETRY_MS = 100;

/** Longest pause, in ms: a person who plugs the headset in again hears within this. */
export const MAX_RETRY_MS = 2_000;

const noun = { input: 'microphone', output: 'speaker' } as const;

export interface DeviceSideOptions {
  readonly side: Side;
  readonly selectedId: string;
  readonly nowMs: () => number;
  /** Opens a stream; blocks are reported through `handleBlock`, its end through `handleFailure`. */
  readonly open: (id: string) => Promise<OpenResult>;
  readonly onDidChangeStatus: (status: DeviceStatus, reason: string) => void;
  /** The library must close all streams before it sees this side's device. */
  readonly onDidFindStale: () => void;
  /** Sound flows, or has stopped flowing. */
  readonly onDidChangeFlow: (flows: boolean) => void;
}

/**
 * Keeps one side (microphone or speaker) open: the chosen device while it is there, the system's default while it
 * is not, and tries again for as long as neither works.
 *
 * It acts in `tick`, which the owner calls about ten times a second.
 */
export class DeviceSide {
  readonly #options: DeviceSideOptions;
  #selectedId: string;
  #stream: AudioStream | null = null;
  #openId = '';
  #flows = false;
  #failure = '';
  #lastSignMs = 0;
  #openedMs = 0;
  #busy = false;
  #closed = false;
  #attempts = 0;
  #retryAtMs = 0;
  #everFlowed = false;
  #devices: readonly DeviceInfo[] = [];
  readonly #names = new Map<string, string>();
  #reported = '';
  #opens = 0;
  #pastXruns = 0;
  #mustReopen = false;

  constructor(options: DeviceSideOptions) {
    this.#options = options;
    this.#selectedId = options.selectedId;
    this.#report('starting', '');
  }

  get flows(): boolean {
    return this.#flows;
  }

  /** Times a stream was opened after the first. */
  get reopens(): number {
    return Math.max(0, this.#opens - 1);
  }

  /** Underflows or overflows that the device reported, over all streams so far. */
  get deviceXruns(): number {
    return this.#pastXruns + (this.#stream?.counters.deviceXruns ?? 0);
  }

  /** Delay of the open stream; null without one or while it is not known. */
  async latency(): Promise<StreamLatency | null> {
    return this.#flows && this.#stream !== null ? this.#stream.latency() : null;
  }

  /**
   * Gives the open stream other buffers, without a break where the device can. Elsewhere the next tick closes and
   * opens it, which takes a moment of sound.
   *
   * @returns whether the stream goes on with them
   */
  async changeBuffers(step: BufferStep): Promise<boolean> {
    const stream = this.#stream;
    if (stream === null) return false;
    if (await stream.adopt(step)) return true;
    if (stream === this.#stream) this.#mustReopen = true;
    return false;
  }

  select(id: string): void {
    if (id === this.#selectedId) return;
    this.#selectedId = id;
    this.#everFlowed = this.#flows;
    this.#retryNow();
    // What is open already may be just what was chosen: the system's default that stood in for another device.
    if (this.#flows && this.#openId === this.#wantedId()) this.#reportFlow();
  }

  /** The devices that exist now. */
  handleDevices(devices: readonly DeviceInfo[]): void {
    const before = this.#wantedId();
    const wasThere = this.#devices.length > 0;
    this.#devices = devices;
    for (const device of devices) this.#names.set(device.id, device.name);
    if (before !== this.#wantedId() || wasThere !== devices.length > 0) this.#retryNow();
  }

  /** A block came or went. */
  handleBlock(): void {
    this.#lastSignMs = this.#options.nowMs();
    if (this.#flows) return;
    this.#setFlows(true);
    this.#everFlowed = true;
    this.#attempts = 0;
    this.#reportFlow();
  }

  /** The stream ended by itself. */
  handleFailure(reason: string): void {
    this.#failure = reason;
  }

  /** Does what is due. Returns when it is done; calls during that time do nothing. */
  async tick(): Promise<void> {
    if (this.#busy || this.#closed) return;
    this.#busy = true;
    try {
      this.#watchForStall();
      const isWrong = this.#failure !== '' || this.#openId !== this.#wantedId() || this.#mustReopen;
      if (this.#stream !== null && isWrong) {
        if (this.#failure !== '') this.#lose(this.#failure);
        await this.#release();
      }
      if (this.#stream === null && !this.#closed && this.#options.nowMs() >= this.#retryAtMs)
        await this.#open();
    } finally {
      this.#busy = false;
    }
  }

  /** Closes the stream for a moment, so that the library can look for devices anew; the next tick opens it again. */
  async yieldToRescan(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    await this.#release();
    this.#busy = false;
    this.#retryNow();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#release();
  }

  /** The chosen device while it is there; else the system's default. */
  #wantedId(): string {
    return this.#devices.some((device) => device.id === this.#selectedId) ? this.#selectedId : '';
  }

  #watchForStall(): void {
    if (this.#stream === null || this.#failure !== '') return;
    const nowMs = this.#options.nowMs();
    // An output takes its first blocks into its queue long before the device moves.
    const limitMs = nowMs - this.#openedMs < FIRST_BLOCK_MS ? FIRST_BLOCK_MS : STALL_MS;
    if (nowMs - this.#lastSignMs > limitMs) {
      this.#failure = `The ${noun[this.#options.side]} gives no sign of life.`;
    }
  }

  async #open(): Promise<void> {
    const id = this.#wantedId();
    this.#mustReopen = false;
    this.#failure = '';
    this.#openId = id;
    this.#lastSignMs = this.#options.nowMs();
    const result = await this.#options.open(id);
    if (result.ok) {
      this.#stream = result.stream;
      this.#opens += 1;
      this.#openedMs = this.#options.nowMs();
      this.#lastSignMs = this.#openedMs;
      if (this.#closed) await this.#release();
      return;
    }
    this.#scheduleRetry();
    if (result.kind === 'stale') this.#options.onDidFindStale();
    if (result.kind === 'absent' && !this.#everFlowed) this.#report('absent', result.reason);
    else this.#lose(result.kind === 'absent' ? `The ${noun[this.#options.side]} is gone.` : result.reason);
  }

  async #release(): Promise<void> {
    const stream = this.#stream;
    if (stream === null) return;
    this.#pastXruns += stream.counters.deviceXruns;
    this.#stream = null;
    this.#setFlows(false);
    await stream.close();
  }

  #lose(reason: string): void {
    this.#setFlows(false);
    if (this.#everFlowed) this.#report('lost', `${reason} Sidetone uses it again as soon as it is back.`);
    else this.#report('failed', reason);
    this.#scheduleRetry();
  }

  #scheduleRetry(): void {
    const pauseMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#attempts);
    this.#attempts += 1;
    this.#retryAtMs = this.#options.nowMs() + pauseMs;
  }

  #retryNow(): void {
    this.#attempts = 0;
    this.#retryAtMs = 0;
  }

  #reportFlow(): void {
    if (this.#openId === this.#selectedId) {
      this.#report('running', '');
      return;
    }
    const name = this.#names.get(this.#selectedId);
    const which = name === undefined ? `The chosen ${noun[this.#options.side]}` : `“${name}”`;
    this.#report('lost', `${which} is gone; the system's default is used until it is back.`);
  }

  #setFlows(flows: boolean): void {
    if (flows === this.#flows) return;
    this.#flows = flows;
    this.#options.onDidChangeFlow(flows);
  }

  #report(status: DeviceStatus, reason: string): void {
    const text = `${status} ${reason}`;
    if (text === this.#reported) return;
    this.#reported = text;
    this.#options.onDidChangeStatus(status, reason);
  }
}
