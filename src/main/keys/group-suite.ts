import type { CiphersuiteImpl, CiphersuiteName, ClientConfig, Credential } from 'ts-mls';
import { getCiphersuiteFromName } from 'ts-mls/crypto/ciphersuite.js';
import { getCiphersuiteImpl } from 'ts-mls/crypto/getCiphersuiteImpl.js';
import { defaultKeyPackageEqualityConfig } from 'ts-mls/keyPackageEqualityConfig.js';
import { defaultLifetimeConfig } from 'ts-mls/lifetimeConfig.js';
import { defaultPaddingConfig } from 'ts-mls/paddingConfig.js';
import { ED25519_PUBLIC_KEY_BYTES } from './ed25519.ts';
import { nodeCryptoProvider } from './node-crypto-provider.ts';

// The library is imported module by module in this folder: its index also loads a provider that needs packages of
// which we have no use.

/**
 * The one suite in use (RFC 9420, section 17.1, number 1). The hybrid post-quantum one was measured: a commit of
 * 66 KB instead of 4.5 KB for a leave among 50, which no control message carries.
 */
export const SUITE: CiphersuiteName = 'MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519';

let prepared: Promise<CiphersuiteImpl> | null = null;

/** The suite's cryptography; made once, it holds no secrets. */
export function groupSuite(): Promise<CiphersuiteImpl> {
  prepared ??= getCiphersuiteImpl(getCiphersuiteFromName(SUITE), nodeCryptoProvider);
  return prepared;
}

/**
 * How the library shall work for us. Members are authenticated by their credential being their signature key: an
 * identity is nothing but that key. Messages of past epochs are never read (we send none), so one epoch is the least
 * the library can keep, and ChannelGroup throws that away too.
 */
export const GROUP_CONFIG: ClientConfig = {
  keyRetentionConfig: { retainKeysForGenerations: 1, retainKeysForEpochs: 1, maximumForwardRatchetSteps: 1 },
  lifetimeConfig: defaultLifetimeConfig,
  keyPackageEqualityConfig: defaultKeyPackageEqualityConfig,
  paddingConfig: defaultPaddingConfig,
  authService: {
    validateCredential: async (credential, signaturePublicKey) => {
      const identity = identityOf(credential);
      return identity !== null && sameBytes(identity, signaturePublicKey);
    },
  },
};

/** The identity a credential names; null when it is of another kind than ours. */
export function identityOf(credential: Credential): Uint8Array | null {
  if (credential.credentialType !== 'basic' || !('identity' in credential)) return null;
  return credential.identity.length === ED25519_PUBLIC_KEY_BYTES ? credential.identity : null;
}

/** True for equal public values; takes no care about timing. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
