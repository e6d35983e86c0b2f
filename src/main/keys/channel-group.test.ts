import fc from 'fast-check';
import type { Extension, MLSMessage, Proposal, ProposalOrRef } from 'ts-mls';
import { decodeMlsMessage, encodeMlsMessage } from 'ts-mls/message.js';
import { describe, expect, it } from 'vitest';
import { bytesToBase64Url } from '../../core/base/base64url.ts';
import {
  MAX_ADDS_PER_COMMIT,
  MAX_COMMIT_BYTES,
  MAX_KEY_PACKAGE_BYTES,
  MAX_WELCOME_BYTES,
} from '../../core/wire/key-delivery.ts';
import { ChannelGroup } from './channel-group.ts';
import type { MembershipChange } from './group-commit.ts';
import { SUITE } from './group-suite.ts';
import { createIdentity, type Identity } from './identity.ts';

const GROUP_ID = Uint8Array.of(1, 2, 3);

interface Member {
  readonly identity: Identity;
  readonly group: ChannelGroup;
}

function createMember(identity = createIdentity()): Member {
  return { identity, group: new ChannelGroup(identity) };
}

async function newcomer(member: Member) {
  return { identity: member.identity.publicKey, keyPackage: await member.group.createPackage() };
}

async function found(): Promise<Member> {
  const founder = createMember();
  await founder.group.createPackage();
  await founder.group.create(GROUP_ID);
  return founder;
}

async function prepare(member: Member, change: Partial<MembershipChange>) {
  const result = await member.group.commit({ add: [], remove: [], ...change });
  if (!result.ok) throw new Error(`no commit: ${result.reason}`);
  return result;
}

function needed(bytes: Uint8Array | null): Uint8Array {
  if (bytes === null) throw new Error('expected a message');
  return bytes;
}

/** What the relay does with a commit: everybody applies it, newcomers join. */
async function carryOut(
  committer: Member,
  others: readonly Member[],
  change: { add?: readonly Member[]; remove?: readonly Member[] },
): Promise<void> {
  const add = await Promise.all((change.add ?? []).map(newcomer));
  const remove = (change.remove ?? []).map((member) => member.identity.publicKey);
  const { commit, welcome, skipped } = await prepare(committer, { add, remove });
  expect(skipped).toEqual([]);
  for (const other of others) {
    const removed = change.remove?.includes(other) === true;
    const outcome = removed ? 'removed' : 'advanced';
    expect(await other.group.applyCommit(needed(commit))).toEqual({ ok: true, outcome });
  }
  expect(await committer.group.acceptOwnCommit()).toBe(true);
  for (const joiner of change.add ?? [])
    expect(await joiner.group.join(needed(welcome), GROUP_ID)).toEqual({ ok: true });
}

/** A group whose first member commits for all; members joined in one commit. */
async function groupOf(size: number): Promise<Member[]> {
  const founder = await found();
  const others = Array.from({ length: size - 1 }, () => createMember());
  await carryOut(founder, [], { add: others });
  return [founder, ...others];
}

async function keysOf(member: Member): Promise<string[]> {
  const keys = await member.group.mediaKeys();
  return [...keys].map(
    ([identity, { key, salt }]) => `${identity} ${bytesToBase64Url(key)} ${bytesToBase64Url(salt)}`,
  );
}

/** All are in one epoch, with these members and the same, pairwise different keys. */
async function expectTogether(members: readonly Member[]): Promise<void> {
  const names = members.map((member) => bytesToBase64Url(member.identity.publicKey)).sort();
  const reference = (await keysOf(members[0] ?? createMember())).sort();
  expect(new Set(reference.map((line) => line.split(' ')[1])).size).toBe(members.length);
  for (const { group } of members) {
    expect(group.members().map(bytesToBase64Url).sort()).toEqual(names);
    expect(group.epoch).toBe(members[0]?.group.epoch);
    expect(group.epochAuthenticator).toEqual(members[0]?.group.epochAuthenticator);
  }
  for (const member of members) expect((await keysOf(member)).sort()).toEqual(reference);
}

describe('ChannelGroup', () => {
  it('takes members in and out, one commit after another, by different committers', async () => {
    const [ann, ben, cem, dag, eve] = [await found(), ...Array.from({ length: 4 }, () => createMember())];
    if (!ben || !cem || !dag || !eve) throw new Error('five members');
    await expectTogether([ann]);
    await carryOut(ann, [], { add: [ben] });
    await expectTogether([ann, ben]);
    await carryOut(ben, [ann], { add: [cem, dag] });
    await expectTogether([ann, ben, cem, dag]);
    await carryOut(dag, [ann, ben, cem], { add: [eve], remove: [ben] });
    await expectTogether([ann, cem, dag, eve]);
    expect(ben.group.epoch).toBeNull();
    expect(await keysOf(ben)).toEqual([]);
    await carryOut(eve, [ann, cem, dag], { remove: [ann] });
    await expectTogether([cem, dag, eve]);
    await carryOut(cem, [dag, eve], { add: [ann, ben] });
    await expectTogether([ann, ben, cem, dag, eve]);
    expect(ann.group.groupId).toEqual(GROUP_ID);
  });

  it('takes a member in anew in one commit, told to remove it or not', async () => {
    const [ann, ben, cem] = await groupOf(3);
    if (!ann || !ben || !cem) throw new Error('three members');
    for (const remove of [[ben.identity.publicKey], []]) {
      const back = createMember(ben.identity);
      const { commit, welcome, skipped } = await prepare(ann, { add: [await newcomer(back)], remove });
      expect(skipped).toEqual([]);
      expect(await cem.group.applyCommit(needed(commit))).toEqual({ ok: true, outcome: 'advanced' });
      await ann.group.acceptOwnCommit();
      expect(await back.group.join(needed(welcome), GROUP_ID)).toEqual({ ok: true });
      await expectTogether([ann, back, cem]);
    }
  });

  it('lets the first of two commits win, and the other be made again', async () => {
    const [ann, ben, cem] = await groupOf(3);
    const [dag, eve] = [createMember(), createMember()];
    if (!ann || !ben || !cem) throw new Error('three members');
    const first = await prepare(ann, { add: [await newcomer(dag)] });
    const second = await prepare(ben, { add: [await newcomer(eve)] });
    const epoch = ann.group.epoch;
    expect(ann.group.epoch).toBe(epoch);
    await ann.group.acceptOwnCommit();
    await ben.group.rejectOwnCommit();
    expect(await ben.group.acceptOwnCommit()).toBe(false);
    for (const other of [ben, cem])
      expect((await other.group.applyCommit(needed(first.commit))).ok).toBe(true);
    expect(await dag.group.join(needed(first.welcome), GROUP_ID)).toEqual({ ok: true });
    expect(await ann.group.applyCommit(needed(second.commit))).toEqual({ ok: false, reason: 'wrongEpoch' });
    await expectTogether([ann, ben, cem, dag]);
    await carryOut(ben, [ann, cem, dag], { add: [eve] });
    await expectTogether([ann, ben, cem, dag, eve]);
  });

  it('drops its own commit when another is applied', async () => {
    const [ann, ben] = await groupOf(2);
    if (!ann || !ben) throw new Error('two members');
    await prepare(ben, { remove: [ann.identity.publicKey] });
    await carryOut(ann, [ben], { add: [createMember()] });
    expect(await ben.group.acceptOwnCommit()).toBe(false);
    expect(ben.group.members().length).toBe(3);
  });

  it('applies commits in order only', async () => {
    const [ann, ben, cem] = await groupOf(3);
    if (!ann || !ben || !cem) throw new Error('three members');
    const one = await prepare(ann, { add: [await newcomer(createMember())] });
    await ann.group.acceptOwnCommit();
    const two = await prepare(ann, { remove: [cem.identity.publicKey] });
    await ann.group.acceptOwnCommit();
    expect(await ben.group.applyCommit(needed(two.commit))).toEqual({ ok: false, reason: 'wrongEpoch' });
    expect((await ben.group.applyCommit(needed(one.commit))).ok).toBe(true);
    expect(await ben.group.applyCommit(needed(one.commit))).toEqual({ ok: false, reason: 'wrongEpoch' });
    expect((await ben.group.applyCommit(needed(two.commit))).ok).toBe(true);
    expect(await keysOf(ben)).toEqual(await keysOf(ann));
  });

  it('works calls off in the order they came, however fast they come', async () => {
    const [ann, ben] = await groupOf(2);
    if (!ann || !ben) throw new Error('two members');
    const commits: Uint8Array[] = [];
    for (let round = 0; round < 3; round += 1) {
      const { commit } = await prepare(ann, { add: [await newcomer(createMember())] });
      await ann.group.acceptOwnCommit();
      commits.push(needed(commit));
    }
    const results = await Promise.all(commits.map((commit) => ben.group.applyCommit(commit)));
    expect(results.every((result) => result.ok)).toBe(true);
    expect(await keysOf(ben)).toEqual(await keysOf(ann));
  });

  it('gives a former member no key of the next epoch, with all that was sent', async () => {
    const [ann, ben, cem] = await groupOf(3);
    if (!ann || !ben || !cem) throw new Error('three members');
    const before = await keysOf(cem);
    const { commit } = await prepare(ann, { remove: [cem.identity.publicKey] });
    await ann.group.acceptOwnCommit();
    expect((await ben.group.applyCommit(needed(commit))).ok).toBe(true);
    // A member who plays foul keeps its state and does not heed that it was removed: nothing in the commit is for it.
    const after = await keysOf(ben);
    expect(after.filter((line) => before.includes(line))).toEqual([]);
    expect(await cem.group.applyCommit(needed(commit))).toEqual({ ok: true, outcome: 'removed' });
    expect(await keysOf(cem)).toEqual([]);
    expect(await cem.group.applyCommit(needed(commit))).toEqual({ ok: false, reason: 'noGroup' });
  });

  it('changes every key with every epoch, also when somebody only comes in', async () => {
    const [ann, ben] = await groupOf(2);
    if (!ann || !ben) throw new Error('two members');
    const before = await keysOf(ann);
    await carryOut(ann, [ben], { add: [createMember()] });
    expect((await keysOf(ann)).filter((line) => before.includes(line))).toEqual([]);
  });

  it('forgets everything when cleared', async () => {
    const [ann] = await groupOf(2);
    if (!ann) throw new Error('a member');
    await ann.group.clear();
    expect([ann.group.epoch, ann.group.groupId, ann.group.epochAuthenticator]).toEqual([null, null, null]);
    expect(await ann.group.commit({ add: [], remove: [] })).toEqual({ ok: false, reason: 'noGroup' });
    expect(ann.identity.seed.some((byte) => byte !== 0)).toBe(true);
  });
});

describe('ChannelGroup, bad key packages', () => {
  it('passes them over and takes the others in', async () => {
    const [ann, ben] = await groupOf(2);
    const [good, other, stranger] = [createMember(), createMember(), createMember()];
    if (!ann || !ben) throw new Error('two members');
    const flipped = await newcomer(other);
    flipped.keyPackage[flipped.keyPackage.length - 1] = (flipped.keyPackage.at(-1) ?? 0) ^ 1;
    const borrowed = { ...(await newcomer(createMember())), identity: stranger.identity.publicKey };
    const noise = { identity: createIdentity().publicKey, keyPackage: Uint8Array.of(1, 2, 3) };
    const own = {
      identity: ann.identity.publicKey,
      keyPackage: await createMember(ann.identity).group.createPackage(),
    };
    const huge = { ...noise, keyPackage: new Uint8Array(MAX_KEY_PACKAGE_BYTES + 1) };
    const accepted = await newcomer(good);
    const add = [flipped, borrowed, accepted, noise, own, huge, accepted];
    const { commit, welcome, skipped } = await prepare(ann, { add });
    const bad = [borrowed, noise, own, huge, accepted, flipped];
    expect(skipped).toEqual(bad.map(({ identity }) => identity));
    expect((await ben.group.applyCommit(needed(commit))).ok).toBe(true);
    await ann.group.acceptOwnCommit();
    expect((await good.group.join(needed(welcome), GROUP_ID)).ok).toBe(true);
    await expectTogether([ann, ben, good]);
  });

  it('passes over keys that cannot be sealed to, or that another leaf has', async () => {
    const ann = await found();
    const dag = createMember();
    await carryOut(ann, [], { add: [createMember()] });
    const { keyPackage, identity } = await newcomer(dag);
    // An X25519 key of zeros has no shared secret. The signatures break too, but this is judged before them.
    for (const at of keyOffsets(keyPackage)) {
      const zeroed = Uint8Array.from(keyPackage).fill(0, at, at + 32);
      const result = await prepare(ann, { add: [{ identity, keyPackage: zeroed }] });
      expect(result).toMatchObject({ commit: null, welcome: null, skipped: [identity] });
    }
  });

  it('has nothing to commit when nobody is left to come or go', async () => {
    const ann = await found();
    const remove = [createIdentity().publicKey, ann.identity.publicKey];
    expect(await prepare(ann, { remove })).toEqual({ ok: true, commit: null, welcome: null, skipped: [] });
    expect(await ann.group.acceptOwnCommit()).toBe(false);
    const tooMany = Array.from({ length: MAX_ADDS_PER_COMMIT + 1 }, () => ({
      identity: ann.identity.publicKey,
      keyPackage: new Uint8Array(1),
    }));
    await expect(ann.group.commit({ add: tooMany, remove: [] })).rejects.toThrow('newcomers');
  });
});

/** Where the init key and the leaf's key stand in an encoded key package: both are preceded by their length, 32. */
function keyOffsets(keyPackage: Uint8Array): number[] {
  const message = decode(keyPackage);
  if (message.wireformat !== 'mls_key_package') throw new Error('expected a key package');
  const { initKey, leafNode } = message.keyPackage;
  return [initKey, leafNode.hpkePublicKey].map((key) => Buffer.from(keyPackage).indexOf(key));
}

function decode(bytes: Uint8Array): MLSMessage {
  const decoded = decodeMlsMessage(bytes, 0);
  if (decoded === undefined) throw new Error('expected a message');
  return decoded[0];
}

describe('ChannelGroup, hostile messages', () => {
  it('refuses a welcome for somebody else, for another group, or without a package', async () => {
    const ann = await found();
    const [ben, cem] = [createMember(), createMember()];
    const { welcome } = await prepare(ann, { add: [await newcomer(ben)] });
    const bytes = needed(welcome);
    expect(await cem.group.join(bytes, GROUP_ID)).toEqual({ ok: false, reason: 'noPackage' });
    await cem.group.createPackage();
    expect(await cem.group.join(bytes, GROUP_ID)).toEqual({ ok: false, reason: 'notForUs' });
    expect(await ben.group.join(bytes, Uint8Array.of(9))).toEqual({ ok: false, reason: 'wrongGroup' });
    expect(await ben.group.join(new Uint8Array(MAX_WELCOME_BYTES + 1), GROUP_ID)).toEqual({
      ok: false,
      reason: 'tooLong',
    });
    expect(await ben.group.join(bytes, GROUP_ID)).toEqual({ ok: true });
    expect(await ben.group.join(bytes, GROUP_ID)).toEqual({ ok: false, reason: 'noPackage' });
  });

  it('refuses commits of another group, too long ones, and messages that are no commits', async () => {
    const [ann, ben] = await groupOf(2);
    const stranger = createMember();
    if (!ann || !ben) throw new Error('two members');
    await stranger.group.createPackage();
    await stranger.group.create(Uint8Array.of(7));
    const { commit } = await prepare(stranger, { add: [await newcomer(createMember())] });
    expect(await ben.group.applyCommit(needed(commit))).toEqual({ ok: false, reason: 'wrongGroup' });
    expect(await ben.group.applyCommit(new Uint8Array(MAX_COMMIT_BYTES + 1))).toEqual({
      ok: false,
      reason: 'tooLong',
    });
    const { keyPackage } = await newcomer(createMember());
    expect(await ben.group.applyCommit(keyPackage)).toEqual({ ok: false, reason: 'malformed' });
    expect(await ben.group.applyCommit(Uint8Array.of(...keyPackage, 0))).toEqual({
      ok: false,
      reason: 'malformed',
    });
  });

  it('refuses proposals by reference and of kinds we do not use', async () => {
    const [ann, ben] = await groupOf(2);
    if (!ann || !ben) throw new Error('two members');
    const { commit } = await prepare(ann, { add: [await newcomer(createMember())] });
    const message = decode(needed(commit));
    if (message.wireformat !== 'mls_public_message') throw new Error('expected a public message');
    const { content } = message.publicMessage;
    if (content.contentType !== 'commit') throw new Error('expected a commit');
    const extensions: Extension[] = [];
    const proposals: Proposal[] = [
      { proposalType: 'group_context_extensions', groupContextExtensions: { extensions } },
      {
        proposalType: 'reinit',
        reinit: { groupId: GROUP_ID, version: 'mls10', cipherSuite: SUITE, extensions },
      },
      { proposalType: 'external_init', externalInit: { kemOutput: new Uint8Array(32) } },
    ];
    const forbidden: ProposalOrRef[] = [
      { proposalOrRefType: 'reference', reference: new Uint8Array(32) },
      ...proposals.map((proposal) => ({ proposalOrRefType: 'proposal', proposal }) as const),
    ];
    for (const entry of forbidden) {
      const changed = { ...content, commit: { ...content.commit, proposals: [entry] } };
      const bytes = encodeMlsMessage({
        ...message,
        publicMessage: { ...message.publicMessage, content: changed },
      });
      expect(await ben.group.applyCommit(bytes)).toEqual({ ok: false, reason: 'forbidden' });
    }
    const outside = { ...content, sender: { senderType: 'new_member_commit' } } as const;
    const { auth } = message.publicMessage;
    const external = { content: outside, auth, senderType: 'new_member_commit' } as const;
    const bytes = encodeMlsMessage({ ...message, publicMessage: external });
    expect(await ben.group.applyCommit(bytes)).toEqual({ ok: false, reason: 'forbidden' });
  });

  it('survives any change to a commit, and still applies the real one', async () => {
    const [ann, ben, cem] = await groupOf(3);
    if (!ann || !ben || !cem) throw new Error('three members');
    const { commit } = await prepare(ann, { remove: [cem.identity.publicKey] });
    const real = needed(commit);
    const before = await keysOf(ben);
    await fc.assert(
      fc.asyncProperty(fc.nat(real.length * 8 - 1), fc.option(fc.nat(real.length - 1)), async (bit, cut) => {
        const changed = Uint8Array.from(real);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const result = await ben.group.applyCommit(cut === null ? changed : real.subarray(0, cut));
        expect(result.ok).toBe(false);
        expect(await keysOf(ben)).toEqual(before);
      }),
      { numRuns: 60 },
    );
    expect(await ben.group.applyCommit(real)).toEqual({ ok: true, outcome: 'advanced' });
  });

  it('survives any change to a welcome, and still joins by the real one', async () => {
    const ann = await found();
    const ben = createMember();
    const { welcome } = await prepare(ann, { add: [await newcomer(ben)] });
    const real = needed(welcome);
    await fc.assert(
      fc.asyncProperty(fc.nat(real.length * 8 - 1), fc.option(fc.nat(real.length - 1)), async (bit, cut) => {
        const changed = Uint8Array.from(real);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const result = await ben.group.join(cut === null ? changed : real.subarray(0, cut), GROUP_ID);
        expect(result.ok).toBe(false);
        expect(ben.group.epoch).toBeNull();
      }),
      { numRuns: 60 },
    );
    await ann.group.acceptOwnCommit();
    expect(await ben.group.join(real, GROUP_ID)).toEqual({ ok: true });
    await expectTogether([ann, ben]);
  });

  it('survives noise', async () => {
    const [ann] = await groupOf(2);
    if (!ann) throw new Error('a member');
    await ann.group.createPackage();
    const epoch = ann.group.epoch;
    // Half of it begins like a real message, to get past the first look.
    const kinds = fc.constantFrom<number[]>(
      [],
      [0, 1, 0, 1, 3, 1, 2, 3],
      [0, 1, 0, 3, 0, 1],
      [0, 1, 0, 5, 0, 1, 0, 1],
    );
    await fc.assert(
      fc.asyncProperty(kinds, fc.uint8Array({ maxLength: 200 }), async (prefix, noise) => {
        const bytes = Uint8Array.of(...prefix, ...noise);
        expect((await ann.group.applyCommit(bytes)).ok).toBe(false);
        expect((await ann.group.join(bytes, GROUP_ID)).ok).toBe(false);
        const add = [{ identity: createIdentity().publicKey, keyPackage: bytes }];
        expect(await prepare(ann, { add })).toMatchObject({ commit: null });
      }),
      { numRuns: 150 },
    );
    expect(ann.group.epoch).toBe(epoch);
  });
});
