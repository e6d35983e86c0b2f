import { createCounters } from '../../core/base/counters.ts';
import type { Rng } from '../../core/base/rng.ts';
import { MIX_FRAME_SAMPLES, MixClock } from '../../core/mix/mix-clock.ts';
import { RelayedVoice, type RelayedVoiceOut } from '../../core/mix/relayed-voice.ts';
import type { ProgramSource } from '../../core/program/listening.ts';
import type { FromRoom } from '../../core/program/room-link.ts';
import { Attendance } from './attendance.ts';
import { MemberVoice } from './member-voice.ts';
import type { MixEncoder, MixMember, MixPorts } from './mix-ports.ts';
import type { MixEvent } from './mix-protocol.ts';

export interface StandingOptions {
  readonly channel: number;
  readonly ports: MixPorts;
  readonly rng: Rng;
  readonly tell: (event: MixEvent) => void;
  readonly post: (message: FromRoom) => void;
  /** Something came from elsewhere: `nextDeadlineMs` may be sooner. */
  readonly onDidStir: () => void;
}

/** What the mix of a channel is to be like. */
export interface StandingSettings {
  /** bit/s. */
  readonly bitrate: number;
  readonly source: ProgramSource;
}

const COUNTED = [
  'entered',
  'dropped',
  'packetsUnheard',
  'framesMixed',
  'framesLeftOut',
  'bytesMixed',
] as const;

/** Shared: mixing is synchronous. */
const mixed = new Float32Array(MIX_FRAME_SAMPLES);

/**
 * One channel's member named "Listeners": comes in and stays, mixes what is said while somebody wants it, and says
 * what publishers and talking listeners send.
 *
 * Counted: packets that gateways send = packetsUnheard + `packets.packets`.
 */
export class Standing {
  readonly #options: StandingOptions;
  readonly #member: MixMember;
  readonly #voice: MemberVoice;
  readonly #attendance: Attendance;
  readonly #relayed = new RelayedVoice();
  readonly #counters = createCounters(COUNTED);
  readonly #relayedOut: RelayedVoiceOut = {
    sendFrame: (packet, timestamp, last) => this.#sendFrame(packet, timestamp, last),
  };
  #settings: StandingSettings;
  #encoder: MixEncoder | null = null;
  #wanted = false;
  /** Runs while the mix is made. */
  #clock: MixClock | null = null;
  /** As the gateways were told. */
  #toldStanding = false;

  constructor(options: StandingOptions, settings: StandingSettings) {
    this.#options = options;
    this.#settings = settings;
    const { channel, ports, rng, tell, onDidStir } = options;
    this.#voice = new MemberVoice({
      ports,
      sendLane: (bytes) => this.#member.sendLaneDatagram(bytes),
      onDidChangeKeys: () => this.#handleChange(),
    });
    this.#member = ports.createMember({
      voice: this.#voice,
      onDidChange: () => this.#attendance.handleChange(),
      onDidDrop: (sentence) => this.#attendance.handleDrop(sentence),
    });
    const { identity } = this.#member;
    this.#attendance = new Attendance({
      channel,
      rng,
      member: this.#member,
      nowMs: ports.nowMs,
      askAdmission: () => tell({ kind: 'identity', channel, identity }),
      onDidDrop: (sentence) => {
        this.#counters.dropped += 1;
        tell({ kind: 'dropped', channel, sentence });
        this.#handleChange();
        onDidStir();
      },
      onDidEnter: () => {
        this.#counters.entered += 1;
        this.#handleChange();
      },
    });
  }

  /** In the channel, with keys. */
  get standing(): boolean {
    return this.#attendance.inside && this.#voice.keyed;
  }

  get mixing(): boolean {
    return this.#clock !== null;
  }

  setSettings(settings: StandingSettings): void {
    const { bitrate } = this.#settings;
    this.#settings = settings;
    if (settings.bitrate === bitrate) return;
    this.#encoder = null;
    if (!this.#toldStanding) return;
    this.#tellStanding(true);
    this.#handleChange();
  }

  /** Whether somebody listens to the mix. Holds until the gateways are told of the member's standing anew. */
  setWanted(wanted: boolean): void {
    this.#wanted = wanted;
    this.#handleChange();
  }

  handleAdmitted(): void {
    this.#attendance.handleAdmitted();
  }

  /** A packet of the program for the channel's members. */
  handleSpeak(packet: Uint8Array, nowMs: number): void {
    if (this.#isHeard()) this.#relayed.handlePacket(packet, nowMs, this.#relayedOut);
    else {
      this.#counters.packetsUnheard += 1;
      this.#relayed.clear(nowMs, this.#relayedOut);
    }
  }

  handlePause(nowMs: number): void {
    this.#relayed.handlePause(nowMs, this.#relayedOut);
  }

  /** Null: not before something comes. */
  nextDeadlineMs(): number | null {
    const deadlines = [this.#attendance, this.#relayed, this.#clock].map(
      (engine) => engine?.nextDeadlineMs() ?? Number.POSITIVE_INFINITY,
    );
    const next = Math.min(...deadlines);
    return next === Number.POSITIVE_INFINITY ? null : next;
  }

  handleDeadline(nowMs: number): void {
    this.#attendance.handleDeadline(nowMs);
    this.#relayed.handleDeadline(nowMs, this.#relayedOut);
    const due = this.#clock?.takeDue(nowMs) ?? 0;
    for (let frame = 0; frame < due; frame += 1) this.#mixFrame(nowMs);
  }

  /** Call it once a second. */
  handleSecond(nowMs: number): void {
    const reports = this.#voice.handleDeadline(nowMs);
    if (reports.length > 0) this.#member.sendHearing(reports);
  }

  /** What has happened since the start, and, under `now.`, how it is. */
  counters(): Record<string, number> {
    const sums: Record<string, number> = {
      ...this.#counters,
      framesLeftOut: this.#counters.framesLeftOut + (this.#clock?.framesLeftOut ?? 0),
      'now.members': 1,
      'now.standing': this.standing ? 1 : 0,
      'now.mixing': this.mixing ? 1 : 0,
      'now.packetsWaiting': this.#relayed.waiting,
    };
    for (const [name, value] of Object.entries(this.#relayed.packetCounters)) sums[`packets.${name}`] = value;
    for (const [name, value] of Object.entries(this.#relayed.counters)) sums[`frames.${name}`] = value;
    for (const [name, value] of Object.entries(this.#voice.counters())) sums[`voice.${name}`] = value;
    return sums;
  }

  /** It leaves, and does not come back. */
  close(nowMs: number): void {
    this.#relayed.clear(nowMs, this.#relayedOut);
    this.#attendance.close();
    this.#voice.close();
    this.#handleChange();
  }

  /** Keys, place or demand changed. */
  #handleChange(): void {
    const { standing } = this;
    if (standing !== this.#toldStanding) this.#tellStanding(standing);
    const mixes = standing && this.#wanted;
    if (mixes === this.mixing) return;
    this.#counters.framesLeftOut += this.#clock?.framesLeftOut ?? 0;
    this.#clock = mixes ? new MixClock(this.#options.ports.nowMs()) : null;
    this.#voice.setListening(mixes);
    this.#encoder?.reset();
    this.#options.onDidStir();
  }

  /** The gateways answer with what they want, if it is something. */
  #tellStanding(standing: boolean): void {
    const { channel, post } = this.#options;
    this.#toldStanding = standing;
    this.#wanted = false;
    post({ kind: 'standing', channel, standing, bitrate: this.#settings.bitrate });
  }

  /** A talking listener is heard by the others who listen, too: the relay gives nobody his own voice back. */
  #hearsOwn(): boolean {
    return this.mixing && this.#settings.source === 'conversation';
  }

  #isHeard(): boolean {
    return this.standing && (this.#member.inCompany || this.#hearsOwn());
  }

  #sendFrame(packet: Uint8Array, timestamp: number, last: boolean): void {
    const nowMs = this.#options.ports.nowMs();
    if (this.#member.inCompany) this.#voice.say(packet, timestamp, last, nowMs);
    if (this.#hearsOwn()) this.#voice.hearOwn(packet, timestamp, last, nowMs);
  }

  #mixFrame(nowMs: number): void {
    const { channel, ports, post } = this.#options;
    this.#voice.mix(mixed, nowMs);
    this.#encoder ??= ports.createEncoder(this.#settings.bitrate);
    // Its own memory: posting copies all of the memory that a view looks at.
    const packet = new Uint8Array(this.#encoder.encode(mixed));
    this.#counters.framesMixed += 1;
    this.#counters.bytesMixed += packet.length;
    post({ kind: 'mixed', channel, packet });
  }
}
