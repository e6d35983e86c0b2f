import { base64UrlToBytes, bytesToBase64Url } from '../../core/base/base64url.ts';
import { createCounters } from '../../core/base/counters.ts';
import type { KeyMessage, OwnKeyMessage } from '../../core/session/session-engine.ts';
import type { MemberInfo } from '../../core/wire/control.ts';
import type { GroupState } from '../../core/wire/key-delivery.ts';
import type { GroupPort, MediaKey, VoicePort } from './ports.ts';

/**
 * A holder of keys whom the member list does not show is a stranger after this long, in ms: whoever leaves is off the
 * list at once and out of the group within a second.
 */
export const STRANGER_AFTER_MS = 3_000;

const GROUP_LABEL = 'sidetone group 1';

const counterNames = [
  'packagesSent',
  'commitsMade',
  'commitsApplied',
  'welcomesUsed',
  'outOfStep',
  'strangersRefused',
  'foreignMessages',
  'failures',
] as const;

export interface ChannelKeysOptions {
  readonly createGroup: () => GroupPort;
  /** base64url of our own public key. */
  readonly ownIdentity: () => string;
  readonly members: () => readonly MemberInfo[];
  readonly voice: Pick<VoicePort, 'setEpoch'>;
  readonly send: (message: OwnKeyMessage) => void;
  /** Safety digits for a whole channel, out of the epoch's authenticator. */
  readonly groupCode: (epochAuthenticator: Uint8Array) => string;
  readonly onDidChange: () => void;
}

/** What the window shows of the keys. */
export interface SealingState {
  readonly state: 'sealed' | 'waiting';
  readonly epoch: number;
  readonly groupCode: string;
  readonly strangers: number;
}

/**
 * Keeps us in the key group of the channel we are in: offers a key package on entering, makes commits when the relay
 * asks, applies those of others, and hands each epoch's keys to the voice thread.
 *
 * The relay is not trusted: it orders and delivers, but we let nobody in whom it does not show as a member of the
 * channel, and whoever holds keys without being shown is counted as a stranger.
 */
export class ChannelKeys {
  readonly counters = createCounters(counterNames);
  readonly #options: ChannelKeysOptions;
  /** Key messages are worked off one after the other: each depends on the state the last one left. */
  #work: Promise<void> = Promise.resolve();
  /** Counts channels entered; work begun for another one is dropped. */
  #visit = 0;
  #channel: number | null = null;
  #group: GroupPort | null = null;
  #generation = 0;
  /** The commit of ours that waits for the relay's verdict starts from this epoch. */
  #offeredEpoch: number | null = null;
  #keys = new Map<string, MediaKey>();
  #epoch = 0;
  #groupCode = '';
  #pushed = '';
  readonly #unshownSinceMs = new Map<string, number>();
  #strangerTimer: NodeJS.Timeout | null = null;

  constructor(options: ChannelKeysOptions) {
    this.#options = options;
  }

  /** Identities that hold the channel's keys, our own included. */
  get holders(): ReadonlySet<string> {
    return new Set(this.#keys.keys());
  }

  describe(nowMs: number): SealingState {
    let strangers = 0;
    for (const sinceMs of this.#unshownSinceMs.values())
      if (nowMs - sinceMs >= STRANGER_AFTER_MS) strangers += 1;
    const state = this.#keys.size > 0 ? 'sealed' : 'waiting';
    return { state, epoch: this.#epoch, groupCode: this.#groupCode, strangers };
  }

  /** The session is another one: whatever group we were in, the relay does not know us in it. */
  handleNewSession(): void {
    this.#leave();
  }

  /** The member list or our own channel changed. @param channel null: in none, or not connected */
  handleRoster(channel: number | null, nowMs: number): void {
    if (channel !== this.#channel) {
      this.#leave();
      this.#channel = channel;
      if (channel !== null) this.#enqueue(() => this.#offerPackage());
    }
    this.#pushKeys();
    this.#watchStrangers(nowMs);
  }

  handleMessage(message: KeyMessage): void {
    const channel = message.type === 'keyPackageWanted' ? message.channel : message.state.channel;
    if (channel !== this.#channel) {
      this.counters.foreignMessages += 1;
      return;
    }
    switch (message.type) {
      case 'keyPackageWanted':
        if (message.reset) this.#dropKeys();
        this.#enqueue(() => this.#offerPackage());
        return;
      case 'commitWanted':
        this.#enqueue(() => this.#makeCommit(message));
        return;
      case 'committed':
        this.#enqueue(() => this.#takeCommit(message));
        return;
      case 'groupWelcome':
        this.#enqueue(() => this.#takeWelcome(message.state, message.welcome));
        return;
    }
  }

  /** The relay had no use for a key message of ours. A stale commit needs nothing: the one that won is on its way. */
  handleRefused(code: 'keyRejected' | 'staleCommit'): void {
    if (code === 'keyRejected' && this.#channel !== null) this.#enqueue(() => this.#fallBehind());
  }

  /**
   * Asks for an epoch of its own. The voice thread died and with it the count of what it sealed: no key it had may
   * seal another packet.
   */
  renew(): void {
    if (this.#channel === null) return;
    this.#pushed = '';
    this.#enqueue(() => this.#offerPackage());
  }

  /** Nothing more comes of this object. */
  close(): void {
    this.#leave();
    this.#channel = null;
  }

  /** Resolves when everything that came in so far has been worked off. */
  async settled(): Promise<void> {
    await this.#work;
  }

  #enqueue(job: () => Promise<void>): void {
    const visit = this.#visit;
    this.#work = this.#work.then(async () => {
      if (visit !== this.#visit) return;
      try {
        await job();
      } catch {
        // Our own library refusing our own state: counted, and the way out is the same as for any other mismatch.
        this.counters.failures += 1;
      }
      if (visit === this.#visit) this.#options.onDidChange();
    });
  }

  #leave(): void {
    this.#visit += 1;
    this.#channel = null;
    void this.#group?.clear();
    this.#group = null;
    this.#offeredEpoch = null;
    this.#dropKeys();
  }

  #dropKeys(): void {
    this.#keys.clear();
    this.#groupCode = '';
    this.#epoch = 0;
    this.#unshownSinceMs.clear();
    if (this.#pushed !== '') this.#options.voice.setEpoch(0, null, []);
    this.#pushed = '';
  }

  async #offerPackage(): Promise<void> {
    const channel = this.#channel;
    if (channel === null) return;
    this.#group ??= this.#options.createGroup();
    const visit = this.#visit;
    const bytes = await this.#group.createPackage();
    if (visit !== this.#visit) return;
    this.counters.packagesSent += 1;
    this.#options.send({ type: 'keyPackage', channel, package: bytesToBase64Url(bytes) });
  }

  async #makeCommit(wanted: Extract<KeyMessage, { type: 'commitWanted' }>): Promise<void> {
    const visit = this.#visit;
    this.#group ??= this.#options.createGroup();
    const group = this.#group;
    await group.rejectOwnCommit();
    if (wanted.found) {
      // A founder starts from a key package of its own that nobody has seen.
      await group.createPackage();
      await group.create(groupId(wanted.state));
      this.#generation = wanted.state.generation;
    } else if (!this.#isAt(wanted.state)) {
      await this.#fallBehind();
      return;
    }
    const skipped: string[] = [];
    const add: { identity: Uint8Array; keyPackage: Uint8Array }[] = [];
    for (const candidate of wanted.add) {
      const identity = base64UrlToBytes(candidate.identity);
      const bytes = base64UrlToBytes(candidate.package);
      if (identity !== null && bytes !== null && this.#isShown(candidate.identity)) {
        add.push({ identity, keyPackage: bytes });
      } else {
        // The relay wants somebody in whom it does not show us.
        this.counters.strangersRefused += 1;
        skipped.push(candidate.identity);
      }
    }
    const holders = new Set(group.members().map(bytesToBase64Url));
    const remove = wanted.remove
      .filter((identity) => holders.has(identity))
      .map((identity) => base64UrlToBytes(identity) ?? new Uint8Array());
    const made = add.length + remove.length === 0 ? null : await group.commit({ add, remove });
    if (visit !== this.#visit) return;
    if (made !== null && !made.ok) {
      await this.#fallBehind();
      return;
    }
    this.#offeredEpoch = wanted.state.epoch;
    this.counters.commitsMade += 1;
    this.#options.send({
      type: 'commit',
      state: wanted.state,
      commit: made?.commit == null ? null : bytesToBase64Url(made.commit),
      welcome: made?.welcome == null ? null : bytesToBase64Url(made.welcome),
      skipped: [...skipped, ...(made?.skipped.map(bytesToBase64Url) ?? [])],
    });
  }

  async #takeCommit(message: Extract<KeyMessage, { type: 'committed' }>): Promise<void> {
    const group = this.#group;
    const own = message.from === this.#options.ownIdentity() && this.#offeredEpoch === message.state.epoch;
    this.#offeredEpoch = null;
    if (group === null || !this.#isAt(message.state)) {
      await group?.rejectOwnCommit();
      await this.#fallBehind();
      return;
    }
    if (message.commit !== null) {
      const taken = own ? await group.acceptOwnCommit() : await this.#apply(group, message.commit);
      if (!taken) {
        await this.#fallBehind();
        return;
      }
    }
    this.counters.commitsApplied += 1;
    await this.#enterEpoch(group);
  }

  /** @returns false when the commit did not lead on */
  async #apply(group: GroupPort, text: string): Promise<boolean> {
    await group.rejectOwnCommit();
    const commit = base64UrlToBytes(text);
    if (commit === null) return false;
    const result = await group.applyCommit(commit);
    return result.ok && result.outcome === 'advanced';
  }

  async #takeWelcome(state: GroupState, welcome: string): Promise<void> {
    const group = this.#group;
    const bytes = base64UrlToBytes(welcome);
    if (group === null || bytes === null) return;
    const result = await group.join(bytes, groupId(state));
    this.#generation = state.generation;
    if (!result.ok || !this.#isAt(state)) {
      await this.#fallBehind();
      return;
    }
    this.counters.welcomesUsed += 1;
    await this.#enterEpoch(group);
  }

  /** The group went on without us: a fresh key package lets its members take us in again. */
  async #fallBehind(): Promise<void> {
    this.counters.outOfStep += 1;
    await this.#offerPackage();
  }

  async #enterEpoch(group: GroupPort): Promise<void> {
    const visit = this.#visit;
    const keys = await group.mediaKeys();
    const authenticator = group.epochAuthenticator;
    if (visit !== this.#visit) return;
    this.#keys = new Map(keys);
    this.#epoch = Number(group.epoch ?? 0n);
    this.#groupCode = authenticator === null ? '' : this.#options.groupCode(authenticator);
    this.#pushKeys();
    this.#watchStrangers(performance.now());
  }

  /** Hands the keys to the voice thread, under the tokens their holders have now. */
  #pushKeys(): void {
    if (this.#keys.size === 0) return;
    const ownIdentity = this.#options.ownIdentity();
    const members: [number, Uint8Array, Uint8Array][] = [];
    for (const member of this.#options.members()) {
      const key = this.#keys.get(member.identity);
      if (key !== undefined && member.identity !== ownIdentity)
        members.push([member.token, key.key, key.salt]);
    }
    const name = `${this.#generation}/${this.#epoch}/${members.map(([token]) => token).join(',')}`;
    if (name === this.#pushed) return;
    this.#pushed = name;
    const keyId = (this.#generation + this.#epoch) & 0xff;
    this.#options.voice.setEpoch(keyId, this.#keys.get(ownIdentity) ?? null, members);
  }

  #isAt(state: GroupState): boolean {
    const group = this.#group;
    if (group?.groupId == null || group.epoch !== BigInt(state.epoch)) return false;
    return bytesToBase64Url(group.groupId) === bytesToBase64Url(groupId(state));
  }

  #isShown(identity: string): boolean {
    return this.#options
      .members()
      .some((member) => member.identity === identity && member.channel === this.#channel);
  }

  #watchStrangers(nowMs: number): void {
    if (this.#strangerTimer !== null) clearTimeout(this.#strangerTimer);
    this.#strangerTimer = null;
    for (const identity of this.#keys.keys()) {
      if (this.#isShown(identity)) this.#unshownSinceMs.delete(identity);
      else if (!this.#unshownSinceMs.has(identity)) this.#unshownSinceMs.set(identity, nowMs);
    }
    for (const identity of [...this.#unshownSinceMs.keys()])
      if (!this.#keys.has(identity)) this.#unshownSinceMs.delete(identity);
    if (this.#unshownSinceMs.size === 0) return;
    this.#strangerTimer = setTimeout(() => this.#options.onDidChange(), STRANGER_AFTER_MS);
    this.#strangerTimer.unref();
  }
}

/** Names the group of a channel in one generation, the same for all its members. */
function groupId(state: GroupState): Uint8Array {
  const id = new Uint8Array(GROUP_LABEL.length + 9);
  for (let at = 0; at < GROUP_LABEL.length; at += 1) id[at] = GROUP_LABEL.charCodeAt(at);
  const view = new DataView(id.buffer);
  view.setUint32(GROUP_LABEL.length + 1, state.channel);
  view.setUint32(GROUP_LABEL.length + 5, state.generation);
  return id;
}
