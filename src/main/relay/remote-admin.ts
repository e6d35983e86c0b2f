import type {
  AdminActor,
  AdminCommand,
  AdminNews,
  AdminOutcome,
  AdminView,
  AuditRow,
  RelayAdmin,
  RelayFigures,
} from '../../core/relay/admin-port.ts';
import type { Ban } from '../../core/wire/control.ts';
import type { AdminAnswers, AdminQuestion, RelayCommand, RelayEvent } from './relay-protocol.ts';

interface Outstanding {
  readonly resolve: (answer: AdminAnswers[keyof AdminAnswers]) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The relay's admin port in the thread that serves the admin API: every call becomes a message with a number.
 *
 * A promise rejects when the relay is gone, or when its disk refuses.
 */
export class RemoteAdmin implements RelayAdmin {
  readonly #send: (command: RelayCommand) => void;
  readonly #outstanding = new Map<number, Outstanding>();
  readonly #observers = new Set<{ readonly onNews: (news: AdminNews) => void }>();
  #lastId = 0;
  #gone = false;

  constructor(send: (command: RelayCommand) => void) {
    this.#send = send;
  }

  command(actor: AdminActor, command: AdminCommand): Promise<AdminOutcome> {
    return this.#ask({ kind: 'command', actor, command });
  }

  view(): Promise<AdminView> {
    return this.#ask({ kind: 'view' });
  }

  bans(): Promise<readonly Ban[]> {
    return this.#ask({ kind: 'bans' });
  }

  audit(before: number | null, count: number): Promise<readonly AuditRow[]> {
    return this.#ask({ kind: 'audit', before, count });
  }

  async writeAudit(by: string, action: string, subject: string, reason: string): Promise<void> {
    await this.#ask({ kind: 'writeAudit', by, action, subject, reason });
  }

  figures(): Promise<RelayFigures> {
    return this.#ask({ kind: 'figures' });
  }

  /** The relay tells nothing while nobody watches. */
  watch(onNews: (news: AdminNews) => void): () => void {
    const observer = { onNews };
    if (this.#observers.size === 0) this.#tellWatching(true);
    this.#observers.add(observer);
    return () => {
      if (this.#observers.delete(observer) && this.#observers.size === 0) this.#tellWatching(false);
    };
  }

  /** @returns whether the message was for here */
  handleEvent(event: RelayEvent): boolean {
    switch (event.kind) {
      case 'answer':
        this.#take(event.id)?.resolve(event.answer);
        return true;
      case 'noAnswer':
        this.#take(event.id)?.reject(new Error(event.detail));
        return true;
      case 'news':
        for (const { onNews } of [...this.#observers]) onNews(event.news);
        return true;
      default:
        return false;
    }
  }

  /** The relay's thread has ended: nothing is answered any more. */
  handleGone(): void {
    this.#gone = true;
    const outstanding = [...this.#outstanding.values()];
    this.#outstanding.clear();
    for (const { reject } of outstanding) reject(gone());
  }

  #ask<Kind extends AdminQuestion['kind']>(
    question: Extract<AdminQuestion, { kind: Kind }>,
  ): Promise<AdminAnswers[Kind]> {
    return new Promise((resolve, reject) => {
      if (this.#gone) {
        reject(gone());
        return;
      }
      this.#lastId += 1;
      // The relay answers each kind of question with its own kind of answer, under the same number.
      this.#outstanding.set(this.#lastId, { resolve: resolve as Outstanding['resolve'], reject });
      this.#send({ kind: 'ask', id: this.#lastId, question });
    });
  }

  #tellWatching(watching: boolean): void {
    if (!this.#gone) this.#send({ kind: 'watch', watching });
  }

  #take(id: number): Outstanding | undefined {
    const outstanding = this.#outstanding.get(id);
    this.#outstanding.delete(id);
    return outstanding;
  }
}

function gone(): Error {
  return new Error('The room is closed.');
}
