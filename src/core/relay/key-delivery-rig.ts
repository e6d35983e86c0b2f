import { assert } from '../base/assert.ts';
import type { ClientMessage, RelayMessage } from '../wire/control.ts';
import { KeyDelivery } from './key-delivery.ts';
import type { LaneId, RelayOut } from './relay-out.ts';
import { Room } from './room.ts';
import { type Change, type Entrance, type Manner, ScriptedClient } from './scripted-client.ts';

interface Event {
  readonly atMs: number;
  readonly order: number;
  run(): void;
}

/** What happens in one stretch of time is far less: more is a circle. */
const MAX_EVENTS_PER_PASS = 20_000;

/** Key delivery under virtual time, with clients at the far ends of lanes that take `delayMs` each way. */
export class KeyRig {
  nowMs = 10_000;
  delayMs = 10;
  readonly keys: KeyDelivery;
  readonly room: Room;
  readonly clients: ScriptedClient[] = [];
  readonly changes = new Map<string, Change>();
  readonly entrances = new Map<string, Entrance>();
  /** Who was sent the newest `commitWanted`. */
  lastAsked: ScriptedClient | null = null;
  /** Called with every message as it leaves the relay. */
  onSent: (client: ScriptedClient, message: RelayMessage) => void = () => {};
  #events: Event[] = [];
  #number = 0;
  #drawn = 0;

  constructor(channelCount = 2) {
    const config = {
      bitrate: 24_000,
      frameSamples: 960,
      redundancyCopies: 0,
      maxMembers: 200,
      listeners: false,
      enterRole: 1,
      speakRole: 1,
      whisperRole: 1,
      manageRole: 1,
      historyDays: 0,
    } as const;
    const channels = Array.from({ length: channelCount }, (_, at) => ({
      info: { id: at + 1, parent: null, name: `Channel ${at + 1}`, locked: false, config },
      passwordHash: null,
    }));
    this.room = new Room(
      channels,
      200,
      () => this.nextNumber(),
      () => 0,
    );
    this.keys = this.startKeys();
  }

  readonly out: RelayOut = {
    sendDatagram: () => assert(false, 'keys send no datagrams'),
    fanOut: () => assert(false, 'keys send no datagrams'),
    sendLaneDatagram: () => assert(false, 'keys send no datagrams'),
    sendControl: (lane, message) => this.#fromRelay(lane, message),
    closeLane: () => assert(false, 'keys close no lane'),
    checkPassword: () => assert(false, 'keys need no password'),
    hashPassword: () => assert(false, 'keys need no password'),
    answerAdmin: () => assert(false, 'keys answer no account'),
    tellAdmin: () => assert(false, 'keys tell accounts nothing'),
  };

  startKeys(): KeyDelivery {
    return new KeyDelivery({
      randomU32: () => {
        this.#drawn += 1;
        return this.#drawn;
      },
    });
  }

  nextNumber(): number {
    this.#number += 1;
    return this.#number;
  }

  keep(change: Change): string {
    const name = `commit-${this.nextNumber()}`;
    this.changes.set(name, change);
    return name;
  }

  keepEntrance(entrance: Entrance): string {
    const name = `welcome-${this.nextNumber()}`;
    this.entrances.set(name, entrance);
    return name;
  }

  /** Somebody new in the room and, unless told otherwise, in channel 1; sends a key package like every client. */
  enter(change: { channel?: number; manner?: Manner; silent?: boolean; badPackages?: boolean } = {}) {
    const token = this.room.drawToken();
    const member = this.room.admit(
      token,
      {
        identity: `identity-${token}`,
        nickname: `Member ${token}`,
        nicknameKey: `member ${token}`,
        lane: token,
        pathKey: new Uint8Array(32),
        whisperKey: { key: '', signature: '' },
        role: { id: 1, name: 'Member', rank: 0, permissions: [] },
      },
      this.nowMs,
    );
    const client = new ScriptedClient(member, this);
    client.manner = change.manner ?? 'honest';
    client.badPackages = change.badPackages ?? false;
    this.clients.push(client);
    this.join(client, change.channel ?? 1, change.silent !== true);
    return client;
  }

  join(client: ScriptedClient, channelId: number, withPackage = true): void {
    this.leaveChannel(client);
    this.room.move(client.member, this.room.channels.get(channelId) ?? null);
    this.keys.handleEntered(client.member, this.nowMs, this.out);
    if (withPackage) client.sendPackage();
  }

  leaveChannel(client: ScriptedClient): void {
    const previous = client.member.channel;
    if (previous === null) return;
    this.room.move(client.member, null);
    client.forget();
    this.keys.handleLeft(client.member, previous.info.id, this.nowMs, this.out);
  }

  /** Out of the room. */
  depart(client: ScriptedClient): void {
    const previous = client.member.channel;
    client.member.lane = null;
    this.room.remove(client.member);
    client.forget();
    if (previous !== null) this.keys.handleLeft(client.member, previous.info.id, this.nowMs, this.out);
  }

  /** The lane breaks, with all that is under way on it. */
  hold(client: ScriptedClient): void {
    this.room.hold(client.member);
    this.keys.handleLaneLost(client.member, this.nowMs, this.out);
  }

  reconnect(client: ScriptedClient): void {
    const { member } = client;
    this.room.reconnect(member, this.nextNumber() + 1_000_000, member.pathKey, member.whisperKey);
    this.keys.handleReconnected(member, this.nowMs, this.out);
  }

  toRelay(client: ScriptedClient, message: ClientMessage): void {
    const { lane } = client.member;
    if (lane === null) return;
    client.sentMs = Math.max(client.sentMs, this.nowMs + this.delayMs);
    this.#at(client.sentMs, () => {
      if (client.member.lane !== lane) return;
      if (message.type === 'keyPackage') {
        this.keys.handleKeyPackage(client.member, message, this.nowMs, this.out);
      } else if (message.type === 'commit') {
        this.keys.handleCommit(client.member, message, this.nowMs, this.out);
      }
    });
  }

  /** Lets time pass: messages arrive and deadlines are kept. */
  pass(durationMs: number): void {
    const untilMs = this.nowMs + durationMs;
    for (let count = 0; ; count += 1) {
      assert(count < MAX_EVENTS_PER_PASS, 'time moves on');
      const [event] = this.#events;
      const deadlineMs = this.keys.nextDeadlineMs() ?? Number.POSITIVE_INFINITY;
      const nextMs = Math.max(this.nowMs, Math.min(event?.atMs ?? Number.POSITIVE_INFINITY, deadlineMs));
      if (nextMs > untilMs) break;
      this.nowMs = nextMs;
      if (event !== undefined && event.atMs <= nextMs) {
        this.#events.shift();
        event.run();
      } else {
        this.keys.handleDeadline(nextMs, this.out);
      }
    }
    this.nowMs = untilMs;
  }

  /** Identities of those in a channel, sorted. */
  present(channelId = 1): string[] {
    const members = this.room.channels.get(channelId)?.members ?? [];
    return Array.from(members, (member) => member.identity).sort();
  }

  group(channelId = 1): string[] {
    return [...this.keys.groupOf(channelId)].sort();
  }

  /** What stands in the way of everybody in the channel sharing one key; empty if nothing does. */
  faults(channelId = 1): string[] {
    const present = this.present(channelId);
    const faults: string[] = [];
    if (String(this.group(channelId)) !== String(present)) {
      faults.push(`the relay has ${this.group(channelId)} for ${present}`);
    }
    const states = new Set<string>();
    for (const client of this.clients) {
      if (client.member.channel?.info.id !== channelId || client.member.lane === null) continue;
      states.add(JSON.stringify(client.state));
      const seen = [...client.members].sort();
      if (String(seen) !== String(present)) faults.push(`${client.identity} sees ${seen}, not ${present}`);
    }
    if (states.size > 1) faults.push(`different states: ${[...states]}`);
    return faults;
  }

  /** Messages and commits that are not accounted for; must be 0. */
  imbalance(): number {
    const counters = this.keys.counters;
    const { packagesKept, packagesFromOutsiders, packagesTooLong, packagesHopeless } = counters;
    const packages = packagesKept + packagesFromOutsiders + packagesTooLong + packagesHopeless;
    const { commitsAccepted, commitsFromOutsiders, commitsTooLong, commitsStale, commitsSenseless } =
      counters;
    const commits = commitsAccepted + commitsFromOutsiders + commitsTooLong + commitsStale + commitsSenseless;
    const { commitsTimedOut, commitsAbandoned } = counters;
    const asked =
      commitsAccepted + commitsSenseless + commitsTimedOut + commitsAbandoned + this.keys.outstanding;
    return (
      Math.abs(counters.packages - packages) +
      Math.abs(counters.commits - commits) +
      Math.abs(counters.commitsAsked - asked)
    );
  }

  #fromRelay(lane: LaneId, message: RelayMessage): void {
    const client = this.clients.find((candidate) => candidate.member.lane === lane);
    assert(client !== undefined, 'only standing lanes are sent anything');
    this.onSent(client, message);
    if (message.type === 'commitWanted') this.lastAsked = client;
    client.receivedMs = Math.max(client.receivedMs, this.nowMs + this.delayMs);
    this.#at(client.receivedMs, () => {
      if (client.member.lane === lane) client.receive(message);
    });
  }

  #at(atMs: number, run: () => void): void {
    this.#events.push({ atMs, order: this.nextNumber(), run });
    this.#events.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
  }
}

/** A channel in which so many share a key, and all is quiet. */
export function startRoom(count: number) {
  const rig = new KeyRig();
  const clients = Array.from({ length: count }, () => rig.enter());
  rig.pass(5_000);
  assert(rig.faults().length === 0, 'the room starts in good order');
  return { rig, clients };
}

/** Who is asked for a commit now; the clock stops at the moment of asking. */
export function passUntilAsked(rig: KeyRig): ScriptedClient {
  for (let ms = 0; ms < 10_000; ms += 1) {
    if (rig.keys.outstanding > 0) break;
    rig.pass(1);
  }
  assert(rig.keys.outstanding > 0 && rig.lastAsked !== null, 'somebody was asked');
  return rig.lastAsked;
}
