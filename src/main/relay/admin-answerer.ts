import { getHeapStatistics } from 'node:v8';
import { assertNever } from '../../core/base/assert.ts';
import type { AdminNews, RelayFigures } from '../../core/relay/admin-port.ts';
import type { RelayDatabase } from './relay-database.ts';
import type { AdminAnswers, AdminQuestion, RelayEvent } from './relay-protocol.ts';
import type { RelayServer } from './relay-server.ts';

/** The relay's side of `RemoteAdmin`: answers its questions in the relay's thread. */
export class AdminAnswerer {
  readonly #server: RelayServer;
  readonly #database: Pick<RelayDatabase, 'readAudit'>;
  readonly #counters: () => Record<string, number>;
  readonly #send: (event: RelayEvent) => void;

  constructor(
    server: RelayServer,
    database: Pick<RelayDatabase, 'readAudit'>,
    counters: () => Record<string, number>,
    send: (event: RelayEvent) => void,
  ) {
    this.#server = server;
    this.#database = database;
    this.#counters = counters;
    this.#send = send;
  }

  handleWatch(watching: boolean): void {
    this.#server.onNews = watching ? (news: AdminNews) => this.#send({ kind: 'news', news }) : null;
  }

  /** Answers within the call, but for commands that wait for a password. */
  async handleQuestion(id: number, question: AdminQuestion): Promise<void> {
    try {
      const found = this.#answer(question);
      // No pause where there is nothing to wait for: news and answers stay in the order in which things happened.
      const answer = found instanceof Promise ? await found : found;
      this.#send({ kind: 'answer', id, answer });
    } catch (error) {
      this.#send({ kind: 'noAnswer', id, detail: error instanceof Error ? error.message : String(error) });
    }
  }

  #answer(
    question: AdminQuestion,
  ): AdminAnswers[keyof AdminAnswers] | Promise<AdminAnswers[keyof AdminAnswers]> {
    switch (question.kind) {
      case 'command':
        return this.#server.command(question.actor, question.command);
      case 'view':
        return this.#server.adminView();
      case 'bans':
        return this.#server.bans();
      case 'audit':
        return this.#database.readAudit(question.before, question.count);
      case 'writeAudit': {
        const { by, action, subject, reason } = question;
        if (!this.#server.writeAudit(by, action, subject, reason)) throw new Error('the disk refuses');
        return null;
      }
      case 'figures':
        return this.#figures();
      default:
        return assertNever(question);
    }
  }

  #figures(): RelayFigures {
    const { user, system } = process.threadCpuUsage();
    return {
      atMs: Date.now(),
      voiceSocket: this.#server.voiceSocketKind,
      counters: this.#counters(),
      cpuMs: (user + system) / 1_000,
      heapBytes: getHeapStatistics().used_heap_size,
    };
  }
}
