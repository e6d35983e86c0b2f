import type { AdminActor, RelayAdmin } from '../../core/relay/admin-port.ts';
import { refusalSentence } from '../../core/wire/refusal.ts';
import { ADMIN_ROLE_ID } from '../../core/wire/roles.ts';
import { ruleSentence } from '../../core/wire/rule.ts';

/** Lets the members in. No account can have a name with spaces. */
const ACTOR: AdminActor = Object.freeze({ account: 'the gateways', role: ADMIN_ROLE_ID });

/** Waiting before the relay is asked again, in ms; doubled each time. */
const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 15_000;

interface Guest {
  /** As it was told last. */
  identity: string;
  /** As the relay has let it in; null: it has not. */
  admitted: string | null;
  /** Why it is not, for people; null: it is, or nothing is known against it. */
  sentence: string | null;
  failures: number;
  timer: NodeJS.Timeout | null;
  /** Counts askings: an answer to an earlier one says nothing. */
  turn: number;
}

export interface MemberDeskOptions {
  readonly relay: Pick<RelayAdmin, 'command'>;
  readonly onAdmitted: (channel: number) => void;
  readonly onDidChange: () => void;
}

/** Has the relay let in the members that stand in channels for the gateways, and put them out. */
export class MemberDesk {
  readonly #options: MemberDeskOptions;
  readonly #guests = new Map<number, Guest>();
  /** The relay is asked one thing after the other: who goes has to be gone before the next comes. */
  #queue: Promise<void> = Promise.resolve();

  constructor(options: MemberDeskOptions) {
    this.#options = options;
  }

  /** Why nobody stands in that channel, for people; null: somebody does, or will in a moment. */
  sentence(channel: number): string | null {
    return this.#guests.get(channel)?.sentence ?? null;
  }

  /** That channel's member comes as this identity. */
  handleIdentity(channel: number, identity: string): void {
    const guest = this.#guests.get(channel) ?? {
      identity,
      admitted: null,
      sentence: null,
      failures: 0,
      timer: null,
      turn: 0,
    };
    this.#guests.set(channel, guest);
    guest.identity = identity;
    guest.failures = 0;
    this.#ask(channel, guest);
  }

  /** The relay may be another one, which knows nobody: a member that finds its own way back must be let in again. */
  handleRelay(): void {
    for (const [channel, guest] of this.#guests) this.#ask(channel, guest);
  }

  handleDropped(channel: number, sentence: string): void {
    const guest = this.#guests.get(channel);
    if (guest === undefined) return;
    guest.sentence = sentence;
    this.#options.onDidChange();
  }

  /** Nobody is to stand there any more. */
  dismiss(channel: number): void {
    const guest = this.#guests.get(channel);
    if (guest === undefined) return;
    this.#guests.delete(channel);
    this.#cancel(guest);
    this.#enqueue(() => this.#putOut(guest));
  }

  /** Puts all out; resolves when the relay has answered. */
  async dismissAll(): Promise<void> {
    for (const channel of [...this.#guests.keys()]) this.dismiss(channel);
    await this.#queue;
  }

  #ask(channel: number, guest: Guest): void {
    this.#cancel(guest);
    const { turn } = guest;
    this.#enqueue(async () => {
      if (guest.turn !== turn) return;
      const sentence = await this.#admit(channel, guest);
      if (guest.turn !== turn) return;
      guest.sentence = sentence;
      if (sentence === null) {
        guest.failures = 0;
        this.#options.onAdmitted(channel);
      } else {
        const waitMs = Math.min(FIRST_WAIT_MS * 2 ** guest.failures, MAX_WAIT_MS);
        guest.failures += 1;
        guest.timer = setTimeout(() => this.#ask(channel, guest), waitMs);
      }
      this.#options.onDidChange();
    });
  }

  /** @returns null: it is let in; else why not */
  async #admit(channel: number, guest: Guest): Promise<string | null> {
    const { identity } = guest;
    if (guest.admitted !== null && guest.admitted !== identity) await this.#putOut(guest);
    try {
      const outcome = await this.#options.relay.command(ACTOR, { kind: 'admitListeners', identity, channel });
      if (outcome.ok) {
        guest.admitted = identity;
        return null;
      }
      return outcome.rule === null ? refusalSentence(outcome.code) : ruleSentence(outcome.rule);
    } catch {
      // It is gone: who it had let in is let in no more, and is asked for again when the next one is open.
      guest.admitted = null;
      return 'The room does not answer.';
    }
  }

  async #putOut(guest: Guest): Promise<void> {
    const identity = guest.admitted;
    guest.admitted = null;
    if (identity === null) return;
    try {
      await this.#options.relay.command(ACTOR, { kind: 'dismissListeners', identity });
    } catch {
      // A relay that is gone has nobody in it.
    }
  }

  #cancel(guest: Guest): void {
    guest.turn += 1;
    if (guest.timer !== null) clearTimeout(guest.timer);
    guest.timer = null;
  }

  #enqueue(work: () => Promise<void>): void {
    this.#queue = this.#queue.then(work);
  }
}
