import { findNativeFolder, loadNativeAddon } from '../../base/native-addon.ts';
import { BatchedSocket } from './batched-socket.ts';
import { openDgramSocket } from './dgram-socket.ts';
import type { VoiceSocket, VoiceSocketKind } from './voice-socket.ts';

export interface VoiceSocketOptions {
  /** `auto`: the native addon where it can be had. */
  readonly kind: VoiceSocketKind | 'auto';
  /** 0: any free port. */
  readonly port: number;
  /** One socket for IPv6 and IPv4; false: IPv4 alone. */
  readonly ipv6: boolean;
  /** Threads of the addon that share the sending; 0: the calling thread sends. Node's own sockets have none. */
  readonly senderThreads?: number;
  /** Where `native` is; left out: next to the program. */
  readonly nativeFolder?: string | null;
}

export interface OpenedVoiceSocket {
  readonly socket: VoiceSocket;
  /** Why it is not the native addon: the end of a sentence that begins with "because". Null: it is, or nobody wanted it. */
  readonly whyNotBatched: string | null;
}

/**
 * Opens the relay's UDP door on one port that is its own alone.
 *
 * @throws Error with `code`: EADDRINUSE, EACCES, EAFNOSUPPORT where the machine has no IPv6; ERR_NO_NATIVE_ADDON when the
 *   addon is asked for by name and cannot be had
 */
export async function openVoiceSocket(options: VoiceSocketOptions): Promise<OpenedVoiceSocket> {
  const { kind, port, ipv6, senderThreads = 0, nativeFolder = findNativeFolder() } = options;
  if (kind === 'dgram') return { socket: await openDgramSocket(port, ipv6), whyNotBatched: null };
  const load = loadNativeAddon(nativeFolder);
  if (load.ok) {
    return { socket: new BatchedSocket(load.addon, { port, ipv6, senderThreads }), whyNotBatched: null };
  }
  if (kind === 'batched')
    throw Object.assign(new Error(load.reason), { code: 'ERR_NO_NATIVE_ADDON' as const });
  return { socket: await openDgramSocket(port, ipv6), whyNotBatched: load.reason };
}
