import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** What `new UdpSocket` takes. */
export interface NativeSocketOptions {
  /** 0: any free port. */
  readonly port: number;
  /** One socket for IPv6 and IPv4; false: IPv4 alone. */
  readonly ipv6: boolean;
  /** Threads that share the sending; 0: the thread that opened it sends. */
  readonly senderThreads: number;
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  /** Whether datagrams to one recipient may go to the kernel as one packet. */
  readonly together: boolean;
}

/** A socket of the addon, for the thread that opened it; wrong arguments throw, a closed one does nothing. */
export interface NativeUdpSocket {
  readonly port: number;
  /** SLOTS datagrams of SLOT_BYTES; at SOURCES_OFFSET their packed sources, at LENGTHS_OFFSET their lengths (int32). */
  readonly shared: ArrayBuffer | null;
  /** Calls back with the number of datagrams in `shared`. A length of -1: longer than its slot. */
  start(handler: (count: number) => void): void;
  /** Within the handler the sending waits for its return; `bytes` of `shared` must stay until then. */
  fanOut(bytes: Uint8Array, lengthBytes: number, addresses: Uint8Array, count: number, skip: number): void;
  readCounters(into: Float64Array): void;
  close(): void;
}

/** What `native/` builds. */
export interface NativeAddon {
  readonly UdpSocket: new (options: NativeSocketOptions) => NativeUdpSocket;
  /** Names of what `readCounters` writes, in its order. */
  readonly COUNTERS: readonly string[];
  readonly SLOTS: number;
  readonly SLOT_BYTES: number;
  readonly SOURCES_OFFSET: number;
  readonly LENGTHS_OFFSET: number;
  /** @throws with a `code`, when the datagram could not be sent */
  notifySystemd(socketName: string, text: string): void;
}

export type NativeAddonLoad =
  | { readonly ok: true; readonly addon: NativeAddon; readonly path: string }
  | { readonly ok: false; readonly reason: string };

const FILE_NAME = 'sidetone-udp.node';

/** From `src/main/base` the repository is three folders up, from `out/main/chunks` as well. */
const MAX_FOLDERS_UP = 3;

const requireHere = createRequire(import.meta.url);

/** The folder `native` of the running program, whether it was built or runs from its sources; null: there is none. */
export function findNativeFolder(): string | null {
  let folder = import.meta.dirname;
  for (let up = 0; up <= MAX_FOLDERS_UP; up += 1) {
    const native = join(folder, 'native');
    if (existsSync(join(native, 'binding.gyp')) || existsSync(join(native, 'prebuilds'))) return native;
    folder = dirname(folder);
  }
  return null;
}

function isAddon(value: unknown): value is NativeAddon {
  return (
    typeof value === 'object' &&
    value !== null &&
    'UdpSocket' in value &&
    typeof value.UdpSocket === 'function' &&
    'notifySystemd' in value &&
    typeof value.notifySystemd === 'function'
  );
}

/**
 * Loads the native addon: the one that came with the program, else the one that was built here.
 *
 * @param folder of `native`; null: there is none
 */
export function loadNativeAddon(folder: string | null = findNativeFolder()): NativeAddonLoad {
  if (process.platform !== 'linux') return { ok: false, reason: 'the native addon is for Linux alone' };
  if (folder === null) return { ok: false, reason: 'the native addon did not come with the program' };
  const candidates = [
    join(folder, 'prebuilds', `${process.platform}-${process.arch}`, FILE_NAME),
    join(folder, 'build', 'Release', FILE_NAME),
  ];
  const path = candidates.find((candidate) => existsSync(candidate));
  if (path === undefined) return { ok: false, reason: 'the native addon is not built' };
  try {
    const addon: unknown = requireHere(path);
    if (!isAddon(addon)) return { ok: false, reason: 'the native addon is of another version' };
    return { ok: true, addon, path };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { ok: false, reason: `the native addon cannot be loaded: ${detail}` };
  }
}

/** What became of a word to the service manager. `notAService`: nobody asked for it. */
export type NotifyOutcome = 'sent' | 'notAService' | 'noAddon' | 'failed';

/**
 * Tells the service manager how the program is doing, as sd_notify(3) describes. Never waits.
 *
 * @param text such as `READY=1`, several separated by line feeds
 * @param socketName where to; as a rule what NOTIFY_SOCKET says
 */
export function notifySystemd(
  text: string,
  socketName: string | undefined = process.env['NOTIFY_SOCKET'],
  folder: string | null = findNativeFolder(),
): NotifyOutcome {
  if (socketName === undefined || socketName === '') return 'notAService';
  const load = loadNativeAddon(folder);
  if (!load.ok) return 'noAddon';
  try {
    load.addon.notifySystemd(socketName, text);
    return 'sent';
  } catch {
    return 'failed';
  }
}
