import { base64UrlToBytes, bytesToBase64Url } from '../base/base64url.ts';
import type { Rng } from '../base/rng.ts';
import type { KeyMessage, OwnKeyMessage } from '../session/session-out.ts';
import { readU32, writeU32 } from '../wire/big-endian.ts';
import type { GroupState } from '../wire/key-delivery.ts';

const SECRET_BYTES = 32;
const IDENTITY_BYTES = 32;

type CommitWanted = Extract<KeyMessage, { type: 'commitWanted' }>;
type Committed = Extract<KeyMessage, { type: 'committed' }>;

interface Group {
  readonly state: GroupState;
  readonly secret: Uint8Array;
  readonly members: readonly string[];
}

/**
 * Stands in for one member's MLS groups in simulations. A commit is a list of who comes and who goes, and a welcome
 * shows the secret to whoever reads it: nothing is secret here, but members agree on a secret exactly if every one of
 * them got the right messages in the right order.
 */
export class ToyGroup {
  readonly counters = { founded: 0, committed: 0, followed: 0, welcomed: 0, outOfStep: 0 };
  readonly #identity: string;
  readonly #rng: Rng;
  readonly #digest: (bytes: Uint8Array) => Uint8Array;
  #channel: number | null = null;
  #group: Group | null = null;
  /** A group we were asked to found, until the relay has taken our word for it. */
  #founding: Group | null = null;
  #packages = 0;

  /** @param options.digest like SHA-256 */
  constructor(options: { identity: string; rng: Rng; digest: (bytes: Uint8Array) => Uint8Array }) {
    this.#identity = options.identity;
    this.#rng = options.rng;
    this.#digest = options.digest;
  }

  /** What the members of a group agree on; null without one. */
  get epoch(): { readonly state: GroupState; readonly secret: string; readonly members: number } | null {
    const group = this.#group;
    if (group === null) return null;
    return { state: group.state, secret: bytesToBase64Url(group.secret), members: group.members.length };
  }

  /** We are in another channel, or in another session: the group stays behind. @returns what to send */
  enter(channel: number | null): OwnKeyMessage[] {
    this.#channel = channel;
    this.#forget();
    return this.#packageFor(channel);
  }

  /** @returns what to send */
  handle(message: KeyMessage): OwnKeyMessage[] {
    const channel = message.type === 'keyPackageWanted' ? message.channel : message.state.channel;
    if (channel !== this.#channel) return [];
    switch (message.type) {
      case 'keyPackageWanted':
        if (message.reset) this.#forget();
        return this.#packageFor(channel);
      case 'commitWanted':
        return this.#commit(message);
      case 'committed':
        return this.#follow(message);
      case 'groupWelcome':
        this.counters.welcomed += 1;
        this.#founding = null;
        this.#group = readWelcome(message.state, message.welcome);
        return [];
    }
  }

  #forget(): void {
    this.#group = null;
    this.#founding = null;
  }

  #packageFor(channel: number | null): OwnKeyMessage[] {
    if (channel === null) return [];
    this.#packages += 1;
    const bytes = new Uint8Array(IDENTITY_BYTES + 4);
    bytes.set(bytesOf(this.#identity));
    writeU32(bytes, IDENTITY_BYTES, this.#packages);
    return [{ type: 'keyPackage', channel, package: bytesToBase64Url(bytes) }];
  }

  #commit(wanted: CommitWanted): OwnKeyMessage[] {
    if (wanted.found) {
      const secret = Uint8Array.from({ length: SECRET_BYTES }, () => Math.floor(this.#rng.next() * 256));
      this.#founding = { state: wanted.state, secret, members: [this.#identity] };
    }
    const group = wanted.found ? this.#founding : this.#group;
    if (group === null || !isSame(group.state, wanted.state)) return this.#outOfStep();
    const added = wanted.add.map(({ identity }) => identity);
    const removed = wanted.found ? [] : wanted.remove;
    const changes = added.length + removed.length > 0;
    const commit = changes ? this.#writeCommit(removed, added) : null;
    const next = commit === null ? group : this.#apply(group, commit);
    return [
      {
        type: 'commit',
        state: wanted.state,
        commit: commit === null ? null : bytesToBase64Url(commit),
        welcome: added.length === 0 ? null : writeWelcome(next),
        skipped: [],
      },
    ];
  }

  #follow(committed: Committed): OwnKeyMessage[] {
    const ownFounding =
      committed.from === this.#identity &&
      this.#founding !== null &&
      isSame(this.#founding.state, committed.state);
    const group = ownFounding ? this.#founding : this.#group;
    if (group === null || !isSame(group.state, committed.state)) return this.#outOfStep();
    if (ownFounding) this.counters.founded += 1;
    else if (committed.from === this.#identity) this.counters.committed += 1;
    else this.counters.followed += 1;
    this.#founding = null;
    this.#group = committed.commit === null ? group : this.#apply(group, bytesOf(committed.commit));
    return [];
  }

  #outOfStep(): OwnKeyMessage[] {
    this.counters.outOfStep += 1;
    this.#group = null;
    return this.#packageFor(this.#channel);
  }

  /** Chance, who goes, who comes. */
  #writeCommit(removed: readonly string[], added: readonly string[]): Uint8Array {
    const bytes = new Uint8Array(8 + IDENTITY_BYTES * (removed.length + added.length));
    writeU32(bytes, 0, Math.floor(this.#rng.next() * 2 ** 32));
    writeU32(bytes, 4, removed.length);
    let at = 8;
    for (const identity of [...removed, ...added]) {
      bytes.set(bytesOf(identity), at);
      at += IDENTITY_BYTES;
    }
    return bytes;
  }

  #apply(group: Group, commit: Uint8Array): Group {
    const identities: string[] = [];
    for (let at = 8; at < commit.length; at += IDENTITY_BYTES)
      identities.push(bytesToBase64Url(commit.subarray(at, at + IDENTITY_BYTES)));
    const removed = identities.splice(0, readU32(commit, 4));
    const members = group.members.filter((identity) => !removed.includes(identity)).concat(identities);
    const mixed = new Uint8Array(group.secret.length + commit.length);
    mixed.set(group.secret);
    mixed.set(commit, group.secret.length);
    const state = { ...group.state, epoch: group.state.epoch + 1 };
    return { state, secret: this.#digest(mixed), members };
  }
}

function isSame(a: GroupState, b: GroupState): boolean {
  return a.channel === b.channel && a.generation === b.generation && a.epoch === b.epoch;
}

function writeWelcome(group: Group): string {
  const bytes = new Uint8Array(SECRET_BYTES + IDENTITY_BYTES * group.members.length);
  bytes.set(group.secret);
  group.members.forEach((identity, at) => {
    bytes.set(bytesOf(identity), SECRET_BYTES + IDENTITY_BYTES * at);
  });
  return bytesToBase64Url(bytes);
}

function readWelcome(state: GroupState, welcome: string): Group {
  const bytes = bytesOf(welcome);
  const members: string[] = [];
  for (let at = SECRET_BYTES; at < bytes.length; at += IDENTITY_BYTES)
    members.push(bytesToBase64Url(bytes.subarray(at, at + IDENTITY_BYTES)));
  return { state, secret: bytes.slice(0, SECRET_BYTES), members };
}

/** Simulated relays pass on what simulated members wrote. */
function bytesOf(text: string): Uint8Array {
  return base64UrlToBytes(text) ?? new Uint8Array();
}
