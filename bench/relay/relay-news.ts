import type { VoiceSocketKind } from '../../src/main/relay/udp/voice-socket.ts';

/** What a relay in a process of its own is started with. */
export interface RelayPlace {
  readonly folder: string;
  readonly workerPath: string;
  readonly members: number;
  readonly voiceSocket: VoiceSocketKind;
}

/** Memory of the relay's thread after its garbage was collected, and of its process, in bytes. */
export interface RelayMemory {
  readonly heapBytes: number;
  /** Outside the heap, held by objects in it: buffers. */
  readonly externalBytes: number;
}

/** The relay's process to who started it. */
export type RelayNews =
  | { readonly kind: 'listening'; readonly port: number; readonly voiceSocket: VoiceSocketKind }
  | { readonly kind: 'failed'; readonly sentence: string }
  | { readonly kind: 'memory'; readonly memory: RelayMemory };

/** And back. */
export type RelayOrder = { readonly kind: 'memory' } | { readonly kind: 'stop' };

/** Name of the channel on which the relay's thread is asked for its memory. */
export const HEAP_CHANNEL = 'bench-relay-heap';

/** Asks the thread; its answer is a RelayMemory. */
export const HEAP_QUESTION = 'collect';
