import { PLAYOUT_RATE_HZ } from './playout-buffer.ts';

/** What makes sound of packets. */
export interface SoundDecoder {
  readonly kind: 'webcodecs' | 'wasm';
  /** @param timestampUs place of its first sample in the program */
  decode(payload: Uint8Array<ArrayBuffer>, timestampUs: number): void;
  close(): void;
}

/** @param position place of the first sample in the program, in samples */
export type OnSound = (
  left: Float32Array<ArrayBuffer>,
  right: Float32Array<ArrayBuffer>,
  position: number,
) => void;

/** Everything is decoded to two channels: packets may change between one and two as they like. */
const CONFIG: AudioDecoderConfig = { codec: 'opus', sampleRate: PLAYOUT_RATE_HZ, numberOfChannels: 2 };

/** Packets that wait in the browser's decoder; it has stopped when there are more. */
const MAX_QUEUE = 100;

function positionOf(timestampUs: number): number {
  return Math.round((timestampUs * PLAYOUT_RATE_HZ) / 1_000_000);
}

/** The browser's decoder where it knows Opus, which is in secure places only; else one that comes with the page. */
export async function openDecoder(
  onSound: OnSound,
  onTrouble: () => void,
  wasm: boolean,
): Promise<SoundDecoder> {
  if (!wasm && (await knowsOpus())) return new CodecsDecoder(onSound, onTrouble);
  return openWasmDecoder(onSound);
}

async function knowsOpus(): Promise<boolean> {
  if (typeof AudioDecoder === 'undefined') return false;
  try {
    return (await AudioDecoder.isConfigSupported(CONFIG)).supported === true;
  } catch {
    return false;
  }
}

class CodecsDecoder implements SoundDecoder {
  readonly kind = 'webcodecs';
  readonly #decoder: AudioDecoder;
  readonly #onTrouble: () => void;
  /** Places of what is being decoded: decoders keep a count of their own, which is not that of the program. */
  #positions: number[] = [];

  constructor(onSound: OnSound, onTrouble: () => void) {
    this.#onTrouble = onTrouble;
    this.#decoder = new AudioDecoder({
      output: (data) => {
        const position = this.#positions.shift();
        const left = new Float32Array(data.numberOfFrames);
        data.copyTo(left, { planeIndex: 0, format: 'f32-planar' });
        let right = left;
        if (data.numberOfChannels > 1) {
          right = new Float32Array(data.numberOfFrames);
          data.copyTo(right, { planeIndex: 1, format: 'f32-planar' });
        }
        data.close();
        if (position !== undefined) onSound(left, right, position);
      },
      error: onTrouble,
    });
    this.#decoder.configure(CONFIG);
  }

  decode(payload: Uint8Array<ArrayBuffer>, timestampUs: number): void {
    if (this.#decoder.state !== 'configured' || this.#decoder.decodeQueueSize > MAX_QUEUE) {
      this.#onTrouble();
      return;
    }
    this.#positions.push(positionOf(timestampUs));
    this.#decoder.decode(new EncodedAudioChunk({ type: 'key', timestamp: timestampUs, data: payload }));
  }

  close(): void {
    this.#positions = [];
    if (this.#decoder.state !== 'closed') this.#decoder.close();
  }
}

/** Fetched only where it is needed. */
async function openWasmDecoder(onSound: OnSound): Promise<SoundDecoder> {
  const { OpusDecoder } = await import('opus-decoder');
  const decoder = new OpusDecoder({ channels: 2, streamCount: 1, coupledStreamCount: 1 });
  await decoder.ready;
  let open = true;
  return {
    kind: 'wasm',
    decode: (payload, timestampUs) => {
      if (!open) return;
      const { channelData, samplesDecoded } = decoder.decodeFrame(payload);
      const [left, right] = channelData;
      if (left === undefined || samplesDecoded === 0) return;
      // Copies: what the decoder gives may lie in its own memory, and these are handed to another thread.
      onSound(new Float32Array(left), new Float32Array(right ?? left), positionOf(timestampUs));
    },
    close: () => {
      if (open) decoder.free();
      open = false;
    },
  };
}
