import { z } from 'zod';
import { LineProgram } from './line-program.ts';

/** `plain`: ours and the plain relay's, 16 bytes of header and the payload. */
export type Protocol = 'plain' | 'mumble';

const runSchema = z.strictObject({
  expected: z.number(),
  received: z.number(),
  lost: z.number(),
  duplicates: z.number(),
  stale: z.number(),
  garbled: z.number(),
  mostLostByOne: z.number(),
  p50Us: z.number(),
  p99Us: z.number(),
  maxUs: z.number(),
  windowNs: z.number(),
  windowDatagrams: z.number(),
  relayNs: z.number(),
  ownNs: z.number(),
  sendFailed: z.number(),
  ownDrops: z.number(),
  lateP99Us: z.number(),
  lateMaxUs: z.number(),
});
type RawRun = z.infer<typeof runSchema>;

const portSchema = z.strictObject({ port: z.number() });

/** What came of one run of the load. */
export interface Run {
  readonly speakers: number;
  /** Processor time of the relay per datagram that arrived, in microseconds. */
  readonly cpuUs: number;
  /** From sending to arrival, as the kernel saw it, in ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Share of copies that never arrived, in percent. */
  readonly lossPercent: number;
  /** Datagrams that arrived, per second. */
  readonly rate: number;
  /** Processor time of the relay and of the load generator, in percent of one core. */
  readonly relayPercent: number;
  readonly loadPercent: number;
  /** What the load generator did wrong, or null: then the figures are the relay's. */
  readonly fault: string | null;
  readonly raw: RawRun;
}

/** Sending later than this than it was due, at the 99th percentile, in ms: the load is not what it says it is. */
const MAX_LATE_MS = 2;

/** Above this share of a core the load generator may be what is slow, in percent. */
const MAX_LOAD_PERCENT = 80;

/** What makes the figures of a run the load generator's rather than the relay's. */
export function faultOf(raw: RawRun): string | null {
  if (raw.ownDrops > 0) return `${raw.ownDrops} datagrams dropped before the load generator read them`;
  if (raw.sendFailed > 0) return `${raw.sendFailed} packets could not be sent`;
  if (raw.garbled > 0) return `${raw.garbled} datagrams made no sense`;
  if (raw.lateP99Us > MAX_LATE_MS * 1_000) return `packets were sent ${raw.lateP99Us} microseconds late`;
  const loadPercent = (100 * raw.ownNs) / raw.windowNs;
  return loadPercent > MAX_LOAD_PERCENT
    ? `the load generator took ${loadPercent.toFixed(0)} % of a core`
    : null;
}

/** Figures out of counts. */
export function summariseRun(speakers: number, raw: RawRun): Run {
  return {
    speakers,
    cpuUs: raw.relayNs / 1_000 / raw.windowDatagrams,
    p50Ms: raw.p50Us / 1_000,
    p99Ms: raw.p99Us / 1_000,
    maxMs: raw.maxUs / 1_000,
    lossPercent: (100 * raw.lost) / raw.expected,
    rate: raw.windowDatagrams / (raw.windowNs / 1e9),
    relayPercent: (100 * raw.relayNs) / raw.windowNs,
    loadPercent: (100 * raw.ownNs) / raw.windowNs,
    fault: faultOf(raw),
    raw,
  };
}

export interface RunTime {
  /** Load before what is measured, in ms. */
  readonly warmMs: number;
  readonly measuredMs: number;
}

/** The load generator: members who speak, and count what they hear. */
export class Load {
  readonly #program: LineProgram;

  static async start(path: string, protocol: Protocol, relayPort: number): Promise<Load> {
    const load = new Load(await LineProgram.start(path));
    await load.#ask(`${protocol} ${relayPort}`);
    return load;
  }

  private constructor(program: LineProgram) {
    this.#program = program;
  }

  /**
   * One more member.
   *
   * @param token what its datagrams bear; with Mumble its session number
   * @param port where it sends from; 0: any
   * @returns the port
   */
  async addMember(token: number, port: number): Promise<number> {
    return portSchema.parse(await this.#ask(`member ${token} ${port}`)).port;
  }

  /** Mumble's key and nonces of the member that was added last. */
  async setKeys(secret: Buffer, sendNonce: Buffer, receiveNonce: Buffer): Promise<void> {
    const hex = [secret, sendNonce, receiveNonce].map((bytes) => bytes.toString('hex'));
    await this.#ask(`keys ${hex.join(' ')}`);
  }

  /** Makes Mumble's server learn the members' addresses. @throws Error when it does not answer each of them */
  async greet(): Promise<void> {
    await this.#ask('greet');
  }

  /** From now on datagrams are taken as soon as they come: what a relay costs that wakes whoever listens. */
  async listen(): Promise<void> {
    await this.#ask('listen');
  }

  /** Lets the first of the members speak, and counts what all of them hear. */
  async run(speakers: number, { warmMs, measuredMs }: RunTime, relayPid: number): Promise<Run> {
    const answer = await this.#ask(`run ${speakers} ${warmMs} ${measuredMs} ${relayPid}`);
    return summariseRun(speakers, runSchema.parse(answer));
  }

  stop(): Promise<void> {
    return this.#program.stop();
  }

  async #ask(line: string): Promise<unknown> {
    const answer: unknown = JSON.parse(await this.#program.ask(line));
    if (typeof answer === 'object' && answer !== null && 'failed' in answer)
      throw new Error(`the load generator could not ${line.split(' ')[0] ?? ''}`);
    return answer;
  }
}
