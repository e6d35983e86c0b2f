import type { Rng } from '../../../src/core/base/rng.ts';
import { BackgroundNoise } from './background-noise.ts';
import { DecisionLogic, type Mode, type Operation } from './decision.ts';
import { Expand, OVERLAP_SAMPLES } from './expand.ts';
import { cut, joined, type MarkedSound, silence } from './marked-sound.ts';
import { merge } from './merge.ts';
import { SyncBuffer } from './sync-buffer.ts';
import { accelerate, preemptiveExpand, STRETCH_SAMPLES } from './time-stretch.ts';

/** What `getAudio` gives: 10 ms at 48 kHz. */
export const OUTPUT_SAMPLES = 480;

/** Packets held before everything is thrown away: 4 s of 20 ms, WebRTC's default. */
export const MAX_PACKETS = 200;

const TICK_MS = 10;

export interface NetEqPacket {
  readonly sequence: number;
  /** In samples, not wrapped. */
  readonly timestamp: number;
  readonly samples: number;
  /** Ends the talkspurt: a packet of the codec's silence. */
  readonly isDtx: boolean;
  /** Called once, when the packet's turn has come. */
  decode(): Float32Array;
}

/** WebRTC's names for its totals, in samples. */
export interface NetEqStatistics {
  readonly totalSamplesReceived: number;
  readonly concealedSamples: number;
  readonly silentConcealedSamples: number;
  readonly insertedSamplesForDeceleration: number;
  readonly removedSamplesForAcceleration: number;
  /** Sum over samples of the ms their packet waited, in steps of 10. */
  readonly jitterBufferDelayMs: number;
  readonly jitterBufferEmittedCount: number;
  /** Sum over samples of the target in ms. */
  readonly jitterBufferTargetDelayMs: number;
  readonly packetsDiscarded: number;
  readonly packetBufferFlushes: number;
}

interface Held extends NetEqPacket {
  readonly insertedTick: number;
}

/**
 * NetEQ, the jitter buffer of WebRTC, as of 2023: the decisions, the delay, and the sound they are made on, written
 * anew after reading the public sources (modules/audio_coding/neteq). One codec, 48 kHz, mono, 20 ms packets, no
 * DTMF, no RFC 3389 noise. The sound of the inventions is simplified where no decision depends on it.
 */
export class NetEq {
  readonly #buffer = new SyncBuffer();
  readonly #expand: Expand;
  readonly #noise = new BackgroundNoise();
  readonly #decision = new DecisionLogic(MAX_PACKETS);
  #packets: Held[] = [];
  #tick = 0;
  #endTimestamp = 0;
  #newCodec = true;
  #firstPacket = true;
  #lastMode: Mode = 'normal';
  #noiseSinceTick: number | null = null;
  /** Concealed samples that merging gave back: the next ones are not counted. */
  #concealedCredit = 0;
  readonly #totals = {
    totalSamplesReceived: 0,
    concealedSamples: 0,
    silentConcealedSamples: 0,
    insertedSamplesForDeceleration: 0,
    removedSamplesForAcceleration: 0,
    jitterBufferDelayMs: 0,
    jitterBufferEmittedCount: 0,
    jitterBufferTargetDelayMs: 0,
    packetsDiscarded: 0,
    packetBufferFlushes: 0,
  };

  constructor(rng: Rng) {
    this.#expand = new Expand(this.#buffer, rng);
    this.#buffer.keepFuture(OVERLAP_SAMPLES);
  }

  statistics(): NetEqStatistics {
    return { ...this.#totals };
  }

  insertPacket(packet: NetEqPacket): void {
    if (this.#firstPacket) this.#endTimestamp = packet.timestamp;
    let flushed = false;
    if (this.#packets.length >= MAX_PACKETS) {
      this.#totals.packetsDiscarded += this.#packets.length;
      this.#totals.packetBufferFlushes += 1;
      this.#packets = [];
      this.#newCodec = true;
      flushed = true;
    }
    this.#firstPacket = false;
    let place = this.#packets.length;
    while (place > 0 && (this.#packets[place - 1]?.timestamp ?? 0) > packet.timestamp) place -= 1;
    if (this.#packets[place - 1]?.timestamp === packet.timestamp) this.#totals.packetsDiscarded += 1;
    else
      this.#packets.splice(place, 0, { ...packet, decode: () => packet.decode(), insertedTick: this.#tick });
    if (flushed) this.#decision.noteFlush();
    if (!this.#newCodec) this.#decision.packetArrived(packet.timestamp, packet.samples);
  }

  /** The next 10 ms. */
  getAudio(): MarkedSound {
    this.#tick += 1;
    this.#decision.advance();
    this.#totals.totalSamplesReceived += OUTPUT_SAMPLES;
    if (this.#lastMode === 'expand' && this.#expand.muted && this.#packets.length === 0) {
      this.#countConcealed(OUTPUT_SAMPLES, true);
      this.#decision.noteMuted();
      return silence(OUTPUT_SAMPLES);
    }
    const { operation, packets } = this.#decide();
    this.#buffer.push(this.#perform(operation, packets));
    const out = this.#buffer.take(OUTPUT_SAMPLES);
    this.#buffer.keepFuture(OVERLAP_SAMPLES);
    if (this.#lastMode === 'normal' || this.#lastMode === 'stretchFailed') {
      this.#noise.update(this.#buffer.samples);
    }
    if (this.#lastMode !== 'comfortNoise' && this.#lastMode !== 'expand') this.#noiseSinceTick = null;
    return out;
  }

  #decide(): { operation: Operation; packets: readonly Held[] } {
    if (!this.#newCodec) this.#discardBefore(this.#endTimestamp);
    const next = this.#packets[0];
    const left = this.#buffer.futureSamples - OVERLAP_SAMPLES;
    if (this.#lastMode === 'stretched') this.#decision.settleStretch(left + OUTPUT_SAMPLES);
    let operation = this.#decision.decide({
      lastMode: this.#lastMode,
      nextTimestamp: next?.timestamp ?? null,
      targetTimestamp: this.#endTimestamp,
      spanSamples: this.#spanSamples(),
      holdsDtx: this.#packets.some((packet) => packet.isDtx),
      expandGain: this.#expand.gain,
      noiseSamples: this.#noiseSamples(),
    });
    const stretches = operation === 'accelerate' || operation === 'fastAccelerate';
    if (next?.isDtx && (stretches || operation === 'merge' || operation === 'preemptiveExpand')) {
      operation = 'normal';
    }
    const mayWait = operation !== 'merge' && !stretches && operation !== 'preemptiveExpand';
    if (left >= OUTPUT_SAMPLES && mayWait) return { operation: 'normal', packets: [] };
    if (this.#newCodec || operation === 'reset') {
      // Before the first packet there is nothing to decode.
      if (next === undefined) return { operation: 'expand', packets: [] };
      if (operation !== 'normal') operation = 'normal';
      this.#endTimestamp = next.timestamp;
      this.#newCodec = false;
      this.#decision.softReset();
    }
    if (operation === 'expand' || operation === 'comfortNoise') return { operation, packets: [] };
    return this.#gather(operation, left);
  }

  /** Takes as many packets as the operation needs, or turns it into one that needs fewer. */
  #gather(wanted: Operation, left: number): { operation: Operation; packets: readonly Held[] } {
    let operation = wanted;
    let required = OUTPUT_SAMPLES;
    const isAccelerate = wanted === 'accelerate' || wanted === 'fastAccelerate';
    if (isAccelerate || wanted === 'preemptiveExpand') {
      if (left >= STRETCH_SAMPLES) {
        this.#decision.startStretch(left);
        return { operation, packets: [] };
      }
      if (left < 2 * OUTPUT_SAMPLES) {
        // First decode 20 ms more, so that one packet will do for the stretch.
        required = 2 * OUTPUT_SAMPLES;
        if (isAccelerate) operation = 'normal';
      }
    }
    const packets = this.#extract(required);
    const first = packets[0];
    const last = packets.at(-1);
    const extracted = first && last ? last.timestamp + last.samples - first.timestamp : 0;
    if (operation !== 'normal' && operation !== 'merge') {
      this.#decision.startStretch(left + extracted);
      if (operation !== 'preemptiveExpand' && extracted + left < STRETCH_SAMPLES) operation = 'normal';
    }
    return { operation, packets };
  }

  #extract(required: number): readonly Held[] {
    const first = this.#packets[0];
    if (!first) return [];
    this.#decision.leaveComfortNoise();
    this.#endTimestamp = first.timestamp;
    const taken: Held[] = [];
    for (let next: Held | undefined = first; next; ) {
      this.#packets.shift();
      taken.push(next);
      const waitedMs = (this.#tick - next.insertedTick) * TICK_MS;
      this.#totals.jitterBufferDelayMs += waitedMs * next.samples;
      this.#totals.jitterBufferEmittedCount += next.samples;
      this.#totals.jitterBufferTargetDelayMs += this.#decision.targetMs * next.samples;
      const extracted: number = next.timestamp + next.samples - first.timestamp;
      const follower: Held | undefined = this.#packets[0];
      const follows: boolean =
        follower?.sequence === next.sequence + 1 && follower.timestamp - next.timestamp <= next.samples;
      next = follows && extracted < required ? follower : undefined;
    }
    this.#discardBefore(taken.at(-1)?.timestamp ?? 0);
    return taken;
  }

  #perform(operation: Operation, packets: readonly Held[]): MarkedSound {
    const isSilence = packets.some((packet) => packet.isDtx);
    const decoded = joined(
      ...packets.map((packet) => {
        const samples = packet.decode();
        return { samples, real: new Float32Array(samples.length).fill(packet.isDtx ? 0 : 1) };
      }),
    );
    if (!isSilence) this.#endTimestamp += decoded.samples.length;
    if (isSilence) this.#noiseSinceTick = this.#tick;
    switch (operation) {
      case 'expand':
        return this.#performExpand();
      case 'comfortNoise':
        this.#lastMode = 'comfortNoise';
        this.#expand.reset();
        return silence(OUTPUT_SAMPLES);
      case 'merge':
        return this.#performMerge(decoded, isSilence);
      case 'accelerate':
      case 'fastAccelerate':
      case 'preemptiveExpand':
        return this.#performStretch(operation, decoded);
      case 'normal':
      case 'reset':
        return this.#performNormal(decoded, isSilence);
    }
  }

  #performNormal(decoded: MarkedSound, isSilence: boolean): MarkedSound {
    if (decoded.samples.length > 0 && this.#lastMode === 'expand') {
      this.#expand.prepareNormal();
      this.#expand.process();
      this.#expand.reset();
    }
    if (isSilence) this.#lastMode = 'comfortNoise';
    else if (decoded.samples.length > 0) this.#lastMode = 'normal';
    return decoded;
  }

  #performExpand(): MarkedSound {
    while (this.#buffer.futureSamples - OVERLAP_SAMPLES < OUTPUT_SAMPLES) {
      const samples = this.#expand.process();
      this.#countConcealed(samples.length, this.#expand.gain === 0);
      this.#lastMode = 'expand';
      this.#buffer.push({ samples, real: new Float32Array(samples.length) });
    }
    this.#noiseSinceTick ??= this.#tick;
    return silence(0);
  }

  #performMerge(decoded: MarkedSound, isSilence: boolean): MarkedSound {
    if (decoded.samples.length === 0) {
      this.#lastMode = 'merge';
      return decoded;
    }
    const { sound, grownSamples } = merge(decoded, this.#expand, this.#buffer);
    this.#countConcealed(grownSamples - decoded.samples.length, this.#expand.gain === 0);
    this.#lastMode = isSilence ? 'comfortNoise' : 'merge';
    this.#expand.reset();
    return sound;
  }

  #performStretch(operation: Operation, decoded: MarkedSound): MarkedSound {
    const borrowed = Math.max(0, STRETCH_SAMPLES - decoded.samples.length);
    const sound = joined(this.#buffer.tail(borrowed), decoded);
    const played = Math.max(0, borrowed - this.#buffer.futureSamples);
    const isExpand = operation === 'preemptiveExpand';
    const { sound: stretched, changedSamples } = isExpand
      ? preemptiveExpand(sound, played, this.#noise)
      : accelerate(sound, this.#noise);
    if (isExpand) this.#totals.insertedSamplesForDeceleration += changedSamples;
    else this.#totals.removedSamplesForAcceleration += changedSamples;
    this.#lastMode = changedSamples > 0 ? 'stretched' : 'stretchFailed';
    this.#expand.reset();
    return this.#giveBack(stretched, borrowed);
  }

  /** Puts the borrowed start of a stretched sound back into the buffer. @returns the rest */
  #giveBack(sound: MarkedSound, borrowed: number): MarkedSound {
    const { length } = sound.samples;
    if (length < borrowed) {
      // Shorter than what was borrowed: everything before moves towards the end.
      this.#buffer.shrink(borrowed - length);
      this.#buffer.replaceTail(sound);
      return silence(0);
    }
    this.#buffer.replaceTail(cut(sound, 0, borrowed));
    return cut(sound, borrowed);
  }

  #countConcealed(samples: number, isSilent: boolean): void {
    if (samples < 0) {
      this.#concealedCredit -= samples;
      return;
    }
    const credited = Math.min(samples, this.#concealedCredit);
    this.#concealedCredit -= credited;
    this.#totals.concealedSamples += samples - credited;
    if (isSilent) this.#totals.silentConcealedSamples += samples - credited;
  }

  #noiseSamples(): number {
    return this.#noiseSinceTick === null ? 0 : (this.#tick - this.#noiseSinceTick) * OUTPUT_SAMPLES;
  }

  #spanSamples(): number {
    const [first, last] = [this.#packets[0], this.#packets.at(-1)];
    return first && last ? last.timestamp + last.samples - first.timestamp : 0;
  }

  #discardBefore(timestamp: number): void {
    const kept = this.#packets.filter((packet) => packet.timestamp >= timestamp);
    this.#totals.packetsDiscarded += this.#packets.length - kept.length;
    this.#packets = kept;
  }
}
