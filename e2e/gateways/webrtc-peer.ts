import nodeDataChannel, { type PeerConnection, type Track } from 'node-datachannel';
import { readRtpPacket } from '../../src/core/rtp/rtp-packet.ts';
import { waitFor } from '../rig/child.ts';
import type { Scene } from './check.ts';

const MAX_WAIT_MS = 10_000;
const PAYLOAD_TYPE = 111;
const PICTURES_PAYLOAD_TYPE = 96;

const CONFIGURATION = { iceServers: [], disableAutoNegotiation: true, bindAddress: '127.0.0.1' };

/** Peers that are not put away yet. */
let peers = 0;

/** A WebRTC peer of our own making: it sees every packet, and sends the ones it is told to. */
export class ScriptedPeer {
  readonly #connection: PeerConnection;
  #track: Track | null = null;
  /** Opus payloads that came, oldest first. */
  readonly payloads: Uint8Array[] = [];
  /** RTP timestamps of the same. */
  readonly timestamps: number[] = [];
  /** RTCP packets that came. */
  rtcp = 0;
  state = 'new';
  /** Where its session is, once it has one. */
  session = '';

  constructor(scene: Scene) {
    this.#connection = new nodeDataChannel.PeerConnection('check', CONFIGURATION);
    this.#connection.onStateChange((state) => {
      this.state = state;
    });
    this.#connection.onTrack((track) => this.#adopt(track));
    scene.defer(() => {
      this.close();
      peers -= 1;
      // Its threads would keep this process going.
      if (peers === 0) nodeDataChannel.cleanup();
    });
    peers += 1;
  }

  /** Offers sound one way to a WHIP or WHEP address. */
  async offer(url: string, key: string | null, direction: 'SendOnly' | 'RecvOnly'): Promise<void> {
    const sdp = await this.describe(direction);
    const authorization = key === null ? {} : { Authorization: `Bearer ${key}` };
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp', ...authorization },
      body: sdp,
    });
    if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
    this.session = new URL(response.headers.get('location') ?? '', url).href;
    await this.take(await response.text());
  }

  /** Takes the answer to its offer, and waits until it is connected. */
  async take(answer: string): Promise<void> {
    this.#connection.setRemoteDescription(answer, 'answer');
    await this.connected();
  }

  /** Its own offer, all candidates in it; who sends sound sends pictures too. */
  async describe(direction: 'SendOnly' | 'RecvOnly'): Promise<string> {
    const audio = new nodeDataChannel.Audio('0', direction);
    audio.addOpusCodec(PAYLOAD_TYPE);
    audio.addSSRC(4_711, 'check');
    this.#adopt(this.#connection.addTrack(audio));
    if (direction === 'SendOnly') {
      // As studio programs do, which are made of the same library; the relay refuses them.
      const pictures = new nodeDataChannel.Video('1', direction);
      pictures.addH264Codec(PICTURES_PAYLOAD_TYPE);
      pictures.addSSRC(4_712, 'check');
      this.#connection.addTrack(pictures);
    }
    this.#connection.setLocalDescription('offer');
    return this.#gathered();
  }

  /** Its answer to an offer. */
  async answer(offer: string): Promise<string> {
    this.#connection.setRemoteDescription(offer, 'offer');
    this.#connection.setLocalDescription('answer');
    return this.#gathered();
  }

  async connected(): Promise<void> {
    await waitFor('the peer to be connected', MAX_WAIT_MS, () => this.#track?.isOpen() === true || null);
  }

  /** A whole RTP packet. */
  send(packet: Uint8Array): void {
    this.#track?.sendMessageBinary(Buffer.from(packet));
  }

  close(): void {
    if (this.state === 'closed') return;
    this.#connection.close();
    this.state = 'closed';
  }

  async #gathered(): Promise<string> {
    await waitFor('candidates', MAX_WAIT_MS, () => this.#connection.gatheringState() === 'complete' || null);
    return this.#connection.localDescription()?.sdp ?? '';
  }

  #adopt(track: Track): void {
    if (this.#track !== null) return;
    this.#track = track;
    track.onMessage((bytes) => this.#handle(bytes));
  }

  #handle(bytes: Uint8Array): void {
    const type = bytes[1] ?? 0;
    if (type >= 192 && type <= 223) {
      this.rtcp += 1;
      return;
    }
    const reading = readRtpPacket(bytes);
    if (!reading.ok) throw new Error(`an RTP packet that is none: ${reading.reason}`);
    this.payloads.push(Uint8Array.from(reading.payload));
    this.timestamps.push(reading.header.timestamp);
  }
}
