import { assert } from '../base/assert.ts';
import { CHANNEL_TARGET } from '../seal/key-ring.ts';
import { levelDb, SILENCE_DB } from './level.ts';
import { SAMPLES_PER_MS } from './sample-rate.ts';
import { TalkGate } from './talk-gate.ts';
import { NOBODY, WhisperSchedule } from './whisper-schedule.ts';

/** Frame length until a channel says otherwise, in samples. */
export const DEFAULT_FRAME_SAMPLES = 960;

/** Target of the hear-yourself test: comes back to the own speaker, does not leave the machine. */
export const SELF_TEST_TARGET = -2;

/** What the microphone wants done: the samples are valid only during the call. */
export interface MicrophoneOut {
  /**
   * Encode one frame, whole.
   *
   * @param target CHANNEL_TARGET, a whisper, or SELF_TEST_TARGET
   * @param timestamp of the first sample, 48 kHz, u32
   * @param last the frame ends its talkspurt
   * @param forget the encoder must first forget what it heard: it was for somebody else
   */
  encodeFrame(samples: Float32Array, target: number, timestamp: number, last: boolean, forget: boolean): void;
}

/**
 * From captured samples to frames for their targets: cuts frames, opens and closes talkspurts, and never puts two
 * targets' samples into one frame. A frame that the next target cuts short is filled up with silence.
 *
 * Everything goes by the position of a sample in the stream of captured ones, not by when a message was handled.
 */
export class Microphone {
  readonly gate = new TalkGate();
  readonly #schedule = new WhisperSchedule();
  readonly #firstTimestamp: number;
  /** Where the next frame of a target may begin: after one that was filled up, later than its samples. */
  readonly #streamEnds = new Map<number, number>();
  #frame = new Float32Array(DEFAULT_FRAME_SAMPLES);
  #silence = new Float32Array(DEFAULT_FRAME_SAMPLES);
  #wantedFrameSamples = DEFAULT_FRAME_SAMPLES;
  #filled = 0;
  #position = 0;
  #owner = NOBODY;
  /** Whose talkspurt has begun and not ended. */
  #sendingTo: number | null = null;
  #encodedFor: number | null = null;
  #inRoom = false;
  #selfTest = false;
  #levelDb = SILENCE_DB;
  #frames = 0;
  #nobodysSamples = 0;

  /** @param firstTimestamp start of the timestamps, u32, random */
  constructor(firstTimestamp: number) {
    this.#firstTimestamp = firstTimestamp;
  }

  /** Whose talkspurt is under way: CHANNEL_TARGET, a whisper, or null. */
  get sendingTo(): number | null {
    return this.#sendingTo;
  }

  /** Level of the last frame, in dBFS. */
  get levelDb(): number {
    return this.#levelDb;
  }

  /** Samples taken in or skipped. */
  get position(): number {
    return this.#position;
  }

  counters(): { frames: number; nobodysSamples: number } {
    return { frames: this.#frames, nobodysSamples: this.#nobodysSamples };
  }

  /** @param frameSamples 480, 960, 1920 or 2880; holds from the next frame on */
  setFrameSamples(frameSamples: number): void {
    this.#wantedFrameSamples = frameSamples;
    if (this.#filled === 0) this.#resizeFrame();
  }

  /** Voice goes out only while in a room. Outside nobody is left to hear the end of a talkspurt. */
  setInRoom(inRoom: boolean): void {
    this.#inRoom = inRoom;
    if (inRoom) return;
    this.#sendingTo = null;
    this.gate.endTalkspurt();
  }

  /** While on, everything comes back to the own speaker and nothing goes out. */
  setSelfTest(on: boolean, out: MicrophoneOut): void {
    if (on === this.#selfTest) return;
    this.#selfTest = on;
    this.#endTalkspurt(out);
  }

  /**
   * A whisper key went down, or (null) none is held any more.
   *
   * @param whisper names the target, above 0, or NOBODY: the microphone is open for it, and for nobody else
   * @param waitingSamples captured, but not taken in yet: they belong to the target before
   */
  handleWhisper(whisper: number | null, waitingSamples: number, out: MicrophoneOut): void {
    this.#schedule.handleKey(whisper, this.#position + waitingSamples);
    this.#settle(out);
  }

  /** How many samples `handleSamples` takes next: the rest of a frame, or fewer where the target changes. */
  nextSamples(): number {
    const untilChange = this.#schedule.nextChange(this.#position) - this.#position;
    return Math.min(this.#frame.length - this.#filled, untilChange);
  }

  /** Takes in the first `count` samples, at most `nextSamples()`. */
  handleSamples(samples: Float32Array, count: number, out: MicrophoneOut): void {
    assert(count <= this.nextSamples(), 'no frame takes samples of two targets');
    for (let index = 0; index < count; index += 1) this.#frame[this.#filled + index] = samples[index] ?? 0;
    this.#filled += count;
    this.#position += count;
    const released = this.#schedule.advanceTo(this.#position);
    const nextOwner = this.#schedule.ownerAt(this.#position);
    const cut = nextOwner !== this.#owner;
    if (cut || this.#filled === this.#frame.length) this.#handleFrame(cut, out);
    this.#owner = nextOwner;
    if (released) this.gate.requireQuiet();
  }

  /** `count` captured samples were dropped: the machine had stalled, and they are old news. */
  handleGap(count: number, out: MicrophoneOut): void {
    if (this.#filled > 0) this.#handleFrame(false, out);
    this.#position += count;
    this.#settle(out);
  }

  /** Brings the owner up to the position, and ends a talkspurt that is not the owner's. */
  #settle(out: MicrophoneOut): void {
    if (this.#schedule.advanceTo(this.#position)) this.gate.requireQuiet();
    const owner = this.#schedule.ownerAt(this.#position);
    if (owner === this.#owner) return;
    if (this.#filled > 0) this.#handleFrame(true, out);
    this.#endTalkspurt(out);
    this.#owner = owner;
  }

  /** The frame held is complete, or `cut` short: the samples that follow are somebody else's. */
  #handleFrame(cut: boolean, out: MicrophoneOut): void {
    const count = this.#filled;
    this.#filled = 0;
    this.#frames += 1;
    this.#frame.fill(0, count);
    this.#levelDb = levelDb(this.#frame, count);
    const start = this.#position - count;
    if (this.#selfTest) this.#encode(this.#frame, SELF_TEST_TARGET, start, false, out);
    else if (this.#owner === NOBODY) this.#nobodysSamples += count;
    else this.#handleOwnedFrame(count, cut, start, out);
    if (this.#wantedFrameSamples !== this.#frame.length) this.#resizeFrame();
  }

  #handleOwnedFrame(count: number, cut: boolean, start: number, out: MicrophoneOut): void {
    this.gate.whispering = this.#owner !== CHANNEL_TARGET;
    const decision = this.gate.handleFrame(this.#levelDb, count / SAMPLES_PER_MS);
    if (cut) this.gate.endTalkspurt();
    if (decision === 'hold' || !this.#inRoom) return;
    const last = cut || decision === 'last';
    this.#encode(this.#frame, this.#owner, start, last, out);
    this.#sendingTo = last ? null : this.#owner;
  }

  /** Ends the talkspurt under way with a frame of silence: everything captured for it has gone out. */
  #endTalkspurt(out: MicrophoneOut): void {
    this.gate.endTalkspurt();
    const target = this.#sendingTo;
    if (target === null) return;
    this.#sendingTo = null;
    this.#encode(this.#silence, target, this.#position, true, out);
  }

  #encode(samples: Float32Array, target: number, start: number, last: boolean, out: MicrophoneOut): void {
    const forget = this.#encodedFor !== null && this.#encodedFor !== target;
    this.#encodedFor = target;
    const at = Math.max(start, this.#streamEnds.get(target) ?? 0);
    for (const [other, end] of this.#streamEnds) if (end <= start) this.#streamEnds.delete(other);
    this.#streamEnds.set(target, at + samples.length);
    out.encodeFrame(samples, target, (this.#firstTimestamp + at) % 2 ** 32, last, forget);
  }

  #resizeFrame(): void {
    if (this.#wantedFrameSamples === this.#frame.length) return;
    this.#frame = new Float32Array(this.#wantedFrameSamples);
    this.#silence = new Float32Array(this.#wantedFrameSamples);
  }
}
