import { describe, expect, it } from 'vitest';
import { assert } from '../../core/base/assert.ts';
import { createRng } from '../../core/base/rng.ts';
import { KeyDelivery } from '../../core/relay/key-delivery.ts';
import type { RelayOut } from '../../core/relay/relay-out.ts';
import { type Member, memberInfo, Room } from '../../core/relay/room.ts';
import type { KeyMessage, OwnKeyMessage } from '../../core/session/session-engine.ts';
import { shapeOfWhisperKey, simChannels, simIdentity } from '../../core/sim/sim-room.ts';
import type { RelayMessage } from '../../core/wire/control.ts';
import { BUILT_IN_ROLES } from '../../core/wire/roles.ts';
import { ChannelKeys } from './channel-keys.ts';
import { ToyGroup } from './toy-group.ts';

/** How long a leave may take to change everybody's keys, in ms: the limit of a second. */
const RENEWED_WITHIN_MS = 1_000;

const EPOCH_WITHOUT_KEYS = Object.freeze({ keyId: -1, own: '', heard: new Map<number, string>() });

/** One client: its real key exchange, and what its voice thread holds. */
class Peer {
  readonly member: Member;
  readonly keys: ChannelKeys;
  epoch: { keyId: number; own: string; heard: Map<number, string> } = EPOCH_WITHOUT_KEYS;
  /** Every sending key it was ever given, in order. */
  readonly spokenUnder: string[] = [];
  readonly inbox: KeyMessage[] = [];
  readonly outbox: OwnKeyMessage[] = [];

  constructor(member: Member, room: Room) {
    this.member = member;
    this.keys = new ChannelKeys({
      createGroup: () => new ToyGroup(member.identity),
      ownIdentity: () => member.identity,
      members: () => Array.from(room.members(), memberInfo),
      voice: {
        setEpoch: (keyId, own, members) => {
          const text = (key: Uint8Array): string => Buffer.from(key).toString('hex');
          this.epoch = {
            keyId,
            own: own === null ? '' : text(own.key),
            heard: new Map(members.map(([token, key]) => [token, text(key)])),
          };
          if (own !== null && this.spokenUnder.at(-1) !== this.epoch.own)
            this.spokenUnder.push(this.epoch.own);
        },
      },
      send: (message) => {
        if (this.member.lane !== null) this.outbox.push(message);
        return this.member.lane !== null;
      },
      groupCode: (authenticator) => Buffer.from(authenticator).toString('hex').slice(0, 8),
      onDidChange: () => {},
    });
  }

  roster(): void {
    this.keys.handleRoster(this.member.channel?.info.id ?? null, performance.now());
  }
}

/** Several clients at the relay's real key delivery, in virtual time. */
class Exchange {
  nowMs = 10_000;
  readonly rng = createRng(5);
  readonly room = new Room(
    simChannels.map((info) => ({ info, passwordHash: null })),
    50,
    () => this.#u32(),
    () => 0,
  );
  readonly delivery = new KeyDelivery({ randomU32: () => this.#u32() });
  readonly peers: Peer[] = [];
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

  enter(): Peer {
    const number = this.peers.length + 1;
    const [role] = BUILT_IN_ROLES;
    assert(role !== undefined, 'there is a member role');
    const member = this.room.admit(
      this.room.drawToken(),
      {
        identity: simIdentity(number),
        nickname: `Member ${number}`,
        nicknameKey: `member ${number}`,
        lane: number,
        pathKey: new Uint8Array(32),
        whisperKey: shapeOfWhisperKey,
        role,
      },
      this.nowMs,
    );
    const peer = new Peer(member, this.room);
    this.peers.push(peer);
    this.move(peer, 1);
    return peer;
  }

  /** @param channelId null: out of the room */
  move(peer: Peer, channelId: number | null): void {
    const { member } = peer;
    const previous = member.channel;
    if (channelId === null) {
      this.room.remove(member);
      member.lane = null;
      this.peers.splice(this.peers.indexOf(peer), 1);
    } else {
      this.room.move(member, this.room.channels.get(channelId) ?? null);
    }
    // Everybody hears of it before the first key message about it.
    for (const other of [...this.peers, peer]) other.roster();
    if (previous !== null) this.delivery.handleLeft(member, previous.info.id, this.nowMs, this.out);
    if (member.channel !== null) this.delivery.handleEntered(member, this.nowMs, this.out);
  }

  hold(peer: Peer): void {
    this.room.hold(peer.member);
    peer.inbox.length = 0;
    peer.outbox.length = 0;
    this.delivery.handleLaneLost(peer.member, this.nowMs, this.out);
  }

  reconnect(peer: Peer): void {
    const { member } = peer;
    this.room.reconnect(member, 1_000 + member.token, member.pathKey, member.whisperKey);
    peer.keys.handleResumed();
    this.delivery.handleReconnected(member, this.nowMs, this.out);
  }

  /** Lets messages go to and fro, with the clock standing still between deadlines. */
  async pass(durationMs: number): Promise<void> {
    const untilMs = this.nowMs + durationMs;
    while (true) {
      await this.#exchange();
      const deadlineMs = this.delivery.nextDeadlineMs() ?? Number.POSITIVE_INFINITY;
      if (deadlineMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, deadlineMs);
      this.delivery.handleDeadline(this.nowMs, this.out);
    }
    this.nowMs = untilMs;
  }

  /** What keeps those in the channel from hearing each other, and only each other. */
  faults(channelId = 1): string[] {
    const here = this.peers.filter(({ member }) => member.channel?.info.id === channelId);
    const faults: string[] = [];
    for (const peer of here) {
      const name = peer.member.nickname;
      const { own, heard, keyId } = peer.epoch;
      if (own === '') faults.push(`${name} may not speak`);
      if (keyId !== here[0]?.epoch.keyId) faults.push(`${name} is in another epoch`);
      const known = new Set(heard.values());
      const expected = here.filter((other) => other !== peer);
      for (const other of expected)
        if (heard.get(other.member.token) !== other.epoch.own)
          faults.push(`${name} cannot hear ${other.member.nickname}`);
      if (known.size !== expected.length) faults.push(`${name} holds keys of ${known.size}`);
    }
    return faults;
  }

  async #exchange(): Promise<void> {
    for (let quiet = 0; quiet < 2; ) {
      let busy = false;
      for (const peer of this.peers) {
        for (const message of peer.inbox.splice(0)) {
          busy = true;
          peer.keys.handleMessage(message);
        }
        await peer.keys.settled();
        for (const message of peer.outbox.splice(0)) {
          busy = true;
          if (message.type === 'keyPackage')
            this.delivery.handleKeyPackage(peer.member, message, this.nowMs, this.out);
          else if (message.type === 'commit')
            this.delivery.handleCommit(peer.member, message, this.nowMs, this.out);
        }
      }
      quiet = busy ? 0 : quiet + 1;
    }
  }

  #fromRelay(lane: number, message: RelayMessage): void {
    const peer = this.peers.find(({ member }) => member.lane === lane);
    if (peer === undefined) return;
    switch (message.type) {
      case 'commitWanted':
      case 'committed':
      case 'groupWelcome':
      case 'keyPackageWanted':
        peer.inbox.push(message);
        return;
      case 'refused':
        if (message.code === 'keyRejected' || message.code === 'staleCommit')
          peer.keys.handleRefused(message.code);
        return;
      default:
    }
  }

  #u32(): number {
    return Math.floor(this.rng.next() * 2 ** 32);
  }
}

describe('ChannelKeys at the key delivery of a relay', () => {
  it('lets those who come one after the other all hear each other', async () => {
    const exchange = new Exchange();
    for (let count = 1; count <= 5; count += 1) {
      exchange.enter();
      await exchange.pass(RENEWED_WITHIN_MS);
      expect(exchange.faults()).toEqual([]);
    }
    const codes = exchange.peers.map(({ keys }) => keys.describe(0).groupCode);
    expect(new Set(codes).size).toBe(1);
  });

  it('lets a storm of twenty in, with few commits', async () => {
    const exchange = new Exchange();
    for (let count = 0; count < 20; count += 1) exchange.enter();
    await exchange.pass(RENEWED_WITHIN_MS);
    expect(exchange.faults()).toEqual([]);
    expect(exchange.delivery.counters.commitsAccepted).toBeLessThan(4);
  });

  it('takes the key from whoever leaves, within a second', async () => {
    const exchange = new Exchange();
    const peers = [exchange.enter(), exchange.enter(), exchange.enter()];
    await exchange.pass(RENEWED_WITHIN_MS);
    const [first, second, third] = peers;
    assert(first !== undefined && second !== undefined && third !== undefined, 'three came');
    const former = new Set(third.epoch.heard.values());
    exchange.move(third, null);
    await exchange.pass(RENEWED_WITHIN_MS);
    expect(exchange.faults()).toEqual([]);
    expect(former.has(first.epoch.own)).toBe(false);
    expect(third.epoch.own).toBe('');
    expect(first.keys.describe(performance.now()).strangers).toBe(0);
  });

  it('goes over into another channel and leaves nothing behind', async () => {
    const exchange = new Exchange();
    const peers = [exchange.enter(), exchange.enter(), exchange.enter(), exchange.enter()];
    await exchange.pass(RENEWED_WITHIN_MS);
    for (const peer of peers.slice(2)) exchange.move(peer, 2);
    await exchange.pass(RENEWED_WITHIN_MS);
    expect([exchange.faults(1), exchange.faults(2)]).toEqual([[], []]);
  });

  it('comes through people who wander about without waiting for anything', async () => {
    const exchange = new Exchange();
    for (let count = 0; count < 6; count += 1) exchange.enter();
    for (let step = 0; step < 120; step += 1) {
      const peer = exchange.peers[Math.floor(exchange.rng.next() * exchange.peers.length)];
      assert(peer !== undefined, 'somebody is there');
      exchange.move(peer, peer.member.channel?.info.id === 1 ? 2 : 1);
      await exchange.pass(Math.floor(exchange.rng.next() * 150));
    }
    await exchange.pass(5_000);
    expect([exchange.faults(1), exchange.faults(2)]).toEqual([[], []]);
    expect(exchange.peers.reduce((sum, { keys }) => sum + keys.counters.failures, 0)).toBe(0);
  });

  it('is taken in anew after its voice thread died, under a key never used before', async () => {
    const exchange = new Exchange();
    const [first] = [exchange.enter(), exchange.enter(), exchange.enter()];
    assert(first !== undefined, 'somebody came');
    await exchange.pass(RENEWED_WITHIN_MS * 2);
    first.keys.renew();
    expect(first.epoch.own).toBe('');
    expect(first.epoch.heard.size).toBe(2);
    await exchange.pass(RENEWED_WITHIN_MS * 2);
    expect(exchange.faults()).toEqual([]);
    expect(new Set(first.spokenUnder).size).toBe(first.spokenUnder.length);
  });

  it('gets another key after its voice thread died, also when it is alone', async () => {
    const exchange = new Exchange();
    const alone = exchange.enter();
    await exchange.pass(RENEWED_WITHIN_MS * 2);
    alone.keys.renew();
    await exchange.pass(RENEWED_WITHIN_MS * 3);
    expect(exchange.faults()).toEqual([]);
    expect(new Set(alone.spokenUnder).size).toBe(2);
  });

  it('comes back into step when commits were missed, or its own package was lost with the lane', async () => {
    const exchange = new Exchange();
    const [first, second] = [exchange.enter(), exchange.enter(), exchange.enter()];
    assert(first !== undefined && second !== undefined, 'three came');
    // Long enough ago that nothing sent is uncertain any more.
    await exchange.pass(60_000);
    exchange.hold(first);
    first.keys.renew();
    await exchange.pass(500);
    exchange.reconnect(first);
    await exchange.pass(RENEWED_WITHIN_MS * 2);
    expect(exchange.faults()).toEqual([]);
    exchange.hold(second);
    exchange.enter();
    await exchange.pass(RENEWED_WITHIN_MS);
    exchange.reconnect(second);
    await exchange.pass(RENEWED_WITHIN_MS * 3);
    expect(exchange.faults()).toEqual([]);
  });
});
