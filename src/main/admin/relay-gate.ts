import type {
  AdminActor,
  AdminCommand,
  AdminNews,
  AdminView,
  AuditRow,
  RelayAdmin,
  RelayFigures,
} from '../../core/relay/admin-port.ts';
import type { Ban } from '../../core/wire/control.ts';
import { RequestRefused, relayGone, relayRefusal } from './problem.ts';

/** A relay that does not answer for so long is stuck or overwhelmed; who asks is told, in ms. */
export const RELAY_ANSWER_MS = 5_000;

/** Within this time the relay has to answer to count as ready, in ms. */
export const READY_MS = 1_000;

/** The relay as handlers ask it: a refusal, or no answer, is a `RequestRefused`. */
export class RelayGate {
  readonly #relay: RelayAdmin;
  readonly #answerMs: number;
  readonly #counts = { relayAsked: 0, relayUnanswered: 0, auditFailed: 0 };

  constructor(relay: RelayAdmin, answerMs: number = RELAY_ANSWER_MS) {
    this.#relay = relay;
    this.#answerMs = answerMs;
  }

  get counters(): Readonly<Record<string, number>> {
    return this.#counts;
  }

  /** @returns the channel it made, if it made one @throws RequestRefused */
  async command(actor: AdminActor, command: AdminCommand): Promise<number | null> {
    const outcome = await this.#answer(this.#relay.command(actor, command));
    if (!outcome.ok) throw relayRefusal(outcome.code, outcome.rule);
    return outcome.channel;
  }

  /** @throws RequestRefused */
  view(): Promise<AdminView> {
    return this.#answer(this.#relay.view());
  }

  /** @throws RequestRefused */
  bans(): Promise<readonly Ban[]> {
    return this.#answer(this.#relay.bans());
  }

  /** @throws RequestRefused */
  audit(before: number | null, count: number): Promise<readonly AuditRow[]> {
    return this.#answer(this.#relay.audit(before, count));
  }

  /** @throws RequestRefused */
  figures(withinMs: number = this.#answerMs): Promise<RelayFigures> {
    return this.#answer(this.#relay.figures(), withinMs);
  }

  /** What was done stays done when its line cannot be written: that is counted. */
  async writeAudit(by: string, action: string, subject: string, reason = ''): Promise<void> {
    try {
      await this.#answer(this.#relay.writeAudit(by, action, subject, reason));
    } catch (error) {
      if (!(error instanceof RequestRefused)) throw error;
      this.#counts.auditFailed += 1;
    }
  }

  watch(onNews: (news: AdminNews) => void): () => void {
    return this.#relay.watch(onNews);
  }

  async #answer<T>(asked: Promise<T>, withinMs: number = this.#answerMs): Promise<T> {
    this.#counts.relayAsked += 1;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(relayGone()), withinMs);
    });
    try {
      return await Promise.race([asked.catch(() => Promise.reject(relayGone())), late]);
    } catch (error) {
      this.#counts.relayUnanswered += 1;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}
