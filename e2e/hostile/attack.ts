import type { Rng } from '../../src/core/base/rng.ts';
import type { HonestCrowd } from './honest-crowd.ts';
import type { HonestReport } from './honest-protocol.ts';
import type { RelayChild } from './relay-child.ts';
import type { Refused, Rogue, Welcome } from './rogue.ts';

/** What every attack finds: a room under way, with honest members talking in its first channel. */
export interface Stage {
  readonly relay: RelayChild;
  readonly honest: HonestCrowd;
  /** The host of the room: an admin on a bare lane, in no channel. */
  readonly warden: Rogue;
  readonly rng: Rng;
}

/** Looks at what the honest heard meanwhile. */
export type Verdict = (report: HonestReport) => void;

export interface Attack {
  readonly name: string;
  /** What must become of it, in a line. */
  readonly expectation: string;
  /** Sealing cannot keep a member with the keys from this: the call may break off for the time that the attack states. */
  readonly mayDisturb?: true;
  /** Everything in it is bounded in number and time. @returns what is left to judge once the honest have reported */
  run(stage: Stage, tally: Tally): Promise<Verdict | undefined>;
}

/** Where attackers come from: eight strangers to each other and to the honest, who are at 127.0.0.1. */
export const STRANGERS = [
  '127.0.0.2',
  '127.0.0.3',
  '127.0.0.4',
  '127.0.0.5',
  '127.0.0.6',
  '127.0.0.7',
  '127.0.0.8',
  '127.0.0.9',
] as const;

/** The channel where members land, and the honest stay. */
export const LOBBY = 1;

/** What was tried, what it was answered with, and what was not as it should be. */
export class Tally {
  readonly failures: string[] = [];
  readonly figures: Record<string, number | string> = {};
  tries = 0;
  readonly #answers = new Map<string, number>();

  /** Tries that ended in the refusal, or the counted discard, of that name. */
  count(answer: string, times = 1): void {
    if (times > 0) this.#answers.set(answer, (this.#answers.get(answer) ?? 0) + times);
  }

  expect(holds: boolean, sentence: string): void {
    if (!holds) this.failures.push(sentence);
  }

  equal(
    what: string,
    actual: number | string | boolean | null,
    expected: number | string | boolean | null,
  ): void {
    this.expect(actual === expected, `${what}: ${actual}, not ${expected}`);
  }

  /** One try whose answer must be this refusal. @param rule kind of the rule that must come with it */
  refused(
    what: string,
    answer: Welcome | Refused | 'done' | null | undefined,
    code: string,
    rule?: string,
  ): void {
    this.tries += 1;
    if (answer === null || answer === undefined || answer === 'done' || answer.type !== 'refused') {
      this.failures.push(`${what}: not refused`);
      return;
    }
    this.count(answer.code);
    this.equal(what, answer.code, code);
    if (rule !== undefined) this.equal(`${what}, rule`, answer.rule?.kind ?? null, rule);
  }

  get answers(): string {
    return [...this.#answers].map(([answer, times]) => `${answer} ${times}`).join(', ');
  }
}

/** How far the relay's counters moved since `begin`. */
export class CounterWatch {
  readonly #relay: RelayChild;
  readonly #before: Readonly<Record<string, number>>;

  static async begin(relay: RelayChild): Promise<CounterWatch> {
    return new CounterWatch(relay, await relay.counters());
  }

  private constructor(relay: RelayChild, before: Readonly<Record<string, number>>) {
    this.#relay = relay;
    this.#before = before;
  }

  /** Waits until a counter has moved by `by`, or for `maxMs`. */
  async moves(name: string, by: number, maxMs = 3_000): Promise<void> {
    await this.#relay.counterReaches(name, (this.#before[name] ?? 0) + by, maxMs);
  }

  async end(): Promise<(name: string) => number> {
    const after = await this.#relay.counters();
    return (name) => (after[name] ?? 0) - (this.#before[name] ?? 0);
  }
}
