import { assert } from '../../core/base/assert.ts';
import type { SessionToken } from '../../core/base/brand.ts';
import type { FromRoom, ToRoom } from '../../core/program/room-link.ts';
import { CHANNEL_TARGET } from '../../core/seal/key-ring.ts';
import { toyKey } from '../../core/voice/toy-key.ts';
import { VoiceSender } from '../../core/voice/voice-sender.ts';
import { createHeader, decodeHeader, FLAG_LAST, FLAGS_OFFSET } from '../../core/wire/datagram.ts';
import { Mix } from './mix.ts';
import type {
  MemberVoicePort,
  MixLinkRequest,
  MixMember,
  MixMemberOptions,
  MixPorts,
  Outcome,
} from './mix-ports.ts';
import type { MixCommand, MixEvent } from './mix-protocol.ts';

export const CHANNEL = 4;
const OWN_TOKEN = 50;
const ADA = 7;
/** CELT, 20 ms, mono. */
export const TOC_20_MS = 31 << 3;
export const BITRATE = 64_000;

/** A room of one's own: what one member of the mix has to do with a relay. */
export class FakeMember implements MixMember {
  readonly identity: string;
  readonly options: MixMemberOptions;
  channel: number | null = null;
  connected = false;
  inCompany = false;
  joins = 0;
  left = 0;
  /** Where whoever joins lands. */
  landing = CHANNEL;
  outcome: Outcome = { ok: true };
  moveOutcome: Outcome = { ok: true };
  readonly sent: { readonly timestamp: number; readonly last: boolean }[] = [];
  link: MixLinkRequest | null = null;

  constructor(identity: string, options: MixMemberOptions) {
    this.identity = identity;
    this.options = options;
  }

  get voice(): MemberVoicePort {
    return this.options.voice;
  }

  join(): Promise<Outcome> {
    this.joins += 1;
    if (!this.outcome.ok) return Promise.resolve(this.outcome);
    this.connected = true;
    this.channel = this.landing;
    this.voice.connect('127.0.0.1', 1, OWN_TOKEN, new Uint8Array(16));
    return Promise.resolve(this.outcome);
  }

  joinChannel(channel: number): Promise<Outcome> {
    if (this.moveOutcome.ok) this.channel = channel;
    return Promise.resolve(this.moveOutcome);
  }

  /** The keys of the channel: its own, and Ada's. */
  giveKeys(): void {
    this.voice.setEpoch(1, keyBytes(OWN_TOKEN), [[ADA, keyBytes(ADA).key, keyBytes(ADA).salt]]);
  }

  drop(sentence: string): void {
    this.connected = false;
    this.channel = null;
    this.voice.disconnect();
    this.options.onDidDrop(sentence);
  }

  leave(): void {
    this.left += 1;
    this.connected = false;
    this.channel = null;
    this.voice.disconnect();
  }

  sendLaneDatagram(): void {}
  sendHearing(): void {}
}

function keyBytes(secret: number): { readonly key: Uint8Array; readonly salt: Uint8Array } {
  return { key: Uint8Array.of(secret), salt: new Uint8Array(12).fill(secret) };
}

/** The mix between a main thread, gateways and relays that are the test's, in virtual time. */
export class MixRig {
  readonly members: FakeMember[] = [];
  readonly events: MixEvent[] = [];
  readonly posted: { readonly atMs: number; readonly message: FromRoom }[] = [];
  readonly mix: Mix;
  nowMs = 1_000;
  #stirred = false;
  #sequence = 0;
  readonly #ada = new VoiceSender();
  readonly #header = createHeader();

  constructor() {
    this.#ada.setToken(ADA as SessionToken);
    this.#ada.setChannelKey(toyKey(1, ADA));
    this.mix = new Mix({
      ports: this.#ports(),
      seed: 3,
      tell: (event) => this.events.push(event),
      post: (message) => this.posted.push({ atMs: this.nowMs, message }),
      onDidStir: () => {
        this.#stirred = true;
      },
    });
  }

  get member(): FakeMember {
    const member = this.members.at(-1);
    if (member === undefined) throw new Error('nobody stands');
    return member;
  }

  command(command: MixCommand): void {
    this.mix.handleCommand(command, this.nowMs);
  }

  message(message: ToRoom): void {
    this.mix.handleMessage(message, this.nowMs);
  }

  /** Lets promises that were settled have their effects. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  }

  runFor(ms: number): void {
    const endMs = this.nowMs + ms;
    for (
      let next = this.mix.nextDeadlineMs();
      next !== null && next <= endMs;
      next = this.mix.nextDeadlineMs()
    ) {
      this.nowMs = Math.max(this.nowMs, next);
      this.mix.handleDeadline(this.nowMs);
    }
    this.nowMs = endMs;
  }

  /** A member stands in the channel, with keys. */
  async stand(source: 'conversation' | 'publisher' = 'conversation'): Promise<FakeMember> {
    this.command({ kind: 'stand', channel: CHANNEL, bitrate: BITRATE, source });
    this.command({ kind: 'admitted', channel: CHANNEL });
    await this.settle();
    this.member.giveKeys();
    return this.member;
  }

  /** Ada says a frame of that loudness. */
  adaSays(loudness: number): void {
    const packet = Uint8Array.of(TOC_20_MS, loudness);
    this.#ada.handleFrame(packet, packet.length, this.#sequence * 960, false, CHANNEL_TARGET, {
      sendDatagram: (bytes, length) => {
        const { link } = this.member;
        assert(decodeHeader(bytes, length, this.#header).ok, 'senders make datagrams');
        link?.onVoice(this.#header, bytes, length, this.nowMs);
      },
    });
    this.#sequence += 1;
  }

  of<Kind extends MixEvent['kind']>(kind: Kind): Extract<MixEvent, { kind: Kind }>[] {
    return this.events.filter((event): event is Extract<MixEvent, { kind: Kind }> => event.kind === kind);
  }

  mixed(): { readonly atMs: number; readonly loudness: number }[] {
    return this.posted.flatMap(({ atMs, message }) =>
      message.kind === 'mixed' ? [{ atMs, loudness: message.packet[0] ?? -1 }] : [],
    );
  }

  standing(): boolean[] {
    return this.posted.flatMap(({ message }) => (message.kind === 'standing' ? [message.standing] : []));
  }

  takeStirred(): boolean {
    const stirred = this.#stirred;
    this.#stirred = false;
    return stirred;
  }

  #ports(): MixPorts {
    return {
      createMember: (options) => {
        const member = new FakeMember(`identity ${this.members.length}`, options);
        this.members.push(member);
        return member;
      },
      openLink: (request) => {
        const member =
          this.members.find(({ channel, link }) => channel !== null && link === null) ?? this.member;
        member.link = request;
        return {
          sendDatagram: (bytes) => {
            const last = ((bytes[FLAGS_OFFSET] ?? 0) & FLAG_LAST) !== 0;
            member.sent.push({ timestamp: new DataView(bytes.buffer).getUint32(12), last });
          },
          handleLaneDatagram: () => undefined,
          dropped: () => 0,
          close: () => undefined,
        };
      },
      createKey: (bytes) => toyKey(1, bytes[0] ?? 0).key,
      createDecoder: () => ({
        decode: (packet, into) => {
          into.fill((packet[1] ?? 0) / 100, 0, 960);
          return 960;
        },
        conceal: (into) => {
          into.fill(0, 0, 960);
          return 960;
        },
      }),
      // The packet says how loud the end of the block is, in hundredths.
      createEncoder: () => ({
        encode: (samples) => Uint8Array.of(Math.round(100 * (samples.at(-1) ?? 0))),
        reset: () => undefined,
      }),
      nowMs: () => this.nowMs,
    };
  }
}
