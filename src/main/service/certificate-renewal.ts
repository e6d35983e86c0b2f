import type { CertificatePair } from '../base/certificate-pair.ts';
import type { TlsRead } from './admin-tls.ts';
import type { RelayLog } from './relay-log.ts';

/** How often it is looked whether a certificate was replaced, in ms. */
export const CERTIFICATE_CHECK_MS = 60_000;

/** A pair that does not fit in so many looks one after the other is not just being written. */
const LOOKS_UNTIL_WRONG = 2;

/** Somebody who shows a certificate of the user's own. */
export interface CertificateUse {
  /** For the log. */
  readonly of: 'admin' | 'listeners';
  readonly read: () => TlsRead;
  /** Null: not open. */
  readonly door: () => { renewCertificate(certificate: CertificatePair): void } | null;
}

/**
 * Takes over certificates that were replaced by newer ones while the room is open: those of public authorities last a
 * few weeks, and a restart for each would put everybody out.
 */
export class CertificateWatch {
  readonly #renewals: readonly Renewal[];

  /** What lies in the files now is what is shown. */
  constructor(log: Pick<RelayLog, 'info' | 'error'>, uses: readonly CertificateUse[]) {
    this.#renewals = uses.map((use) => new Renewal(log, use));
  }

  /** Looks once. */
  check(): void {
    for (const renewal of this.#renewals) renewal.check();
  }
}

class Renewal {
  readonly #log: Pick<RelayLog, 'info' | 'error'>;
  readonly #use: CertificateUse;
  #shown: CertificatePair | null;
  #wrongLooks = 0;

  constructor(log: Pick<RelayLog, 'info' | 'error'>, use: CertificateUse) {
    this.#log = log;
    this.#use = use;
    const read = use.read();
    this.#shown = read.ok ? read.tls : null;
  }

  check(): void {
    const { of, read, door } = this.#use;
    const found = read();
    if (!found.ok) {
      this.#wrongLooks += 1;
      if (this.#wrongLooks === LOOKS_UNTIL_WRONG) this.#log.error('certificateNotRenewed', { of });
      return;
    }
    this.#wrongLooks = 0;
    // Without a certificate of the user's own there is nothing to renew.
    if (found.tls === null || isSame(found.tls, this.#shown)) return;
    this.#shown = found.tls;
    door()?.renewCertificate(found.tls);
    this.#log.info('certificateRenewed', { of });
  }
}

function isSame(one: CertificatePair, other: CertificatePair | null): boolean {
  return one.certificatePem === other?.certificatePem && one.keyPem === other.keyPem;
}
