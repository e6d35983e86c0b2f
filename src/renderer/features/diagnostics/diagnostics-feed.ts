import type { Diagnostics, SpeakerDiagnostics } from '../../../contract/diagnostics.ts';
import { keepSame } from '../../state/keep-same.ts';
import { failureSentence } from '../../state/outcome.ts';
import type { Later } from '../../ui/paced-send.ts';
import { DelayHistory } from './delay-history.ts';

/** Pace of the figures while somebody looks, in ms: enough for a graph of half a minute, and each costs. */
export const POLL_MS = 400;

/**
 * Every so many answers the figures are drawn: the graphs keep all points, but no eye reads digits that change
 * faster than once a second, and drawing is what costs.
 */
export const DRAW_EVERY = 2;

/** Speakers whose past is kept: as many as a room holds. */
export const MAX_HISTORIES = 256;

/** What the feed takes from its surroundings. */
export interface FeedSurroundings {
  getDiagnostics(): Promise<Diagnostics>;
  readonly later: Later;
  nowMs(): number;
  /** Nobody can see the window. */
  hidden(): boolean;
  /** Calls `listener` whenever `hidden` changed; returns what ends that. */
  onHiddenChanged(listener: () => void): () => void;
}

/** One line of the list of speakers, apart from its figures. */
export interface RosterEntry {
  readonly key: string;
  readonly nickname: string;
  readonly whisper: boolean;
}

/** A part of the way from mouth to ear, apart from its length. */
export interface DelayPart {
  readonly name: string;
  readonly measured: boolean;
}

/** What there is to show, apart from the figures themselves: each keeps its identity while it says the same. */
export interface Shape {
  readonly roster: readonly RosterEntry[];
  readonly stages: readonly Diagnostics['processing'][number]['stage'][];
  readonly parts: readonly DelayPart[];
  /** Why there are no figures; empty: there are, or will be soon. */
  readonly problem: string;
}

/** A voice and a whisper of the same member are two. */
function speakerKey(one: SpeakerDiagnostics): string {
  return `${one.token}${one.whisper ? ' whisper' : ''}`;
}

/**
 * Asks for the figures while somebody looks, and tells whoever draws them.
 *
 * One question at a time, POLL_MS from one to the next, none while the window is hidden. Between `start` and `stop`
 * it also keeps the delays of every speaker for the graphs.
 */
export class DiagnosticsFeed {
  figures: Diagnostics | null = null;
  shape: Shape = { roster: [], stages: [], parts: [], problem: '' };
  private readonly surroundings: FeedSurroundings;
  private readonly listeners = new Set<() => void>();
  private readonly speakers = new Map<string, SpeakerDiagnostics>();
  private readonly histories = new Map<string, DelayHistory>();
  /** Counts starts: an answer to a question from before a stop is not heard. */
  private round = 0;
  /** Answers since something was drawn. */
  private undrawn = 0;
  private running = false;
  private asking = false;
  private callOff: (() => void) | null = null;
  private endHidden: (() => void) | null = null;

  constructor(surroundings: FeedSurroundings) {
    this.surroundings = surroundings;
  }

  /**
   * Calls `listener` when there is something to draw: every DRAW_EVERY answers, and at once where the shape changed.
   *
   * @returns what ends that
   */
  readonly follow = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };

  readonly readShape = (): Shape => this.shape;

  start(): void {
    if (this.running) return;
    this.running = true;
    this.round += 1;
    this.asking = false;
    this.endHidden = this.surroundings.onHiddenChanged(() => this.ask());
    this.ask();
  }

  stop(): void {
    this.running = false;
    this.callOff?.();
    this.callOff = null;
    this.endHidden?.();
    this.endHidden = null;
  }

  speaker(key: string): SpeakerDiagnostics | null {
    return this.speakers.get(key) ?? null;
  }

  history(key: string): DelayHistory | null {
    return this.histories.get(key) ?? null;
  }

  private ask(): void {
    if (!this.running || this.asking || this.callOff !== null || this.surroundings.hidden()) return;
    this.asking = true;
    const { round } = this;
    const askedMs = this.surroundings.nowMs();
    const settled = (take: () => void): void => {
      if (!this.running || round !== this.round) return;
      this.asking = false;
      const { shape, figures } = this;
      take();
      this.undrawn += 1;
      if (figures === null || this.shape !== shape || this.undrawn >= DRAW_EVERY) this.draw();
      const tookMs = this.surroundings.nowMs() - askedMs;
      this.callOff = this.surroundings.later(Math.max(0, POLL_MS - tookMs), () => {
        this.callOff = null;
        this.ask();
      });
    };
    this.surroundings.getDiagnostics().then(
      (figures) => settled(() => this.take(figures)),
      (failure: unknown) => settled(() => this.fail(failureSentence(failure))),
    );
  }

  private draw(): void {
    this.undrawn = 0;
    for (const listener of this.listeners) listener();
  }

  private take(figures: Diagnostics): void {
    this.figures = figures;
    this.speakers.clear();
    for (const one of figures.speakers) this.speakers.set(speakerKey(one), one);
    this.keepHistories();
    this.shape = keepSame(this.shape, {
      roster: figures.speakers.map((one) => ({
        key: speakerKey(one),
        nickname: one.nickname,
        whisper: one.whisper,
      })),
      stages: figures.processing.map(({ stage }) => stage),
      parts: figures.mouthToEar.map(({ name, measured }) => ({ name, measured })),
      problem: '',
    });
  }

  private keepHistories(): void {
    const nowMs = this.surroundings.nowMs();
    for (const key of this.histories.keys()) if (!this.speakers.has(key)) this.histories.delete(key);
    for (const [key, one] of this.speakers) {
      let history = this.histories.get(key);
      if (history === undefined) {
        if (this.histories.size >= MAX_HISTORIES) continue;
        history = new DelayHistory();
        this.histories.set(key, history);
      }
      history.push(nowMs, one.jitterBufferCurrentDelayMs, one.jitterBufferTargetDelayMs);
    }
  }

  private fail(problem: string): void {
    this.figures = null;
    this.speakers.clear();
    this.shape = keepSame(this.shape, { roster: [], stages: [], parts: [], problem });
  }
}
