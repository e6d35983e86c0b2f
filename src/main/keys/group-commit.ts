import type { CiphersuiteImpl, ClientState, KeyPackage, Proposal } from 'ts-mls';
import { createCommit } from 'ts-mls/createCommit.js';
import { encodeMlsMessage } from 'ts-mls/message.js';
import { emptyPskIndex } from 'ts-mls/pskIndex.js';
import { MAX_CHANNEL_MEMBERS } from '../../core/wire/channels.ts';
import { hasUsableKeys, identitiesOf, leafIndexOf, readKeyPackage, treeKeys } from './group-messages.ts';
import { wipeState } from './group-secrets.ts';
import { sameBytes } from './group-suite.ts';

/** Somebody to take in, with the key package sent in that name. */
export interface Newcomer {
  readonly identity: Uint8Array;
  readonly keyPackage: Uint8Array;
}

/** What the next commit shall do. An identity in both lists, or already a member, is taken in anew. */
export interface MembershipChange {
  readonly add: readonly Newcomer[];
  /** Identities. Who is no member, or is ourselves, is passed over. */
  readonly remove: readonly Uint8Array[];
}

/** A commit, and the state it leads its maker to. */
export interface Prepared {
  readonly state: ClientState;
  readonly commit: Uint8Array;
  /** Null when nobody comes in. */
  readonly welcome: Uint8Array | null;
}

/** `nothing`: nothing of the change is left to do. `skipped`: identities whose key packages were no good. */
export interface Preparation {
  readonly prepared: Prepared | 'nothing' | 'failed';
  readonly skipped: readonly Uint8Array[];
}

interface GoodNewcomer {
  readonly identity: Uint8Array;
  readonly keyPackage: KeyPackage;
  /** -1 for somebody who was no member. */
  readonly formerLeaf: number;
}

/**
 * Makes a commit of the change, as a public message with the tree in the welcome. A key package that is no good is
 * passed over; it never keeps the rest of the change from happening. `state` stays as it is.
 */
export async function prepareCommit(
  state: ClientState,
  { add, remove }: MembershipChange,
  suite: CiphersuiteImpl,
): Promise<Preparation> {
  const removes = leavesToRemove(state, remove);
  const { good, skipped } = await judgeNewcomers(state, add, suite);
  const prepared = await prepare(state, removes, good, suite);
  if (prepared !== 'failed' || good.length === 0) return { prepared, skipped };
  const working: GoodNewcomer[] = [];
  for (const newcomer of good) {
    if (await worksAlone(state, newcomer, suite)) working.push(newcomer);
    else skipped.push(newcomer.identity);
  }
  return { prepared: await prepare(state, removes, working, suite), skipped };
}

/** Leaves of those who go, each once. Nobody can commit to their own removal (RFC 9420, section 12.2). */
function leavesToRemove(state: ClientState, identities: readonly Uint8Array[]): Set<number> {
  const leaves = new Set<number>();
  for (const identity of identities) {
    const leaf = leafIndexOf(state, identity);
    if (leaf >= 0 && leaf !== state.privatePath.leafIndex) leaves.add(leaf);
  }
  return leaves;
}

/** Sorts out key packages that say the wrong thing or whose keys are no good; the first of an identity counts. */
async function judgeNewcomers(
  state: ClientState,
  newcomers: readonly Newcomer[],
  suite: CiphersuiteImpl,
): Promise<{ good: GoodNewcomer[]; skipped: Uint8Array[] }> {
  const good: GoodNewcomer[] = [];
  const skipped: Uint8Array[] = [];
  const taken = treeKeys(state);
  let members = identitiesOf(state).length;
  for (const { identity, keyPackage } of newcomers) {
    const read = readKeyPackage(keyPackage);
    const formerLeaf = leafIndexOf(state, identity);
    const acceptable =
      read !== null &&
      sameBytes(read.identity, identity) &&
      formerLeaf !== state.privatePath.leafIndex &&
      !good.some((other) => sameBytes(other.identity, identity)) &&
      (formerLeaf >= 0 || members < MAX_CHANNEL_MEMBERS) &&
      (await hasUsableKeys(read.keyPackage, taken, suite));
    if (!acceptable) {
      skipped.push(identity);
      continue;
    }
    good.push({ identity, keyPackage: read.keyPackage, formerLeaf });
    taken.push(read.keyPackage.leafNode.hpkePublicKey, read.keyPackage.initKey);
    if (formerLeaf < 0) members += 1;
  }
  return { good, skipped };
}

/** `failed` when the library refuses: some newcomer is no good in a way that only shows in the making. */
async function prepare(
  state: ClientState,
  removes: ReadonlySet<number>,
  newcomers: readonly GoodNewcomer[],
  suite: CiphersuiteImpl,
): Promise<Prepared | 'nothing' | 'failed'> {
  const leaves = new Set(removes);
  for (const { formerLeaf } of newcomers) if (formerLeaf >= 0) leaves.add(formerLeaf);
  const extraProposals: Proposal[] = [
    ...[...leaves].map((removed) => ({ proposalType: 'remove', remove: { removed } }) as const),
    ...newcomers.map(({ keyPackage }) => ({ proposalType: 'add', add: { keyPackage } }) as const),
  ];
  if (extraProposals.length === 0) return 'nothing';
  try {
    const { newState, commit, welcome } = await createCommit(
      { state, cipherSuite: suite, pskIndex: emptyPskIndex },
      { wireAsPublicMessage: true, ratchetTreeExtension: true, extraProposals },
    );
    return {
      state: newState,
      commit: encodeMlsMessage(commit),
      welcome:
        welcome === undefined
          ? null
          : encodeMlsMessage({ version: 'mls10', wireformat: 'mls_welcome', welcome }),
    };
  } catch {
    return 'failed';
  }
}

async function worksAlone(
  state: ClientState,
  newcomer: GoodNewcomer,
  suite: CiphersuiteImpl,
): Promise<boolean> {
  const alone = await prepare(state, new Set(), [newcomer], suite);
  if (alone === 'failed' || alone === 'nothing') return false;
  wipeState(alone.state, state);
  return true;
}
