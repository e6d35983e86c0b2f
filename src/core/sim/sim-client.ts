import { assert } from '../base/assert.ts';
import { base64UrlToBytes } from '../base/base64url.ts';
import type { Rng } from '../base/rng.ts';
import type { QueueCounters } from '../jitter/frame-queue.ts';
import type { Losses } from '../redundancy/losses.ts';
import type { PlainAddress } from '../relay/packed-address.ts';
import type { LaneId } from '../relay/relay-out.ts';
import { PathEngine, type PathOut } from '../session/path-engine.ts';
import {
  type ChatOutcome,
  type KeyMessage,
  type OwnKeyMessage,
  type RequestAnswer,
  type SessionEnd,
  SessionEngine,
  type SessionOut,
  type WelcomeMessage,
} from '../session/session-engine.ts';
import type { ChatMessage, ChatTarget } from '../wire/chat.ts';
import type { Request } from '../wire/control.ts';
import { createHeader, decodeHeader, FLAG_CONTROL, FLAG_WHISPER } from '../wire/datagram.ts';
import type { HearingReport } from '../wire/hearing.ts';
import type { Mac } from '../wire/probe.ts';
import { Alarm, type EventQueue } from './event-queue.ts';
import type { LaneClient, LaneNetwork } from './lane-network.ts';
import type { SeededNetwork } from './seeded-network.ts';
import { RELAY_ENDPOINT } from './sim-relay.ts';
import { type HeardFrame, SIM_FRAME_MS, SimVoice } from './sim-voice.ts';
import { ToyEntrant } from './toy-entrant.ts';
import { ToyGroup } from './toy-group.ts';
import { ToySignatures } from './toy-signatures.ts';

export interface SimClientOptions {
  /** Unique in the simulation: stands in every payload. */
  readonly speaker: number;
  /** Names the identity too: who enters under the same one again is the same person. */
  readonly nickname: string;
  readonly endpoint: PlainAddress;
  /** When the sound device ticks, in ms within a frame. */
  readonly phaseMs: number;
  readonly rng: Rng;
  readonly mac: Mac;
}

/** A whole client without sound: control lane, keys, path probes, voice out, jitter buffers in. */
export class SimClient implements LaneClient {
  readonly session: SessionEngine;
  readonly group: ToyGroup;
  readonly voice: SimVoice;
  readonly ends: SessionEnd[] = [];
  readonly welcomes: { readonly atMs: number; readonly welcome: WelcomeMessage }[] = [];
  readonly chats: { readonly message: ChatMessage; readonly own: boolean }[] = [];
  /** Texts by the number that `sendChat` gave them. */
  readonly written = new Map<number, string>();
  readonly outcomes = new Map<number, ChatOutcome>();
  readonly answers = new Map<number, RequestAnswer>();
  /** What the others reported to be lost of our voice, oldest first. */
  readonly lossesHeard: Losses[] = [];
  readonly counters = {
    datagramsSent: 0,
    datagramsReceived: 0,
    laneDatagramsSent: 0,
    laneDatagramsReceived: 0,
    control: 0,
    voice: 0,
    whispers: 0,
    undecodable: 0,
  };
  talking = false;
  /** Where speech goes instead of the channel: a session token or a whisper list. */
  whispering: number | null = null;
  readonly #entrant: ToyEntrant;
  readonly #options: SimClientOptions;
  readonly #queue: EventQueue;
  readonly #network: SeededNetwork;
  readonly #lanes: LaneNetwork;
  readonly #header = createHeader();
  readonly #paths: PathEngine[] = [];
  readonly #sessionAlarm: Alarm;
  readonly #pathAlarm: Alarm;
  #endpoint: PlainAddress;
  #lane: LaneId | null = null;
  #exporter = new Uint8Array();
  /** Session and channel that our group belongs to. */
  #keyedAs = '';

  constructor(queue: EventQueue, network: SeededNetwork, lanes: LaneNetwork, options: SimClientOptions) {
    this.#queue = queue;
    this.#network = network;
    this.#lanes = lanes;
    this.#options = options;
    this.#endpoint = options.endpoint;
    const signatures = new ToySignatures(options.mac);
    this.#entrant = new ToyEntrant(signatures, options.nickname);
    this.voice = new SimVoice(options.speaker);
    this.session = new SessionEngine({ rng: options.rng });
    this.group = new ToyGroup({
      identity: this.#entrant.identity,
      rng: options.rng,
      digest: (bytes) => signatures.digest(bytes),
    });
    this.#sessionAlarm = new Alarm(queue, () =>
      this.#run(() => this.session.handleDeadline(queue.nowMs, this.#sessionOut)),
    );
    this.#pathAlarm = new Alarm(queue, () =>
      this.#runPath((path) => path.handleDeadline(queue.nowMs, this.#pathOut)),
    );
    network.bind(this.#endpoint, (bytes) => this.#handleUdp(bytes));
    queue.schedule(options.phaseMs, () => this.#tick());
  }

  readonly #sessionOut: SessionOut = {
    openLane: () => {
      this.#lane = this.#lanes.open(this);
    },
    closeLane: () => {
      assert(this.#lane !== null, 'only a lane that exists is closed');
      this.#lanes.closeByClient(this.#lane);
      this.#lane = null;
    },
    sendControl: (message) => {
      assert(this.#lane !== null, 'messages need a lane');
      this.#lanes.sendToRelay(this.#lane, JSON.stringify(message));
    },
    signLogin: (nonce) => this.#sign(nonce),
    onDidChange: () => this.#handleChange(),
    onDidWelcome: (welcome) => this.#startPath(welcome),
    onDidEnd: (end) => {
      this.ends.push(end);
      this.voice.setToken(null);
    },
    onDidAnswer: (request, answer) => {
      assert(!this.answers.has(request), 'a request is answered once');
      this.answers.set(request, answer);
    },
    onChat: (message, { own }) => {
      this.chats.push({ message, own });
    },
    onDidSettleChat: (chat, outcome) => {
      assert(!this.outcomes.has(chat), 'a chat is settled once');
      this.outcomes.set(chat, outcome);
    },
    onHistory: () => {},
    onBans: () => {},
    onKeyMessage: (message) => this.#handleKey(message),
    onDidRefuseKey: () => {},
    onWhisperKey: () => {},
    onHeard: (losses) => {
      this.lossesHeard.push(losses);
    },
  };

  readonly #pathOut: PathOut = {
    sendDatagram: (bytes, lengthBytes) => {
      this.counters.datagramsSent += 1;
      this.#network.send(this.#endpoint, RELAY_ENDPOINT, bytes.subarray(0, lengthBytes));
    },
    sendLaneDatagram: (bytes, lengthBytes) => {
      this.counters.laneDatagramsSent += 1;
      if (this.#lane !== null && this.session.phase === 'connected')
        this.#lanes.sendDatagramToRelay(this.#lane, bytes.subarray(0, lengthBytes));
    },
    onDidChangeVoicePath: (path) =>
      this.#later(() => this.session.setVoicePath(path, this.#queue.nowMs, this.#sessionOut)),
  };

  get address(): string {
    return this.#endpoint.address;
  }

  get path(): PathEngine | null {
    return this.#paths.at(-1) ?? null;
  }

  get endpoint(): PlainAddress {
    return this.#endpoint;
  }

  get identity(): string {
    return this.#entrant.identity;
  }

  get token(): number {
    assert(this.session.token !== null, `${this.#options.nickname} is in the room`);
    return this.session.token;
  }

  get heard(): readonly HeardFrame[] {
    return this.voice.heard;
  }

  get spokenAtMs(): readonly number[] {
    return this.voice.spokenAtMs;
  }

  connect(): void {
    const { nickname } = this.#options;
    const entrant = { nickname, identity: this.identity };
    this.#run(() => this.session.handleConnect(entrant, this.#queue.nowMs, this.#sessionOut));
  }

  leave(): void {
    this.#run(() => this.session.handleLeave(this.#queue.nowMs, this.#sessionOut));
  }

  joinChannel(channel: number | null, password?: string): number | null {
    return this.#run(() => this.session.joinChannel(channel, this.#queue.nowMs, this.#sessionOut, password));
  }

  request(request: Request): number {
    return this.#run(() => this.session.request(request, this.#queue.nowMs, this.#sessionOut));
  }

  setWhisperList(list: number, targets: readonly number[]): number | null {
    return this.#run(() => this.session.setWhisperList(list, targets, this.#queue.nowMs, this.#sessionOut));
  }

  /** Tells what is lost of others. @returns false when the session did not take it */
  sendHearing(reports: readonly HearingReport[]): boolean {
    return this.#run(() => this.session.sendHearing(reports, this.#queue.nowMs, this.#sessionOut));
  }

  setState(muted: boolean, deafened: boolean): void {
    this.#run(() => this.session.setState({ muted, deafened }, this.#queue.nowMs, this.#sessionOut));
  }

  /** @returns false when the session did not take it */
  write(text: string, to: ChatTarget): boolean {
    const put = this.#run(() => this.session.sendChat(to, text, this.#queue.nowMs, this.#sessionOut));
    if (put.ok) this.written.set(put.id, text);
    return put.ok;
  }

  /** The NAT gives the voice socket another port; what is sent to the old one is gone. */
  moveTo(endpoint: PlainAddress): void {
    this.#network.unbind(this.#endpoint);
    this.#endpoint = endpoint;
    this.#network.bind(endpoint, (bytes) => this.#handleUdp(bytes));
  }

  /** Pulls the plug: lanes die silently, datagrams to us are lost. */
  setOffline(offline: boolean): void {
    this.#lanes.setOffline(this, offline);
    if (offline) this.#network.unbind(this.#endpoint);
    else this.#network.bind(this.#endpoint, (bytes) => this.#handleUdp(bytes));
  }

  /** Breaks the lane: both ends learn of it, and what was on its way is lost. */
  cutLane(): void {
    this.#lanes.cut(this);
  }

  jitterCounters(): QueueCounters & { held: number } {
    return this.voice.jitterCounters();
  }

  /** A counter of the path engines of all sessions, summed. */
  pathCounter(name: keyof PathEngine['counters']): number {
    return this.#paths.reduce((sum, path) => sum + path.counters[name], 0);
  }

  /** Speakers with a jitter buffer. */
  get speakerCount(): number {
    return this.voice.speakerCount;
  }

  handleOpened(exporter: Uint8Array): void {
    this.#exporter = exporter.slice();
    this.#run(() => this.session.handleLaneOpened(this.#queue.nowMs, this.#sessionOut));
  }

  handleMessage(text: string): void {
    this.#run(() => this.session.handleLaneMessage(text, this.#queue.nowMs, this.#sessionOut));
  }

  handleLaneDatagram(bytes: Uint8Array): void {
    this.counters.laneDatagramsReceived += 1;
    this.#handleDatagram(bytes, true);
  }

  handleClosed(failure: Parameters<SessionEngine['handleLaneClosed']>[0]): void {
    this.#lane = null;
    this.#run(() => this.session.handleLaneClosed(failure, this.#queue.nowMs, this.#sessionOut));
  }

  #run<T>(action: () => T): T {
    const result = action();
    this.#sessionAlarm.set(this.session.nextDeadlineMs());
    return result;
  }

  #runPath(action: (path: PathEngine) => void): void {
    const { path } = this;
    if (path === null) return;
    action(path);
    this.#pathAlarm.set(path.nextDeadlineMs());
  }

  /** From within an engine's call: after it. */
  #later(action: () => void): void {
    this.#queue.schedule(0, () => this.#run(action));
  }

  #sign(nonce: Uint8Array): void {
    const lane = this.#lane;
    const signature = this.#entrant.sign(this.#exporter, nonce);
    const { whisperKey } = this.#entrant;
    this.#later(() => {
      if (this.#lane !== lane) return;
      this.session.handleLoginSigned({ signature, whisperKey }, this.#queue.nowMs, this.#sessionOut);
    });
  }

  #startPath(welcome: WelcomeMessage): void {
    const pathKey = base64UrlToBytes(welcome.pathKey);
    assert(pathKey !== null, 'the schema has checked the key');
    this.welcomes.push({ atMs: this.#queue.nowMs, welcome });
    this.#paths.push(new PathEngine({ token: welcome.token, pathKey, mac: this.#options.mac }));
    this.voice.setToken(welcome.token);
    this.#runPath((path) => path.handleStart(this.#queue.nowMs, this.#pathOut));
  }

  #handleChange(): void {
    this.voice.forgetAllBut(new Set(this.session.members.map((member) => member.token)));
    const channel = this.session.ownChannel?.id ?? null;
    const keyedAs = channel === null ? '' : `${this.session.token} in ${channel}`;
    if (keyedAs === this.#keyedAs) return;
    this.#keyedAs = keyedAs;
    this.#sendKeys(this.group.enter(channel));
  }

  #handleKey(message: KeyMessage): void {
    this.#sendKeys(this.group.handle(message));
  }

  #sendKeys(messages: readonly OwnKeyMessage[]): void {
    for (const message of messages)
      this.#later(() => this.session.sendKey(message, this.#queue.nowMs, this.#sessionOut));
  }

  #handleUdp(bytes: Uint8Array): void {
    this.counters.datagramsReceived += 1;
    this.#handleDatagram(bytes, false);
  }

  #handleDatagram(bytes: Uint8Array, byLane: boolean): void {
    const header = this.#header;
    const { nowMs } = this.#queue;
    if (!decodeHeader(bytes, bytes.length, header).ok) {
      this.counters.undecodable += 1;
    } else if ((header.flags & FLAG_CONTROL) !== 0) {
      this.counters.control += 1;
      this.#runPath((path) => {
        if (byLane) path.handleLaneDatagram(bytes, bytes.length, nowMs, this.#pathOut);
        else path.handleDatagram(bytes, bytes.length, nowMs, this.#pathOut);
      });
    } else {
      this.counters[(header.flags & FLAG_WHISPER) === 0 ? 'voice' : 'whispers'] += 1;
      this.voice.receive(header, bytes, nowMs);
    }
  }

  /** One frame's time of the sound device: a frame in, a frame out. */
  #tick(): void {
    this.#queue.schedule(SIM_FRAME_MS, () => this.#tick());
    // Also while the lane is lost: voice has its own path.
    if (this.talking && this.path !== null && this.session.ownChannel !== null) {
      const bytes = this.voice.speak(this.whispering, this.#queue.nowMs);
      if (this.path.voicePath === 'udp') this.#pathOut.sendDatagram(bytes, bytes.length);
      else this.#pathOut.sendLaneDatagram(bytes, bytes.length);
    }
    this.voice.play(this.#queue.nowMs);
  }
}
