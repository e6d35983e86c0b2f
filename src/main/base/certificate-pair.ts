/** A certificate with its chain and its key, as PEM texts. */
export interface CertificatePair {
  readonly certificatePem: string;
  readonly keyPem: string;
}
