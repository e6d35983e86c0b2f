import type {
  CiphersuiteImpl,
  ClientState,
  KeyPackage,
  PrivateKeyPackage,
  RatchetTree,
  Welcome,
} from 'ts-mls';
import {
  ratchetTreeFromExtension,
  verifyGroupInfoConfirmationTag,
  verifyGroupInfoSignature,
} from 'ts-mls/groupInfo.js';
import { makeKeyPackageRef } from 'ts-mls/keyPackage.js';
import { deriveKeySchedule } from 'ts-mls/keySchedule.js';
import { pathToRoot } from 'ts-mls/pathSecrets.js';
import { mergePrivateKeyPaths, toPrivateKeyPath } from 'ts-mls/privateKeyPath.js';
import { findLeafIndex } from 'ts-mls/ratchetTree.js';
import { createSecretTree } from 'ts-mls/secretTree.js';
import { leafToNodeIndex, leafWidth, toLeafIndex } from 'ts-mls/treemath.js';
import { firstCommonAncestor } from 'ts-mls/updatePath.js';
import { decryptGroupInfo, decryptGroupSecrets } from 'ts-mls/welcome.js';
import { GROUP_CONFIG, SUITE, sameBytes } from './group-suite.ts';
import { isValidTree } from './group-tree.ts';

/** Our key package, with the private part that nobody else has. */
export interface OwnPackage {
  readonly publicPackage: KeyPackage;
  readonly privatePackage: PrivateKeyPackage;
}

/**
 * Why a welcome leads nowhere. `notForUs`: sealed to another key package. `forbidden`: into a group with extensions
 * or pre-shared keys, which ours never have. `invalid`: it does not verify.
 */
export type WelcomeFailure = 'notForUs' | 'wrongGroup' | 'forbidden' | 'invalid';

/**
 * Joins by a welcome (RFC 9420, section 12.4.3.1), step by step with the library's parts. Its own function for that
 * cannot be used: it demands that all parents above an unmerged leaf list the same unmerged leaves, and so refuses
 * most groups in which some joined after others had left. Never throws on what the welcome says.
 */
export async function joinByWelcome(
  welcome: Welcome,
  own: OwnPackage,
  groupId: Uint8Array,
  suite: CiphersuiteImpl,
): Promise<ClientState | WelcomeFailure> {
  const reference = await makeKeyPackageRef(own.publicPackage, suite.hash);
  if (!welcome.secrets.some(({ newMember }) => sameBytes(newMember, reference))) return 'notForUs';
  try {
    return await openWelcome(welcome, own, reference, groupId, suite);
  } catch {
    // The library throws on whatever does not decode, open or verify.
    return 'invalid';
  }
}

async function openWelcome(
  welcome: Welcome,
  { publicPackage, privatePackage }: OwnPackage,
  reference: Uint8Array,
  groupId: Uint8Array,
  suite: CiphersuiteImpl,
): Promise<ClientState | WelcomeFailure> {
  const initKey = await suite.hpke.importPrivateKey(privatePackage.initPrivateKey);
  const secrets = await decryptGroupSecrets(initKey, reference, welcome, suite.hpke);
  if (secrets === undefined) return 'invalid';
  if (secrets.psks.length > 0) return 'forbidden';
  // Without pre-shared keys, zeros stand in their place (RFC 9420, section 8.4).
  const noPsk = new Uint8Array(suite.kdf.size);
  const info = await decryptGroupInfo(welcome, secrets.joinerSecret, noPsk, suite);
  if (info === undefined) return 'invalid';
  const { groupContext } = info;
  if (!sameBytes(groupContext.groupId, groupId)) return 'wrongGroup';
  if (groupContext.extensions.length > 0) return 'forbidden';
  if (groupContext.version !== 'mls10' || groupContext.cipherSuite !== SUITE) return 'invalid';

  const tree = ratchetTreeFromExtension(info);
  if (tree === undefined || !(await isValidTree(tree, groupContext, suite))) return 'invalid';
  const signer = tree[leafToNodeIndex(toLeafIndex(info.signer))];
  if (signer?.nodeType !== 'leaf') return 'invalid';
  if (!(await verifyGroupInfoSignature(info, signer.leaf.signaturePublicKey, suite.signature)))
    return 'invalid';
  if (!(await verifyGroupInfoConfirmationTag(info, secrets.joinerSecret, noPsk, suite))) return 'invalid';
  const leafIndex = findLeafIndex(tree, publicPackage.leafNode);
  if (leafIndex === undefined) return 'invalid';

  const ownKey = { [leafToNodeIndex(leafIndex)]: privatePackage.hpkePrivateKey };
  const above = await pathKeys(tree, leafIndex, info.signer, secrets.pathSecret, suite);
  const [keySchedule, encryptionSecret] = await deriveKeySchedule(
    secrets.joinerSecret,
    noPsk,
    groupContext,
    suite.kdf,
  );
  const secretTree = await createSecretTree(leafWidth(tree.length), encryptionSecret, suite.kdf);
  encryptionSecret.fill(0);
  secrets.joinerSecret.fill(0);
  return {
    groupContext,
    ratchetTree: tree,
    privatePath: mergePrivateKeyPaths(above, { leafIndex, privateKeys: ownKey }),
    signaturePrivateKey: privatePackage.signaturePrivateKey,
    confirmationTag: info.confirmationTag,
    unappliedProposals: {},
    keySchedule,
    secretTree,
    historicalReceiverData: new Map(),
    groupActiveState: { kind: 'active' },
    clientConfig: GROUP_CONFIG,
  };
}

/** Private keys of the parents that we share with the committer, if its commit gave them new ones. */
async function pathKeys(
  tree: RatchetTree,
  leafIndex: ReturnType<typeof toLeafIndex>,
  signer: number,
  pathSecret: Uint8Array | undefined,
  suite: CiphersuiteImpl,
): Promise<ClientState['privatePath']> {
  if (pathSecret === undefined) return { leafIndex, privateKeys: {} };
  const ancestor = firstCommonAncestor(tree, leafIndex, toLeafIndex(signer));
  return toPrivateKeyPath(await pathToRoot(tree, ancestor, pathSecret, suite.kdf), leafIndex, suite);
}
