import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ChatTarget } from '../wire/chat.ts';
import type { Mac } from '../wire/probe.ts';
import { balances } from './balance.ts';
import type { SimClient } from './sim-client.ts';
import { type Call, startCall } from './whole-call.ts';

/** Short by default; FUZZ_RUNS=20000 for a long night. fast-check prints the seed of a failure. */
const numRuns = Number(process.env.FUZZ_RUNS ?? 100);
const timeout = 20_000 + 200 * numRuns;

const mac: Mac = (key, data) => createHmac('sha256', key).update(data).digest();

const lobby: ChatTarget = { kind: 'channel', channel: 1 };

type Step =
  | { readonly kind: 'write'; readonly who: number; readonly toPerson: boolean }
  | { readonly kind: 'cut'; readonly who: number }
  | { readonly kind: 'unplug'; readonly who: number; readonly forMs: number }
  | { readonly kind: 'restart' }
  | { readonly kind: 'crash'; readonly downMs: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('write'), who: fc.nat(1), toPerson: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('cut'), who: fc.nat(1) }) },
  fc.record({ kind: fc.constant('unplug'), who: fc.nat(1), forMs: fc.nat(8_000) }),
  fc.constant({ kind: 'restart' } as const),
  fc.record({ kind: fc.constant('crash'), downMs: fc.nat(3_000) }),
);
const steps = fc.array(fc.record({ afterMs: fc.nat(600), step }), {
  minLength: 1,
  maxLength: 30,
  size: 'max',
});

function take({ simulation, anna, ben }: Call, number: number, what: Step): void {
  const people = [anna, ben] as const;
  switch (what.kind) {
    case 'write': {
      const [writer, other] = what.who === 0 ? people : ([ben, anna] as const);
      const to: ChatTarget = what.toPerson ? { kind: 'member', identity: other.identity } : lobby;
      writer.write(`text ${number}`, to);
      return;
    }
    case 'cut':
      people[what.who]?.cutLane();
      return;
    case 'unplug':
      people[what.who]?.setOffline(true);
      simulation.runFor(what.forMs);
      people[what.who]?.setOffline(false);
      return;
    case 'restart':
      simulation.relay.restart(500);
      simulation.runFor(600);
      return;
    case 'crash':
      simulation.relay.crash();
      simulation.runFor(what.downMs);
      simulation.relay.start();
      return;
  }
}

/** What a reader was shown of what `writer` wrote. */
function shownOf(reader: SimClient, writer: SimClient): string[] {
  return reader.chats
    .filter(({ message }) => message.from.identity === writer.identity)
    .map(({ message }) => message.text);
}

test('whenever lanes break and relays restart, chat arrives once and in order, or its writer is told', {
  timeout,
}, () => {
  let resumes = 0;
  let taken = 0;
  let welcomesLost = 0;
  fc.assert(
    fc.property(fc.nat(), steps, (seed, happenings) => {
      const call = startCall({ seed, mac });
      const { simulation, anna, ben } = call;
      happenings.forEach((happening, number) => {
        simulation.runFor(happening.afterMs);
        take(call, number, happening.step);
      });
      // Dead lanes are noticed, held places found again, and what waits is written at the relay's pace.
      simulation.runFor(90_000);
      expect(simulation.relay.stat('resumesWrongSecret')).toBe(0);
      welcomesLost += simulation.relay.stat('resumedAgain');
      for (const [writer, reader] of [
        [anna, ben],
        [ben, anna],
      ] as const) {
        expect(writer.session.phase).toBe('connected');
        expect(writer.session.waiting.chats).toBe(0);
        const shown = shownOf(reader, writer);
        expect(new Set(shown).size).toBe(shown.length);
        const numbers = shown.map((text) => Number(text.slice(5)));
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
        for (const [chat, text] of writer.written) {
          const outcome = writer.outcomes.get(chat);
          if (outcome?.kind === 'taken') {
            taken += 1;
            expect(shown).toContain(text);
          } else {
            expect(outcome?.certain).toBe(true);
            expect(shown).not.toContain(text);
          }
        }
        resumes += writer.session.counters.resumes;
        expect(writer.session.counters.deliveriesMissed).toBe(0);
      }
      for (const { name, left, right } of balances(simulation))
        expect({ name, total: left }).toEqual({ name, total: right });
    }),
    { numRuns },
  );
  expect(resumes).toBeGreaterThan(numRuns);
  expect(taken).toBeGreaterThan(numRuns);
  // In a long run some lane breaks with the welcome on it; a hundred runs may miss that, interruption.test.ts does not.
  expect(welcomesLost).toBeGreaterThanOrEqual(Math.floor(numRuns / 1_000));
});
