import { base64UrlToBytes, bytesToBase64Url } from '../../core/base/base64url.ts';
import { createCounters } from '../../core/base/counters.ts';
import type { KeyMessage, OwnKeyMessage } from '../../core/session/session-engine.ts';
import type { MemberInfo } from '../../core/wire/control.ts';
import { groupIdOf } from '../../core/wire/key-delivery.ts';
import { EpochKeys } from './epoch-keys.ts';
import { isAt, isPast } from './group-state.ts';
import type { GroupPort, VoicePort } from './ports.ts';
import { StrangerWatch } from './stranger-watch.ts';

/** Key messages that wait to be worked off: a storm of joins brings ten a second; more is a relay that floods us. */
export const MAX_WAITING_KEY_MESSAGES = 64;

/** Refusals in a row that are answered by another key package; after that the relay has to ask for one. */
export const MAX_KEY_REFUSALS = 3;

const counterNames = [
  'packagesSent',
  'commitsMade',
  'commitsApplied',
  'welcomesUsed',
  'outOfStep',
  'strangersRefused',
  'foreignMessages',
  'overflow',
  'failures',
] as const;

export interface ChannelKeysOptions {
  readonly createGroup: () => GroupPort;
  /** base64url of our own public key. */
  readonly ownIdentity: () => string;
  readonly members: () => readonly MemberInfo[];
  readonly voice: Pick<VoicePort, 'setEpoch'>;
  /** @returns false when there is no connection: it did not go out */
  readonly send: (message: OwnKeyMessage) => boolean;
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

/** One stay in one channel. What was begun in a stay that is over is dropped, and touches nothing but its own group. */
interface Stay {
  readonly channel: number;
  readonly group: GroupPort;
  /** The commit of ours that waits for the relay's verdict starts from this epoch. */
  offeredEpoch: number | null;
  /** Key packages that the relay refused, one after the other. */
  refusals: number;
  /** A key package was offered, and what it leads to has not come: another one would only undo it. */
  awaitsWelcome: boolean;
  /** Messages were dropped, so we may be out of step. */
  overflowed: boolean;
}

type CommitWanted = Extract<KeyMessage, { type: 'commitWanted' }>;
type Committed = Extract<KeyMessage, { type: 'committed' }>;
type GroupWelcome = Extract<KeyMessage, { type: 'groupWelcome' }>;

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
  readonly #keys: EpochKeys;
  readonly #strangers: StrangerWatch;
  /** Key messages are worked off one after the other: each depends on the state the last one left. */
  #work: Promise<void> = Promise.resolve();
  #waiting = 0;
  #stay: Stay | null = null;

  constructor(options: ChannelKeysOptions) {
    this.#options = options;
    this.#keys = new EpochKeys(options);
    this.#strangers = new StrangerWatch(options.onDidChange);
  }

  /** Identities that hold the channel's keys, our own included. */
  get holders(): ReadonlySet<string> {
    return this.#keys.holders;
  }

  describe(nowMs: number): SealingState {
    const { keys, epoch, groupCode } = this.#keys.current;
    const state = keys.size > 0 ? 'sealed' : 'waiting';
    return { state, epoch, groupCode, strangers: this.#strangers.count(nowMs) };
  }

  /** The session is over, or another one: whatever group we were in, the relay does not know us in it. */
  handleNewSession(): void {
    this.#leave();
  }

  /** The session goes on over another lane: what was sent at the end of the old one may be lost. */
  handleResumed(): void {
    if (this.#stay?.awaitsWelcome === true) this.#enqueue((stay) => this.#offerPackage(stay));
  }

  /** The member list or our own channel changed, while connected. @param channel null: in none */
  handleRoster(channel: number | null, nowMs: number): void {
    if (channel !== (this.#stay?.channel ?? null)) {
      this.#leave();
      if (channel !== null) this.#enter(channel);
    }
    this.#keys.push();
    this.#watchStrangers(nowMs);
  }

  handleMessage(message: KeyMessage): void {
    const stay = this.#stay;
    const channel = message.type === 'keyPackageWanted' ? message.channel : message.state.channel;
    if (stay === null || channel !== stay.channel) {
      this.counters.foreignMessages += 1;
      return;
    }
    if (this.#waiting >= MAX_WAITING_KEY_MESSAGES) {
      this.counters.overflow += 1;
      stay.overflowed = true;
      return;
    }
    switch (message.type) {
      case 'keyPackageWanted':
        stay.refusals = 0;
        if (message.reset) this.#forgetGroup();
        this.#enqueue((current) => this.#offerPackage(current));
        return;
      case 'commitWanted':
        this.#enqueue((current) => this.#makeCommit(current, message));
        return;
      case 'committed':
        this.#enqueue((current) => this.#takeCommit(current, message));
        return;
      case 'groupWelcome':
        this.#enqueue((current) => this.#takeWelcome(current, message));
        return;
    }
  }

  /** The relay had no use for a key message of ours. A stale commit needs nothing: the one that won is on its way. */
  handleRefused(code: 'keyRejected' | 'staleCommit'): void {
    const stay = this.#stay;
    if (code !== 'keyRejected' || stay === null || stay.refusals >= MAX_KEY_REFUSALS) return;
    stay.refusals += 1;
    this.#enqueue((current) => this.#fallBehind(current));
  }

  /**
   * Asks for an epoch of its own. The voice thread died and with it the count of what it sealed: no key it had may
   * seal another packet.
   */
  renew(): void {
    this.#keys.spend();
    this.#enqueue((stay) => this.#offerPackage(stay));
  }

  /** Resolves when everything that came in so far has been worked off. */
  async settled(): Promise<void> {
    await this.#work;
  }

  #enter(channel: number): void {
    this.#stay = {
      channel,
      group: this.#options.createGroup(),
      offeredEpoch: null,
      refusals: 0,
      awaitsWelcome: false,
      overflowed: false,
    };
    this.#enqueue((stay) => this.#offerPackage(stay));
  }

  #leave(): void {
    const stay = this.#stay;
    this.#stay = null;
    this.#dropKeys();
    if (stay !== null) this.#clear(stay);
  }

  #dropKeys(): void {
    this.#keys.drop();
    this.#strangers.clear();
  }

  /** Overwrites the secrets of a stay that is over. */
  #clear(stay: Stay): void {
    stay.group.clear().catch(() => {
      this.counters.failures += 1;
    });
  }

  /** The relay gave the group up. Nothing may be sent from this moment, and no waiting message brings it back. */
  #forgetGroup(): void {
    this.#dropKeys();
    this.#enqueue(async (stay) => {
      await stay.group.clear();
      if (!this.#isOver(stay)) this.#dropKeys();
    });
  }

  #isOver(stay: Stay): boolean {
    return stay !== this.#stay;
  }

  /** Has something done in the stay of now, if it is not over when its turn comes. */
  #enqueue(job: (stay: Stay) => Promise<void>): void {
    const stay = this.#stay;
    if (stay === null) return;
    this.#waiting += 1;
    this.#work = this.#work.then(async () => {
      await this.#do(stay, job);
      this.#waiting -= 1;
      if (this.#isOver(stay)) {
        // The group was cleared when the stay ended, but a job under way may have made something since.
        this.#clear(stay);
        return;
      }
      if (stay.overflowed && this.#waiting === 0) {
        stay.overflowed = false;
        this.#enqueue((current) => this.#fallBehind(current));
      }
      this.#options.onDidChange();
    });
  }

  async #do(stay: Stay, job: (stay: Stay) => Promise<void>): Promise<void> {
    try {
      if (!this.#isOver(stay)) await job(stay);
    } catch {
      // Our own library refusing our own state: counted, and the way out is the same as for any other mismatch.
      this.counters.failures += 1;
      await this.#fallBehind(stay).catch(() => {
        this.counters.failures += 1;
      });
    }
  }

  async #offerPackage(stay: Stay): Promise<void> {
    const bytes = await stay.group.createPackage();
    if (this.#isOver(stay)) return;
    stay.awaitsWelcome = true;
    const keyPackage = bytesToBase64Url(bytes);
    const sent = this.#options.send({ type: 'keyPackage', channel: stay.channel, package: keyPackage });
    if (sent) this.counters.packagesSent += 1;
  }

  async #makeCommit(stay: Stay, wanted: CommitWanted): Promise<void> {
    const { group } = stay;
    await group.rejectOwnCommit();
    if (wanted.found) {
      // A founder starts from a key package of its own that nobody has seen.
      await group.createPackage();
      await group.create(groupIdOf(wanted.state));
    }
    if (this.#isOver(stay)) return;
    if (!isAt(group, wanted.state)) {
      await this.#fallBehind(stay);
      return;
    }
    const { add, refused } = this.#admit(stay, wanted);
    const holders = new Set(group.members().map(bytesToBase64Url));
    const remove = wanted.remove
      .filter((identity) => holders.has(identity))
      .map((identity) => base64UrlToBytes(identity) ?? new Uint8Array());
    const made = add.length + remove.length === 0 ? null : await group.commit({ add, remove });
    if (this.#isOver(stay)) return;
    if (made !== null && !made.ok) {
      await this.#fallBehind(stay);
      return;
    }
    stay.offeredEpoch = wanted.state.epoch;
    this.counters.commitsMade += 1;
    this.#options.send({
      type: 'commit',
      state: wanted.state,
      commit: made?.commit == null ? null : bytesToBase64Url(made.commit),
      welcome: made?.welcome == null ? null : bytesToBase64Url(made.welcome),
      skipped: [...refused, ...(made?.skipped.map(bytesToBase64Url) ?? [])],
    });
  }

  /** Whom of those the relay wants taken in we take in: only whom it shows us as members of the channel. */
  #admit(
    stay: Stay,
    wanted: CommitWanted,
  ): { add: { identity: Uint8Array; keyPackage: Uint8Array }[]; refused: string[] } {
    const add: { identity: Uint8Array; keyPackage: Uint8Array }[] = [];
    const refused: string[] = [];
    for (const candidate of wanted.add) {
      const identity = base64UrlToBytes(candidate.identity);
      const keyPackage = base64UrlToBytes(candidate.package);
      if (identity !== null && keyPackage !== null && this.#isShown(stay, candidate.identity)) {
        add.push({ identity, keyPackage });
      } else {
        this.counters.strangersRefused += 1;
        refused.push(candidate.identity);
      }
    }
    return { add, refused };
  }

  async #takeCommit(stay: Stay, message: Committed): Promise<void> {
    const { group } = stay;
    if (isPast(group, message.state)) return;
    const own = message.from === this.#options.ownIdentity() && stay.offeredEpoch === message.state.epoch;
    stay.offeredEpoch = null;
    const taken = isAt(group, message.state) && (await this.#follow(group, message.commit, own));
    if (!taken) {
      await this.#loseStep(stay);
      return;
    }
    this.counters.commitsApplied += 1;
    await this.#enterEpoch(stay, message.state.generation);
  }

  /** @returns false when the commit did not lead on */
  async #follow(group: GroupPort, text: string | null, own: boolean): Promise<boolean> {
    if (text === null) return true;
    if (own) return group.acceptOwnCommit();
    await group.rejectOwnCommit();
    const commit = base64UrlToBytes(text);
    if (commit === null) return false;
    const result = await group.applyCommit(commit);
    return result.ok && result.outcome === 'advanced';
  }

  async #takeWelcome(stay: Stay, message: GroupWelcome): Promise<void> {
    const { group } = stay;
    const bytes = base64UrlToBytes(message.welcome);
    stay.awaitsWelcome = false;
    const joined = bytes !== null && (await group.join(bytes, groupIdOf(message.state))).ok;
    if (!joined || !isAt(group, message.state)) {
      await this.#loseStep(stay);
      return;
    }
    this.counters.welcomesUsed += 1;
    await this.#enterEpoch(stay, message.state.generation);
  }

  /** The others are in an epoch that we are not in: whoever was put out of the last one shall hear no more of us. */
  async #loseStep(stay: Stay): Promise<void> {
    await stay.group.rejectOwnCommit();
    if (this.#isOver(stay)) return;
    this.#dropKeys();
    if (stay.awaitsWelcome) this.counters.outOfStep += 1;
    else await this.#fallBehind(stay);
  }

  /** The group goes on without us: a fresh key package lets its members take us in again. */
  async #fallBehind(stay: Stay): Promise<void> {
    if (this.#isOver(stay)) return;
    this.counters.outOfStep += 1;
    await this.#offerPackage(stay);
  }

  async #enterEpoch(stay: Stay, generation: number): Promise<void> {
    const { group } = stay;
    const keys = await group.mediaKeys();
    if (this.#isOver(stay)) return;
    const authenticator = group.epochAuthenticator;
    const groupCode = authenticator === null ? '' : this.#options.groupCode(authenticator);
    stay.refusals = 0;
    stay.awaitsWelcome = false;
    this.#keys.enter({ generation, epoch: Number(group.epoch ?? 0n), keys, groupCode });
    this.#watchStrangers(performance.now());
  }

  #isShown(stay: Stay, identity: string): boolean {
    return this.#options
      .members()
      .some((member) => member.identity === identity && member.channel === stay.channel);
  }

  #watchStrangers(nowMs: number): void {
    const stay = this.#stay;
    if (stay !== null)
      this.#strangers.update(this.#keys.holders, (identity) => this.#isShown(stay, identity), nowMs);
  }
}
