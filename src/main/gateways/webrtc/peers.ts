import { type ChildProcess, fork } from 'node:child_process';
import { type Counters, createCounters } from '../../../core/base/counters.ts';
import type { Fingerprint } from '../../../core/webrtc/peer-description.ts';
import { HEARTBEAT_LIMIT_MS, type PeerCommand, type PeerEvent, type PeerSettings } from './peer-protocol.ts';

/** Most connections at a time: each has keys, timers and a socket of its own. */
export const MAX_PEERS = 1_000;

/** After a process that could not be had, the next is asked for so much later, in ms. */
const RETRY_MS = 5_000;

/** A process that was told to stop and does not is ended, in ms. */
const STOP_LIMIT_MS = 3_000;

/** What happens to one connection. */
export interface PeerWatcher {
  /** Our end of it, with all its candidates: as the library wrote it. */
  handleDescribed(description: string): void;
  /** Sound may be sent and will come. */
  handleConnected(): void;
  /** An RTP or RTCP packet, nobody else's. */
  handlePacket(bytes: Uint8Array): void;
  /** It failed or ended, and not by `close`: at most once, and nothing follows. */
  handleGone(): void;
}

/** One WebRTC connection. */
export interface Peer {
  /** @param fingerprint the one in it */
  setAnswer(answer: string, fingerprint: Fingerprint): void;
  /** @param candidate the value behind `a=` */
  addCandidate(candidate: string, mid: string): void;
  /** An RTP or RTCP packet. */
  send(packet: Uint8Array): void;
  close(): void;
}

/** Makes WebRTC connections. */
export interface PeerMaker {
  /** Bytes that wait for the process, all connections together. */
  readonly backlogBytes: number;
  /** @param offer checked; null: an offer of ours. @returns null: there can be none now */
  open(offer: string | null, watcher: PeerWatcher): Peer | null;
}

const COUNTED = [
  'processes',
  'processFailures',
  'peersOpened',
  'peersConnected',
  'peersGone',
  'peersFull',
  'defects',
  'packetsIn',
  'packetsOut',
] as const;
export type PeersCounter = (typeof COUNTED)[number];

export interface PeersOptions {
  /** The file of peer-process. */
  readonly processPath: string;
  readonly settings: PeerSettings;
  readonly nowMs: () => number;
}

/** Keeps the process that holds the connections: it is started by the first, and again after it died. */
export class Peers implements PeerMaker {
  readonly counters: Counters<PeersCounter> = createCounters(COUNTED);
  readonly #options: PeersOptions;
  readonly #watchers = new Map<number, PeerWatcher>();
  #child: ChildProcess | null = null;
  #watchdog: NodeJS.Timeout | null = null;
  #lastPeer = 0;
  #failedMs = Number.NEGATIVE_INFINITY;
  #closed = false;
  #outgoing: { peers: number[]; packets: Uint8Array[]; bytes: number } | null = null;
  #backlogBytes = 0;

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  get backlogBytes(): number {
    return this.#backlogBytes + (this.#outgoing?.bytes ?? 0);
  }

  open(offer: string | null, watcher: PeerWatcher): Peer | null {
    if (this.#watchers.size >= MAX_PEERS) {
      this.counters.peersFull += 1;
      return null;
    }
    if (!this.#ensureChild()) return null;
    this.#lastPeer += 1;
    const peer = this.#lastPeer;
    this.#watchers.set(peer, watcher);
    this.counters.peersOpened += 1;
    this.#command({ kind: 'open', peer, offer });
    const isOpen = (): boolean => this.#watchers.has(peer);
    return {
      setAnswer: (answer, fingerprint) => {
        if (isOpen()) this.#command({ kind: 'answer', peer, answer, fingerprint });
      },
      addCandidate: (candidate, mid) => {
        if (isOpen()) this.#command({ kind: 'candidate', peer, candidate, mid });
      },
      send: (packet) => {
        if (isOpen()) this.#send(peer, packet);
      },
      close: () => {
        if (!this.#watchers.delete(peer)) return;
        // What was sent before goes before.
        this.#flush();
        this.#command({ kind: 'close', peer });
      },
    };
  }

  /** Ends all connections and the process. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#watchers.clear();
    const child = this.#child;
    this.#forget();
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      const limit = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      child.once('exit', () => {
        clearTimeout(limit);
        resolve();
      });
      if (child.connected) child.send({ kind: 'stop' } satisfies PeerCommand, () => undefined);
      else child.kill('SIGKILL');
    });
  }

  #ensureChild(): boolean {
    if (this.#child !== null) return true;
    const { processPath, settings, nowMs } = this.#options;
    if (this.#closed || nowMs() - this.#failedMs < RETRY_MS) return false;
    this.counters.processes += 1;
    const child = started(processPath);
    if (child === null) {
      this.counters.processFailures += 1;
      this.#failedMs = nowMs();
      return false;
    }
    this.#child = child;
    child.on('message', (event: PeerEvent) => {
      if (this.#child !== child) return;
      try {
        this.#handleEvent(child, event);
      } catch {
        // It costs that connection, and not all of them.
        this.counters.defects += 1;
        if ('peer' in event) this.#drop(event.peer);
      }
    });
    child.on('error', () => this.#handleDeath(child));
    child.once('exit', () => this.#handleDeath(child));
    this.#feedWatchdog(child);
    this.#command({ kind: 'settings', settings });
    return true;
  }

  #handleEvent(child: ChildProcess, event: PeerEvent): void {
    const watcher = 'peer' in event ? this.#watchers.get(event.peer) : undefined;
    switch (event.kind) {
      case 'beat':
        this.#feedWatchdog(child);
        return;
      case 'failed':
        this.#handleDeath(child);
        return;
      case 'described':
        watcher?.handleDescribed(event.description);
        return;
      case 'connected':
        this.counters.peersConnected += 1;
        watcher?.handleConnected();
        return;
      case 'packet':
        this.counters.packetsIn += 1;
        watcher?.handlePacket(event.bytes);
        return;
      case 'gone':
        if (this.#watchers.delete(event.peer)) this.counters.peersGone += 1;
        watcher?.handleGone();
        return;
    }
  }

  #drop(peer: number): void {
    const watcher = this.#watchers.get(peer);
    if (watcher === undefined) return;
    this.#watchers.delete(peer);
    this.counters.peersGone += 1;
    this.#command({ kind: 'close', peer });
    watcher.handleGone();
  }

  #feedWatchdog(child: ChildProcess): void {
    if (this.#watchdog !== null) clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#handleDeath(child), HEARTBEAT_LIMIT_MS);
    this.#watchdog.unref();
  }

  /** All connections went with the process; whoever wants one again starts another. */
  #handleDeath(child: ChildProcess): void {
    if (this.#child !== child) return;
    this.#forget();
    child.kill('SIGKILL');
    if (this.#closed) return;
    this.counters.processFailures += 1;
    this.#failedMs = this.#options.nowMs();
    const watchers = [...this.#watchers.values()];
    this.#watchers.clear();
    this.counters.peersGone += watchers.length;
    for (const watcher of watchers) watcher.handleGone();
  }

  #forget(): void {
    if (this.#watchdog !== null) clearTimeout(this.#watchdog);
    this.#watchdog = null;
    this.#child = null;
    this.#outgoing = null;
    this.#backlogBytes = 0;
  }

  /** Packets of one turn go together: a frame of a program is one message, however many listen. */
  #send(peer: number, packet: Uint8Array): void {
    this.counters.packetsOut += 1;
    if (this.#outgoing === null) {
      this.#outgoing = { peers: [], packets: [], bytes: 0 };
      queueMicrotask(() => this.#flush());
    }
    this.#outgoing.peers.push(peer);
    this.#outgoing.packets.push(packet);
    this.#outgoing.bytes += packet.length;
  }

  #flush(): void {
    const outgoing = this.#outgoing;
    this.#outgoing = null;
    if (outgoing === null) return;
    const { peers, packets, bytes } = outgoing;
    const child = this.#child;
    this.#backlogBytes += bytes;
    this.#command({ kind: 'packets', peers, packets }, () => {
      if (this.#child === child) this.#backlogBytes -= bytes;
    });
  }

  #command(command: PeerCommand, onSent: () => void = () => undefined): void {
    // Called with an error too, when the process is gone.
    if (this.#child?.connected === true) this.#child.send(command, onSent);
    else onSent();
  }
}

/** @returns null: the system has no room for it. Most of that is told by an event, but not all of it. */
function started(processPath: string): ChildProcess | null {
  try {
    // Under Electron the same binary is asked to be plain Node. What the library prints could tell addresses.
    return fork(processPath, {
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
  } catch {
    return null;
  }
}
