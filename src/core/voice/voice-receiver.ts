import { assert } from '../base/assert.ts';
import type { SessionToken } from '../base/brand.ts';
import { type Counters, createCounters } from '../base/counters.ts';
import { HearingCollector } from '../redundancy/hearing-collector.ts';
import {
  createRedundantLayout,
  parseRedundantPayload,
  REDUNDANT_FAILURES,
  type RedundantFailure,
} from '../redundancy/redundant-payload.ts';
import type { SealingKey } from '../seal/aead-key.ts';
import { CHANNEL_TARGET, KeyRing } from '../seal/key-ring.ts';
import { Opener } from '../seal/opener.ts';
import { MAX_SEALED_PLAINTEXT_BYTES } from '../seal/sealed-datagram.ts';
import { type DatagramHeader, FLAG_CONTROL, FLAG_LAST, FLAG_REDUNDANT } from '../wire/datagram.ts';
import type { HearingReport } from '../wire/hearing.ts';
import type { DecodedTap } from './decoded-tap.ts';
import { levelDb, SILENCE_DB, softLimit } from './level.ts';
import { opusPacketSamples } from './opus-duration.ts';
import { type FrameDecoder, Speaker } from './speaker.ts';
import { type HeardVoice, VoiceTable } from './voice-table.ts';
import { WhisperCue } from './whisper-cue.ts';

/** Most voices decoded at once. Each holds a decoder of some 20 KB; nobody can follow more than a few. */
export const MAX_SPEAKERS = 64;

/** A voice that was silent this long gives its decoder back, in ms. */
export const SPEAKER_IDLE_MS = 30_000;

/** A whisper begins with the first packet after a silence of this length, in ms: longer than any jitter. */
export const WHISPER_PAUSE_MS = 500;

/** The token under which the own voice comes back in the hear-yourself test; no relay hands out 0. */
export const SELF_TEST_TOKEN = 0 as SessionToken;

export interface VoiceReceiverOptions {
  createDecoder(): FrameDecoder;
  /** A voice begins to be played where there was none: from now on `mix` is needed. */
  onDidStir?(): void;
}

/** Opens voice datagrams of a channel's members and of whisperers, and mixes what is to be heard. */
export class VoiceReceiver {
  readonly #createDecoder: () => FrameDecoder;
  readonly #onDidStir: () => void;
  readonly #voices = new VoiceTable();
  readonly #volumes = new Map<number, number>();
  readonly #muted = new Set<number>();
  readonly #keys = new KeyRing();
  readonly #opener = new Opener(this.#keys);
  readonly #opened = new Uint8Array(MAX_SEALED_PLAINTEXT_BYTES);
  readonly #layout = createRedundantLayout();
  readonly #malformed: Counters<RedundantFailure> = createCounters(REDUNDANT_FAILURES);
  readonly #hearing = new HearingCollector();
  readonly #cue = new WhisperCue();
  #tap: DecodedTap | null = null;
  /** One person's part of a block, while somebody writes it down. */
  #tapped = new Float32Array(0);
  #frameSamples = 960;
  #outputLevelDb = SILENCE_DB;
  #accepted = 0;
  #tooManySpeakers = 0;
  #bytesReceived = 0;
  #whisperKeysRefused = 0;
  /** Hears nobody, the hear-yourself test excepted. */
  deafened = false;

  constructor(options: VoiceReceiverOptions) {
    this.#createDecoder = options.createDecoder;
    this.#onDidStir = () => options.onDidStir?.();
  }

  /** Frame length of the channel: what packets are taken for that do not say how long they are. */
  setFrameSamples(frameSamples: number): void {
    if (frameSamples === this.#frameSamples) return;
    this.#frameSamples = frameSamples;
    this.#voices.retire(({ target }) => target === CHANNEL_TARGET);
  }

  /** Level of the last mixed block, in dBFS. */
  get outputLevelDb(): number {
    return this.#outputLevelDb;
  }

  /** Linear gain of one person, kept while the person is silent. */
  setVolume(token: SessionToken, volume: number): void {
    this.#volumes.set(token, volume);
    for (const { speaker } of this.#voices.of(token)) speaker.setVolume(volume);
  }

  /** A person muted by us is not heard at all, whispers included. */
  setMuted(token: SessionToken, muted: boolean): void {
    if (muted) this.#muted.add(token);
    else this.#muted.delete(token);
  }

  /** Keys of the channel's members, by token, from now on (see KeyRing). */
  setEpoch(keyId: number, keys: ReadonlyMap<number, SealingKey>, nowMs: number): void {
    this.#keys.setEpoch(keyId, keys, nowMs);
  }

  /**
   * A key for whispers from a person to `target`: our own token, or a list that we are on.
   *
   * @returns false, and counts it, when the person or the room has given us too many
   */
  setWhisperKey(from: SessionToken, target: number, key: SealingKey, nowMs: number): boolean {
    const taken = target !== CHANNEL_TARGET && this.#keys.setWhisperKey(from, target, key, nowMs).ok;
    if (!taken) this.#whisperKeysRefused += 1;
    return taken;
  }

  /** Nobody listens for a while: gives all decoders back. Keys, and what was seen, stay. */
  rest(): void {
    this.#voices.retire(() => true);
  }

  /** Another session: forgets all voices, keys and numbers seen. Volumes and mutes stay. */
  clear(): void {
    this.#voices.retire(() => true);
    this.#hearing.clear();
    this.#opener.clear();
  }

  /** Another room, or none: forgets everybody whole. */
  forgetEverybody(): void {
    this.clear();
    this.#volumes.clear();
    this.#muted.clear();
  }

  /** A person has left the room. */
  forget(token: SessionToken): void {
    this.#voices.retire((voice) => voice.token === token);
    this.#hearing.forget(token);
    this.#opener.forget(token);
    this.#volumes.delete(token);
    this.#muted.delete(token);
  }

  /** Takes in a voice datagram whose header was decoded. CONTROL datagrams belong to the path engine. */
  handleDatagram(header: DatagramHeader, bytes: Uint8Array, lengthBytes: number, nowMs: number): void {
    assert((header.flags & FLAG_CONTROL) === 0, 'only voice is heard');
    this.#bytesReceived += lengthBytes;
    const result = this.#opener.open(header, bytes, lengthBytes, nowMs, this.#opened);
    if (!result.ok) return;
    if ((header.flags & FLAG_REDUNDANT) !== 0) {
      this.#handleRedundant(header, lengthBytes, result.lengthBytes, nowMs);
      return;
    }
    const packet = this.#opened.subarray(0, result.lengthBytes);
    const voice = this.#voiceOf(header, packet, nowMs);
    if (voice !== null) voice.bytesReceived += lengthBytes;
    this.#play(voice, header.sequence, header.timestamp, (header.flags & FLAG_LAST) !== 0, packet, nowMs);
  }

  /** Takes in one encoded frame of our own, for the hear-yourself test. */
  handleSelfTest(
    sequence: number,
    timestamp: number,
    last: boolean,
    payload: Uint8Array,
    nowMs: number,
  ): void {
    this.#play(
      this.#channelVoice(SELF_TEST_TOKEN, payload, nowMs),
      sequence,
      timestamp,
      last,
      payload,
      nowMs,
    );
  }

  /** Nobody has been heard for a while: `mix` has nothing but silence until `onDidStir`. */
  get quiet(): boolean {
    return this.#voices.all.length === 0 && !this.#cue.sounds;
  }

  /** Fills `mix` with the next `count` samples of everybody. */
  mix(mix: Float32Array, count: number, nowMs: number): void {
    mix.fill(0, 0, count);
    const tap = this.#tap;
    if (tap === null) {
      for (const { token, speaker } of this.#voices.all)
        speaker.render(mix, count, this.#isAudible(token), nowMs);
    } else {
      tap.beginBlock(count);
      this.#renderTapped(mix, count, nowMs, tap);
    }
    if (!this.deafened) this.#cue.render(mix, count);
    softLimit(mix, count);
    tap?.handleMix(mix, count);
    this.#outputLevelDb = levelDb(mix, count);
  }

  /** Lets somebody write down what is heard; null: nobody does. */
  setTap(tap: DecodedTap | null): void {
    this.#tap = tap;
  }

  /** Tokens of those who talk in the channel right now. */
  talkingTokens(): SessionToken[] {
    return this.#voices.talkingTokens(false);
  }

  /** Tokens of those who whisper to us right now. */
  whisperingTokens(): SessionToken[] {
    return this.#voices.talkingTokens(true);
  }

  /** What is lost of the channel's voices, as far as it has to be told: at most every HEARING_INTERVAL_MS. Call it now and then. */
  takeHearingReports(nowMs: number): HearingReport[] {
    if (!this.#hearing.isDue(nowMs)) return [];
    for (const { token, target, speaker } of this.#voices.all) {
      if (target !== CHANNEL_TARGET || token === SELF_TEST_TOKEN) continue;
      this.#hearing.observe(token, speaker.lossWindow());
    }
    return this.#hearing.take(nowMs);
  }

  /** Gives back the decoders of voices that fell silent, and forgets old keys. Call it now and then. */
  handleDeadline(nowMs: number): void {
    this.#voices.retire(({ speaker }) => nowMs - speaker.lastPacketMs > SPEAKER_IDLE_MS);
    this.#keys.handleDeadline(nowMs);
  }

  /**
   * Counters of all voices, present and gone, summed. Datagrams opened and frames of the self-test = accepted +
   * tooManySpeakers + malformed (by reason).
   */
  counters(): Record<string, number> {
    const malformed = Object.entries(this.#malformed).map(([reason, count]) => [
      `malformed.${reason}`,
      count,
    ]);
    return {
      ...Object.fromEntries(malformed),
      ...this.#voices.counters(),
      accepted: this.#accepted,
      tooManySpeakers: this.#tooManySpeakers,
      bytesReceived: this.#bytesReceived,
      whisperKeysRefused: this.#whisperKeysRefused,
      speakers: this.#voices.all.length,
    };
  }

  /** What became of sealed datagrams: received = opened + the refusals, by reason. */
  openerCounters(): Record<string, number> {
    return { ...this.#opener.counters };
  }

  /** The voices that have a decoder. */
  get voices(): readonly HeardVoice[] {
    return this.#voices.all;
  }

  /** Earlier frames first, as they were spoken: each takes the place of its own datagram if that was lost. */
  #handleRedundant(header: DatagramHeader, datagramBytes: number, lengthBytes: number, nowMs: number): void {
    const { sequence, timestamp } = header;
    const last = (header.flags & FLAG_LAST) !== 0;
    const layout = this.#layout;
    const parsed = parseRedundantPayload(this.#opened, lengthBytes, sequence, last, layout);
    if (!parsed.ok) {
      this.#malformed[parsed.reason] += 1;
      return;
    }
    const primary = this.#opened.subarray(layout.primaryOffset, lengthBytes);
    const voice = this.#voiceOf(header, primary, nowMs);
    if (voice !== null) voice.bytesReceived += datagramBytes;
    for (let index = 0; voice !== null && index < layout.copyCount; index += 1) {
      const copy = layout.copies[index];
      assert(copy !== undefined, 'the layout has that many copies');
      const packet = this.#opened.subarray(copy.offset, copy.offset + copy.lengthBytes);
      const spokenAt = (timestamp - copy.distance * voice.frameSamples) >>> 0;
      voice.speaker.handlePacket(sequence - copy.distance, spokenAt, false, packet, nowMs, true);
    }
    this.#play(voice, sequence, timestamp, last, primary, nowMs);
  }

  #renderTapped(mix: Float32Array, count: number, nowMs: number, tap: DecodedTap): void {
    if (this.#tapped.length < count) this.#tapped = new Float32Array(count);
    const part = this.#tapped;
    for (const voice of this.#voices.all) {
      const voices = this.#voices.of(voice.token);
      // Somebody who whispers too has several voices, and is one person.
      if (voices[0] !== voice) continue;
      part.fill(0, 0, count);
      for (const { speaker } of voices) speaker.render(part, count, this.#isAudible(voice.token), nowMs);
      tap.handleSpeaker(voice.token, part, 0, count);
      for (let index = 0; index < count; index += 1) mix[index] = (mix[index] ?? 0) + (part[index] ?? 0);
    }
  }

  #voiceOf(header: DatagramHeader, packet: Uint8Array, nowMs: number): HeardVoice | null {
    const { token, target } = header;
    if (target === CHANNEL_TARGET) return this.#channelVoice(token, packet, nowMs);
    return this.#whisper(token, target, packet, nowMs);
  }

  #isAudible(token: SessionToken): boolean {
    return token === SELF_TEST_TOKEN || !(this.deafened || this.#muted.has(token));
  }

  #play(
    voice: HeardVoice | null,
    sequence: number,
    timestamp: number,
    last: boolean,
    payload: Uint8Array,
    nowMs: number,
  ): void {
    if (voice === null) {
      this.#tooManySpeakers += 1;
      return;
    }
    this.#accepted += 1;
    voice.speaker.handlePacket(sequence, timestamp, last, payload, nowMs);
  }

  /** A listeners' member hands on what its publishers make, whose frames are as long as they like. */
  #channelVoice(token: SessionToken, packet: Uint8Array, nowMs: number): HeardVoice | null {
    return this.#voiceAsLongAs(packet, token, CHANNEL_TARGET, nowMs);
  }

  #whisper(token: SessionToken, target: number, packet: Uint8Array, nowMs: number): HeardVoice | null {
    const known = this.#voices.find(token, target);
    const pausedMs = nowMs - (known?.speaker.lastPacketMs ?? Number.NEGATIVE_INFINITY);
    if (pausedMs >= WHISPER_PAUSE_MS && this.#isAudible(token)) this.#cue.start(nowMs);
    return this.#voiceAsLongAs(packet, token, target, nowMs);
  }

  /** The sender may be in a channel of another frame length, or in none of its own: the packet says how long it is. */
  #voiceAsLongAs(packet: Uint8Array, token: SessionToken, target: number, nowMs: number): HeardVoice | null {
    const known = this.#voices.find(token, target);
    // Only the empty end of a talkspurt does not say.
    const frameSamples = opusPacketSamples(packet) || (known?.frameSamples ?? this.#frameSamples);
    if (known !== null && known.frameSamples === frameSamples) return known;
    if (known !== null) this.#voices.retire((voice) => voice === known);
    return this.#admit(token, target, frameSamples, nowMs);
  }

  #admit(token: SessionToken, target: number, frameSamples: number, nowMs: number): HeardVoice | null {
    if (this.#voices.all.length >= MAX_SPEAKERS) this.handleDeadline(nowMs);
    if (this.#voices.all.length >= MAX_SPEAKERS) return null;
    const speaker = new Speaker(frameSamples, this.#createDecoder());
    speaker.setVolume(this.#volumes.get(token) ?? 1);
    const voice: HeardVoice = { token, target, frameSamples, speaker, bytesReceived: 0 };
    this.#voices.add(voice);
    this.#onDidStir();
    return voice;
  }
}
