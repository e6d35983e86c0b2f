import { createRequire } from 'node:module';
import { TokenBucket } from '../../../core/relay/token-bucket.ts';
import { OFFERED_MID, OFFERED_PAYLOAD_TYPE } from '../../../core/webrtc/own-description.ts';
import type { Fingerprint } from '../../../core/webrtc/peer-description.ts';
import { HEARTBEAT_MS, type PeerCommand, type PeerEvent, type PeerSettings } from './peer-protocol.ts';

/**
 * The WebRTC connections, in a process of their own: a native library that reads what strangers send must cost
 * neither the other gateways nor the call, and it cannot be loaded a second time by another thread of one process.
 */

type Library = typeof import('node-datachannel');
type Connection = import('node-datachannel').PeerConnection;
type Track = import('node-datachannel').Track;

/** Packets that one peer may send us in the long run and at once: sound at 2.5 ms a packet is the most there is. */
const PACKETS_PER_SECOND = 500;
const PACKET_BURST = 500;

/** What waits for the gateways beyond this is dropped, in bytes: they stand still. */
const MAX_BACKLOG_BYTES = 1_048_576;

/** Largest packet we make: what Ethernet carries, less the headers below. */
const MTU_BYTES = 1_400;

/** What is said last has so long to leave, in ms. */
const GOODBYE_MS = 50;

interface Peer {
  readonly connection: Connection;
  readonly bucket: TokenBucket;
  track: Track | null;
  described: boolean;
  /** What the other end said that its certificate has; null: nothing yet. */
  fingerprint: Fingerprint | null;
  /** It showed that certificate. */
  verified: boolean;
}

class PeerTable {
  readonly #library: Library;
  readonly #peers = new Map<number, Peer>();
  #settings: PeerSettings = { bindAddress: null, ports: null };
  #backlogBytes = 0;

  constructor(library: Library) {
    this.#library = library;
  }

  handle(command: PeerCommand): void {
    switch (command.kind) {
      case 'settings':
        this.#settings = command.settings;
        return;
      case 'packets':
        command.peers.forEach((peer, at) => {
          this.#sendPacket(peer, command.packets[at]);
        });
        return;
      case 'stop':
        this.stop();
        return;
      case 'close':
        this.#close(command.peer);
        return;
      default:
        this.#negotiate(command);
    }
  }

  stop(): void {
    for (const number of [...this.#peers.keys()]) this.#close(number);
    setTimeout(endAbruptly, GOODBYE_MS);
  }

  /** What the library may refuse: then that connection is over, and no other. */
  #negotiate(command: Extract<PeerCommand, { kind: 'open' | 'answer' | 'candidate' }>): void {
    try {
      const connection = this.#peers.get(command.peer)?.connection;
      if (command.kind === 'open') this.#open(command.peer, command.offer);
      else if (command.kind === 'answer') this.#setAnswer(command);
      else connection?.addRemoteCandidate(command.candidate, command.mid);
    } catch {
      this.#close(command.peer);
      send({ kind: 'gone', peer: command.peer });
    }
  }

  #setAnswer({ peer: number, answer, fingerprint }: Extract<PeerCommand, { kind: 'answer' }>): void {
    const peer = this.#peers.get(number);
    if (peer === undefined) return;
    peer.fingerprint ??= fingerprint;
    peer.connection.setRemoteDescription(answer, 'answer');
  }

  #open(number: number, offer: string | null): void {
    const { bindAddress, ports } = this.#settings;
    const connection = new this.#library.PeerConnection(`${number}`, {
      iceServers: [],
      disableAutoNegotiation: true,
      mtu: MTU_BYTES,
      // A peer that begins before its answer is here is connected while the library still takes that answer in, and
      // it would take every certificate for a wrong one (its pull request 1612): that we look at it ourselves.
      disableFingerprintVerification: offer === null,
      ...(bindAddress === null ? {} : { bindAddress }),
      ...(ports === null ? {} : { portRangeBegin: ports.first, portRangeEnd: ports.last }),
      // Where the ports are counted, connections share them.
      enableIceUdpMux: ports !== null,
    });
    const bucket = new TokenBucket(PACKETS_PER_SECOND, PACKET_BURST, performance.now());
    const verified = offer !== null;
    const peer: Peer = { connection, bucket, track: null, described: false, fingerprint: null, verified };
    this.#peers.set(number, peer);
    connection.onGatheringStateChange((state) => {
      if (state === 'complete') this.#describe(number, peer);
    });
    connection.onStateChange((state) => {
      if (state !== 'failed' && state !== 'closed') return;
      if (this.#close(number)) send({ kind: 'gone', peer: number });
    });
    connection.onTrack((track) => this.#adopt(number, peer, track));
    if (offer === null) {
      const audio = new this.#library.Audio(OFFERED_MID, 'SendOnly');
      audio.addOpusCodec(OFFERED_PAYLOAD_TYPE);
      this.#adopt(number, peer, connection.addTrack(audio));
      connection.setLocalDescription('offer');
    } else {
      connection.setRemoteDescription(offer, 'offer');
      connection.setLocalDescription('answer');
    }
  }

  #adopt(number: number, peer: Peer, track: Track): void {
    if (peer.track !== null) return;
    peer.track = track;
    track.onOpen(() => this.#handleOpen(number, peer));
    track.onMessage((bytes) => this.#handlePacket(number, peer, bytes));
    if (track.isOpen()) this.#handleOpen(number, peer);
  }

  #handleOpen(number: number, peer: Peer): void {
    peer.verified ||= showsWhatItSaid(peer);
    if (peer.verified) send({ kind: 'connected', peer: number });
    else if (this.#close(number)) send({ kind: 'gone', peer: number });
  }

  #describe(number: number, peer: Peer): void {
    const description = this.#peers.get(number) === peer ? peer.connection.localDescription() : null;
    if (description === null || peer.described) return;
    peer.described = true;
    send({ kind: 'described', peer: number, description: description.sdp });
  }

  #handlePacket(number: number, peer: Peer, bytes: Uint8Array): void {
    if (!peer.verified || this.#backlogBytes > MAX_BACKLOG_BYTES) return;
    if (!peer.bucket.take(performance.now())) return;
    this.#backlogBytes += bytes.length;
    send({ kind: 'packet', peer: number, bytes }, () => {
      this.#backlogBytes -= bytes.length;
    });
  }

  #sendPacket(number: number, packet: Uint8Array | undefined): void {
    const track = this.#peers.get(number)?.track ?? null;
    if (track === null || packet === undefined) return;
    try {
      if (track.isOpen()) track.sendMessageBinary(Buffer.from(packet));
    } catch {
      // It closed between the two; its state change follows.
    }
  }

  /** @returns false: it was gone already */
  #close(number: number): boolean {
    const peer = this.#peers.get(number);
    if (peer === undefined) return false;
    this.#peers.delete(number);
    try {
      peer.track?.close();
      peer.connection.close();
    } catch {
      // Closed by the other side at the same time.
    }
    return true;
  }
}

/** Whether the other end of a connection showed the certificate that its description names. */
function showsWhatItSaid({ connection, fingerprint }: Peer): boolean {
  if (fingerprint === null) return false;
  const { algorithm, value } = connection.remoteFingerprint();
  return algorithm === fingerprint.algorithm && value.toUpperCase() === fingerprint.value;
}

/** Not by way of the library's own ending: it aborts now and then, and leaves a core file behind. */
function endAbruptly(): void {
  process.kill(process.pid, 'SIGKILL');
}

function send(event: PeerEvent, onSent: () => void = () => undefined): void {
  // Called with an error too, when nobody is there any more.
  if (process.connected) process.send?.(event, onSent);
  else onSent();
}

/** Loaded here and not by an import, so that a missing binary becomes a sentence. */
function load(): Library | null {
  try {
    return createRequire(import.meta.url)('node-datachannel') as Library;
  } catch (error) {
    send({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
    return null;
  }
}

const library = load();
if (library === null) {
  process.exitCode = 1;
  process.disconnect();
} else {
  const table = new PeerTable(library);
  process.on('message', (command: PeerCommand) => table.handle(command));
  // The gateways are gone.
  process.on('disconnect', endAbruptly);
  send({ kind: 'beat' });
  setInterval(() => send({ kind: 'beat' }), HEARTBEAT_MS);
}
