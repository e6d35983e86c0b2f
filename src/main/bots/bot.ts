import type { DatagramHeader } from '../../core/wire/datagram.ts';
import type { BotMember, BotMemberOptions, BotPorts, Outcome } from './bot-ports.ts';
import { BotVoice } from './bot-voice.ts';

export interface BotOptions extends Pick<BotMemberOptions, 'index' | 'turns' | 'gate'> {
  readonly ports: BotPorts;
  /** Header and bytes are lent for the call. */
  readonly onArrival: (
    bot: Bot,
    header: DatagramHeader,
    bytes: Uint8Array,
    lengthBytes: number,
    nowMs: number,
  ) => void;
  readonly onSending: (bot: Bot, sequence: number) => void;
  /** The relay put it out for good. */
  readonly onDidDrop: (sentence: string) => void;
}

/** One headless client of the stress test. */
export class Bot {
  readonly index: number;
  readonly identity: string;
  readonly #voice: BotVoice;
  readonly #member: BotMember;
  #cameIn = false;
  #left = false;

  constructor(options: BotOptions) {
    const { index, ports, turns, gate } = options;
    this.index = index;
    const identity = ports.createIdentity();
    this.identity = identity.publicKey;
    this.#voice = new BotVoice({
      openLink: ports.openLink,
      createKey: ports.createKey,
      sendLane: (bytes) => this.#member.sendLaneDatagram(bytes),
      onArrival: (header, bytes, lengthBytes, nowMs) =>
        options.onArrival(this, header, bytes, lengthBytes, nowMs),
      onSending: (sequence) => options.onSending(this, sequence),
    });
    this.#member = ports.createMember({
      index,
      turns,
      gate,
      nickname: `Stress test bot ${index + 1}`,
      identity,
      voice: this.#voice,
      onDidDrop: (sentence) => {
        if (this.#cameIn && !this.#left) options.onDidDrop(sentence);
      },
    });
  }

  get token(): number | null {
    return this.#member.token;
  }

  get inside(): boolean {
    return this.#member.connected && this.#member.channel !== null;
  }

  /** It was in, and has no connection now. */
  get lostLane(): boolean {
    return this.#cameIn && !this.#left && !this.#member.connected;
  }

  /** Members whose keys it holds, itself included. */
  get keysHeld(): number {
    return this.#voice.keysHeld;
  }

  /** The relay answers its probes. */
  get alive(): boolean {
    return this.#voice.link?.alive ?? false;
  }

  get codec(): { readonly bitrate: number; readonly frameSamples: number } | null {
    return this.#voice.codec;
  }

  get socketKind(): 'batched' | 'dgram' {
    return this.#voice.link?.kind ?? 'dgram';
  }

  /** Datagrams that its own socket dropped or did not send. */
  get dropped(): number {
    return this.#voice.link?.dropped() ?? 0;
  }

  async join(channel: number): Promise<Outcome> {
    const entered = await this.#member.join();
    if (!entered.ok) return entered;
    this.#cameIn = true;
    return this.#member.channel === channel ? entered : this.#member.joinChannel(channel);
  }

  leave(): void {
    this.#left = true;
    this.#member.leave();
  }

  speak(packet: Uint8Array, timestamp: number, nowMs: number): void {
    this.#voice.speak(packet, timestamp, nowMs);
  }

  /** @returns false when it could not be opened */
  open(bytes: Uint8Array, lengthBytes: number, nowMs: number): boolean {
    return this.#voice.open(bytes, lengthBytes, nowMs);
  }
}
