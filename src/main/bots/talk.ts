import type { BotsState } from '../../contract/admin.ts';
import { assert } from '../../core/base/assert.ts';
import type { DatagramHeader } from '../../core/wire/datagram.ts';
import type { Bot } from './bot.ts';
import type { BotPorts } from './bot-ports.ts';
import type { BotsSummary } from './bots-protocol.ts';
import { botFigure, fitnessSentence, lossPercent } from './bots-state.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import { Measurement } from './measurement.ts';
import { OpeningQueue } from './opening-queue.ts';
import { Pacer } from './pacer.ts';
import { encodeSpeech } from './speech.ts';

const SAMPLES_PER_MS = 48;

export interface TalkOptions {
  readonly ports: BotPorts;
  /** The first of them speak. */
  readonly bots: readonly Bot[];
  readonly speakers: number;
  /** Mono, 48 kHz. */
  readonly samples: Float32Array;
  readonly bitrate: number;
  readonly frameSamples: number;
}

/** What changes in the state from second to second. */
export type TalkFigures = Pick<
  BotsState,
  | 'sentence'
  | 'sentPerSecond'
  | 'receivedPerSecond'
  | 'receivedBitsPerSecond'
  | 'lossPercent'
  | 'totalLossPercent'
  | 'latencyMs'
  | 'totalLatencyMs'
  | 'botsCpu'
  | 'perBot'
>;

/** The time in which bots talk: sends their frames when they are due and counts what arrives. */
export class Talk {
  readonly #options: TalkOptions;
  readonly #packets: readonly Uint8Array[];
  readonly #measurement: Measurement;
  readonly #queue = new OpeningQueue();
  readonly #pacer: Pacer;
  readonly #pacingInSecond = new LatencyHistogram();
  readonly #pacing = new LatencyHistogram();
  /** By speaker: frames so far. */
  readonly #frames: Uint32Array;
  readonly #unopened: Uint32Array;
  #opened = 0;
  #bytesReceived = 0;
  #received = 0;
  #timer: NodeJS.Timeout | null = null;
  #opening: NodeJS.Immediate | null = null;
  #startedMs = 0;
  #startedCpuMs = 0;
  #secondMs = 0;
  #secondCpuMs = 0;
  #droppedBefore = 0;
  #cpu = 0;
  #leftOut = 0;
  readonly #socketKind: 'batched' | 'dgram';
  /** Read while the links are open; they count no more afterwards. */
  #dropped = 0;

  constructor(options: TalkOptions) {
    this.#options = options;
    const { bots, speakers, samples, bitrate, frameSamples, ports } = options;
    this.#packets = encodeSpeech(samples, frameSamples, ports.createEncoder(bitrate));
    this.#measurement = new Measurement(
      bots.map((bot) => bot.token ?? -1),
      speakers,
    );
    this.#socketKind = bots[0]?.socketKind ?? 'dgram';
    this.#frames = new Uint32Array(speakers);
    this.#unopened = new Uint32Array(bots.length);
    this.#pacer = new Pacer({ speakers, frameMs: frameSamples / SAMPLES_PER_MS, startMs: ports.nowMs() });
  }

  start(): void {
    const { ports } = this.#options;
    this.#startedMs = ports.nowMs();
    this.#startedCpuMs = ports.threadCpuMs();
    this.#secondMs = this.#startedMs;
    this.#secondCpuMs = this.#startedCpuMs;
    this.#droppedBefore = this.#countDropped();
    this.#dropped = this.#droppedBefore;
    this.#sendDue();
  }

  /** Nobody talks any more; arrivals go on counting. */
  hush(): void {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    const { ports } = this.#options;
    const tookMs = ports.nowMs() - this.#startedMs;
    this.#cpu = tookMs > 0 ? (ports.threadCpuMs() - this.#startedCpuMs) / tookMs : 0;
  }

  close(): void {
    this.hush();
    if (this.#opening !== null) clearImmediate(this.#opening);
    this.#opening = null;
  }

  /** The bot is about to send its frame of that number. */
  handleSending(bot: Bot, sequence: number): void {
    this.#measurement.handleSent(bot.index, sequence, this.#options.ports.nowMs());
  }

  handleArrival(
    bot: Bot,
    header: DatagramHeader,
    bytes: Uint8Array,
    lengthBytes: number,
    nowMs: number,
  ): void {
    const { index } = bot;
    const arrival = this.#measurement.handleArrival(index, header.token, header.sequence, lengthBytes, nowMs);
    if (arrival !== 'inTime') return;
    this.#received += 1;
    this.#bytesReceived += lengthBytes;
    if (this.#queue.put(index, bytes, lengthBytes, nowMs))
      this.#opening ??= setImmediate(() => this.#openSome());
  }

  /** Call it once a second. */
  closeSecond(): TalkFigures {
    const { ports } = this.#options;
    const nowMs = ports.nowMs();
    const cpuMs = ports.threadCpuMs();
    const tookMs = Math.max(1, nowMs - this.#secondMs);
    const perSecond = 1_000 / tookMs;
    const botsCpu = Math.max(0, (cpuMs - this.#secondCpuMs) / tookMs);
    this.#secondMs = nowMs;
    this.#secondCpuMs = cpuMs;
    const second = this.#measurement.closeSecond();
    const dropped = this.#countDropped();
    const sentence = fitnessSentence({
      botsCpu,
      pacingP99Ms: this.#pacingInSecond.percentiles().p99,
      droppedHere: dropped - this.#dropped,
      notTried: this.#queue.leftOut - this.#leftOut,
    });
    this.#dropped = dropped;
    this.#leftOut = this.#queue.leftOut;
    const figures: TalkFigures = {
      sentence,
      sentPerSecond: second.sent * perSecond,
      receivedPerSecond: second.received * perSecond,
      receivedBitsPerSecond: second.receivedBytes * 8 * perSecond,
      lossPercent: lossPercent(second),
      totalLossPercent: lossPercent(this.#measurement.sums()),
      latencyMs: this.#measurement.lastSecond.percentiles(),
      totalLatencyMs: this.#measurement.total.percentiles(),
      botsCpu,
      perBot: this.#measurement.bots.map((count, bot) => botFigure(bot, count, this.#unopened[bot] ?? 0)),
    };
    this.#measurement.lastSecond.clear();
    this.#pacingInSecond.clear();
    return figures;
  }

  summary(joiningMs: number): BotsSummary {
    const { frameSamples } = this.#options;
    const sent = this.#measurement.bots.reduce((sum, count) => sum + count.sent, 0);
    return {
      joiningMs,
      voiceSocket: this.#socketKind,
      frameMs: frameSamples / SAMPLES_PER_MS,
      datagramBytes: this.#received === 0 ? 0 : this.#bytesReceived / this.#received,
      sent,
      ...this.#measurement.sums(),
      opened: this.#opened,
      unopened: this.#unopened.reduce((sum, count) => sum + count, 0),
      notTried: this.#queue.leftOut + this.#queue.waiting,
      droppedHere: this.#dropped - this.#droppedBefore,
      pacingLateMs: this.#pacing.percentiles(),
      framesLeftOut: this.#pacer.framesLeftOut,
      latencyMs: this.#measurement.total.percentiles(),
      botsCpu: this.#cpu,
    };
  }

  #countDropped(): number {
    return this.#options.bots.reduce((sum, bot) => sum + bot.dropped, 0);
  }

  #sendDue(): void {
    const { ports } = this.#options;
    this.#pacer.handleDeadline(ports.nowMs(), this.#onDue);
    // At least a millisecond: the sockets want to be read, too.
    const delayMs = Math.max(1, this.#pacer.nextDeadlineMs() - ports.nowMs());
    this.#timer = setTimeout(() => this.#sendDue(), delayMs);
  }

  readonly #onDue = (speaker: number, lateMs: number): void => {
    const { bots, speakers, frameSamples, ports } = this.#options;
    const bot = bots[speaker];
    const frame = this.#frames[speaker] ?? 0;
    const place = Math.floor((speaker * this.#packets.length) / speakers);
    const packet = this.#packets[(place + frame) % this.#packets.length];
    assert(bot !== undefined && packet !== undefined, 'speakers are bots, and speech has packets');
    this.#frames[speaker] = frame + 1;
    this.#pacing.add(lateMs);
    this.#pacingInSecond.add(lateMs);
    bot.speak(packet, (frame * frameSamples) >>> 0, ports.nowMs());
  };

  #openSome(): void {
    this.#opening = this.#queue.work(this.#openOne, this.#options.ports.nowMs)
      ? setImmediate(() => this.#openSome())
      : null;
  }

  readonly #openOne = (bot: number, bytes: Uint8Array, lengthBytes: number, nowMs: number): void => {
    if (this.#options.bots[bot]?.open(bytes, lengthBytes, nowMs) === true) this.#opened += 1;
    else this.#unopened[bot] = (this.#unopened[bot] ?? 0) + 1;
  };
}
