import 'fake-indexeddb/auto';
import { randomBytes } from 'node:crypto';
import {
  Ciphersuite,
  type CommitBundle,
  CoreCrypto,
  type CoreCryptoContext,
  CredentialType,
  DatabaseKey,
} from '@wireapp/core-crypto/src/corecrypto.js';
import { describe, expect, it } from 'vitest';
import { ChannelGroup } from './channel-group.ts';
import { createIdentity } from './identity.ts';

/**
 * Our groups with members that run OpenMLS (in Rust, as WebAssembly, inside Wire's core-crypto), a program that shares
 * no line with the library we use. Both make commits and welcomes, both must follow the other's.
 */
const GROUP_ID = Uint8Array.of(1, 2, 3);
const SUITE = Ciphersuite.MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;
/** An MLSMessage of version mls10 that holds a key package; core-crypto gives and takes the bare package. */
const KEY_PACKAGE_HEADER = Uint8Array.of(0, 1, 0, 5);

interface OpenMlsMember {
  readonly identity: Uint8Array;
  readonly sent: CommitBundle[];
  run<T>(job: (context: CoreCryptoContext) => Promise<T>): Promise<T>;
}

let databases = 0;

async function start(seed: Uint8Array, clientId: Uint8Array): Promise<OpenMlsMember> {
  databases += 1;
  const client = await CoreCrypto.deferredInit({
    databaseName: `interop-${databases}`,
    key: new DatabaseKey(randomBytes(32)),
    entropySeed: seed,
  });
  const sent: CommitBundle[] = [];
  await client.provideTransport({
    async sendCommitBundle(bundle) {
      sent.push(bundle);
      return 'success';
    },
    sendMessage: async () => 'success',
  });
  await client.transaction((context) => context.mlsInit(clientId, [SUITE], 1));
  const identity = await client.transaction((context) =>
    context.clientPublicKey(SUITE, CredentialType.Basic),
  );
  return { identity, sent, run: (job) => client.transaction(job) };
}

/**
 * A member whose credential is its signature key, as with us. core-crypto wants the name before it makes the key; so
 * a first client makes the key out of a seed, and a second one of the same seed, which makes the same key, is named
 * after it.
 */
async function createOpenMlsMember(): Promise<OpenMlsMember> {
  const seed = randomBytes(32);
  const scout = await start(seed, randomBytes(32));
  const member = await start(seed, scout.identity);
  expect(member.identity).toEqual(scout.identity);
  return member;
}

async function newcomerOf(member: OpenMlsMember) {
  const [bare] = await member.run((context) => context.clientKeypackages(SUITE, CredentialType.Basic, 1));
  if (bare === undefined) throw new Error('expected a key package');
  return { identity: member.identity, keyPackage: Uint8Array.of(...KEY_PACKAGE_HEADER, ...bare), bare };
}

function createOwnMember() {
  const identity = createIdentity();
  return { identity: identity.publicKey, group: new ChannelGroup(identity) };
}
type OwnMember = ReturnType<typeof createOwnMember>;

function lastOf(member: OpenMlsMember): CommitBundle {
  const bundle = member.sent.at(-1);
  if (bundle === undefined) throw new Error('expected a commit');
  return bundle;
}

function needed(bytes: Uint8Array | null | undefined): Uint8Array {
  if (!bytes) throw new Error('expected a message');
  return bytes;
}

async function commitOurs(
  committer: OwnMember,
  others: readonly OwnMember[],
  theirs: readonly OpenMlsMember[],
  change: Parameters<ChannelGroup['commit']>[0],
): Promise<Uint8Array | null> {
  const made = await committer.group.commit(change);
  if (!made.ok) throw new Error(made.reason);
  expect(made.skipped).toEqual([]);
  const commit = needed(made.commit);
  for (const { group } of others)
    expect(await group.applyCommit(commit)).toEqual({ ok: true, outcome: 'advanced' });
  for (const member of theirs)
    expect((await member.run((context) => context.decryptMessage(GROUP_ID, commit))).isActive).toBe(true);
  await committer.group.acceptOwnCommit();
  return made.welcome;
}

async function followTheirs(
  bundle: CommitBundle,
  ours: readonly OwnMember[],
  theirs: readonly OpenMlsMember[],
) {
  for (const { group } of ours)
    expect(await group.applyCommit(bundle.commit)).toEqual({ ok: true, outcome: 'advanced' });
  for (const member of theirs)
    expect((await member.run((context) => context.decryptMessage(GROUP_ID, bundle.commit))).isActive).toBe(
      true,
    );
}

/** Same members, same epoch, and the same secret out of the exporter. */
async function expectTogether(ours: readonly OwnMember[], theirs: readonly OpenMlsMember[]): Promise<void> {
  const first = ours[0];
  if (first === undefined) throw new Error('expected a member of ours');
  const names = [...ours, ...theirs].map(({ identity }) => Buffer.from(identity).toString('hex')).sort();
  const secret = needed(await first.group.exportSecret('exporter', new Uint8Array(0), 32));
  for (const { group } of ours) {
    expect(group.epoch).toBe(first.group.epoch);
    expect(
      group
        .members()
        .map((identity) => Buffer.from(identity).toString('hex'))
        .sort(),
    ).toEqual(names);
    expect(await group.exportSecret('exporter', new Uint8Array(0), 32)).toEqual(secret);
  }
  for (const member of theirs) {
    expect(BigInt(await member.run((context) => context.conversationEpoch(GROUP_ID)))).toBe(
      first.group.epoch,
    );
    const clients = await member.run((context) => context.getClientIds(GROUP_ID));
    expect(clients.map((client) => Buffer.from(client).toString('hex')).sort()).toEqual(names);
    // core-crypto exports under the label "exporter" and with no context.
    expect(await member.run((context) => context.exportSecretKey(GROUP_ID, 32))).toEqual(secret);
  }
}

describe('ChannelGroup and OpenMLS', () => {
  it('take each other in, follow each other, and put each other out', { timeout: 30_000 }, async () => {
    const [ann, ben, cem] = [createOwnMember(), createOwnMember(), createOwnMember()];
    const [ole, pia] = [await createOpenMlsMember(), await createOpenMlsMember()];

    await ann.group.createPackage();
    await ann.group.create(GROUP_ID);
    const welcomeOle = await commitOurs(ann, [], [], { add: [await newcomerOf(ole)], remove: [] });
    await ole.run((context) => context.processWelcomeMessage(needed(welcomeOle)));
    await expectTogether([ann], [ole]);

    const benPackage = { identity: ben.identity, keyPackage: await ben.group.createPackage() };
    const welcomeBen = await commitOurs(ann, [], [ole], { add: [benPackage], remove: [] });
    expect(await ben.group.join(needed(welcomeBen), GROUP_ID)).toEqual({ ok: true });
    await expectTogether([ann, ben], [ole]);

    await ole.run((context) => context.updateKeyingMaterial(GROUP_ID));
    await followTheirs(lastOf(ole), [ann, ben], []);
    await expectTogether([ann, ben], [ole]);

    const { bare } = await newcomerOf(pia);
    await ole.run((context) => context.addClientsToConversation(GROUP_ID, [bare]));
    await followTheirs(lastOf(ole), [ann, ben], []);
    await pia.run((context) => context.processWelcomeMessage(needed(lastOf(ole).welcome)));
    await expectTogether([ann, ben], [ole, pia]);

    const cemPackage = (await cem.group.createPackage()).subarray(KEY_PACKAGE_HEADER.length);
    await pia.run((context) => context.addClientsToConversation(GROUP_ID, [cemPackage]));
    await followTheirs(lastOf(pia), [ann, ben], [ole]);
    expect(await cem.group.join(needed(lastOf(pia).welcome), GROUP_ID)).toEqual({ ok: true });
    await expectTogether([ann, ben, cem], [ole, pia]);

    await ole.run((context) => context.removeClientsFromConversation(GROUP_ID, [ben.identity]));
    const { commit } = lastOf(ole);
    expect(await ben.group.applyCommit(commit)).toEqual({ ok: true, outcome: 'removed' });
    await followTheirs(lastOf(ole), [ann, cem], [pia]);
    await expectTogether([ann, cem], [ole, pia]);

    const made = await cem.group.commit({ add: [], remove: [pia.identity] });
    const last = needed(made.ok ? made.commit : null);
    expect(await ann.group.applyCommit(last)).toEqual({ ok: true, outcome: 'advanced' });
    expect((await ole.run((context) => context.decryptMessage(GROUP_ID, last))).isActive).toBe(true);
    expect((await pia.run((context) => context.decryptMessage(GROUP_ID, last))).isActive).toBe(false);
    await cem.group.acceptOwnCommit();
    await expectTogether([ann, cem], [ole]);
  });
});
