import { setTimeout as sleep } from 'node:timers/promises';
import { type BotsRequest, type BotsState, IDLE_BOTS } from '../../contract/admin.ts';
import { MAX_ADDS_PER_COMMIT } from '../../core/wire/key-delivery.ts';
import { Bot } from './bot.ts';
import type { BotPorts } from './bot-ports.ts';
import type { BotsSummary } from './bots-protocol.ts';
import { KeyTurns } from './key-turns.ts';
import { PackageGate } from './package-gate.ts';
import { Talk } from './talk.ts';

/** Bots that come in before the next ones wait until all hold all keys: one commit takes in no more. */
const WAVE_BOTS = MAX_ADDS_PER_COMMIT;

/** Logins under way at once: enough to keep the relay busy, and far from where it turns connections away. */
const LOGINS_AT_ONCE = 8;

/** Tries of one bot to come in: a relay under load may turn one away. */
const LOGIN_TRIES = 3;
const LOGIN_PAUSE_MS = 500;

/** Longest time until all bots are in and have their keys, in ms: several times what 200 of them take on a busy machine. */
const JOINING_LIMIT_MS = 180_000;

/** Longest wait for the key packages of a wave that is in, in ms: making one takes a few. */
const GATE_LIMIT_MS = 2_000;

const KEYS_LATE = 'The bots did not get the keys of all others in time.';

/** Longest wait until the relay answers every bot's probes, in ms. */
const PATHS_LIMIT_MS = 10_000;

/** Rest between the last key and the first frame, in ms: a sender goes over to a new key only after a while. */
const REST_MS = 500;

/** A bot without connection for this long ends the test, in ms: the relay is gone, or answers nobody. */
const LANE_LOST_LIMIT_MS = 3_000;

const LOOK_EVERY_MS = 20;
const SECOND_MS = 1_000;

export interface StressTestOptions {
  readonly ports: BotPorts;
  readonly request: BotsRequest;
  readonly speechPath: string;
  readonly tell: (state: BotsState) => void;
}

export interface StressTestEnd {
  readonly state: BotsState;
  /** Null when nobody has talked. */
  readonly summary: BotsSummary | null;
}

/** The test cannot go on; the message is for people. */
class TestFailure extends Error {}

/** Somebody ended the test. */
class TestStopped extends Error {}

/** One stress test from the first login to the last figure, in one thread. */
export class StressTest {
  readonly #options: StressTestOptions;
  readonly #bots: readonly Bot[];
  readonly #gate = new PackageGate();
  #state: BotsState;
  #failure: string | null = null;
  #stopped = false;
  #talk: Talk | null = null;
  #joiningMs = 0;
  #elsewhereSinceMs: number | null = null;

  constructor(options: StressTestOptions) {
    this.#options = options;
    const { bots, speakers } = options.request;
    const turns = new KeyTurns();
    this.#bots = Array.from(
      { length: bots },
      (_, index) =>
        new Bot({
          index,
          turns,
          gate: this.#gate,
          ports: options.ports,
          onArrival: (bot, header, bytes, lengthBytes, nowMs) =>
            this.#talk?.handleArrival(bot, header, bytes, lengthBytes, nowMs),
          onSending: (bot, sequence) => this.#talk?.handleSending(bot, sequence),
          onDidDrop: (sentence) => {
            this.#failure ??= `A bot was put out of the room. ${sentence}`;
          },
        }),
    );
    this.#state = { ...IDLE_BOTS, phase: 'joining', bots, speakers };
  }

  get identities(): readonly string[] {
    return this.#bots.map((bot) => bot.identity);
  }

  /** Ends the test early; what was measured so far is told. */
  stop(): void {
    this.#stopped = true;
  }

  /** Runs the test in a channel that lets the bots in. Never rejects; the last state is returned and not told. */
  async run(channel: number): Promise<StressTestEnd> {
    // While they talk, the end of each second is told.
    const told = setInterval(() => {
      if (this.#talk === null) this.#tell({});
    }, SECOND_MS);
    try {
      const samples = await this.#readSpeech();
      await this.#join(channel);
      await this.#speak(samples);
      this.#note({ phase: 'done' });
    } catch (error) {
      const failed = error instanceof TestFailure || !(error instanceof TestStopped);
      const sentence = error instanceof Error ? error.message : String(error);
      this.#note({ phase: failed ? 'failed' : 'done', sentence });
    } finally {
      clearInterval(told);
      this.#talk?.close();
      for (const bot of this.#bots) bot.leave();
    }
    return { state: this.#state, summary: this.#talk?.summary(this.#joiningMs) ?? null };
  }

  async #readSpeech(): Promise<Float32Array> {
    const speech = await this.#options.ports.readSpeech(this.#options.speechPath);
    if (!speech.ok) throw new TestFailure(speech.sentence);
    return speech.samples;
  }

  async #join(channel: number): Promise<void> {
    const { nowMs } = this.#options.ports;
    const startMs = nowMs();
    const limitMs = startMs + JOINING_LIMIT_MS;
    for (let from = 0; from < this.#bots.length; from += WAVE_BOTS) {
      const inside = this.#bots.slice(0, from + WAVE_BOTS);
      const wave = this.#bots.slice(from, from + WAVE_BOTS);
      this.#gate.close();
      await this.#letIn(wave, channel);
      // The relay asks again for a package that does not come: this wait cannot fail.
      const openMs = nowMs() + GATE_LIMIT_MS;
      await this.#until(() => this.#gate.held >= wave.length || nowMs() >= openMs, limitMs, KEYS_LATE);
      this.#gate.open();
      if (inside.length === this.#bots.length) this.#tell({ phase: 'exchangingKeys' });
      await this.#until(() => inside.every((bot) => bot.keysHeld >= inside.length), limitMs, KEYS_LATE);
    }
    this.#joiningMs = nowMs() - startMs;
    await this.#until(
      () => this.#bots.every((bot) => bot.alive),
      nowMs() + PATHS_LIMIT_MS,
      'The relay did not answer all bots by UDP.',
    );
    const restedMs = nowMs() + REST_MS;
    await this.#until(() => nowMs() >= restedMs, Number.POSITIVE_INFINITY, '');
  }

  async #letIn(wave: readonly Bot[], channel: number): Promise<void> {
    const waiting = [...wave];
    const worker = async (): Promise<void> => {
      for (let bot = waiting.shift(); bot !== undefined; bot = waiting.shift())
        await this.#login(bot, channel);
    };
    await Promise.all(Array.from({ length: LOGINS_AT_ONCE }, worker));
  }

  async #login(bot: Bot, channel: number): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      this.#check();
      const outcome = await bot.join(channel);
      if (outcome.ok) return;
      this.#check();
      if (tries === LOGIN_TRIES) throw new TestFailure(`A bot was not let in. ${outcome.sentence}`);
      await sleep(LOGIN_PAUSE_MS);
    }
  }

  async #speak(samples: Float32Array): Promise<void> {
    const { ports, request } = this.#options;
    const codec = this.#bots[0]?.codec ?? null;
    if (codec === null) throw new TestFailure('The relay did not say how the channel is encoded.');
    if (samples.length < codec.frameSamples)
      throw new TestFailure('The WAV file is shorter than one frame of the channel.');
    const talk = new Talk({
      ports,
      bots: this.#bots,
      speakers: request.speakers,
      samples,
      ...codec,
    });
    this.#talk = talk;
    talk.start();
    this.#tell({ phase: 'speaking' });
    const startMs = ports.nowMs();
    for (let second = 1; second <= request.seconds && !this.#stopped; second += 1) {
      const endMs = startMs + second * SECOND_MS;
      await this.#until(() => ports.nowMs() >= endMs || this.#stopped, Number.POSITIVE_INFINITY, '', true);
      this.#tell({ ...talk.closeSecond(), elapsedSeconds: (ports.nowMs() - startMs) / SECOND_MS });
    }
    talk.hush();
    this.#tell({ phase: 'ending' });
    // The last frames are under way: what is not here within a second is lost.
    const settledMs = ports.nowMs() + SECOND_MS;
    await this.#until(() => ports.nowMs() >= settledMs, Number.POSITIVE_INFINITY, '', true);
    const { totalLossPercent, totalLatencyMs, perBot } = talk.closeSecond();
    this.#state = { ...this.#state, totalLossPercent, totalLatencyMs, perBot };
  }

  /** @param unstoppable stopping is the caller's affair */
  async #until(
    condition: () => boolean,
    limitMs: number,
    sentence: string,
    unstoppable = false,
  ): Promise<void> {
    for (;;) {
      this.#check(unstoppable);
      if (condition()) return;
      if (this.#options.ports.nowMs() >= limitMs) throw new TestFailure(sentence);
      await sleep(LOOK_EVERY_MS);
    }
  }

  /** @throws TestFailure, TestStopped */
  #check(unstoppable = false): void {
    if (this.#failure !== null) throw new TestFailure(this.#failure);
    if (this.#stopped && !unstoppable) throw new TestStopped('Stopped before the bots talked.');
    const nowMs = this.#options.ports.nowMs();
    const elsewhere = this.#bots.some((bot) => bot.lostLane);
    if (!elsewhere) this.#elsewhereSinceMs = null;
    else this.#elsewhereSinceMs ??= nowMs;
    if (this.#elsewhereSinceMs !== null && nowMs - this.#elsewhereSinceMs >= LANE_LOST_LIMIT_MS)
      throw new TestFailure('The relay is gone: bots lost their connection to it.');
  }

  #tell(change: Partial<BotsState>): void {
    this.#note(change);
    this.#options.tell(this.#state);
  }

  #note(change: Partial<BotsState>): void {
    const inside = this.#bots.filter((bot) => bot.inside);
    const keyed = inside.filter((bot) => bot.keysHeld >= inside.length && bot.keysHeld > 0).length;
    this.#state = { ...this.#state, joined: inside.length, keyed, ...change };
  }
}
