import type { ClientMessage, RelayMessage } from '../wire/control.ts';
import type { GroupState } from '../wire/key-delivery.ts';
import type { Member } from './room.ts';

/** What a client does with a `commitWanted`. `rubbish`: a commit and a welcome that nobody can use. */
export type Manner = 'honest' | 'silent' | 'nonsense' | 'skipsAll' | 'rubbish';

/** What a commit does. */
export interface Change {
  readonly state: GroupState;
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/** What a welcome leads to, and the packages it is for. */
export interface Entrance {
  readonly members: readonly string[];
  readonly packages: readonly string[];
}

/** What the world around a client gives it. */
export interface ClientWorld {
  readonly changes: ReadonlyMap<string, Change>;
  readonly entrances: ReadonlyMap<string, Entrance>;
  nextNumber(): number;
  /** Keeps what a commit does. @returns its name, which stands for its bytes */
  keep(change: Change): string;
  keepEntrance(entrance: Entrance): string;
  toRelay(client: ScriptedClient, message: ClientMessage): void;
}

/**
 * A client that keeps the rules of MLS without its cryptography: a commit applies to one state only, a welcome opens
 * only with the key package it was made for.
 */
export class ScriptedClient {
  readonly member: Member;
  manner: Manner = 'honest';
  /** Its key packages are no good. */
  badPackages = false;
  /** The group as this client sees it. */
  state: GroupState | null = null;
  members: readonly string[] = [];
  readonly got: RelayMessage[] = [];
  /** When its messages arrive at the earliest: a lane keeps their order. */
  sentMs = 0;
  receivedMs = 0;
  /** The newest key package: a client keeps the secret part of no other. */
  #package: string | null = null;
  #pending: { readonly state: GroupState; readonly members: readonly string[] } | null = null;
  #waitsForWelcome = false;
  readonly #world: ClientWorld;

  constructor(member: Member, world: ClientWorld) {
    this.member = member;
    this.#world = world;
  }

  get identity(): string {
    return this.member.identity;
  }

  count(type: RelayMessage['type']): number {
    return this.got.filter((message) => message.type === type).length;
  }

  sendPackage(channel = this.member.channel?.info.id ?? 0): void {
    const name = `${this.badPackages ? 'bad' : 'package'}-${this.#world.nextNumber()}-${this.identity}`;
    this.#package = name;
    this.#waitsForWelcome = true;
    this.#world.toRelay(this, { type: 'keyPackage', channel, package: name });
  }

  /** Left the channel, or started anew. */
  forget(): void {
    this.state = null;
    this.members = [];
    this.#package = null;
    this.#pending = null;
    this.#waitsForWelcome = false;
  }

  receive(message: RelayMessage): void {
    this.got.push(message);
    const here = this.member.channel?.info.id;
    switch (message.type) {
      case 'keyPackageWanted':
        if (message.channel !== here) return;
        if (message.reset) this.forget();
        if (this.manner !== 'silent') this.sendPackage();
        return;
      case 'commitWanted':
        if (message.state.channel === here && this.manner !== 'silent') this.#answer(message);
        return;
      case 'committed':
        if (message.state.channel === here) this.#apply(message);
        return;
      case 'groupWelcome':
        if (message.state.channel === here) this.#enter(message);
        return;
      case 'refused':
        if (message.code === 'staleCommit') this.#pending = null;
        return;
      default:
    }
  }

  #answer(wanted: Extract<RelayMessage, { type: 'commitWanted' }>): void {
    const { state, found } = wanted;
    if (!found && (this.state === null || !isSame(this.state, state))) {
      this.sendPackage();
      return;
    }
    const skipped = wanted.add
      .filter((item) => item.package.startsWith('bad') || this.manner === 'skipsAll')
      .map((item) => item.identity);
    const adds = wanted.add.filter((item) => !skipped.includes(item.identity));
    const add = adds.map((item) => item.identity);
    const kept = found ? [this.identity] : this.members.filter((name) => !wanted.remove.includes(name));
    const members = [...kept, ...add];
    const changes = add.length > 0 || wanted.remove.length > 0;
    if (found) this.state = state;
    if (found) this.members = [this.identity];
    this.#pending = { state, members };
    const commit =
      this.manner === 'rubbish' ? 'rubbish' : this.#world.keep({ state, add, remove: wanted.remove });
    const welcome =
      this.manner === 'rubbish'
        ? 'rubbish'
        : this.#world.keepEntrance({ members, packages: adds.map((item) => item.package) });
    const nonsense = this.manner === 'nonsense';
    this.#world.toRelay(this, {
      type: 'commit',
      state,
      commit: changes && !nonsense ? commit : null,
      welcome: add.length > 0 ? welcome : null,
      skipped,
    });
  }

  #apply(committed: Extract<RelayMessage, { type: 'committed' }>): void {
    const { state, from, commit } = committed;
    if (this.state === null || state.generation !== this.state.generation) return;
    if (state.epoch < this.state.epoch || commit === null) return;
    const change = this.#world.changes.get(commit);
    let members: readonly string[] | null = null;
    if (from === this.identity && this.#pending !== null && isSame(this.#pending.state, state)) {
      members = this.#pending.members;
    } else if (change !== undefined && isSame(change.state, this.state)) {
      members = [...this.members.filter((name) => !change.remove.includes(name)), ...change.add];
    }
    this.#pending = null;
    if (members === null) {
      // Out of step.
      if (!this.#waitsForWelcome) this.sendPackage();
      return;
    }
    this.members = members;
    this.state = { ...state, epoch: state.epoch + 1 };
  }

  #enter(welcome: Extract<RelayMessage, { type: 'groupWelcome' }>): void {
    const entrance = this.#world.entrances.get(welcome.welcome);
    if (entrance === undefined || this.#package === null || !entrance.packages.includes(this.#package)) {
      this.sendPackage();
      return;
    }
    this.#package = null;
    this.#waitsForWelcome = false;
    this.#pending = null;
    this.members = entrance.members;
    this.state = welcome.state;
  }
}

function isSame(a: GroupState, b: GroupState): boolean {
  return a.generation === b.generation && a.epoch === b.epoch;
}
