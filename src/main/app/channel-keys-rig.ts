import { assert } from '../../core/base/assert.ts';
import { base64UrlToBytes, bytesToBase64Url } from '../../core/base/base64url.ts';
import type { KeyMessage, OwnKeyMessage } from '../../core/session/session-engine.ts';
import { memberFor, simIdentity } from '../../core/sim/sim-room.ts';
import type { MemberInfo } from '../../core/wire/control.ts';
import { type GroupState, groupIdOf } from '../../core/wire/key-delivery.ts';
import { ChannelKeys } from './channel-keys.ts';
import type { MediaKey } from './ports.ts';
import { ToyGroup } from './toy-group.ts';

export const ADA = simIdentity(1);
export const BOB = simIdentity(2);
export const EVE = simIdentity(3);

/** What the voice thread was handed. */
export interface PushedEpoch {
  readonly keyId: number;
  readonly own: string | null;
  /** Token to key. */
  readonly members: ReadonlyMap<number, string>;
}

function hex(key: MediaKey | undefined): string | null {
  return key === undefined ? null : Buffer.from(key.key).toString('hex');
}

function bytesOf(text: string): Uint8Array {
  const bytes = base64UrlToBytes(text);
  assert(bytes !== null, 'tests write base64url');
  return bytes;
}

/** State of the group of channel 1 in the generation the tests found. */
export function stateOf(epoch: number, generation = 7, channel = 1): GroupState {
  return { channel, generation, epoch };
}

/** Ada's keys (token 1), with the relay and everybody else played by the test. */
export class KeysRig {
  members: MemberInfo[] = [memberFor(1), memberFor(2)];
  connected = true;
  readonly sent: OwnKeyMessage[] = [];
  readonly pushed: PushedEpoch[] = [];
  readonly groups: ToyGroup[] = [];
  changes = 0;
  readonly keys = new ChannelKeys({
    createGroup: () => {
      const group = new ToyGroup(ADA);
      this.groups.push(group);
      return group;
    },
    ownIdentity: () => ADA,
    members: () => this.members,
    voice: {
      setEpoch: (keyId, own, members) => {
        this.pushed.push({
          keyId,
          own: own === null ? null : hex(own),
          members: new Map(members.map(([token, key]) => [token, Buffer.from(key).toString('hex')])),
        });
      },
    },
    send: (message) => {
      if (this.connected) this.sent.push(message);
      return this.connected;
    },
    groupCode: (authenticator) => `code ${bytesToBase64Url(authenticator).slice(0, 4)}`,
    onDidChange: () => {
      this.changes += 1;
    },
  });

  get group(): ToyGroup {
    const group = this.groups.at(-1);
    assert(group !== undefined, 'a channel was entered');
    return group;
  }

  get lastPush(): PushedEpoch {
    const push = this.pushed.at(-1);
    assert(push !== undefined, 'keys were pushed');
    return push;
  }

  async roster(channel: number | null = 1): Promise<void> {
    this.keys.handleRoster(channel, performance.now());
    await this.settle();
  }

  async handle(message: KeyMessage): Promise<void> {
    this.keys.handleMessage(message);
    await this.settle();
  }

  /** Until nothing is under way; what a job begins is waited for too. */
  async settle(): Promise<void> {
    for (let round = 0; round < 5; round += 1) await this.keys.settled();
  }

  take<Type extends OwnKeyMessage['type']>(type: Type): Extract<OwnKeyMessage, { type: Type }> {
    const message = this.sent.shift();
    assert(message?.type === type, `expected ${type}, got ${message?.type}`);
    return message as Extract<OwnKeyMessage, { type: Type }>;
  }

  /** Ada founds the group, and nobody else is there. */
  async found(generation = 7): Promise<void> {
    await this.roster();
    this.take('keyPackage');
    const state = stateOf(0, generation);
    await this.handle({ type: 'commitWanted', state, found: true, add: [], remove: [] });
    const { commit, welcome } = this.take('commit');
    assert(commit === null && welcome === null, 'a founder alone has nothing to commit');
    await this.handle({ type: 'committed', state, from: ADA, commit: null });
  }

  /** Bob founds the group and takes Ada in: epoch 1. */
  async welcomedBy(bob = new ToyGroup(BOB)): Promise<ToyGroup> {
    await this.roster();
    const { package: offered } = this.take('keyPackage');
    await bob.createPackage();
    await bob.create(groupIdOf(stateOf(0)));
    await takeIn(bob, ADA, offered, (welcome) =>
      this.handle({ type: 'groupWelcome', state: stateOf(1), welcome }),
    );
    return bob;
  }

  /** Ada makes a commit that takes Bob in, and the relay accepts it. */
  async takeInBob(epoch: number): Promise<ToyGroup> {
    const bob = new ToyGroup(BOB);
    const offered = bytesToBase64Url(await bob.createPackage());
    const state = stateOf(epoch);
    const add = [{ identity: BOB, package: offered }];
    await this.handle({ type: 'commitWanted', state, found: false, add, remove: [] });
    const { commit, welcome } = this.take('commit');
    await this.handle({ type: 'committed', state, from: ADA, commit });
    const joined = await bob.join(bytesOf(welcome ?? ''), groupIdOf(state));
    assert(joined.ok, 'the welcome leads into the group');
    return bob;
  }
}

/** A commit by `group` that takes somebody in; `deliver` gets the welcome. */
export async function takeIn(
  group: ToyGroup,
  identity: string,
  offered: string,
  deliver: (welcome: string) => Promise<void>,
): Promise<string> {
  const made = await group.commit({
    add: [{ identity: bytesOf(identity), keyPackage: bytesOf(offered) }],
    remove: [],
  });
  assert(made.ok && made.commit !== null && made.welcome !== null, 'a toy takes a toy in');
  await group.acceptOwnCommit();
  await deliver(bytesToBase64Url(made.welcome));
  return bytesToBase64Url(made.commit);
}

/** The commit of a change by `group`, accepted by it. */
export async function change(group: ToyGroup, remove: readonly string[]): Promise<string> {
  const made = await group.commit({ add: [], remove: remove.map(bytesOf) });
  assert(made.ok && made.commit !== null, 'there was something to change');
  await group.acceptOwnCommit();
  return bytesToBase64Url(made.commit);
}

/** The key of one member, as that group has it. */
export async function keyOf(group: ToyGroup, identity: string): Promise<string | null> {
  return hex((await group.mediaKeys()).get(identity));
}
