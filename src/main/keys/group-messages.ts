import type {
  CiphersuiteImpl,
  ClientState,
  Commit,
  KeyPackage,
  MLSMessage,
  PublicMessage,
  Welcome,
} from 'ts-mls';
import { decodeMlsMessage } from 'ts-mls/message.js';
import { unprotectPublicMessage } from 'ts-mls/messageProtectionPublic.js';
import { MAX_CHANNEL_MEMBERS } from '../../core/wire/channels.ts';
import { MAX_COMMIT_BYTES, MAX_KEY_PACKAGE_BYTES, MAX_WELCOME_BYTES } from '../../core/wire/key-delivery.ts';
import { SUITE, sameBytes } from './group-suite.ts';
import { memberIdentityOf } from './group-tree.ts';

/** Why the bytes are no commit we would even try. */
export type CommitFailure = 'tooLong' | 'malformed' | 'wrongGroup' | 'wrongEpoch' | 'forbidden';

/** A key package that says what it must, and whose identity it is. Its signatures are for the library to check. */
export interface ReadKeyPackage {
  readonly keyPackage: KeyPackage;
  readonly identity: Uint8Array;
}

/** Reads one MLSMessage that fills the bytes exactly; null when it is none. Never throws. */
export function readMessage(bytes: Uint8Array): MLSMessage | null {
  try {
    const decoded = decodeMlsMessage(bytes, 0);
    return decoded !== undefined && decoded[1] === bytes.length ? decoded[0] : null;
  } catch {
    // The library throws on some malformed bytes and returns nothing on others.
    return null;
  }
}

/** Reads a key package of the suite, whose credential is an identity. Never throws. */
export function readKeyPackage(bytes: Uint8Array): ReadKeyPackage | null {
  if (bytes.length > MAX_KEY_PACKAGE_BYTES) return null;
  const message = readMessage(bytes);
  if (message?.wireformat !== 'mls_key_package') return null;
  return judgeKeyPackage(message.keyPackage);
}

/** Reads a welcome of the suite. Never throws. */
export function readWelcome(bytes: Uint8Array): Welcome | 'tooLong' | 'malformed' {
  if (bytes.length > MAX_WELCOME_BYTES) return 'tooLong';
  const message = readMessage(bytes);
  if (message?.wireformat !== 'mls_welcome' || message.welcome.cipherSuite !== SUITE) return 'malformed';
  return message.welcome;
}

/** Reads a commit for the present state that does nothing but add, remove and refresh keys. Never throws. */
export function readCommit(bytes: Uint8Array, state: ClientState): PublicMessage | CommitFailure {
  if (bytes.length > MAX_COMMIT_BYTES) return 'tooLong';
  const message = readMessage(bytes);
  if (message?.wireformat !== 'mls_public_message') return 'malformed';
  const { content } = message.publicMessage;
  if (content.contentType !== 'commit') return 'malformed';
  if (!sameBytes(content.groupId, state.groupContext.groupId)) return 'wrongGroup';
  if (content.epoch !== state.groupContext.epoch) return 'wrongEpoch';
  // A commit from outside (RFC 9420, section 12.4.3.2) would let people in past the committer.
  if (content.sender.senderType !== 'member') return 'forbidden';
  const allowed = isAllowed(content.commit, content.sender.leafIndex, state);
  return allowed ? message.publicMessage : 'forbidden';
}

/** True when the commit puts the owner of that leaf out. */
export function removesLeaf({ content }: PublicMessage, leafIndex: number): boolean {
  if (content.contentType !== 'commit') return false;
  return content.commit.proposals.some(
    (entry) =>
      entry.proposalOrRefType === 'proposal' &&
      entry.proposal.proposalType === 'remove' &&
      entry.proposal.remove.removed === leafIndex,
  );
}

/** True when a member of the present epoch made the message. What it says may still be impossible. */
export async function isFromMember(
  message: PublicMessage,
  { keySchedule, groupContext, ratchetTree }: ClientState,
  suite: CiphersuiteImpl,
): Promise<boolean> {
  try {
    await unprotectPublicMessage(keySchedule.membershipKey, groupContext, ratchetTree, message, suite);
    return true;
  } catch {
    return false;
  }
}

/** Number of the leaf of an identity; -1 when it is no member. */
export function leafIndexOf(state: ClientState, identity: Uint8Array): number {
  const node = state.ratchetTree.findIndex(
    (candidate) => candidate?.nodeType === 'leaf' && sameBytes(candidate.leaf.signaturePublicKey, identity),
  );
  return node < 0 ? -1 : node / 2;
}

/** The members' identities, in the order of their leaves. */
export function identitiesOf(state: ClientState): Uint8Array[] {
  return state.ratchetTree.flatMap((node) =>
    node?.nodeType === 'leaf' ? [Uint8Array.from(node.leaf.signaturePublicKey)] : [],
  );
}

/**
 * True when the keys of a package can be sealed to, and no other node has them. Otherwise it would be let in, and
 * then no commit or welcome of this group would work any more.
 */
export async function hasUsableKeys(
  { initKey, leafNode: { hpkePublicKey } }: KeyPackage,
  taken: readonly Uint8Array[],
  suite: CiphersuiteImpl,
): Promise<boolean> {
  if (sameBytes(initKey, hpkePublicKey)) return false;
  if (taken.some((key) => sameBytes(key, hpkePublicKey) || sameBytes(key, initKey))) return false;
  try {
    for (const key of [initKey, hpkePublicKey])
      await suite.hpke.seal(await suite.hpke.importPublicKey(key), new Uint8Array(1), new Uint8Array(0));
    return true;
  } catch {
    return false;
  }
}

/** Every public key of the tree that messages are sealed to. */
export function treeKeys(state: ClientState): Uint8Array[] {
  return state.ratchetTree.flatMap((node) => {
    if (node === undefined) return [];
    return [node.nodeType === 'leaf' ? node.leaf.hpkePublicKey : node.parent.hpkePublicKey];
  });
}

/**
 * No references to proposals (nobody sends any), no proposals but adds and removes, no member who takes another
 * identity on the way, and no more members than a room has.
 */
function isAllowed(commit: Commit, committer: number, state: ClientState): boolean {
  let members = identitiesOf(state).length;
  for (const entry of commit.proposals) {
    if (entry.proposalOrRefType !== 'proposal') return false;
    const { proposal } = entry;
    if (proposal.proposalType === 'add' && 'add' in proposal) {
      if (judgeKeyPackage(proposal.add.keyPackage) === null) return false;
      members += 1;
    } else if (proposal.proposalType === 'remove') {
      members -= 1;
    } else {
      return false;
    }
  }
  if (members > MAX_CHANNEL_MEMBERS) return false;
  if (commit.path === undefined) return true;
  const leaf = state.ratchetTree[committer * 2];
  if (leaf?.nodeType !== 'leaf') return false;
  const { leafNode } = commit.path;
  return (
    sameBytes(leafNode.signaturePublicKey, leaf.leaf.signaturePublicKey) && leafNode.extensions.length === 0
  );
}

function judgeKeyPackage(keyPackage: KeyPackage): ReadKeyPackage | null {
  if (keyPackage.cipherSuite !== SUITE || keyPackage.version !== 'mls10') return null;
  const identity = memberIdentityOf(keyPackage.leafNode);
  return identity === null ? null : { keyPackage, identity };
}
