/** How often something that follows a slider is sent, in ms: at once to the eye, and no flood. */
export const SEND_PACE_MS = 100;

/** Calls back once after `delayMs`; returns what calls it off. */
export type Later = (delayMs: number, callback: () => void) => () => void;

/** Sends the latest of what is pushed, SEND_PACE_MS after the first of it: the last one always arrives. */
export class PacedSend<Value> {
  private readonly send: (value: Value) => void;
  private readonly later: Later;
  private waiting: { value: Value; readonly callOff: () => void } | null = null;

  constructor(send: (value: Value) => void, later: Later) {
    this.send = send;
    this.later = later;
  }

  push(value: Value): void {
    if (this.waiting !== null) this.waiting.value = value;
    else this.waiting = { value, callOff: this.later(SEND_PACE_MS, () => this.flush()) };
  }

  /** Sends what waits now. */
  flush(): void {
    const { waiting } = this;
    if (waiting === null) return;
    waiting.callOff();
    this.waiting = null;
    this.send(waiting.value);
  }

  /** Drops what waits. */
  drop(): void {
    this.waiting?.callOff();
    this.waiting = null;
  }
}
