import { createRng } from '../../../core/base/rng.ts';
import type { Seat } from '../../../core/program/fan-out.ts';
import type { Program } from '../../../core/program/program.ts';
import { PROGRAM_RATE_HZ, type ProgramFrame } from '../../../core/program/program-frame.ts';
import { INTERLEAVED_HEADER_BYTES } from '../../../core/rtp/interleaved-frame.ts';
import { senderReport } from '../../../core/rtp/rtcp-packet.ts';
import { RtpSender } from '../../../core/rtp/rtp-sender.ts';
import { RtpTimeline } from '../../../core/rtp/rtp-timeline.ts';

/** Between two sender reports, in ms (RFC 3550, section 6.2: at least five seconds). */
const REPORT_INTERVAL_MS = 5_000;

/** What a listener hears at once, in samples: the newest frame alone. A browser would play a burst late for good. */
const OPENING_SAMPLES = 960;

/** A frame older than this is not of now: a mix rests while nobody listens, in ms. */
const MAX_OPENING_AGE_MS = 200;

export interface ProgramSenderOptions {
  readonly program: Program;
  readonly payloadType: number;
  /** 32 bits of chance: where the counts of this stream begin. */
  readonly seed: number;
  /** Canonical name of the source. */
  readonly cname: string;
  readonly nowMs: () => number;
  readonly send: (packet: Uint8Array) => void;
  readonly backlogBytes: () => number;
  /** The kernel let go of it. */
  readonly onEnd: () => void;
}

/** A program's packets as one listener's RTP stream: every payload as it was published. */
export class ProgramSender {
  readonly #options: ProgramSenderOptions;
  readonly #sender: RtpSender;
  readonly #timeline: RtpTimeline;
  #seat: Seat | null = null;
  #unwatch: () => void = () => undefined;
  #reports: NodeJS.Timeout | null = null;
  /** Where the next frame would begin without a hole; null: none was sent. */
  #nextPosition: number | null = null;
  #stopped = false;

  constructor(options: ProgramSenderOptions) {
    this.#options = options;
    const rng = createRng(options.seed);
    this.#sender = new RtpSender(options.payloadType, rng);
    this.#timeline = new RtpTimeline(PROGRAM_RATE_HZ, rng);
  }

  get ssrc(): number {
    return this.#sender.ssrc;
  }

  /** The listener is connected. Further calls do nothing. */
  start(): void {
    if (this.#stopped || this.#reports !== null) return;
    const { program, backlogBytes, onEnd, nowMs } = this.#options;
    this.#reports = setInterval(() => this.#report(false), REPORT_INTERVAL_MS);
    this.#unwatch = program.watch({ handleBegin: () => this.#timeline.beginStretch() });
    const opening = program
      .recentFrames(OPENING_SAMPLES)
      .filter(({ atMs }) => atMs >= nowMs() - MAX_OPENING_AGE_MS)
      .slice(-1);
    const seat = program.frames.join(
      {
        send: (frame) => this.#send(frame),
        backlogBytes,
        end: () => onEnd(),
      },
      opening,
    );
    // A closed program ends the listener while it joins.
    if (this.#stopped) seat.leave();
    else this.#seat = seat;
  }

  /** Leaves the program, with a goodbye to a listener who is connected. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    if (this.#reports !== null) {
      clearInterval(this.#reports);
      this.#report(true);
    }
    this.#unwatch();
    this.#seat?.leave();
    this.#seat = null;
  }

  #send({ position, samples, payload, atMs }: ProgramFrame): void {
    const timestamp = this.#timeline.timestampOf(position, atMs);
    // Marks where sound begins again (RFC 7587, section 4.2).
    const marker = position !== this.#nextPosition;
    this.#nextPosition = position + samples;
    const packet = this.#sender.packet(payload, timestamp, marker);
    this.#options.send(packet.subarray(INTERLEAVED_HEADER_BYTES));
  }

  #report(isLast: boolean): void {
    const { nowMs, cname, send } = this.#options;
    const timestamp = this.#timeline.timestampAt(nowMs());
    if (timestamp === null) return;
    const { ssrc, packets, octets } = this.#sender;
    const report = senderReport({ ssrc, unixMs: Date.now(), timestamp, packets, octets, cname }, isLast);
    send(report.subarray(INTERLEAVED_HEADER_BYTES));
  }
}
