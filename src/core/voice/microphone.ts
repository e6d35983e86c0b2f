import { assert } from '../base/assert.ts';
import { CHANNEL_TARGET } from '../seal/key-ring.ts';
import { levelDb, SILENCE_DB } from './level.ts';
import { MAX_PRE_ROLL_SAMPLES, PreRoll } from './pre-roll.ts';
import { SAMPLES_PER_MS } from './sample-rate.ts';
import { TalkGate } from './talk-gate.ts';
import { TalkKey } from './talk-key.ts';
import { NOBODY, WhisperSchedule } from './whisper-schedule.ts';

/** Frame length until a channel says otherwise, in samples. */
export const DEFAULT_FRAME_SAMPLES = 960;

/** Target of the hear-yourself test: comes back to the own speaker, does not leave the machine. */
export const SELF_TEST_TARGET = -2;

/**
 * What the microphone needs processed sound for. `nothing`: nothing is sent unless somebody moves a key first.
 * `voices`: nothing is sent before a voice is heard.
 */
export type MicrophoneNeed = 'nothing' | 'voices' | 'everything';

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
 * Everything goes by the position of a sample in the stream of captured ones, not by when a message was handled, nor
 * by when the sample came out of the processing, which may be later, and by another delay from one block to the next.
 */
export class Microphone {
  readonly gate = new TalkGate();
  readonly #schedule = new WhisperSchedule();
  readonly #key = new TalkKey();
  readonly #preRoll = new PreRoll();
  readonly #firstTimestamp: number;
  /** Where the next frame of a target may begin: after one that was filled up, later than its samples. */
  readonly #streamEnds = new Map<number, number>();
  #frame = new Float32Array(DEFAULT_FRAME_SAMPLES);
  #silence = new Float32Array(DEFAULT_FRAME_SAMPLES);
  #wantedFrameSamples = DEFAULT_FRAME_SAMPLES;
  #filled = 0;
  /** Of the next sample to be taken in. Everything before it has been, or was left out. */
  #position = 0;
  /** Samples that have gone into the processing, or were dropped before it. */
  #captured = 0;
  #delaySamples = 0;
  #surplusSamples = 0;
  #owner = NOBODY;
  /** Whose talkspurt has begun and not ended. */
  #sendingTo: number | null = null;
  #encodedFor: number | null = null;
  #inRoom = false;
  #selfTest = false;
  #levelDb = SILENCE_DB;
  #voiceProbability = 0;
  #counters = { frames: 0, preRollFrames: 0, takenSamples: 0, nobodysSamples: 0, leftOutSamples: 0 };

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

  /** Samples taken in or left out. */
  get position(): number {
    return this.#position;
  }

  /** Samples that have gone into the processing, or were dropped before it. */
  get capturedSamples(): number {
    return this.#captured;
  }

  /** Samples that came out of the processing together with the end of the last whole frame, behind it. */
  get surplusSamples(): number {
    return this.#surplusSamples;
  }

  /** What there must be processed sound for, as things stand. */
  get need(): MicrophoneNeed {
    if (this.#selfTest) return 'everything';
    if (this.gate.muted) return 'nothing';
    if (this.#sendingTo !== null || this.#schedule.isBusy) return 'everything';
    if (this.gate.mode === 'voiceActivity') return 'voices';
    if (!this.#inRoom) return 'nothing';
    return this.gate.mode === 'open' || this.#key.isBusy ? 'everything' : 'nothing';
  }

  /** What is captured now may never be sent, whatever is opened later. */
  get isDeaf(): boolean {
    return !this.#selfTest && (this.gate.muted || !this.#inRoom);
  }

  /** How much of what was captured may be sent when the microphone opens. */
  get preRollSamples(): number {
    return this.#preRoll.limitSamples;
  }

  /** captured = takenSamples + leftOutSamples + what the processing holds; takenSamples contain nobodysSamples. */
  counters(): Record<
    'frames' | 'preRollFrames' | 'takenSamples' | 'nobodysSamples' | 'leftOutSamples',
    number
  > {
    return { ...this.#counters };
  }

  /** @param frameSamples 480, 960, 1920 or 2880; holds from the next frame on */
  setFrameSamples(frameSamples: number): void {
    this.#wantedFrameSamples = frameSamples;
    if (this.#filled === 0) this.#resizeFrame();
  }

  /**
   * @param releaseDelayMs how long the microphone stays open after the key came up. Not for whispers: they have
   * their tail, and a key that is let go must not keep open what another was closed for
   * @param preRollMs how much sound from before the microphone opened to the channel goes first, in whole frames
   */
  setTalkTiming(releaseDelayMs: number, preRollMs: number): void {
    this.#key.releaseDelaySamples = releaseDelayMs * SAMPLES_PER_MS;
    this.#preRoll.limitSamples = Math.min(preRollMs * SAMPLES_PER_MS, MAX_PRE_ROLL_SAMPLES);
  }

  /**
   * Mutes at once: the talkspurt ends now, with silence. What was captured while muted is nobody's.
   *
   * @param waitingSamples captured, but not given to the processing yet
   */
  setMuted(muted: boolean, waitingSamples: number, out: MicrophoneOut): void {
    if (muted === this.gate.muted) return;
    this.gate.muted = muted;
    if (!muted) this.#openAfter(waitingSamples, out);
    else if (!this.#selfTest) this.#breakOff(out);
  }

  /** Voice goes out only while in a room. Outside nobody is left to hear the end of a talkspurt. */
  setInRoom(inRoom: boolean, waitingSamples: number, out: MicrophoneOut): void {
    if (inRoom === this.#inRoom) return;
    this.#inRoom = inRoom;
    if (inRoom) {
      this.#openAfter(waitingSamples, out);
      return;
    }
    this.#sendingTo = null;
    this.gate.endTalkspurt();
    this.#forgetTalk();
  }

  /** The push-to-talk key went down or came up. */
  setPushToTalk(held: boolean, waitingSamples: number): void {
    this.#key.handleKey(held, this.#captured + waitingSamples);
  }

  /** While on, everything comes back to the own speaker and nothing goes out, then or later. */
  setSelfTest(on: boolean, waitingSamples: number, out: MicrophoneOut): void {
    if (on === this.#selfTest) return;
    if (on) {
      if (this.#filled > 0 && this.#sendingTo !== null) this.#handleFrame(true, out);
      this.#breakOff(out);
      this.#selfTest = true;
      return;
    }
    this.#encode(
      this.#frame.fill(0, this.#filled),
      SELF_TEST_TARGET,
      this.#position - this.#filled,
      true,
      out,
    );
    this.#selfTest = false;
    this.#openAfter(waitingSamples, out);
  }

  /**
   * A whisper key went down, or (null) none is held any more.
   *
   * @param whisper names the target, above 0, or NOBODY: the microphone is open for it, and for nobody else
   * @param waitingSamples captured, but not given to the processing yet: they belong to the target before
   */
  handleWhisper(whisper: number | null, waitingSamples: number, out: MicrophoneOut): void {
    this.#schedule.handleKey(whisper, this.#captured + waitingSamples);
    this.#settle(out);
  }

  /**
   * `count` samples went into the processing, and the first `count` of `samples` came out of it.
   *
   * Where the delay has changed, the block is faded from what is late by the one to what is late by the other. With a
   * longer delay its beginning has been heard, and is left out; with a shorter one something is missing. If it could
   * hold sound of two targets, nobody gets it.
   *
   * @param delaySamples by which it is later than what went in
   * @param voiceProbability see TalkGate
   */
  handleBlock(
    samples: Float32Array,
    count: number,
    delaySamples: number,
    voiceProbability: number,
    out: MicrophoneOut,
  ): void {
    const first = this.#captured - delaySamples;
    const oldest = this.#captured - this.#delaySamples;
    this.#captured += count;
    const faded = delaySamples !== this.#delaySamples;
    this.#delaySamples = delaySamples;
    // Of what lies before the position nobody knows any more whose it was.
    const mixed = faded && (oldest < this.#position || this.#schedule.nextChange(oldest) < this.#captured);
    if (mixed) this.#leaveOutUntil(this.#captured, out);
    else if (first > this.#position) this.#leaveOutUntil(first, out);
    for (let at = this.#position - first; at < count; ) {
      const taken = Math.min(count - at, this.#nextSamples());
      this.#take(samples, at, taken, voiceProbability, out);
      at += taken;
    }
  }

  /**
   * `count` captured samples were dropped before the processing: the machine had stalled and they are old news, or
   * nobody wanted them. What the processing still holds from before them is left out too.
   */
  handleGap(count: number, out: MicrophoneOut): void {
    this.#captured += count;
    this.#leaveOutUntil(this.#captured, out);
  }

  /** How many samples can be taken in at once: the rest of a frame, or fewer where the target changes. */
  #nextSamples(): number {
    const untilChange = this.#schedule.nextChange(this.#position) - this.#position;
    return Math.min(this.#frame.length - this.#filled, untilChange);
  }

  #take(
    samples: Float32Array,
    from: number,
    count: number,
    voiceProbability: number,
    out: MicrophoneOut,
  ): void {
    assert(count > 0, 'the owner of the next sample is known');
    for (let index = 0; index < count; index += 1)
      this.#frame[this.#filled + index] = samples[from + index] ?? 0;
    if (this.#filled === 0) this.#voiceProbability = 0;
    this.#voiceProbability = Math.max(this.#voiceProbability, voiceProbability);
    this.#filled += count;
    this.#position += count;
    this.#counters.takenSamples += count;
    const released = this.#schedule.advanceTo(this.#position);
    const nextOwner = this.#schedule.ownerAt(this.#position);
    const cut = nextOwner !== this.#owner;
    if (this.#filled === this.#frame.length)
      this.#surplusSamples = this.#captured - this.#delaySamples - this.#position;
    if (cut || this.#filled === this.#frame.length) this.#handleFrame(cut, out);
    this.#owner = nextOwner;
    if (released) this.gate.requireQuiet();
  }

  #leaveOutUntil(position: number, out: MicrophoneOut): void {
    if (position === this.#position) return;
    if (this.#filled > 0) this.#handleFrame(false, out);
    this.#preRoll.clear();
    this.#counters.leftOutSamples += position - this.#position;
    this.#position = position;
    this.#settle(out);
  }

  /** Brings the owner up to the position, and ends a talkspurt that is not the owner's. */
  #settle(out: MicrophoneOut): void {
    if (this.#schedule.advanceTo(this.#position)) this.gate.requireQuiet();
    const owner = this.#schedule.ownerAt(this.#position);
    if (owner === this.#owner) return;
    if (this.#filled > 0) this.#handleFrame(true, out);
    this.#endTalkspurt(this.#position, out);
    this.#owner = owner;
    if (owner !== CHANNEL_TARGET) this.#forgetTalk();
  }

  /** The frame held is complete, or `cut` short: the samples that follow are somebody else's. */
  #handleFrame(cut: boolean, out: MicrophoneOut): void {
    const count = this.#filled;
    this.#filled = 0;
    this.#counters.frames += 1;
    this.#frame.fill(0, count);
    this.#levelDb = levelDb(this.#frame, count);
    const start = this.#position - count;
    if (this.#owner !== CHANNEL_TARGET || this.#selfTest) this.#forgetTalk();
    if (this.#selfTest) this.#encode(this.#frame, SELF_TEST_TARGET, start, false, out);
    else if (this.#owner === NOBODY) this.#counters.nobodysSamples += count;
    else this.#handleOwnedFrame(count, cut, start, out);
    if (this.#wantedFrameSamples !== this.#frame.length) this.#resizeFrame();
  }

  #handleOwnedFrame(count: number, cut: boolean, start: number, out: MicrophoneOut): void {
    const { gate } = this;
    gate.whispering = this.#owner !== CHANNEL_TARGET;
    gate.pushToTalkHeld = this.#key.isOpenAt(this.#position);
    const decision = gate.handleFrame(this.#levelDb, count / SAMPLES_PER_MS, this.#voiceProbability);
    if (cut) gate.endTalkspurt();
    if (decision === 'hold' || !this.#inRoom) {
      this.#keepForLater(count);
      return;
    }
    if (this.#owner === CHANNEL_TARGET && this.#sendingTo === null) this.#sendPreRoll(start, out);
    this.#preRoll.clear();
    const last = cut || decision === 'last';
    this.#encode(this.#frame, this.#owner, start, last, out);
    this.#sendingTo = last ? null : this.#owner;
  }

  /** What is said to the channel while the gate is shut may turn out to have been the beginning of a word. */
  #keepForLater(count: number): void {
    if (this.gate.muted || !this.#inRoom || this.gate.needsQuiet) this.#preRoll.clear();
    else if (!this.gate.whispering) this.#preRoll.add(this.#frame, count);
  }

  /** Sends what was kept, in whole frames, each with the timestamp that it would have had: it comes before `start`. */
  #sendPreRoll(start: number, out: MicrophoneOut): void {
    const { length } = this.#frame;
    const free = start - (this.#streamEnds.get(CHANNEL_TARGET) ?? Number.NEGATIVE_INFINITY);
    const frames = Math.floor(Math.min(this.#preRoll.availableSamples, free) / length);
    for (let before = frames * length; before > 0; before -= length) {
      this.#preRoll.copy(before, this.#silence);
      this.#encode(this.#silence, CHANNEL_TARGET, start - before, false, out);
      this.#counters.preRollFrames += 1;
    }
    this.#silence.fill(0);
  }

  /** What was captured so far is nobody's, whatever was open or shut meanwhile. */
  #openAfter(waitingSamples: number, out: MicrophoneOut): void {
    this.#dropPart();
    this.#forgetTalk();
    this.#schedule.closeUntil(this.#captured + waitingSamples);
    this.#settle(out);
  }

  /** Ends the talkspurt at once, without what is held of a frame. */
  #breakOff(out: MicrophoneOut): void {
    this.#endTalkspurt(this.#dropPart(), out);
    this.#forgetTalk();
  }

  /** @returns where the part frame began that was held */
  #dropPart(): number {
    const start = this.#position - this.#filled;
    this.#counters.nobodysSamples += this.#filled;
    this.#filled = 0;
    if (this.#wantedFrameSamples !== this.#frame.length) this.#resizeFrame();
    return start;
  }

  /** Nothing of what was said so far may open the channel, or be sent to it later. */
  #forgetTalk(): void {
    this.#preRoll.clear();
    this.#key.cancelRelease();
  }

  /** Ends the talkspurt under way with a frame of silence: everything captured for it has gone out. */
  #endTalkspurt(at: number, out: MicrophoneOut): void {
    this.gate.endTalkspurt();
    const target = this.#sendingTo;
    if (target === null) return;
    this.#sendingTo = null;
    this.#encode(this.#silence, target, at, true, out);
  }

  #encode(samples: Float32Array, target: number, start: number, last: boolean, out: MicrophoneOut): void {
    const forget = this.#encodedFor !== null && this.#encodedFor !== target;
    this.#encodedFor = target;
    const at = Math.max(start, this.#streamEnds.get(target) ?? 0);
    this.#streamEnds.set(target, at + samples.length);
    if (this.#streamEnds.size > 1) this.#forgetStreams(start);
    out.encodeFrame(samples, target, (this.#firstTimestamp + at) % 2 ** 32, last, forget);
  }

  /** Forgets the streams that ended so long ago that nothing can come before their end any more. */
  #forgetStreams(start: number): void {
    for (const [target, end] of this.#streamEnds) if (end <= start) this.#streamEnds.delete(target);
  }

  #resizeFrame(): void {
    if (this.#wantedFrameSamples === this.#frame.length) return;
    this.#frame = new Float32Array(this.#wantedFrameSamples);
    this.#silence = new Float32Array(this.#wantedFrameSamples);
  }
}
