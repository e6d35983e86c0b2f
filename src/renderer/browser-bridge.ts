import { type CarryCommand, makeSidetoneApi, type SubscribeEvent } from '../contract/api.ts';
import type { EventName, SidetoneApi } from '../contract/ipc.ts';
import { retryDelayMs } from './bridge-backoff.ts';
import { readBridgeFrame } from './bridge-messages.ts';

/** Most requests that wait for an answer: a person makes a handful, more means that the program hangs. */
export const MAX_PENDING_REQUESTS = 64;

/** Close code "going away" (RFC 6455 section 7.4.1): the program says that it quits. */
const GOING_AWAY = 1001;

const NOT_ANSWERING = 'The program is not answering.';

/** `up`: commands arrive. `down`: it is being tried. `gone`: no more tries are made. */
export type LinkStatus = 'up' | 'down' | 'gone';

/** What a socket reports; exactly one `closed` ends it, also when it never opened. */
export interface BridgeSocketEvents {
  opened(): void;
  received(data: unknown): void;
  closed(code: number): void;
}

/** A connection to the program, or one in the making. */
export interface BridgeSocket {
  send(text: string): void;
}

/** What the bridge takes from its surroundings. */
export interface BridgeSurroundings {
  /** Never calls back before it returned. */
  openSocket(events: BridgeSocketEvents): BridgeSocket;
  /** Calls back once after `delayMs`; returns what calls it off. */
  later(delayMs: number, callback: () => void): () => void;
  /** 0 to 1. */
  chance(): number;
}

/** Frames dropped and requests refused since the start, by reason. */
export interface BridgeCounters {
  notJson: number;
  badShape: number;
  unknownEvent: number;
  unknownId: number;
  tooManyPending: number;
  refusedWhileDown: number;
  connectionsLost: number;
}

interface Pending {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/**
 * The window's API over a WebSocket, for the browser shell.
 *
 * Requests are `{ id, command, payload }`; answers `{ id, answer }` or `{ id, error }` with a sentence; events
 * `{ event, payload }`. A request made while the socket is down is refused at once: a mute that takes effect
 * half a minute late is worse than one that fails.
 */
export class BrowserBridge {
  readonly api: SidetoneApi;
  readonly counters: BridgeCounters = {
    notJson: 0,
    badShape: 0,
    unknownEvent: 0,
    unknownId: 0,
    tooManyPending: 0,
    refusedWhileDown: 0,
    connectionsLost: 0,
  };
  private readonly surroundings: BridgeSurroundings;
  private readonly pending = new Map<number, Pending>();
  private readonly listeners: Record<EventName, Set<(payload: never) => void>> = {
    stateChanged: new Set(),
    metersChanged: new Set(),
    chatChanged: new Set(),
  };
  private readonly statusListeners = new Set<(status: LinkStatus) => void>();
  private socket: BridgeSocket | null = null;
  private linkStatus: LinkStatus = 'down';
  private nextId = 1;
  private failedTries = 0;
  private callOffRetry: (() => void) | null = null;

  constructor(surroundings: BridgeSurroundings) {
    this.surroundings = surroundings;
    const carry: CarryCommand = (command, payload) => this.request(command, payload);
    const subscribe: SubscribeEvent = (name, listener) => {
      this.listeners[name].add(listener);
      return () => {
        this.listeners[name].delete(listener);
      };
    };
    this.api = makeSidetoneApi(carry, subscribe);
  }

  get status(): LinkStatus {
    return this.linkStatus;
  }

  /** Calls `listener` at every change of `status`. */
  onStatusChanged(listener: (status: LinkStatus) => void): () => void {
    this.statusListeners.add(listener);
    return () => {
      this.statusListeners.delete(listener);
    };
  }

  /** Connects now; also the way back from `gone`. Does nothing while connected or connecting. */
  connect(): void {
    if (this.socket !== null) return;
    this.callOffRetry?.();
    this.callOffRetry = null;
    if (this.linkStatus === 'gone') {
      this.failedTries = 0;
      this.setStatus('down');
    }
    const socket = this.surroundings.openSocket({
      opened: () => {
        this.failedTries = 0;
        this.setStatus('up');
      },
      received: (data) => this.handleFrame(data),
      closed: (code) => {
        if (this.socket === socket) this.handleClose(code);
      },
    });
    this.socket = socket;
  }

  private request<Answer>(command: string, payload: unknown): Promise<Answer> {
    if (this.socket === null || this.linkStatus !== 'up') {
      this.counters.refusedWhileDown += 1;
      return Promise.reject(new Error(NOT_ANSWERING));
    }
    if (this.pending.size >= MAX_PENDING_REQUESTS) {
      this.counters.tooManyPending += 1;
      return Promise.reject(new Error(NOT_ANSWERING));
    }
    const id = this.nextId;
    this.nextId += 1;
    this.socket.send(JSON.stringify({ id, command, payload }));
    return new Promise<Answer>((resolve, reject) => {
      // The program answers in the shape of the contract: both ends are built from it and ship together.
      this.pending.set(id, { resolve: (answer) => resolve(answer as Answer), reject });
    });
  }

  private handleFrame(data: unknown): void {
    const frame = readBridgeFrame(data);
    switch (frame.kind) {
      case 'bad':
        this.counters[frame.reason] += 1;
        return;
      case 'event':
        for (const listener of this.listeners[frame.event]) listener(frame.payload as never);
        return;
      case 'answer':
      case 'error': {
        const waiting = this.pending.get(frame.id);
        if (waiting === undefined) {
          this.counters.unknownId += 1;
          return;
        }
        this.pending.delete(frame.id);
        if (frame.kind === 'answer') waiting.resolve(frame.answer);
        else waiting.reject(new Error(frame.sentence));
      }
    }
  }

  private handleClose(code: number): void {
    this.socket = null;
    if (this.linkStatus === 'up') this.counters.connectionsLost += 1;
    for (const waiting of this.pending.values()) waiting.reject(new Error(NOT_ANSWERING));
    this.pending.clear();
    this.failedTries += 1;
    const delayMs = code === GOING_AWAY ? null : retryDelayMs(this.failedTries, this.surroundings.chance());
    if (delayMs === null) {
      this.setStatus('gone');
      return;
    }
    this.setStatus('down');
    this.callOffRetry = this.surroundings.later(delayMs, () => {
      this.callOffRetry = null;
      this.connect();
    });
  }

  private setStatus(status: LinkStatus): void {
    if (this.linkStatus === status) return;
    this.linkStatus = status;
    for (const listener of this.statusListeners) listener(status);
  }
}

/** The address of the program's socket, seen from the page it served. */
export function bridgeAddress(page: { readonly protocol: string; readonly host: string }): string {
  return `${page.protocol === 'https:' ? 'wss:' : 'ws:'}//${page.host}/ipc`;
}

/** The real surroundings: this page's origin, its timers, its chance. */
export function pageSurroundings(page: Location): BridgeSurroundings {
  return {
    openSocket: (events) => {
      const socket = new WebSocket(bridgeAddress(page));
      socket.onopen = () => events.opened();
      socket.onmessage = (event) => events.received(event.data);
      socket.onclose = (event) => events.closed(event.code);
      return socket;
    },
    later: (delayMs, callback) => {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
    chance: () => Math.random(),
  };
}
