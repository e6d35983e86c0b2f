import { assert } from '../base/assert.ts';
import { base64UrlToBytes } from '../base/base64url.ts';
import type { SessionToken } from '../base/brand.ts';
import type { Rng } from '../base/rng.ts';
import { JitterBuffer, type JitterCounters } from '../jitter/jitter-buffer.ts';
import type { Endpoint, LaneId } from '../relay/relay-out.ts';
import { PathEngine } from '../session/path-engine.ts';
import {
  type SessionEnd,
  SessionEngine,
  type SessionOut,
  type WelcomeMessage,
} from '../session/session-engine.ts';
import { VoiceSender } from '../voice/voice-sender.ts';
import { readU32, writeU32 } from '../wire/big-endian.ts';
import { createHeader, decodeHeader, FLAG_CONTROL, FLAG_LAST } from '../wire/datagram.ts';
import type { Mac } from '../wire/probe.ts';
import { Alarm, type EventQueue } from './event-queue.ts';
import type { LaneClient, LaneNetwork } from './lane-network.ts';
import type { SeededNetwork } from './seeded-network.ts';
import { RELAY_ENDPOINT } from './sim-relay.ts';

const FRAME_MS = 20;
const FRAME_SAMPLES = 960;
/** Number of the frame and number of its speaker. */
const PAYLOAD_BYTES = 8;

/** A frame that came out of a jitter buffer. */
export interface HeardFrame {
  readonly speaker: number;
  readonly frame: number;
  readonly atMs: number;
}

export interface SimClientOptions {
  /** Unique in the simulation: stands in every payload. */
  readonly speaker: number;
  readonly nickname: string;
  readonly endpoint: Endpoint;
  /** When the sound device ticks, in ms within a frame. */
  readonly phaseMs: number;
  readonly rng: Rng;
  readonly mac: Mac;
}

/** A whole client without sound: control lane, path probes, voice out, jitter buffers in. Speech is numbered frames. */
export class SimClient implements LaneClient {
  readonly session: SessionEngine;
  readonly heard: HeardFrame[] = [];
  /** When each frame was spoken, by its number. */
  readonly spokenAtMs: number[] = [];
  readonly ends: SessionEnd[] = [];
  /** Times of the welcomes. */
  readonly welcomedAtMs: number[] = [];
  readonly counters = { datagramsSent: 0, datagramsReceived: 0, control: 0, voice: 0, undecodable: 0 };
  talking = false;
  readonly #options: SimClientOptions;
  readonly #queue: EventQueue;
  readonly #network: SeededNetwork;
  readonly #lanes: LaneNetwork;
  readonly #sender = new VoiceSender();
  readonly #header = createHeader();
  readonly #slot = JitterBuffer.createSlot();
  readonly #jitters = new Map<number, JitterBuffer>();
  readonly #retired: JitterCounters[] = [];
  readonly #paths: PathEngine[] = [];
  readonly #payload = new Uint8Array(PAYLOAD_BYTES);
  readonly #sessionAlarm: Alarm;
  readonly #pathAlarm: Alarm;
  #endpoint: Endpoint;
  #lane: LaneId | null = null;

  constructor(queue: EventQueue, network: SeededNetwork, lanes: LaneNetwork, options: SimClientOptions) {
    this.#queue = queue;
    this.#network = network;
    this.#lanes = lanes;
    this.#options = options;
    this.#endpoint = options.endpoint;
    this.session = new SessionEngine({ rng: options.rng });
    this.#sessionAlarm = new Alarm(queue, () =>
      this.#run(() => this.session.handleDeadline(queue.nowMs, this.#sessionOut)),
    );
    this.#pathAlarm = new Alarm(queue, () => {
      this.path?.handleDeadline(queue.nowMs, this.#pathOut);
      this.#pathAlarm.set(this.path?.nextDeadlineMs() ?? null);
    });
    network.bind(this.#endpoint, (bytes) => this.#handleDatagram(bytes));
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
    onDidChange: () => this.#forgetThoseWhoLeft(),
    onDidWelcome: (welcome) => this.#startPath(welcome),
    onDidEnd: (end) => {
      this.ends.push(end);
      this.#sender.setToken(null);
    },
  };

  readonly #pathOut = {
    sendDatagram: (bytes: Uint8Array, lengthBytes: number): void => {
      this.counters.datagramsSent += 1;
      this.#network.send(this.#endpoint, RELAY_ENDPOINT, bytes.subarray(0, lengthBytes));
    },
  };

  get path(): PathEngine | null {
    return this.#paths.at(-1) ?? null;
  }

  get endpoint(): Endpoint {
    return this.#endpoint;
  }

  get token(): number {
    assert(this.session.token !== null, `${this.#options.nickname} is in the room`);
    return this.session.token;
  }

  connect(): void {
    this.#run(() => this.session.handleConnect(this.#options.nickname, this.#queue.nowMs, this.#sessionOut));
  }

  leave(): void {
    this.#run(() => this.session.handleLeave(this.#queue.nowMs, this.#sessionOut));
  }

  joinChannel(channel: number | null): void {
    this.#run(() => this.session.joinChannel(channel, this.#queue.nowMs, this.#sessionOut));
  }

  setState(muted: boolean, deafened: boolean): void {
    this.#run(() => this.session.setState({ muted, deafened }, this.#queue.nowMs, this.#sessionOut));
  }

  /** The NAT gives the voice socket another port; what is sent to the old one is gone. */
  moveTo(endpoint: Endpoint): void {
    this.#network.unbind(this.#endpoint);
    this.#endpoint = endpoint;
    this.#network.bind(endpoint, (bytes) => this.#handleDatagram(bytes));
  }

  /** Pulls the plug: lanes die silently, datagrams to us are lost. */
  setOffline(offline: boolean): void {
    this.#lanes.setOffline(this, offline);
    if (offline) this.#network.unbind(this.#endpoint);
    else this.#network.bind(this.#endpoint, (bytes) => this.#handleDatagram(bytes));
  }

  /** Jitter counters of all speakers, gone ones included. */
  jitterCounters(): JitterCounters & { held: number } {
    const present = [...this.#jitters.values()];
    const all = [...this.#retired, ...present.map((jitter) => jitter.counters())];
    const sum = new JitterBuffer({ frameSamples: FRAME_SAMPLES }).counters();
    for (const counters of all) {
      for (const name of Object.keys(sum) as (keyof JitterCounters)[]) sum[name] += counters[name];
    }
    return { ...sum, held: present.reduce((held, jitter) => held + jitter.depthFrames, 0) };
  }

  /** A counter of the path engines of all sessions, summed. */
  pathCounter(name: keyof PathEngine['counters']): number {
    return this.#paths.reduce((sum, path) => sum + path.counters[name], 0);
  }

  /** Speakers with a jitter buffer. */
  get speakerCount(): number {
    return this.#jitters.size;
  }

  handleOpened(): void {
    this.#run(() => this.session.handleLaneOpened(this.#queue.nowMs, this.#sessionOut));
  }

  handleMessage(text: string): void {
    this.#run(() => this.session.handleLaneMessage(text, this.#queue.nowMs, this.#sessionOut));
  }

  handleClosed(failure: Parameters<SessionEngine['handleLaneClosed']>[0]): void {
    this.#lane = null;
    this.#run(() => this.session.handleLaneClosed(failure, this.#queue.nowMs, this.#sessionOut));
  }

  #run(action: () => void): void {
    action();
    this.#sessionAlarm.set(this.session.nextDeadlineMs());
  }

  #startPath(welcome: WelcomeMessage): void {
    const pathKey = base64UrlToBytes(welcome.pathKey);
    assert(pathKey !== null, 'the session engine has checked the key');
    this.welcomedAtMs.push(this.#queue.nowMs);
    this.#paths.push(new PathEngine({ token: welcome.token, pathKey, mac: this.#options.mac }));
    this.#sender.setToken(welcome.token as SessionToken);
    this.path?.handleStart(this.#queue.nowMs, this.#pathOut);
    this.#pathAlarm.set(this.path?.nextDeadlineMs() ?? null);
  }

  #handleDatagram(bytes: Uint8Array): void {
    this.counters.datagramsReceived += 1;
    const header = this.#header;
    if (!decodeHeader(bytes, bytes.length, header).ok) {
      this.counters.undecodable += 1;
      return;
    }
    if ((header.flags & FLAG_CONTROL) !== 0) {
      this.counters.control += 1;
      this.path?.handleDatagram(bytes, bytes.length, this.#queue.nowMs, this.#pathOut);
      this.#pathAlarm.set(this.path?.nextDeadlineMs() ?? null);
      return;
    }
    this.counters.voice += 1;
    let jitter = this.#jitters.get(header.token);
    if (jitter === undefined) {
      jitter = new JitterBuffer({ frameSamples: FRAME_SAMPLES });
      this.#jitters.set(header.token, jitter);
    }
    const last = (header.flags & FLAG_LAST) !== 0;
    const payload = bytes.subarray(header.payloadOffset);
    jitter.handlePacket(header.sequence, header.timestamp, last, payload, this.#queue.nowMs);
  }

  /** One frame's time of the sound device: a frame in, a frame out. */
  #tick(): void {
    this.#queue.schedule(FRAME_MS, () => this.#tick());
    if (this.talking && this.session.phase === 'connected' && this.session.ownChannel !== null) this.#speak();
    for (const jitter of this.#jitters.values()) {
      if (jitter.pull(this.#queue.nowMs, this.#slot) !== 'frame') continue;
      this.#hear(this.#slot.payload, this.#slot.length);
      this.#hear(this.#slot.second, this.#slot.secondLength);
    }
  }

  #speak(): void {
    const frame = this.spokenAtMs.push(this.#queue.nowMs) - 1;
    writeU32(this.#payload, 0, frame);
    writeU32(this.#payload, 4, this.#options.speaker);
    this.#sender.handleFrame(this.#payload, PAYLOAD_BYTES, frame * FRAME_SAMPLES, false, this.#pathOut);
  }

  #hear(payload: Uint8Array, length: number): void {
    if (length !== PAYLOAD_BYTES) return;
    this.heard.push({ frame: readU32(payload, 0), speaker: readU32(payload, 4), atMs: this.#queue.nowMs });
  }

  #forgetThoseWhoLeft(): void {
    const present = new Set(this.session.members.map((member) => member.token));
    for (const [token, jitter] of this.#jitters) {
      if (present.has(token)) continue;
      this.#retire(jitter);
      this.#jitters.delete(token);
    }
  }

  #retire(jitter: JitterBuffer): void {
    const counters = jitter.counters();
    // What it still held is dropped with it.
    counters.flushed += jitter.depthFrames;
    this.#retired.push(counters);
  }
}
