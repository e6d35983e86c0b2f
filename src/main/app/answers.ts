import type { Outcome } from '../../contract/ipc.ts';
import type { RequestAnswer } from '../../core/session/session-engine.ts';
import { type Ban, MAX_BANS } from '../../core/wire/control.ts';

export type ListBansOutcome =
  | { readonly ok: true; readonly bans: Ban[] }
  | { readonly ok: false; readonly sentence: string };

/** Brings the relay's answers to whoever asked. The session engine answers every request exactly once. */
export class Answers {
  readonly #waiting = new Map<number, (outcome: Outcome) => void>();
  /** Requests for the list of bans without an answer yet, and what has come for the oldest of them. */
  #listings = 0;
  #bans: Ban[] = [];
  #bansUnasked = 0;

  /** Bans that came without having been asked for, or beyond MAX_BANS: left out. */
  get bansUnasked(): number {
    return this.#bansUnasked;
  }

  /** @param number of the request */
  to(number: number): Promise<Outcome> {
    return new Promise((resolve) => this.#waiting.set(number, resolve));
  }

  /** The same for a request that lists the bans. */
  toListing(number: number): Promise<ListBansOutcome> {
    this.#listings += 1;
    return new Promise((resolve) => {
      this.#waiting.set(number, (outcome) => {
        // Relays answer in order: what has come until now belongs to this request.
        const bans = this.#bans.splice(0);
        this.#listings -= 1;
        resolve(outcome.ok ? { ok: true, bans } : outcome);
      });
    });
  }

  handleAnswer(number: number, answer: RequestAnswer): void {
    const resolve = this.#waiting.get(number);
    this.#waiting.delete(number);
    resolve?.(answer.ok ? { ok: true } : { ok: false, sentence: answer.sentence });
  }

  handleBans(bans: readonly Ban[]): void {
    if (this.#listings > 0 && this.#bans.length + bans.length <= MAX_BANS) this.#bans.push(...bans);
    else this.#bansUnasked += bans.length;
  }
}
