import { ChaosEngine } from '../../core/chaos/chaos-engine.ts';
import { CHAOS_OFF, type ChaosSettings, isOff } from '../../core/chaos/chaos-settings.ts';
import { type NetworkTrace, TraceRecorder } from '../../core/chaos/network-trace.ts';
import { traceToText } from '../../core/chaos/trace-document.ts';
import { DeadlineTimer } from '../base/deadline-timer.ts';

/** What datagrams leave through in the end. */
export interface DatagramSocket {
  send(bytes: Uint8Array, lengthBytes: number): void;
}

/** A recording as it is handed over: see `traceToText`. */
export interface TraceText {
  readonly text: string;
  readonly packets: number;
}

const socketless: DatagramSocket = { send: () => undefined };

/**
 * The line between a voice thread and its socket, which can be made bad on purpose. Settings, recording and replay
 * outlast the socket: whoever reconnects attaches the next one.
 *
 * While nothing of it is on, a datagram goes straight to the socket and there is neither engine nor timer. Otherwise
 * datagrams leave within about a millisecond of their time, which is what timers are good for.
 */
export class ChaosLine {
  readonly #timer = new DeadlineTimer(
    { nextDeadlineMs: () => this.#engine?.nextDeadlineMs() ?? null },
    (nowMs) => this.#engine?.handleDeadline(nowMs, this.#out),
  );
  readonly #out = {
    sendDatagram: (bytes: Uint8Array, lengthBytes: number): void => this.#socket.send(bytes, lengthBytes),
  };
  /** Made when it is first needed: it takes memory for all that it may hold. */
  #engine: ChaosEngine | null = null;
  #socket = socketless;
  #settings = CHAOS_OFF;
  #seed = 0;
  #recorder: TraceRecorder | null = null;

  attach(socket: DatagramSocket): void {
    this.detach();
    this.#socket = socket;
  }

  /** The socket is about to be closed: what is held goes nowhere. */
  detach(): void {
    this.#socket = socketless;
    this.#engine?.discardHeld();
    this.#timer.stop();
  }

  /** Sends a datagram, now or when its time has come. `bytes` are lent for the call. */
  send(bytes: Uint8Array, lengthBytes: number): void {
    const engine = this.#engine;
    if (engine === null || !engine.active) {
      this.#socket.send(bytes, lengthBytes);
      return;
    }
    engine.handleDatagram(bytes, lengthBytes, performance.now(), this.#out);
    this.#timer.reschedule();
  }

  /**
   * What is done to datagrams from now on.
   *
   * @param seed u32. Chance begins anew with another seed, and each time that chaos is switched on
   */
  setChaos(settings: ChaosSettings, seed: number): void {
    const begins = seed !== this.#seed || (isOff(this.#settings) && !isOff(settings));
    this.#settings = settings;
    this.#seed = seed;
    if (this.#engine === null && isOff(settings)) return;
    const engine = this.#madeEngine();
    if (begins) engine.reseed(seed);
    engine.setSettings(settings, performance.now());
    this.#settle(engine);
  }

  /** Begins a recording of what becomes of each datagram, in the place of any other that runs. */
  startTrace(): void {
    this.#recorder = new TraceRecorder();
    this.#madeEngine().record(this.#recorder);
  }

  /** Ends the recording. Nothing recorded: an empty one. */
  stopTrace(): TraceText {
    const trace = (this.#recorder ?? new TraceRecorder()).finish();
    this.#recorder = null;
    this.#engine?.record(null);
    return { text: traceToText(trace), packets: trace.length };
  }

  /** Datagrams share the fate of those of `trace`, again and again; null: no more. */
  replay(trace: NetworkTrace | null): void {
    if (this.#engine === null && trace === null) return;
    const engine = this.#madeEngine();
    engine.replay(trace, performance.now());
    this.#settle(engine);
  }

  /** Datagrams by what became of them (see ChaosEngine); empty while chaos was never on. */
  counters(): Record<string, number> {
    const engine = this.#engine;
    if (engine === null) return {};
    const { length = 0, leftOut = 0 } = this.#recorder ?? {};
    return { ...engine.counters, held: engine.held, recorded: length, recordedTooLate: leftOut };
  }

  #madeEngine(): ChaosEngine {
    this.#engine ??= new ChaosEngine(this.#seed);
    return this.#engine;
  }

  /** A change may have made datagrams due. */
  #settle(engine: ChaosEngine): void {
    engine.handleDeadline(performance.now(), this.#out);
    this.#timer.reschedule();
  }
}
