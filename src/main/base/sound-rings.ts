import { PacketRing } from '../../core/ring/packet-ring.ts';
import { SampleRing } from '../../core/ring/sample-ring.ts';

/** A third of a second of sound: a thread that is held up longer has lost the conversation anyway. */
const SAMPLE_RING_CAPACITY = 16_384;

/** The memory that the sound threads share. */
export interface SoundRings {
  /** From the microphone to the encoder. */
  readonly captureMemory: SharedArrayBuffer;
  /** From the mix to the speaker. */
  readonly playbackMemory: SharedArrayBuffer;
  /** What the speaker plays, to the echo canceller. */
  readonly referenceMemory: SharedArrayBuffer;
  /** Encoded packets, to the voice thread. */
  readonly packetMemory: SharedArrayBuffer;
}

/** Makes the rings between the sound threads; `packetBytes` is the longest packet. */
export function allocateSoundRings(packetSlots: number, packetBytes: number): SoundRings {
  return {
    captureMemory: SampleRing.allocate(SAMPLE_RING_CAPACITY),
    playbackMemory: SampleRing.allocate(SAMPLE_RING_CAPACITY),
    referenceMemory: SampleRing.allocate(SAMPLE_RING_CAPACITY),
    packetMemory: PacketRing.allocate(packetSlots, packetBytes),
  };
}
