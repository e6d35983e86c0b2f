import type { Invite } from '../../core/wire/invite.ts';
import type { PeoplePort } from './ports.ts';
import { judgeCertificate, relayName } from './trust.ts';

export interface CertificateCheckOptions {
  readonly people: Pick<PeoplePort, 'knownRelay' | 'rememberRelay'>;
  /** Something did not work that the person should know of. */
  readonly onProblem: (sentence: string) => void;
}

/** Whether the relay at the other end is the one it should be, during one visit. */
export class CertificateCheck {
  readonly #options: CertificateCheckOptions;
  #accepted = '';
  #distrust: string | null = null;
  #refused = 0;

  constructor(options: CertificateCheckOptions) {
    this.#options = options;
  }

  /** SHA-256 of the certificate that was accepted last, base64url; empty: none. */
  get accepted(): string {
    return this.#accepted;
  }

  /** Why the newest certificate was refused; null: it was not. */
  get distrust(): string | null {
    return this.#distrust;
  }

  /** Certificates refused, over all visits. */
  get refused(): number {
    return this.#refused;
  }

  /** Another visit begins. */
  begin(): void {
    this.#accepted = '';
    this.#distrust = null;
  }

  accept(target: Invite, sha256: string): boolean {
    const known = this.#options.people.knownRelay(relayName(target)) ?? undefined;
    const decision = judgeCertificate(target, known, sha256);
    if (decision.accept) {
      this.#accepted = sha256;
      return true;
    }
    this.#distrust = decision.sentence;
    this.#refused += 1;
    return false;
  }

  /** The relay at `target` let us in: it is held to this certificate from now on. */
  remember(target: Invite): void {
    const { people } = this.#options;
    const name = relayName(target);
    try {
      if (people.knownRelay(name) !== this.#accepted) people.rememberRelay(name, this.#accepted);
    } catch {
      this.#options.onProblem(
        `The certificate of ${name} could not be saved, so it cannot be recognized the next time.`,
      );
    }
  }
}
