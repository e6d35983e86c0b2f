import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import type { CiphersuiteImpl, CryptoProvider, Hash, HashAlgorithm, Kdf, Signature } from 'ts-mls';
import { defaultCryptoProvider } from 'ts-mls/crypto/implementation/default/provider.js';
import { ed25519PrivateKey, signEd25519, verifyEd25519 } from './ed25519.ts';

const NODE_NAMES: Readonly<Record<HashAlgorithm, string>> = {
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
};

/**
 * The cryptography of an MLS suite with hash, key derivation and Ed25519 taken from `node:crypto`, which answers at
 * once. The library's own asks WebCrypto for each of the thousands of hashes of a commit, a trip through the thread
 * pool every time: 37 ms for each member to process a leave among 50, against 8 ms this way. HPKE and the rest
 * stay the library's.
 */
export const nodeCryptoProvider: CryptoProvider = {
  async getCiphersuiteImpl(suite): Promise<CiphersuiteImpl> {
    const base = await defaultCryptoProvider.getCiphersuiteImpl(suite);
    return {
      ...base,
      hash: nodeHash(suite.hash),
      kdf: nodeKdf(suite.hash, base.kdf.size),
      signature: suite.signature === 'Ed25519' ? nodeEd25519(base.signature) : base.signature,
    };
  },
};

function nodeHash(algorithm: HashAlgorithm): Hash {
  const name = NODE_NAMES[algorithm];
  const mac = (key: Uint8Array, data: Uint8Array) => createHmac(name, key).update(data).digest();
  return {
    digest: async (data) => new Uint8Array(hash(name, data, 'buffer')),
    mac: async (key, data) => new Uint8Array(mac(key, data)),
    async verifyMac(key, given, data) {
      const expected = mac(key, data);
      return expected.length === given.length && timingSafeEqual(expected, given);
    },
  };
}

/** HKDF (RFC 5869), whose two halves MLS uses one by one. */
function nodeKdf(algorithm: HashAlgorithm, sizeBytes: number): Kdf {
  const name = NODE_NAMES[algorithm];
  return {
    size: sizeBytes,
    async extract(salt, keyMaterial) {
      const key = salt.length === 0 ? new Uint8Array(sizeBytes) : salt;
      return new Uint8Array(createHmac(name, key).update(keyMaterial).digest());
    },
    async expand(key, info, lengthBytes) {
      const out = new Uint8Array(lengthBytes);
      let block: Uint8Array = new Uint8Array(0);
      for (let counter = 1, at = 0; at < lengthBytes; counter += 1, at += sizeBytes) {
        block = createHmac(name, key).update(block).update(info).update(Uint8Array.of(counter)).digest();
        out.set(block.subarray(0, lengthBytes - at), at);
      }
      return out;
    },
  };
}

function nodeEd25519(base: Signature): Signature {
  return {
    // Keys made by us are seeds; `keygen` of the library gives PKCS #8, whose last 32 bytes are the seed.
    sign: async (key, message) => signEd25519(ed25519PrivateKey(key.subarray(-32)), message),
    verify: async (publicKey, message, signature) => verifyEd25519(publicKey, message, signature),
    keygen: base.keygen,
  };
}
