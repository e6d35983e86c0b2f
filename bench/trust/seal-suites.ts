import type { CiphersuiteImpl, CiphersuiteName, ClientState, KeyPackage, PrivateKeyPackage } from 'ts-mls';
import { createGroup, joinGroup } from 'ts-mls/clientState.js';
import { createCommit } from 'ts-mls/createCommit.js';
import { getCiphersuiteFromName } from 'ts-mls/crypto/ciphersuite.js';
import { acceptAll } from 'ts-mls/incomingMessageAction.js';
import { generateKeyPackageWithKey } from 'ts-mls/keyPackage.js';
import { defaultLifetime } from 'ts-mls/lifetime.js';
import { encodeMlsMessage } from 'ts-mls/message.js';
import { processMessage } from 'ts-mls/processMessages.js';
import { emptyPskIndex } from 'ts-mls/pskIndex.js';
import { GROUP_CONFIG, SUITE } from '../../src/main/keys/group-suite.ts';
import { createIdentity } from '../../src/main/keys/identity.ts';
import { nodeCryptoProvider } from '../../src/main/keys/node-crypto-provider.ts';
import type { Row } from '../report.ts';

/** The hybrid of X25519 and ML-KEM-768 (X-Wing), of the library's own numbering. */
const POST_QUANTUM_SUITE: CiphersuiteName = 'MLS_256_XWING_AES256GCM_SHA512_Ed25519';

/** Who follows the commit; the others' cost is the same. */
const FOLLOWERS = 5;

interface Package {
  readonly publicPackage: KeyPackage;
  readonly privatePackage: PrivateKeyPackage;
}

/**
 * What a group of `members` costs under the suite in use and under a post-quantum one: bytes on the control lane,
 * and milliseconds of one member's time.
 */
export async function measureSuites(members = 50): Promise<readonly Row[]> {
  return [await measureSuite(SUITE, members), await measureSuite(POST_QUANTUM_SUITE, members)];
}

async function measureSuite(name: CiphersuiteName, members: number): Promise<Row> {
  const suite = await nodeCryptoProvider.getCiphersuiteImpl(getCiphersuiteFromName(name));
  const packages = await Promise.all(Array.from({ length: members }, () => createPackage(suite, name)));
  const [founder, ...others] = packages;
  if (founder === undefined) throw new Error('a group has a member');
  const { publicPackage, privatePackage } = founder;
  const alone = await createGroup(new Uint8Array(1), publicPackage, privatePackage, [], suite, GROUP_CONFIG);
  const adds = others.map(
    (other) => ({ proposalType: 'add', add: { keyPackage: other.publicPackage } }) as const,
  );
  const together = await commit(alone, adds, suite);
  const { welcome } = together;
  if (welcome === undefined) throw new Error('newcomers get a welcome');

  const joinStartMs = performance.now();
  const followers: ClientState[] = [];
  for (const { publicPackage: own, privatePackage: secret } of others.slice(0, FOLLOWERS)) {
    const noTree = undefined;
    followers.push(
      await joinGroup(welcome, own, secret, emptyPskIndex, suite, noTree, undefined, GROUP_CONFIG),
    );
  }
  const joinMs = (performance.now() - joinStartMs) / FOLLOWERS;

  const leaver = members - 1;
  const leave = await commit(
    together.newState,
    [{ proposalType: 'remove', remove: { removed: leaver } }],
    suite,
  );
  const message = leave.commit;
  if (message.wireformat !== 'mls_public_message') throw new Error('commits are public messages');
  const followStartMs = performance.now();
  for (const state of followers) await processMessage(message, state, emptyPskIndex, acceptAll, suite);
  const followMs = (performance.now() - followStartMs) / FOLLOWERS;

  return {
    suite: name,
    members,
    keyPackageBytes: encodeMlsMessage({
      version: 'mls10',
      wireformat: 'mls_key_package',
      keyPackage: publicPackage,
    }).length,
    welcomeBytes: encodeMlsMessage({ version: 'mls10', wireformat: 'mls_welcome', welcome }).length,
    leaveCommitBytes: encodeMlsMessage(message).length,
    leaveCommitMs: leave.tookMs,
    leaveFollowMs: followMs,
    joinMs,
  };
}

async function createPackage(suite: CiphersuiteImpl, name: CiphersuiteName): Promise<Package> {
  const { seed, publicKey } = createIdentity();
  return generateKeyPackageWithKey(
    { credentialType: 'basic', identity: publicKey },
    { versions: ['mls10'], ciphersuites: [name], extensions: [], proposals: [], credentials: ['basic'] },
    defaultLifetime,
    [],
    { signKey: seed, publicKey },
    suite,
  );
}

async function commit(
  state: ClientState,
  extraProposals: NonNullable<NonNullable<Parameters<typeof createCommit>[1]>['extraProposals']>,
  suite: CiphersuiteImpl,
) {
  const startMs = performance.now();
  const made = await createCommit(
    { state, cipherSuite: suite, pskIndex: emptyPskIndex },
    { wireAsPublicMessage: true, ratchetTreeExtension: true, extraProposals },
  );
  return { ...made, tookMs: performance.now() - startMs };
}
