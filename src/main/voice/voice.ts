import type { ActivationMode } from '../../core/voice/talk-gate.ts';
import type {
  EncoderCommand,
  EncoderEvent,
  EncoderWorkerData,
  VoiceCommand,
  VoiceEvent,
  VoiceWorkerData,
} from './voice-protocol.ts';
import { WorkerThread } from './worker-thread.ts';

export interface VoiceOptions {
  readonly encoderPath: string;
  readonly voicePath: string;
  readonly captureMemory: SharedArrayBuffer;
  readonly packetMemory: SharedArrayBuffer;
  readonly playbackMemory: SharedArrayBuffer;
  readonly firstTimestamp: number;
  readonly onEncoderEvent: (event: EncoderEvent) => void;
  readonly onVoiceEvent: (event: VoiceEvent) => void;
  readonly onDidCrash: (thread: 'encoder' | 'voice', reason: string) => void;
}

/**
 * Main thread's handle on the encoder worker and the voice worker.
 *
 * Standing orders (mode, codec, volumes, the session) are remembered, so that a thread that crashed comes back
 * where it was. A held push-to-talk key is not: after a crash the microphone stays closed until the next press.
 */
export class Voice {
  readonly #encoder: WorkerThread<EncoderCommand, EncoderEvent>;
  readonly #voice: WorkerThread<VoiceCommand, VoiceEvent>;
  readonly #encoderOrders = new Map<EncoderCommand['kind'], EncoderCommand>();
  readonly #voiceOrders = new Map<string, VoiceCommand>();

  constructor(options: VoiceOptions) {
    const encoderData: EncoderWorkerData = {
      captureMemory: options.captureMemory,
      packetMemory: options.packetMemory,
      firstTimestamp: options.firstTimestamp,
    };
    const voiceData: VoiceWorkerData = {
      packetMemory: options.packetMemory,
      playbackMemory: options.playbackMemory,
    };
    this.#encoder = new WorkerThread({
      path: options.encoderPath,
      workerData: encoderData,
      onEvent: options.onEncoderEvent,
      onDidCrash: (reason) => options.onDidCrash('encoder', reason),
      replay: () => [...this.#encoderOrders.values()].filter((order) => order.kind !== 'pushToTalk'),
    });
    this.#voice = new WorkerThread({
      path: options.voicePath,
      workerData: voiceData,
      onEvent: options.onVoiceEvent,
      onDidCrash: (reason) => options.onDidCrash('voice', reason),
      replay: () => [...this.#voiceOrders.values()],
    });
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

  setDeafened(deafened: boolean): void {
    this.#orderVoice('deafened', { kind: 'deafened', deafened });
  }

  setVolume(token: number, volume: number): void {
    this.#orderVoice(`volume.${token}`, { kind: 'volume', token, volume });
  }

  /** A member left: its decoder and its volume go too. */
  forget(token: number): void {
    this.#voiceOrders.delete(`volume.${token}`);
    this.#voice.send({ kind: 'forget', token });
  }

  connect(address: string, port: number, token: number, pathKey: Uint8Array): void {
    this.#orderVoice('session', { kind: 'connect', address, port, token, pathKey });
  }

  disconnect(): void {
    this.#orderVoice('session', { kind: 'disconnect' });
    for (const key of [...this.#voiceOrders.keys()])
      if (key.startsWith('volume.')) this.#voiceOrders.delete(key);
  }

  async close(): Promise<void> {
    await Promise.all([this.#encoder.close(), this.#voice.close()]);
  }

  #orderEncoder(order: EncoderCommand): void {
    this.#encoderOrders.set(order.kind, order);
    this.#encoder.send(order);
  }

  #orderVoice(key: string, order: VoiceCommand): void {
    this.#voiceOrders.set(key, order);
    this.#voice.send(order);
  }
}
