import type { CiphersuiteImpl, GroupContext, LeafNode, RatchetTree } from 'ts-mls';
import { verifyLeafNodeSignature, verifyLeafNodeSignatureKeyPackage } from 'ts-mls/leafNode.js';
import { verifyParentHashes } from 'ts-mls/parentHash.js';
import { treeHashRoot } from 'ts-mls/treeHash.js';
import { directPath, leafToNodeIndex, leafWidth, toLeafIndex } from 'ts-mls/treemath.js';
import { bytesToBase64Url } from '../../core/base/base64url.ts';
import { MAX_CHANNEL_MEMBERS } from '../../core/wire/channels.ts';
import { identityOf, SUITE, sameBytes } from './group-suite.ts';

/**
 * The identity of a leaf as ours are: its signature key, which its credential names. Null for any other leaf, also
 * for one that does not admit to what the group uses: it would make every later change of the group invalid.
 */
export function memberIdentityOf({
  credential,
  capabilities,
  signaturePublicKey,
  extensions,
}: LeafNode): Uint8Array | null {
  const identity = identityOf(credential);
  const ours =
    capabilities.credentials.includes('basic') &&
    capabilities.ciphersuites.includes(SUITE) &&
    capabilities.versions.includes('mls10') &&
    extensions.length === 0;
  return ours && identity !== null && sameBytes(identity, signaturePublicKey) ? identity : null;
}

/**
 * True for a tree that honest members can have come to (RFC 9420, sections 7.3, 7.9.2 and 12.4.3.1): every leaf one
 * of ours and signed, no key twice, unmerged leaves where they belong, and hashes that fit.
 */
export async function isValidTree(
  tree: RatchetTree,
  groupContext: GroupContext,
  suite: CiphersuiteImpl,
): Promise<boolean> {
  const keys = new Set<string>();
  const identities = new Set<string>();
  for (const [at, node] of tree.entries()) {
    if (node === undefined) continue;
    const isLeaf = at % 2 === 0;
    if (isLeaf !== (node.nodeType === 'leaf')) return false;
    if (node.nodeType === 'leaf') {
      const identity = memberIdentityOf(node.leaf);
      if (identity === null || !(await isSigned(node.leaf, groupContext, at / 2, suite))) return false;
      if (!addNew(identities, identity) || !addNew(keys, node.leaf.hpkePublicKey)) return false;
    } else {
      if (!addNew(keys, node.parent.hpkePublicKey)) return false;
      if (!listsUnmergedLeavesRightly(tree, at, node.parent.unmergedLeaves)) return false;
    }
  }
  if (identities.size > MAX_CHANNEL_MEMBERS) return false;
  if (!sameBytes(await treeHashRoot(tree, suite.hash), groupContext.treeHash)) return false;
  return verifyParentHashes(tree, suite.hash);
}

/**
 * Each unmerged leaf of a parent is one, lies below it, and is unmerged too at every parent in between that is not
 * blank; they are listed in ascending order.
 */
function listsUnmergedLeavesRightly(
  tree: RatchetTree,
  parentAt: number,
  unmergedLeaves: readonly number[],
): boolean {
  return unmergedLeaves.every((leaf, at) => {
    if (at > 0 && leaf <= (unmergedLeaves[at - 1] ?? 0)) return false;
    if (tree[leaf * 2]?.nodeType !== 'leaf') return false;
    const path: readonly number[] = directPath(leafToNodeIndex(toLeafIndex(leaf)), leafWidth(tree.length));
    const height = path.indexOf(parentAt);
    return (
      height >= 0 &&
      path.slice(0, height).every((between) => {
        const node = tree[between];
        return (
          node === undefined || (node.nodeType === 'parent' && node.parent.unmergedLeaves.includes(leaf))
        );
      })
    );
  });
}

/** A leaf's signature covers its place in the group, unless it still is as it came in its key package. */
function isSigned(
  leaf: LeafNode,
  { groupId }: GroupContext,
  leafIndex: number,
  suite: CiphersuiteImpl,
): Promise<boolean> {
  return leaf.leafNodeSource === 'key_package'
    ? verifyLeafNodeSignatureKeyPackage(leaf, suite.signature)
    : verifyLeafNodeSignature(leaf, groupId, leafIndex, suite.signature);
}

function addNew(seen: Set<string>, bytes: Uint8Array): boolean {
  const name = bytesToBase64Url(bytes);
  if (seen.has(name)) return false;
  seen.add(name);
  return true;
}
