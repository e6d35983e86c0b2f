import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FanOut, type Outlet, type OutletEnd } from './fan-out.ts';

const LIMITS = { maxBacklogBytes: 100, maxStallMs: 1_000 };

/** A peer that takes `takes` bytes whenever it is asked to, of what waits for it. */
class ToyOutlet implements Outlet<number> {
  readonly got: number[] = [];
  ended: OutletEnd | null = null;
  waiting = 0;

  send(item: number): void {
    if (this.ended !== null) throw new Error('sent after the end');
    this.got.push(item);
    this.waiting += 10;
  }

  backlogBytes(): number {
    return this.waiting;
  }

  end(reason: OutletEnd): void {
    if (this.ended !== null) throw new Error('ended twice');
    this.ended = reason;
  }
}

describe('FanOut', () => {
  it('gives a late joiner the opening first, then everything that follows', () => {
    const fanOut = new FanOut<number>(LIMITS);
    fanOut.publish(1, 0);
    const outlet = new ToyOutlet();
    fanOut.join(outlet, [-2, -1]);
    fanOut.publish(2, 20);
    expect(outlet.got).toEqual([-2, -1, 2]);
  });

  it('takes up to the limit of a backlog, loses above it, and goes on when the peer has taken some', () => {
    const fanOut = new FanOut<number>(LIMITS);
    const slow = new ToyOutlet();
    const healthy = new ToyOutlet();
    const seat = fanOut.join(slow);
    fanOut.join(healthy);
    slow.waiting = 100;
    fanOut.publish(1, 0);
    expect(slow.got).toEqual([1]);
    slow.waiting = 101;
    fanOut.publish(2, 20);
    expect(slow.got).toEqual([1]);
    expect(seat.lost).toBe(1);
    slow.waiting = 0;
    fanOut.publish(3, 40);
    expect(slow.got).toEqual([1, 3]);
    healthy.waiting = 0;
    expect(healthy.got).toEqual([1, 2, 3]);
  });

  it('ends an outlet that loses for too long, one stall after another not added up', () => {
    const fanOut = new FanOut<number>(LIMITS);
    const outlet = new ToyOutlet();
    fanOut.join(outlet);
    outlet.waiting = 101;
    fanOut.publish(1, 0);
    fanOut.publish(2, 999);
    expect(outlet.ended).toBeNull();
    outlet.waiting = 0;
    fanOut.publish(3, 1_000);
    outlet.waiting = 101;
    fanOut.publish(4, 1_500);
    fanOut.publish(5, 2_499);
    expect(outlet.ended).toBeNull();
    fanOut.publish(6, 2_500);
    expect(outlet.ended).toBe('tooSlow');
    expect(fanOut.size).toBe(0);
    fanOut.publish(7, 2_600);
    expect(outlet.got).toEqual([3]);
  });

  it('bears that an outlet leaves, or another comes, in the middle of an item', () => {
    const fanOut = new FanOut<number>(LIMITS);
    const late = new ToyOutlet();
    const seat = fanOut.join({
      send: () => {
        seat.leave();
        if (fanOut.size === 1) fanOut.join(late);
      },
      backlogBytes: () => 0,
      end: () => undefined,
    });
    const other = new ToyOutlet();
    fanOut.join(other);
    fanOut.publish(1, 0);
    expect(other.got).toEqual([1]);
    fanOut.publish(2, 20);
    expect(other.got).toEqual([1, 2]);
    expect(late.got.at(-1)).toBe(2);
  });

  it('ends everybody when it is closed, and whoever comes later', () => {
    const fanOut = new FanOut<number>(LIMITS);
    const early = new ToyOutlet();
    const late = new ToyOutlet();
    fanOut.join(early);
    fanOut.close();
    fanOut.join(late);
    expect([early.ended, late.ended]).toEqual(['closed', 'closed']);
  });

  it('lets no outlet feel the error of another', () => {
    const fanOut = new FanOut<number>(LIMITS);
    let ended: OutletEnd | null = null;
    fanOut.join({
      send: () => {
        throw new Error('a defect');
      },
      backlogBytes: () => 0,
      end: (reason) => {
        ended = reason;
      },
    });
    const other = new ToyOutlet();
    fanOut.join(other);
    fanOut.publish(1, 0);
    expect(other.got).toEqual([1]);
    expect(ended).toBe('defect');
    expect(fanOut.counters.endedDefect).toBe(1);
  });

  it('counts every item of every seat: sent or lost', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.constant({ kind: 'join' as const }),
            fc.record({ kind: fc.constant('leave' as const), which: fc.nat(9) }),
            fc.record({ kind: fc.constant('stall' as const), which: fc.nat(9), bytes: fc.nat(200) }),
            fc.record({ kind: fc.constant('publish' as const), afterMs: fc.nat(700) }),
          ),
          { maxLength: 60 },
        ),
        (steps) => {
          const fanOut = new FanOut<number>(LIMITS);
          const outlets: ToyOutlet[] = [];
          const seats: ReturnType<typeof fanOut.join>[] = [];
          let [nowMs, offered] = [0, 0];
          for (const step of steps) {
            if (step.kind === 'join') {
              const outlet = new ToyOutlet();
              outlets.push(outlet);
              seats.push(fanOut.join(outlet));
            } else if (step.kind === 'leave') seats[step.which]?.leave();
            else if (step.kind === 'stall') {
              const outlet = outlets[step.which];
              if (outlet !== undefined) outlet.waiting = step.bytes;
            } else {
              nowMs += step.afterMs;
              offered += fanOut.size;
              fanOut.publish(1, nowMs);
            }
          }
          const { sent, lost, joined, left, endedTooSlow } = fanOut.counters;
          expect(sent + lost).toBe(offered);
          expect(outlets.reduce((sum, { got }) => sum + got.length, 0)).toBe(sent);
          expect(seats.reduce((sum, seat) => sum + seat.lost, 0)).toBe(lost);
          expect(joined - left - endedTooSlow).toBe(fanOut.size);
        },
      ),
    );
  });
});
