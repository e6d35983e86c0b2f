import { describe, expect, it } from 'vitest';
import { EngineTurn } from './engine-turn.ts';

describe('EngineTurn', () => {
  it('tells what a handler reported when it is over, in order', () => {
    const turn = new EngineTurn();
    const order: string[] = [];
    const result = turn.run(() => {
      turn.defer(() => order.push('first'));
      turn.defer(() => order.push('second'));
      order.push('handler');
      return 5;
    });
    expect(result).toBe(5);
    expect(order).toEqual(['handler', 'first', 'second']);
  });

  it('lets a report call the engine; what comes of it is told behind the rest', () => {
    const turn = new EngineTurn();
    const order: string[] = [];
    turn.run(() => {
      turn.defer(() => {
        order.push('first');
        turn.run(() => turn.defer(() => order.push('third')));
        order.push('still the first');
      });
      turn.defer(() => order.push('second'));
    });
    expect(order).toEqual(['first', 'still the first', 'second', 'third']);
  });

  it('takes a call from within a handler for the defect it is, and works on', () => {
    const turn = new EngineTurn();
    expect(() => turn.run(() => turn.run(() => 1))).toThrow('handler');
    expect(turn.run(() => 2)).toBe(2);
  });

  it('tells the rest at the next turn when a report throws', () => {
    const turn = new EngineTurn();
    const order: string[] = [];
    expect(() =>
      turn.run(() => {
        turn.defer(() => {
          throw new Error('a listener broke');
        });
        turn.defer(() => order.push('second'));
      }),
    ).toThrow('a listener broke');
    turn.run(() => {});
    expect(order).toEqual(['second']);
  });
});
