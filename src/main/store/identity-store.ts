import type { SecretBox } from '../base/secret-box.ts';
import type { Secrets } from './secrets.ts';

/** Name of the secret that holds the seed of our Ed25519 key. */
const SECRET_NAME = 'identity';

/** A seed (RFC 8032, section 5.1.5). */
const SEED_BYTES = 32;

const UNOPENABLE =
  'Your identity is stored on this computer but cannot be opened, perhaps because the key store was reset. ' +
  'You go by a temporary one until Sidetone ends. To be yourself again, import the identity you exported.';

export type LoadedSeed =
  | { readonly ok: true; readonly seed: Uint8Array | null }
  | { readonly ok: false; readonly reason: 'unopenable'; readonly sentence: string };

/** Keeps the seed of our identity sealed in the client's database. */
export class IdentityStore {
  readonly #secrets: Secrets;

  constructor(secrets: Secrets) {
    this.#secrets = secrets;
  }

  /** What the seed is sealed under when it is saved now. */
  get storage(): SecretBox['kind'] {
    return this.#secrets.kind;
  }

  /** The seed; null when none was saved yet. One that cannot be opened may be openable tomorrow and stays. */
  load(): LoadedSeed {
    const secret = this.#secrets.open(SECRET_NAME);
    if (secret.state === 'absent') return { ok: true, seed: null };
    if (secret.state === 'opened' && secret.bytes.length === SEED_BYTES)
      return { ok: true, seed: secret.bytes };
    return { ok: false, reason: 'unopenable', sentence: UNOPENABLE };
  }

  /**
   * Saves a seed in place of the one before, as the person decided. One that could not be opened is put aside and
   * never overwritten.
   *
   * @throws Error when the box or the disk refuses
   */
  save(seed: Uint8Array): void {
    if (!this.load().ok) {
      const aside = this.#secrets.names(`${SECRET_NAME}.unopened.*`).length + 1;
      this.#secrets.rename(SECRET_NAME, `${SECRET_NAME}.unopened.${aside}`);
    }
    this.#secrets.seal(SECRET_NAME, seed);
  }
}
