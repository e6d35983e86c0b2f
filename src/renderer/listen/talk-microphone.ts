import captureUrl from './capture-worklet.ts?worker&url';
import { PLAYOUT_RATE_HZ } from './playout-buffer.ts';

/** What clients of others send too: mono, 32 kbit/s, 20 ms. */
const ENCODER_CONFIG: AudioEncoderConfig = {
  codec: 'opus',
  sampleRate: PLAYOUT_RATE_HZ,
  numberOfChannels: 1,
  bitrate: 32_000,
  opus: { frameDuration: 20_000 },
};

const MICROPHONE: MediaStreamConstraints = {
  audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
};

/** Whether this browser can take and encode a voice here: secure places only, and not every make. */
export async function canTalk(): Promise<boolean> {
  if (typeof AudioEncoder === 'undefined' || navigator.mediaDevices === undefined) return false;
  try {
    return (await AudioEncoder.isConfigSupported(ENCODER_CONFIG)).supported === true;
  } catch {
    return false;
  }
}

/** An open microphone that gives Opus packets. */
export class TalkMicrophone {
  readonly #context: AudioContext;
  readonly #stream: MediaStream;
  readonly #encoder: AudioEncoder;
  #samples = 0;

  /**
   * @param onPacket with the place of its first sample since the microphone opened, in microseconds
   * @throws Error when the person or the browser does not allow it
   */
  static async open(onPacket: (packet: Uint8Array, timestampUs: number) => void): Promise<TalkMicrophone> {
    const stream = await navigator.mediaDevices.getUserMedia(MICROPHONE);
    const microphone = new TalkMicrophone(stream, onPacket);
    try {
      await microphone.#start();
    } catch (error) {
      microphone.close();
      throw error;
    }
    return microphone;
  }

  private constructor(stream: MediaStream, onPacket: (packet: Uint8Array, timestampUs: number) => void) {
    this.#stream = stream;
    this.#context = new AudioContext({ sampleRate: PLAYOUT_RATE_HZ, latencyHint: 'interactive' });
    this.#encoder = new AudioEncoder({
      output: (chunk) => {
        const packet = new Uint8Array(chunk.byteLength);
        chunk.copyTo(packet);
        onPacket(packet, Math.max(0, chunk.timestamp));
      },
      // It is closed by then, and nothing more comes out of it.
      error: () => undefined,
    });
    this.#encoder.configure(ENCODER_CONFIG);
  }

  close(): void {
    for (const track of this.#stream.getTracks()) track.stop();
    if (this.#encoder.state !== 'closed') this.#encoder.close();
    void this.#context.close();
  }

  async #start(): Promise<void> {
    await this.#context.audioWorklet.addModule(captureUrl);
    const node = new AudioWorkletNode(this.#context, 'sidetone-capture', { numberOfOutputs: 0 });
    node.port.onmessage = ({ data }: MessageEvent<Float32Array<ArrayBuffer>>) => this.#encode(data);
    this.#context.createMediaStreamSource(this.#stream).connect(node);
  }

  #encode(block: Float32Array<ArrayBuffer>): void {
    if (this.#encoder.state !== 'configured') return;
    const data = new AudioData({
      format: 'f32-planar',
      sampleRate: PLAYOUT_RATE_HZ,
      numberOfFrames: block.length,
      numberOfChannels: 1,
      timestamp: Math.round((this.#samples * 1_000_000) / PLAYOUT_RATE_HZ),
      data: block,
    });
    this.#samples += block.length;
    this.#encoder.encode(data);
    data.close();
  }
}
