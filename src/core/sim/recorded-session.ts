import { createRng } from '../base/rng.ts';
import type { Losses } from '../redundancy/losses.ts';
import {
  type ChatOutcome,
  type HistoryMessage,
  type KeyMessage,
  type RequestAnswer,
  type SessionEnd,
  SessionEngine,
  type SessionOut,
  type WelcomeMessage,
  type WhisperKeyFromMessage,
} from '../session/session-engine.ts';
import type { ChatMessage } from '../wire/chat.ts';
import type { Ban, ClientMessage, RelayMessage } from '../wire/control.ts';
import { BUILT_IN_ROLES } from '../wire/roles.ts';
import { memberFor, shapeOfWhisperKey, simChannels, simIdentity } from './sim-room.ts';

/** What `RecordedSession.sign` sends. */
export const recordedLogin = Object.freeze({
  signature: `${'B'.repeat(85)}A`,
  whisperKey: shapeOfWhisperKey,
});

/** A session engine under a clock that tests move by hand, with everything it did written down. */
export class RecordedSession {
  nowMs = 1_000;
  readonly engine: SessionEngine;
  readonly sent: ClientMessage[] = [];
  readonly welcomes: WelcomeMessage[] = [];
  readonly ends: SessionEnd[] = [];
  readonly nonces: Uint8Array[] = [];
  readonly answers = new Map<number, RequestAnswer>();
  readonly chats: { readonly message: ChatMessage; readonly own: boolean }[] = [];
  readonly outcomes = new Map<number, ChatOutcome>();
  readonly histories: HistoryMessage[] = [];
  readonly bans: (readonly Ban[])[] = [];
  readonly keys: (KeyMessage | WhisperKeyFromMessage)[] = [];
  readonly keyRefusals: string[] = [];
  readonly heard: Losses[] = [];
  /** Answers and outcomes under a number that had one already: there must be none. */
  settledTwice = 0;
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
    signLogin: (nonce) => {
      this.nonces.push(nonce);
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
    onDidAnswer: (request, answer) => {
      if (this.answers.has(request)) this.settledTwice += 1;
      this.answers.set(request, answer);
    },
    onChat: (message, { own }) => {
      this.chats.push({ message, own });
    },
    onDidSettleChat: (chat, outcome) => {
      if (this.outcomes.has(chat)) this.settledTwice += 1;
      this.outcomes.set(chat, outcome);
    },
    onHistory: (history) => {
      this.histories.push(history);
    },
    onBans: (bans) => {
      this.bans.push(bans);
    },
    onKeyMessage: (message) => {
      this.keys.push(message);
    },
    onDidRefuseKey: (code) => {
      this.keyRefusals.push(code);
    },
    onWhisperKey: (message) => {
      this.keys.push(message);
    },
    onHeard: (losses) => {
      this.heard.push(losses);
    },
  };

  /** The identity is that of token 7. */
  connect(nickname = 'Anna', password?: string): void {
    const entrant = { nickname, identity: simIdentity(7), ...(password === undefined ? {} : { password }) };
    this.engine.handleConnect(entrant, this.nowMs, this.out);
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

  /** The relay's challenge, and the adapter's signature. */
  logIn(): void {
    this.hear({ type: 'challenge', nonce: 'A'.repeat(43) });
    this.sign();
  }

  sign(): void {
    this.engine.handleLoginSigned(recordedLogin, this.nowMs, this.out);
  }

  /** Opens the lane up to and with the welcome. */
  greet(welcome: WelcomeMessage): void {
    this.laneOpened();
    this.logIn();
    this.hear(welcome);
  }

  /** Connects up to and with the welcome. */
  enter(welcome: WelcomeMessage = welcomeFor(7)): void {
    this.connect();
    this.greet(welcome);
  }

  /** Loses the lane, waits, and goes on with `welcome`. */
  comeBack(welcome: WelcomeMessage): void {
    this.laneClosed();
    this.passPause();
    this.greet(welcome);
  }

  /** Messages sent since the last call. */
  takeSent(): ClientMessage[] {
    return this.sent.splice(0);
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
    this.nowMs = Math.max(this.nowMs, this.engine.nextDeadlineMs() ?? this.nowMs);
    this.engine.handleDeadline(this.nowMs, this.out);
    return this.nowMs - sinceMs;
  }
}

/** A welcome for `token`, alone in the first channel: a new session, unless `facts` say otherwise. */
export function welcomeFor(token: number, facts: Partial<WelcomeMessage> = {}): WelcomeMessage {
  return {
    type: 'welcome',
    token,
    pathKey: 'A'.repeat(43),
    resumeSecret: 'A'.repeat(43),
    resumed: false,
    roomName: 'Recorded room',
    channels: [...simChannels],
    members: [memberFor(token, { nickname: 'Anna', identity: simIdentity(7) })],
    membersComplete: true,
    roles: [...BUILT_IN_ROLES],
    chatTaken: 0,
    chatSeen: 0,
    ...facts,
  };
}
