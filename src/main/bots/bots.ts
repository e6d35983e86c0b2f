import { networkInterfaces } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type BotsRequest, type BotsState, botsRequestSchema, IDLE_BOTS } from '../../contract/admin.ts';
import type { AdminActor, RelayAdmin } from '../../core/relay/admin-port.ts';
import { type RefusalCode, refusalSentence } from '../../core/wire/refusal.ts';
import type { BotsCommand, BotsEvent, BotsSummary, BotsWorkerData } from './bots-protocol.ts';
import { reachOf } from './reach.ts';

/**
 * Young generation of the bots' heap, in MB: every datagram that is deciphered leaves an object behind, and clearing a
 * small heap often holds the thread up for half a millisecond, where the usual one does for twenty: that would be told
 * as latency.
 */
const YOUNG_GENERATION_MB = 2;

/** The channel that the relay opens for a test. */
export const BOTS_CHANNEL_NAME = 'Stress test';

/** Longest wait for the worker to make its bots' identities, in ms. */
const IDENTITIES_LIMIT_MS = 20_000;

/** What joining and ending may take beside the time of talking, in ms: the worker's own limit, and some. */
const BESIDES_TALKING_MS = 240_000;

/** A worker that does not end within this time after being told so is ended, in ms. */
const STOP_LIMIT_MS = 5_000;

/** Longest wait until the relay has put the bots out, in ms. */
const DISMISS_LIMIT_MS = 5_000;

/** Why no test began; see the admin API's port, which this fits. */
export type BotsRefusal = 'notAllowed' | 'running' | 'badRequest' | 'unavailable';
export type BotsOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: BotsRefusal; readonly sentence: string };

/** What the relay's refusals are to whoever asked for a test. */
const REASONS: { readonly [code in RefusalCode]?: BotsRefusal } = {
  notAllowed: 'notAllowed',
  testRunning: 'running',
};

export interface BotsOptions {
  /** The built bots-worker. */
  readonly workerPath: string;
  /** WAV file that the bots speak. */
  readonly speechPath: string;
  readonly relay: RelayAdmin;
  readonly port: number;
  readonly certificateSha256: string;
  /** Addresses of this machine; those of its interfaces by default. */
  readonly ownAddresses?: () => readonly string[];
}

/** One test from the relay's consent to the last bot's leaving. */
interface Run {
  readonly worker: Worker;
  readonly actor: AdminActor;
  readonly limit: NodeJS.Timeout;
  admitted: boolean;
  finished: Promise<void> | null;
  readonly over: Promise<void>;
  readonly setOver: () => void;
}

/**
 * The stress test, one at a time: asks the relay to let bots in, starts their worker, tells how it goes, and has the
 * relay put them out at the end, however it ends. Methods never reject.
 */
export class Bots {
  readonly #options: BotsOptions;
  readonly #listeners = new Set<(state: BotsState) => void>();
  #state: BotsState = IDLE_BOTS;
  #summary: BotsSummary | null = null;
  #run: Run | null = null;
  #starting: Promise<BotsOutcome> | null = null;

  constructor(options: BotsOptions) {
    this.#options = options;
  }

  /** How well the test that ran last could measure; null before its end, and where nobody talked. */
  get summary(): BotsSummary | null {
    return this.#summary;
  }

  state(): BotsState {
    return this.#state;
  }

  /** @returns stops it */
  onState(listener: (state: BotsState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when the test has begun, or with why it has not. */
  async start(request: BotsRequest, actor: AdminActor): Promise<BotsOutcome> {
    if (this.#run !== null || this.#starting !== null)
      return { ok: false, reason: 'running', sentence: 'A stress test is running already. Stop it first.' };
    const checked = botsRequestSchema.safeParse(request);
    if (!checked.success || request.speakers > request.bots)
      return { ok: false, reason: 'badRequest', sentence: 'No more bots can speak than there are.' };
    const reach = reachOf(request.address, this.#options.ownAddresses?.() ?? ownAddresses());
    if (!reach.ok) return { ...reach, reason: 'badRequest' };
    this.#starting = this.#begin(request, actor, reach.address).catch((error: unknown) => ({
      ok: false,
      reason: 'unavailable',
      sentence: `The stress test could not begin: ${messageOf(error)}`,
    }));
    const outcome = await this.#starting;
    this.#starting = null;
    return outcome;
  }

  /** Ends the test that runs; resolves when its bots are out. */
  async stop(): Promise<void> {
    await this.#starting;
    const run = this.#run;
    if (run === null) return;
    if (run.finished === null) {
      order(run.worker, { kind: 'stop' });
      const limit = setTimeout(
        () =>
          this.#finish(run, {
            ...this.#state,
            phase: 'failed',
            sentence: 'The bots did not end and were ended.',
          }),
        STOP_LIMIT_MS,
      );
      void run.over.then(() => clearTimeout(limit));
    }
    await run.over;
  }

  async #begin(request: BotsRequest, actor: AdminActor, address: string): Promise<BotsOutcome> {
    const { workerPath, speechPath, relay, port, certificateSha256 } = this.#options;
    const workerData: BotsWorkerData = { request, address, port, certificateSha256, speechPath };
    const worker = new Worker(workerPath, {
      workerData,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    const identities = await identitiesOf(worker);
    const admitted = await relay
      .command(actor, { kind: 'admitBots', identities, channelName: BOTS_CHANNEL_NAME })
      .catch((error: unknown) => ({ ok: false, thrown: messageOf(error) }) as const);
    if (!admitted.ok || admitted.channel === null) {
      await worker.terminate();
      if ('thrown' in admitted)
        return { ok: false, reason: 'unavailable', sentence: `The relay is gone: ${admitted.thrown}` };
      const code = 'code' in admitted ? admitted.code : null;
      return {
        ok: false,
        reason: code === null ? 'unavailable' : (REASONS[code] ?? 'unavailable'),
        sentence: code === null ? 'The relay opened no channel for the bots.' : refusalSentence(code),
      };
    }
    this.#summary = null;
    const run = this.#watch(worker, actor, request);
    this.#tell({ ...IDLE_BOTS, phase: 'joining', bots: request.bots, speakers: request.speakers });
    order(run.worker, { kind: 'admitted', channel: admitted.channel });
    return { ok: true };
  }

  #watch(worker: Worker, actor: AdminActor, request: BotsRequest): Run {
    let setOver: () => void = () => undefined;
    const over = new Promise<void>((resolve) => {
      setOver = resolve;
    });
    const limitMs = request.seconds * 1_000 + BESIDES_TALKING_MS;
    const fail = (sentence: string): void => {
      this.#finish(run, { ...this.#state, phase: 'failed', sentence });
    };
    const limit = setTimeout(() => fail('The stress test took too long and was ended.'), limitMs);
    const run: Run = { worker, actor, limit, admitted: true, finished: null, over, setOver };
    this.#run = run;
    worker.on('message', (event: BotsEvent) => {
      if (run.finished !== null) return;
      if (event.kind === 'state') this.#tell(event.state);
      if (event.kind !== 'ended') return;
      this.#summary = event.summary;
      this.#finish(run, event.state);
    });
    worker.on('error', (error) => fail(`The bots' thread died: ${messageOf(error)}`));
    worker.on('exit', () => fail("The bots' thread ended before the test did."));
    return run;
  }

  /** Once for each run: puts the bots out, then tells the last state. */
  #finish(run: Run, state: BotsState): void {
    run.finished ??= this.#clear(run).then(() => {
      this.#run = null;
      this.#tell(state);
      run.setOver();
    });
  }

  async #clear(run: Run): Promise<void> {
    clearTimeout(run.limit);
    await run.worker.terminate();
    let limit: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      limit = setTimeout(resolve, DISMISS_LIMIT_MS);
    });
    // A relay that is gone has put everybody out.
    const dismissed = this.#options.relay.command(run.actor, { kind: 'dismissBots' }).catch(() => undefined);
    await Promise.race([dismissed, patience]);
    clearTimeout(limit);
  }

  #tell(state: BotsState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }
}

function order(worker: Worker, command: BotsCommand): void {
  worker.postMessage(command);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).map(({ address }) => address),
  );
}

/** @throws Error when the worker dies before, or takes too long; it is ended then */
async function identitiesOf(worker: Worker): Promise<readonly string[]> {
  let limit: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      limit = setTimeout(() => reject(new Error('its thread does not answer')), IDENTITIES_LIMIT_MS);
      worker.on('error', reject);
      worker.once('exit', () => reject(new Error('its thread ended')));
      worker.on('message', (event: BotsEvent) => {
        if (event.kind === 'identities') resolve(event.identities);
      });
    });
  } catch (error) {
    await worker.terminate();
    throw error;
  } finally {
    clearTimeout(limit);
  }
}
