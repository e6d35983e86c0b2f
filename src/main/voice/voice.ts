import type { ChaosSettings } from '../../core/chaos/chaos-settings.ts';
import type { ProcessingSettings } from '../../core/processing/processing-chain.ts';
import { MAX_WHISPER_TARGETS_PER_SENDER } from '../../core/seal/key-ring.ts';
import type { ActivationMode } from '../../core/voice/talk-gate.ts';
import { NOBODY } from '../../core/voice/whisper-schedule.ts';
import { SendingKeys } from './sending-keys.ts';
import { VoiceOrders } from './voice-orders.ts';
import {
  type EncoderCommand,
  type EncoderEvent,
  type EncoderWorkerData,
  type KeyBytes,
  type VoiceCommand,
  type VoiceEvent,
  type VoiceWorkerData,
  whisperNumber,
} from './voice-protocol.ts';
import { WorkerThread } from './worker-thread.ts';

export interface VoiceOptions {
  readonly encoderPath: string;
  readonly voicePath: string;
  readonly captureMemory: SharedArrayBuffer;
  readonly packetMemory: SharedArrayBuffer;
  readonly playbackMemory: SharedArrayBuffer;
  readonly referenceMemory: SharedArrayBuffer;
  readonly firstTimestamp: number;
  readonly onEncoderEvent: (event: EncoderEvent) => void;
  readonly onVoiceEvent: (event: VoiceEvent) => void;
  /** A thread stopped and is started again. After `voice` nothing can be sent until new sending keys are set. */
  readonly onDidCrash: (thread: 'encoder' | 'voice', reason: string) => void;
}

/** Rings that take sound on its way through the program, to be written to files. */
export interface TapMemories {
  readonly raw: SharedArrayBuffer;
  readonly processed: SharedArrayBuffer;
  readonly mix: SharedArrayBuffer;
}

/** What a whisper slot stands for. */
interface WhisperSlot {
  readonly target: number;
  readonly generation: number;
}

/**
 * Main thread's handle on the encoder worker and the voice worker.
 *
 * Standing orders (mode, codec, volumes, the session, keys to open with) are remembered, so that a thread that
 * crashed comes back where it was. Two things are not: a held push-to-talk key (the microphone stays closed until the
 * next press), and sending keys. A sending key is handed to a voice thread once; whoever set it is told of the crash
 * and sets another. A held whisper key is remembered, or its sound would go to the channel.
 */
export class Voice {
  readonly #encoder: WorkerThread<EncoderCommand, EncoderEvent>;
  readonly #voice: WorkerThread<VoiceCommand, VoiceEvent>;
  readonly #encoderOrders = new Map<EncoderCommand['kind'], EncoderCommand>();
  readonly #voiceOrders = new VoiceOrders();
  readonly #sendingKeys = new SendingKeys();
  readonly #slots = new Map<number, WhisperSlot>();
  #generation = 0;
  #token: number | null = null;

  constructor(options: VoiceOptions) {
    const encoderData: EncoderWorkerData = {
      captureMemory: options.captureMemory,
      packetMemory: options.packetMemory,
      referenceMemory: options.referenceMemory,
      firstTimestamp: options.firstTimestamp,
    };
    const voiceData = (threadsBefore: number): VoiceWorkerData => ({
      threadsBefore,
      packetMemory: options.packetMemory,
      playbackMemory: options.playbackMemory,
    });
    this.#encoder = new WorkerThread({
      path: options.encoderPath,
      workerData: () => encoderData,
      onEvent: options.onEncoderEvent,
      farewell: { kind: 'close' },
      onDidCrash: (reason) => options.onDidCrash('encoder', reason),
      replay: () => [...this.#encoderOrders.values()].filter((order) => order.kind !== 'pushToTalk'),
    });
    this.#voice = new WorkerThread({
      path: options.voicePath,
      workerData: voiceData,
      onEvent: options.onVoiceEvent,
      farewell: { kind: 'close' },
      onDidCrash: (reason) => {
        this.#sendingKeys.spendAll();
        options.onDidCrash('voice', reason);
      },
      replay: () => this.#voiceOrders.takeForNewThread(),
    });
    // First among the standing orders: a new thread must know of a whisper before it knows of anything to send.
    this.setWhisper(null);
  }

  setActivation(mode: ActivationMode, thresholdDb: number): void {
    this.#orderEncoder({ kind: 'activation', mode, thresholdDb });
  }

  setPushToTalk(held: boolean): void {
    this.#orderEncoder({ kind: 'pushToTalk', held });
  }

  setMuted(muted: boolean): void {
    this.#orderEncoder({ kind: 'muted', muted });
  }

  setInRoom(inRoom: boolean): void {
    this.#orderEncoder({ kind: 'inRoom', inRoom });
  }

  setSelfTest(on: boolean): void {
    this.#orderEncoder({ kind: 'selfTest', on });
  }

  /** @param bitrate bit/s, as the channel dictates; @param frameSamples 480, 960, 1920 or 2880 */
  setCodec(bitrate: number, frameSamples: number): void {
    this.#orderEncoder({ kind: 'codec', bitrate, frameSamples });
    this.#orderVoice('frameSamples', { kind: 'frameSamples', frameSamples });
  }

  /** @param spacing frames from one copy to the next */
  setRedundancy(copies: number, spacing: number): void {
    this.#orderVoice('redundancy', { kind: 'redundancy', copies, spacing });
  }

  setProcessing(settings: ProcessingSettings): void {
    this.#orderEncoder({ kind: 'processing', settings });
  }

  setTalkTiming(releaseDelayMs: number, preRollMs: number): void {
    this.#orderEncoder({ kind: 'talkTiming', releaseDelayMs, preRollMs });
  }

  setChaos(settings: ChaosSettings, seed: number): void {
    this.#orderVoice('chaos', { kind: 'chaos', settings, seed });
  }

  /** What was recorded is lost with a thread that crashes. */
  startTrace(): void {
    this.#voice.send({ kind: 'startTrace' });
  }

  /** Answered by the event `trace`. */
  stopTrace(): void {
    this.#voice.send({ kind: 'stopTrace' });
  }

  replayTrace(text: string | null): void {
    this.#orderVoice('replayTrace', { kind: 'replayTrace', text });
  }

  /** Null: nobody records any more. */
  setTaps(memories: TapMemories | null): void {
    this.#orderEncoder({ kind: 'taps', memories });
    this.#orderVoice('taps', { kind: 'taps', mixMemory: memories === null ? null : memories.mix });
  }

  setReportInterval(intervalMs: number): void {
    this.#orderEncoder({ kind: 'reportEvery', intervalMs });
    this.#orderVoice('reportEvery', { kind: 'reportEvery', intervalMs });
  }

  setDeafened(deafened: boolean): void {
    this.#orderVoice('deafened', { kind: 'deafened', deafened });
  }

  setVolume(token: number, volume: number): void {
    this.#orderVoice(`volume.${token}`, { kind: 'volume', token, volume });
  }

  /** That member is not heard at all, whispers included. */
  setMemberMuted(token: number, muted: boolean): void {
    this.#orderVoice(`muteMember.${token}`, { kind: 'muteMember', token, muted });
  }

  /** A member left the room: decoders, volume and keys go too. */
  forget(token: number): void {
    this.#voiceOrders.forgetWhere((key) => key === `volume.${token}` || key === `muteMember.${token}`);
    this.#voiceOrders.forgetWhere((key) => key.startsWith(`whisperKey.${token}.`));
    this.#voice.send({ kind: 'forget', token });
  }

  /**
   * Opens the way to a relay. With the token of the session before (it was resumed) only the path is new: speakers,
   * keys and counts go on. A session that only looks like it (another relay, one that was started again) needs
   * `disconnect` before.
   */
  connect(address: string, port: number, token: number, pathKey: Uint8Array): void {
    if (token !== this.#token) this.#forgetKeys();
    this.#token = token;
    this.#orderVoice('session', { kind: 'connect', address, port, token, pathKey });
  }

  disconnect(): void {
    this.#token = null;
    this.#forgetKeys();
    this.#voiceOrders.forgetWhere((key) => key.startsWith('volume.') || key.startsWith('muteMember.'));
    this.#orderVoice('session', { kind: 'disconnect' });
  }

  /**
   * Keys of the channel from now on. The epoch before stays open for receiving a while.
   *
   * @param own what we send under; null: nothing is sent. A key that a thread that crashed has had counts as null
   * @param members token, key and salt of each whom we may hear
   */
  setEpoch(keyId: number, own: KeyBytes | null, members: readonly [number, Uint8Array, Uint8Array][]): void {
    const order: VoiceCommand = { kind: 'epoch', keyId, own: null, members };
    if (own === null || !this.#sendingKeys.mayHandOver(own.key)) this.#orderVoice('epoch', order);
    else this.#orderVoice('epoch', { ...order, own }, order);
  }

  /**
   * A whisper key went down, or (null) none is held any more.
   *
   * @param slot one without a target (0, say) whispers to nobody: the channel does not hear it either
   */
  setWhisper(slot: number | null): void {
    const known = slot === null ? null : this.#slots.get(slot);
    let whisper: number | null = null;
    if (slot !== null) whisper = known ? whisperNumber(slot, known.generation) : NOBODY;
    this.#orderEncoder({ kind: 'whisper', whisper });
  }

  /**
   * What a slot stands for, and the key to whisper under. A whisper that is under way to another target reaches
   * nobody from now on; the same target with another key goes on.
   *
   * @param slot 1 to MAX_WHISPER_SLOTS
   * @param target a session token or a whisper list; null: nothing any more
   */
  setWhisperTarget(
    slot: number,
    target: number | null,
    keyId?: number,
    key?: Uint8Array,
    salt?: Uint8Array,
  ): void {
    const name = `whisperTarget.${slot}`;
    const given = target !== null && keyId !== undefined && key !== undefined && salt !== undefined;
    if (!given || !this.#sendingKeys.mayHandOver(key)) {
      this.#slots.delete(slot);
      this.#voiceOrders.forgetWhere((other) => other === name);
      this.#voice.send({ kind: 'noWhisperTarget', slot });
      return;
    }
    let known = this.#slots.get(slot);
    if (known?.target !== target) {
      this.#generation += 1;
      known = { target, generation: this.#generation };
      this.#slots.set(slot, known);
    }
    const whisper = whisperNumber(slot, known.generation);
    this.#orderVoice(name, { kind: 'whisperTarget', whisper, target, keyId, key, salt }, null);
  }

  /** A key that `from` whispers under, to us or to a list that we are on. Too many of one person are not taken. */
  setWhisperKey(from: number, target: number, keyId: number, key: Uint8Array, salt: Uint8Array): void {
    const prefix = `whisperKey.${from}.`;
    const name = `${prefix}${target}`;
    const others = this.#voiceOrders.count((other) => other.startsWith(prefix) && other !== name);
    if (others >= MAX_WHISPER_TARGETS_PER_SENDER) return;
    this.#orderVoice(name, { kind: 'whisperKey', from, target, keyId, key, salt });
  }

  /** A datagram that came over the control lane. */
  handleLaneDatagram(bytes: Uint8Array): void {
    this.#voice.send({ kind: 'laneDatagram', bytes });
  }

  async close(): Promise<void> {
    await Promise.all([this.#encoder.close(), this.#voice.close()]);
  }

  /** The session whose keys these were is over, and with it the counts of what was sealed. */
  #forgetKeys(): void {
    this.#sendingKeys.spendAll();
    this.#slots.clear();
    this.#voiceOrders.forgetWhere((key) => key === 'epoch' || key.startsWith('whisper'));
  }

  #orderEncoder(order: EncoderCommand): void {
    this.#encoderOrders.set(order.kind, order);
    this.#encoder.send(order);
  }

  #orderVoice(key: string, order: VoiceCommand, standing: VoiceCommand | null = order): void {
    this.#voiceOrders.set(key, order, standing, this.#voice.running);
    this.#voice.send(order);
  }
}
