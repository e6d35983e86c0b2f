import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { readRtpPacket } from '../../src/core/rtp/rtp-packet.ts';
import { PATIENCE_MS, waitFor } from '../rig/child.ts';
import type { Scene } from './check.ts';
import type { PeerNews, PeerOrder } from './webrtc-peer-program.ts';

/** A WebRTC peer of our own making: it sees every packet, and sends the ones it is told to. */
export class ScriptedPeer {
  readonly #child: ChildProcess;
  #description: string | null = null;
  #open = false;
  /** Opus payloads that came, oldest first. */
  readonly payloads: Uint8Array[] = [];
  /** RTP timestamps of the same. */
  readonly timestamps: number[] = [];

  constructor(scene: Scene) {
    this.#child = fork(join(import.meta.dirname, 'webrtc-peer-program.ts'), {
      serialization: 'advanced',
      execArgv: [],
    });
    this.#child.on('message', (news: PeerNews) => this.#handle(news));
    scene.defer(() => this.#child.kill('SIGKILL'));
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
    this.#order({ kind: 'take', sdp: await response.text() });
    await this.connected();
  }

  /** Its own offer, all candidates in it; who sends sound sends pictures too. */
  async describe(direction: 'SendOnly' | 'RecvOnly'): Promise<string> {
    this.#order({ kind: 'describe', direction });
    return this.#described();
  }

  /** Its answer to an offer. */
  async answer(offer: string): Promise<string> {
    this.#order({ kind: 'answer', sdp: offer });
    return this.#described();
  }

  async connected(): Promise<void> {
    await waitFor('the peer to be connected', PATIENCE_MS, () => this.#open || null);
  }

  /** A whole RTP packet. */
  send(packet: Uint8Array): void {
    this.#order({ kind: 'send', bytes: packet });
  }

  #described(): Promise<string> {
    return waitFor('a description', PATIENCE_MS, () => this.#description);
  }

  #order(order: PeerOrder): void {
    this.#child.send(order);
  }

  #handle(news: PeerNews): void {
    if (news.kind === 'described') this.#description = news.sdp;
    else if (news.kind === 'open') this.#open = true;
    else this.#take(news.bytes);
  }

  #take(bytes: Uint8Array): void {
    const type = bytes[1] ?? 0;
    // RTCP (RFC 5761, section 4).
    if (type >= 192 && type <= 223) return;
    const reading = readRtpPacket(bytes);
    if (!reading.ok) throw new Error(`an RTP packet that is none: ${reading.reason}`);
    this.payloads.push(reading.payload);
    this.timestamps.push(reading.header.timestamp);
  }
}
