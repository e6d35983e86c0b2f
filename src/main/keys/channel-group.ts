import type { ClientState } from 'ts-mls';
import { createGroup } from 'ts-mls/clientState.js';
import { acceptAll } from 'ts-mls/incomingMessageAction.js';
import { generateKeyPackageWithKey } from 'ts-mls/keyPackage.js';
import { mlsExporter } from 'ts-mls/keySchedule.js';
import { defaultLifetime } from 'ts-mls/lifetime.js';
import { encodeMlsMessage } from 'ts-mls/message.js';
import { processMessage } from 'ts-mls/processMessages.js';
import { emptyPskIndex } from 'ts-mls/pskIndex.js';
import { assert } from '../../core/base/assert.ts';
import { bytesToBase64Url } from '../../core/base/base64url.ts';
import { NONCE_BYTES } from '../../core/seal/aead-key.ts';
import { MAX_ADDS_PER_COMMIT, MAX_COMMIT_BYTES, MAX_WELCOME_BYTES } from '../../core/wire/key-delivery.ts';
import { AES_KEY_BYTES } from '../base/aes-gcm-key.ts';
import { type MembershipChange, prepareCommit } from './group-commit.ts';
import { joinByWelcome, type OwnPackage, type WelcomeFailure } from './group-join.ts';
import {
  type CommitFailure,
  identitiesOf,
  isFromMember,
  readCommit,
  readWelcome,
  removesLeaf,
} from './group-messages.ts';
import { wipePackage, wipeState } from './group-secrets.ts';
import { GROUP_CONFIG, groupSuite, SUITE } from './group-suite.ts';
import type { Identity } from './identity.ts';
import { JobQueue } from './job-queue.ts';

/** Label under which media keys leave the group (RFC 9420, section 8.5). The context is the sender's identity. */
export const MEDIA_KEY_LABEL = 'sidetone media 1';

/**
 * A commit in waiting. `commit` null: nothing of the change was left to do. `skipped`: identities whose key packages
 * were no good.
 */
export interface PreparedCommit {
  readonly ok: true;
  readonly commit: Uint8Array | null;
  /** Null when nobody comes in. */
  readonly welcome: Uint8Array | null;
  readonly skipped: readonly Uint8Array[];
}

/** `tooLong`: more change than one commit may carry; nothing waits. `failed`: the group cannot go on from here. */
export type CommitResult =
  | PreparedCommit
  | { readonly ok: false; readonly reason: 'noGroup' | 'tooLong' | 'failed' };

/** `removed`: the commit put us out; there is no group any more. */
export type ApplyResult =
  | { readonly ok: true; readonly outcome: 'advanced' | 'removed' }
  | { readonly ok: false; readonly reason: 'noGroup' | CommitFailure | 'invalid' };

export type JoinResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: 'noPackage' | 'tooLong' | 'malformed' | WelcomeFailure };

/** What one member seals voice with in one epoch. */
export interface MediaKey {
  /** AES_KEY_BYTES. */
  readonly key: Uint8Array;
  /** NONCE_BYTES. */
  readonly salt: Uint8Array;
}

/**
 * Our membership in the MLS group (RFC 9420) of one channel: who is in it, and the keys its members' voice is sealed
 * with. The relay orders commits and carries messages; nothing it delivers makes a method throw or harms the state
 * that is: a message either takes us to the next epoch or changes nothing.
 *
 * Calls may overlap; they are worked off one by one, in order. Getters show the state between two of them.
 */
export class ChannelGroup {
  readonly #identity: Identity;
  readonly #jobs = new JobQueue();
  #package: OwnPackage | null = null;
  #state: ClientState | null = null;
  /** The state our own commit leads to, until it is known whether it is the commit of the epoch. */
  #pending: ClientState | null = null;

  constructor(identity: Identity) {
    this.#identity = identity;
  }

  /** Counts up with every commit; null outside of a group. */
  get epoch(): bigint | null {
    return this.#state?.groupContext.epoch ?? null;
  }

  get groupId(): Uint8Array | null {
    const groupId = this.#state?.groupContext.groupId;
    return groupId === undefined ? null : Uint8Array.from(groupId);
  }

  /** What a group's code is made of (RFC 9420, section 8.7); null outside of a group. */
  get epochAuthenticator(): Uint8Array | null {
    const authenticator = this.#state?.keySchedule.epochAuthenticator;
    return authenticator === undefined ? null : Uint8Array.from(authenticator);
  }

  /** The members' identities, 32 bytes each, ourselves included; empty outside of a group. */
  members(): Uint8Array[] {
    return this.#state === null ? [] : identitiesOf(this.#state);
  }

  /** A fresh key package, encoded. Its private part is kept until it is used, or replaced by the next. */
  createPackage(): Promise<Uint8Array> {
    return this.#jobs.run(async () => {
      const suite = await groupSuite();
      const made = await generateKeyPackageWithKey(
        { credentialType: 'basic', identity: this.#identity.publicKey },
        { versions: ['mls10'], ciphersuites: [SUITE], extensions: [], proposals: [], credentials: ['basic'] },
        // The relay keeps a package for a few seconds and uses it once; clocks that are wrong shall not matter.
        defaultLifetime,
        [],
        { signKey: Uint8Array.from(this.#identity.seed), publicKey: this.#identity.publicKey },
        suite,
      );
      this.#replacePackage(made);
      const { publicPackage } = made;
      return encodeMlsMessage({ version: 'mls10', wireformat: 'mls_key_package', keyPackage: publicPackage });
    });
  }

  /** Founds a group of ourselves, epoch 0, from the current key package; leaves the one we were in. */
  create(groupId: Uint8Array): Promise<void> {
    return this.#jobs.run(async () => {
      const own = this.#package;
      assert(own !== null, 'a key package was made');
      const suite = await groupSuite();
      const id = Uint8Array.from(groupId);
      this.#enter(await createGroup(id, own.publicPackage, own.privatePackage, [], suite, GROUP_CONFIG));
    });
  }

  /**
   * Prepares a commit and does not apply it: `acceptOwnCommit` does, once the relay has made it the commit of the
   * epoch. A commit still waiting is dropped. At most MAX_ADDS_PER_COMMIT newcomers.
   */
  commit(change: MembershipChange): Promise<CommitResult> {
    return this.#jobs.run(() => this.#commit(change));
  }

  /** Enters the epoch of our own commit. False when none was waiting. */
  acceptOwnCommit(): Promise<boolean> {
    return this.#jobs.run(async () => {
      if (this.#pending === null) return false;
      this.#advanceTo(this.#pending);
      return true;
    });
  }

  /** Drops our own commit: another's was first. */
  rejectOwnCommit(): Promise<void> {
    return this.#jobs.run(async () => this.#dropPending());
  }

  /** Enters the epoch of another member's commit; our own, if one is waiting, is dropped then. */
  applyCommit(commit: Uint8Array): Promise<ApplyResult> {
    return this.#jobs.run(() => this.#applyCommit(commit));
  }

  /**
   * Enters the group that a welcome for our current key package leads to, and leaves the one we were in.
   *
   * @param groupId the group expected: no relay shall take us into another channel's
   */
  join(welcome: Uint8Array, groupId: Uint8Array): Promise<JoinResult> {
    return this.#jobs.run(() => this.#join(welcome, groupId));
  }

  /** Every member's media key in this epoch, by identity in base64url; empty outside of a group. */
  mediaKeys(): Promise<Map<string, MediaKey>> {
    return this.#jobs.run(async () => {
      const keys = new Map<string, MediaKey>();
      if (this.#state === null) return keys;
      for (const identity of identitiesOf(this.#state)) {
        const secret = await exportFrom(this.#state, MEDIA_KEY_LABEL, identity, AES_KEY_BYTES + NONCE_BYTES);
        const key = secret.slice(0, AES_KEY_BYTES);
        keys.set(bytesToBase64Url(identity), { key, salt: secret.slice(AES_KEY_BYTES) });
        secret.fill(0);
      }
      return keys;
    });
  }

  /** A secret that all members of this epoch share, and nobody else (RFC 9420, section 8.5); null outside of a group. */
  exportSecret(label: string, context: Uint8Array, lengthBytes: number): Promise<Uint8Array | null> {
    return this.#jobs.run(async () =>
      this.#state === null ? null : await exportFrom(this.#state, label, context, lengthBytes),
    );
  }

  /** Leaves the group and overwrites its secrets, and those of the current key package. */
  clear(): Promise<void> {
    return this.#jobs.run(async () => this.#clear());
  }

  async #commit(change: MembershipChange): Promise<CommitResult> {
    assert(change.add.length <= MAX_ADDS_PER_COMMIT, 'no more newcomers than one commit takes');
    this.#dropPending();
    const state = this.#state;
    if (state === null) return { ok: false, reason: 'noGroup' };
    const { prepared, skipped } = await prepareCommit(state, change, await groupSuite());
    if (prepared === 'nothing') return { ok: true, commit: null, welcome: null, skipped };
    if (prepared === 'failed') return { ok: false, reason: 'failed' };
    const { commit, welcome } = prepared;
    if (commit.length > MAX_COMMIT_BYTES || (welcome?.length ?? 0) > MAX_WELCOME_BYTES) {
      wipeState(prepared.state, state);
      return { ok: false, reason: 'tooLong' };
    }
    this.#pending = prepared.state;
    return { ok: true, commit, welcome, skipped };
  }

  async #applyCommit(bytes: Uint8Array): Promise<ApplyResult> {
    const state = this.#state;
    if (state === null) return { ok: false, reason: 'noGroup' };
    const publicMessage = readCommit(bytes, state);
    if (typeof publicMessage === 'string') return { ok: false, reason: publicMessage };
    const suite = await groupSuite();
    if (removesLeaf(publicMessage, state.privatePath.leafIndex)) {
      // Judged here: the library overlooks the removal when a newcomer gets our leaf in the same commit.
      if (!(await isFromMember(publicMessage, state, suite))) return { ok: false, reason: 'invalid' };
      this.#leaveGroup();
      return { ok: true, outcome: 'removed' };
    }
    const message = { wireformat: 'mls_public_message', version: 'mls10', publicMessage } as const;
    try {
      const { newState } = await processMessage(message, state, emptyPskIndex, acceptAll, suite);
      this.#advanceTo(newState);
      return { ok: true, outcome: 'advanced' };
    } catch {
      // The library throws on whatever does not verify; the state it was given is untouched.
      return { ok: false, reason: 'invalid' };
    }
  }

  async #join(bytes: Uint8Array, groupId: Uint8Array): Promise<JoinResult> {
    const own = this.#package;
    if (own === null) return { ok: false, reason: 'noPackage' };
    const welcome = readWelcome(bytes);
    if (typeof welcome === 'string') return { ok: false, reason: welcome };
    const suite = await groupSuite();
    const joined = await joinByWelcome(welcome, own, groupId, suite);
    if (typeof joined === 'string') return { ok: false, reason: joined };
    this.#enter(joined);
    return { ok: true };
  }

  /** Into another group, with the keys of our current package, which is used up by that. */
  #enter(state: ClientState): void {
    this.#leaveGroup();
    this.#state = state;
    if (this.#package !== null) wipePackage(this.#package.privatePackage, state);
    this.#package = null;
  }

  /** Into the next epoch of the group we are in. */
  #advanceTo(next: ClientState): void {
    if (this.#pending !== next) this.#dropPending();
    this.#pending = null;
    const former = this.#state;
    // Nothing of a past epoch is kept: whoever takes this computer can open no voice of yesterday.
    this.#state = { ...next, historicalReceiverData: new Map() };
    if (former !== null) wipeState(former, this.#state);
  }

  #dropPending(): void {
    if (this.#pending !== null) wipeState(this.#pending, this.#state);
    this.#pending = null;
  }

  #leaveGroup(): void {
    this.#dropPending();
    if (this.#state !== null) wipeState(this.#state, null);
    this.#state = null;
  }

  #replacePackage(next: OwnPackage | null): void {
    if (this.#package !== null) wipePackage(this.#package.privatePackage, null);
    this.#package = next;
  }

  #clear(): void {
    this.#leaveGroup();
    this.#replacePackage(null);
  }
}

async function exportFrom(
  { keySchedule }: ClientState,
  label: string,
  context: Uint8Array,
  lengthBytes: number,
): Promise<Uint8Array> {
  return mlsExporter(keySchedule.exporterSecret, label, context, lengthBytes, await groupSuite());
}
