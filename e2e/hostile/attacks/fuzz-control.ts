import { setTimeout as sleep } from 'node:timers/promises';
import { TestIdentity } from '../../../src/main/relay/test-client.ts';
import { type Attack, CounterWatch, STRANGERS, type Stage } from '../attack.ts';
import { whole } from '../chance.ts';
import { type Known, mutatedMessage } from '../messages.ts';
import { Rogue } from '../rogue.ts';

const MESSAGES = 10_000;

/** Sent in one go on each lane; three bad ones close it, so the last of them often meet a lane that is no more. */
const PER_LANE = 6;

/** Lanes at work at one time: one in two logs in first, under an identity of its own. */
const FUZZERS = 24;

/** How long a lane is left to read, in ms, before it is given up. */
const LINGER_MS = 15;

/** How often the relay is asked how much it has read, in ms, and the longest time that all of it may take. */
const LOOK_INTERVAL_MS = 250;
const MAX_FUZZ_MS = 30_000;

class Fuzzer {
  readonly refusals = new Map<string, number>();
  sent = 0;
  readonly #stage: Stage;
  readonly #known: Known;
  readonly #number: number;
  readonly #identity = new TestIdentity();

  constructor(stage: Stage, known: Known, number: number) {
    this.#stage = stage;
    this.#known = known;
    this.#number = number;
  }

  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) await this.#fuzzLane();
  }

  async #fuzzLane(): Promise<void> {
    const { relay, rng } = this.#stage;
    const address = STRANGERS[this.#number % STRANGERS.length] ?? '';
    const rogue = await Rogue.open(relay.port, address, `Fuzzer ${this.#number}`, this.#identity);
    if (this.#number % 2 === 0) await rogue.login().catch(() => undefined);
    for (let n = 0; n < PER_LANE; n += 1) {
      // Now and then what belongs to voice, or to nothing.
      if (whole(rng, 20) === 0) rogue.sayDatagram(Buffer.from(mutatedMessage(rng, this.#known)));
      rogue.sayText(mutatedMessage(rng, this.#known));
      this.sent += 1;
    }
    await sleep(LINGER_MS);
    for (const { code } of rogue.refusals) this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
    rogue.drop();
  }
}

export const fuzzControl: Attack = {
  name: '10,000 random control messages',
  expectation: 'each read, refused with a code, or met by a closed lane; the totals balance',
  async run(stage, tally) {
    const { honest, relay } = stage;
    const known = {
      tokens: honest.members.map(({ token }) => token),
      identities: honest.members.map(({ identity }) => identity),
    };
    const watch = await CounterWatch.begin(relay);
    const fuzzers = Array.from({ length: FUZZERS }, (_, at) => new Fuzzer(stage, known, at));
    const startMs = performance.now();
    const before = (await relay.counters())['messages'] ?? 0;
    let over = false;
    const work = Promise.all(fuzzers.map((fuzzer) => fuzzer.run(() => over)));
    while (!over) {
      await sleep(LOOK_INTERVAL_MS);
      const readSoFar = ((await relay.counters())['messages'] ?? 0) - before;
      over = readSoFar >= MESSAGES || performance.now() - startMs > MAX_FUZZ_MS;
    }
    await work;
    await sleep(200);
    const grown = await watch.end();
    tally.tries = fuzzers.reduce((sum, { sent }) => sum + sent, 0);
    for (const { refusals } of fuzzers) for (const [code, count] of refusals) tally.count(code, count);
    tally.count('messagesTaken', grown('messagesTaken'));
    tally.count('lanes closed already', grown('messagesOnUnknownLane'));
    tally.figures['lanes'] = grown('lanesOpened');
    const read = ['messagesTaken', 'messagesBad', 'messagesTooMany', 'reactionsTooMany'];
    const sum = read.reduce((total, name) => total + grown(name), 0);
    tally.equal('messages read', sum, grown('messages'));
    tally.expect(sum >= MESSAGES, `only ${sum} messages were read`);
    tally.expect(
      grown('messagesBad') > MESSAGES / 10,
      'hardly a message was bad, so the attack shows nothing',
    );
    return undefined;
  },
};
