import type { BackendName, BufferStep, Side } from './audio-device.ts';
import { BufferLadder } from './buffer-ladder.ts';

/** Which buffers a device has, and which it shall begin with next time. */
export interface BufferFact {
  readonly side: Side;
  /** Id of the device; '' is the system's default. */
  readonly deviceId: string;
  /** Name under which `nextStep` is to be remembered: backend, side and device. */
  readonly key: string;
  /** Position on the backend's ladder, 0 is the shortest. */
  readonly step: number;
  readonly blockSamples: number;
  readonly queueBlocks: number;
  /** Step for the next start. */
  readonly nextStep: number;
}

export interface BufferControlOptions {
  readonly backend: BackendName;
  readonly side: Side;
  /** The backend's ladder, the shortest first, not empty. */
  readonly steps: readonly BufferStep[];
  /** Steps to begin with, by key; what is learnt is put in. */
  readonly remembered: Map<string, number>;
  readonly onDidChange: (fact: BufferFact) => void;
}

/** Keeps a ladder per device of one side and says when the open one needs longer buffers. */
export class BufferControl {
  readonly #options: BufferControlOptions;
  readonly #ladders = new Map<string, BufferLadder>();
  #deviceId = '';
  #underruns = 0;
  #reported = '';
  #stepsUp = 0;

  constructor(options: BufferControlOptions) {
    this.#options = options;
  }

  /** Times the buffers became longer. */
  get stepsUp(): number {
    return this.#stepsUp;
  }

  /** The device is about to be opened. */
  stepFor(deviceId: string): BufferStep {
    this.#deviceId = deviceId;
    return this.#stepAt(this.#ladder().step);
  }

  /** Sound flows with the buffers that were asked for; `underruns` is the total so far. */
  handleFlow(underruns: number, nowMs: number): void {
    this.#underruns = underruns;
    this.#ladder().handleOpen(nowMs);
    this.#report(nowMs);
  }

  /**
   * To be called now and then.
   *
   * @param underruns how often sound ran dry, in all
   * @returns the buffers that the device must have from now on, null while they are right
   */
  tick(underruns: number, nowMs: number): BufferStep | null {
    const ladder = this.#ladder();
    const changed = ladder.handleUnderruns(underruns - this.#underruns, nowMs);
    this.#underruns = underruns;
    if (changed) this.#stepsUp += 1;
    this.#report(nowMs);
    return changed ? this.#stepAt(ladder.step) : null;
  }

  #key(): string {
    return `${this.#options.backend}/${this.#options.side}/${this.#deviceId}`;
  }

  #ladder(): BufferLadder {
    const { steps, remembered } = this.#options;
    const known = this.#ladders.get(this.#deviceId);
    if (known !== undefined) return known;
    const ladder = new BufferLadder({ steps: steps.length, startStep: remembered.get(this.#key()) ?? 0 });
    this.#ladders.set(this.#deviceId, ladder);
    return ladder;
  }

  #stepAt(index: number): BufferStep {
    return this.#options.steps[index] ?? { blockSamples: 480, queueBlocks: 4 };
  }

  #report(nowMs: number): void {
    const { step } = this.#ladder();
    const nextStep = this.#ladder().nextStartStep(nowMs);
    const key = this.#key();
    const text = `${key} ${step} ${nextStep}`;
    if (text === this.#reported) return;
    this.#reported = text;
    this.#options.remembered.set(key, nextStep);
    const { side, onDidChange } = this.#options;
    onDidChange({ side, deviceId: this.#deviceId, key, step, ...this.#stepAt(step), nextStep });
  }
}
