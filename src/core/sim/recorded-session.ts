import { createRng } from '../base/rng.ts';
import {
  type SessionEnd,
  SessionEngine,
  type SessionOut,
  type WelcomeMessage,
} from '../session/session-engine.ts';
import type { ClientMessage, RelayMessage } from '../wire/control.ts';
import { simChannels } from './simulation.ts';

/** A session engine under a clock that tests move by hand, with everything it did written down. */
export class RecordedSession {
  nowMs = 1_000;
  readonly engine: SessionEngine;
  readonly sent: ClientMessage[] = [];
  readonly welcomes: WelcomeMessage[] = [];
  readonly ends: SessionEnd[] = [];
  opened = 0;
  closed = 0;
  changes = 0;

  constructor(seed = 1) {
    this.engine = new SessionEngine({ rng: createRng(seed) });
  }

  readonly out: SessionOut = {
    openLane: () => {
      this.opened += 1;
    },
    closeLane: () => {
      this.closed += 1;
    },
    sendControl: (message) => {
      this.sent.push(message);
    },
    onDidChange: () => {
      this.changes += 1;
    },
    onDidWelcome: (welcome) => {
      this.welcomes.push(welcome);
    },
    onDidEnd: (end) => {
      this.ends.push(end);
    },
  };

  connect(nickname = 'Anna'): void {
    this.engine.handleConnect(nickname, this.nowMs, this.out);
  }

  laneOpened(): void {
    this.engine.handleLaneOpened(this.nowMs, this.out);
  }

  laneClosed(failure: Parameters<SessionEngine['handleLaneClosed']>[0] = 'closed'): void {
    this.engine.handleLaneClosed(failure, this.nowMs, this.out);
  }

  hear(message: RelayMessage): void {
    this.hearText(JSON.stringify(message));
  }

  hearText(text: string): void {
    this.engine.handleLaneMessage(text, this.nowMs, this.out);
  }

  /** Connects up to and with the welcome. */
  enter(welcome: WelcomeMessage = welcomeFor(7)): void {
    this.connect();
    this.laneOpened();
    this.hear(welcome);
  }

  /** Moves the clock and calls the engine whenever it wants to be called. */
  pass(durationMs: number): void {
    const untilMs = this.nowMs + durationMs;
    while (true) {
      const deadlineMs = this.engine.nextDeadlineMs();
      if (deadlineMs === null || deadlineMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, deadlineMs);
      this.engine.handleDeadline(this.nowMs, this.out);
    }
    this.nowMs = untilMs;
  }

  /** Lets the pause before the next attempt pass. @returns its length in ms */
  passPause(): number {
    const sinceMs = this.nowMs;
    this.nowMs = this.engine.nextDeadlineMs() ?? this.nowMs;
    this.engine.handleDeadline(this.nowMs, this.out);
    return this.nowMs - sinceMs;
  }
}

/** A welcome for `token`, alone in the first channel. */
export function welcomeFor(token: number): WelcomeMessage {
  return {
    type: 'welcome',
    token,
    pathKey: 'A'.repeat(43),
    roomName: 'Recorded room',
    channels: [...simChannels],
    members: [{ token, nickname: 'Anna', channel: 1, muted: false, deafened: false }],
  };
}
