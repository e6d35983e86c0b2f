import { describe, expect, test } from 'vitest';
import type { Diagnostics } from '../../../contract/diagnostics.ts';
import { someDiagnostics, someSpeaker } from '../../dev/some-diagnostics.ts';
import { DiagnosticsFeed, DRAW_EVERY, MAX_HISTORIES, POLL_MS } from './diagnostics-feed.ts';

/** A window and a program that move when told to. */
class Stage {
  nowMs = 0;
  hidden = false;
  asked = 0;
  heard = 0;
  readonly feed: DiagnosticsFeed;
  private answer: ((figures: Diagnostics) => void) | null = null;
  private refuse: ((failure: Error) => void) | null = null;
  private timer: { readonly atMs: number; readonly callback: () => void } | null = null;
  private hiddenChanged: (() => void) | null = null;

  constructor() {
    this.feed = new DiagnosticsFeed({
      getDiagnostics: () => {
        this.asked += 1;
        return new Promise((resolve, reject) => {
          this.answer = resolve;
          this.refuse = reject;
        });
      },
      later: (delayMs, callback) => {
        const timer = { atMs: this.nowMs + delayMs, callback };
        this.timer = timer;
        return () => {
          if (this.timer === timer) this.timer = null;
        };
      },
      nowMs: () => this.nowMs,
      hidden: () => this.hidden,
      onHiddenChanged: (listener) => {
        this.hiddenChanged = listener;
        return () => {
          this.hiddenChanged = null;
        };
      },
    });
    this.feed.follow(() => {
      this.heard += 1;
    });
  }

  pass(byMs: number): void {
    this.nowMs += byMs;
    const { timer } = this;
    if (timer === null || timer.atMs > this.nowMs) return;
    this.timer = null;
    timer.callback();
  }

  async give(figures: Diagnostics = someDiagnostics()): Promise<void> {
    this.answer?.(figures);
    await Promise.resolve();
    await Promise.resolve();
  }

  async fail(sentence: string): Promise<void> {
    this.refuse?.(new Error(sentence));
    await Promise.resolve();
    await Promise.resolve();
  }

  hide(hidden: boolean): void {
    this.hidden = hidden;
    this.hiddenChanged?.();
  }

  get watchesHidden(): boolean {
    return this.hiddenChanged !== null;
  }
}

describe('the pace', () => {
  test('is five questions a second, whatever an answer takes', async () => {
    const stage = new Stage();
    stage.feed.start();
    expect(stage.asked).toBe(1);
    stage.pass(50);
    await stage.give();
    stage.pass(POLL_MS - 51);
    expect(stage.asked).toBe(1);
    stage.pass(1);
    expect(stage.asked).toBe(2);
  });

  test('is one question at a time: a slow program is not asked more often', async () => {
    const stage = new Stage();
    stage.feed.start();
    stage.pass(10 * POLL_MS);
    expect(stage.asked).toBe(1);
    await stage.give();
    stage.pass(0);
    expect(stage.asked).toBe(2);
  });

  test('rests while nobody can see the window, and goes on at once when somebody does', async () => {
    const stage = new Stage();
    stage.feed.start();
    await stage.give();
    stage.hide(true);
    for (let count = 0; count < 20; count += 1) stage.pass(POLL_MS);
    expect(stage.asked).toBe(1);
    stage.hide(false);
    expect(stage.asked).toBe(2);
  });

  test('is not doubled by a window that is hidden and shown again within one pause', async () => {
    const stage = new Stage();
    stage.feed.start();
    await stage.give();
    stage.hide(true);
    stage.hide(false);
    expect(stage.asked).toBe(1);
    stage.pass(POLL_MS);
    expect(stage.asked).toBe(2);
  });

  test('ends with the overlay: no question, no listener, no late answer', async () => {
    const stage = new Stage();
    stage.feed.start();
    stage.feed.stop();
    await stage.give();
    stage.pass(10 * POLL_MS);
    expect(stage).toMatchObject({ asked: 1, heard: 0, watchesHidden: false });
    stage.feed.start();
    expect(stage.asked).toBe(2);
    await stage.give();
    expect(stage.heard).toBe(1);
  });
});

describe('drawing', () => {
  test('is for every second answer, the first one at once', async () => {
    const stage = new Stage();
    stage.feed.start();
    await stage.give();
    expect(stage.heard).toBe(1);
    for (let count = 0; count < 5 * DRAW_EVERY; count += 1) {
      stage.pass(POLL_MS);
      await stage.give();
    }
    expect(stage.heard).toBe(6);
  });

  test('does not wait where there is something else to show', async () => {
    const stage = new Stage();
    stage.feed.start();
    await stage.give();
    stage.pass(POLL_MS);
    await stage.give(someDiagnostics({ speakers: [] }));
    expect(stage.heard).toBe(2);
    stage.pass(POLL_MS);
    await stage.fail('The program is not answering.');
    expect(stage.heard).toBe(3);
  });
});

describe('what it keeps', () => {
  test('the shape keeps its identity while only figures change', async () => {
    const stage = new Stage();
    stage.feed.start();
    await stage.give();
    const { shape } = stage.feed;
    expect(shape.roster).toEqual([{ key: '2', nickname: 'Grace', whisper: false }]);
    stage.pass(POLL_MS);
    await stage.give(someDiagnostics({ pingUdpMs: 99, speakers: [someSpeaker({ packetsLost: 1_000 })] }));
    expect(stage.feed.shape).toBe(shape);
    expect(stage.feed.speaker('2')?.packetsLost).toBe(1_000);
    stage.pass(POLL_MS);
    await stage.give(someDiagnostics({ speakers: [someSpeaker(), someSpeaker({ whisper: true })] }));
    expect(stage.feed.shape.roster.map((entry) => entry.key)).toEqual(['2', '2 whisper']);
    expect(stage.feed.shape.stages).toBe(shape.stages);
  });

  test('the past of a speaker goes with the speaker', async () => {
    const stage = new Stage();
    stage.feed.start();
    await stage.give();
    expect(stage.feed.history('2')).not.toBeNull();
    stage.pass(POLL_MS);
    await stage.give(someDiagnostics({ speakers: [] }));
    expect(stage.feed.history('2')).toBeNull();
  });

  test('the past is kept of so many and no more', async () => {
    const stage = new Stage();
    stage.feed.start();
    const speakers = Array.from({ length: MAX_HISTORIES + 1 }, (_, token) => someSpeaker({ token }));
    await stage.give(someDiagnostics({ speakers }));
    expect(stage.feed.history(String(MAX_HISTORIES - 1))).not.toBeNull();
    expect(stage.feed.history(String(MAX_HISTORIES))).toBeNull();
    expect(stage.feed.shape.roster).toHaveLength(MAX_HISTORIES + 1);
  });

  test('a program that does not answer is told, and asked again', async () => {
    const stage = new Stage();
    stage.feed.start();
    await stage.give();
    stage.pass(POLL_MS);
    await stage.fail('The program is not answering.');
    expect(stage.feed).toMatchObject({ figures: null, shape: { problem: 'The program is not answering.' } });
    stage.pass(POLL_MS);
    await stage.give();
    expect(stage.feed.shape.problem).toBe('');
  });
});
