import { beforeEach, describe, expect, it } from 'vitest';
import { BufferControl, type BufferFact } from './buffer-control.ts';
import { CLEAN_MS, SETTLING_MS } from './buffer-ladder.ts';

const steps = [120, 240, 480].map((blockSamples) => ({ blockSamples, queueBlocks: 4 }));

let remembered = new Map<string, number>();
let facts: BufferFact[] = [];
beforeEach(() => {
  remembered = new Map();
  facts = [];
});

function makeControl(): BufferControl {
  return new BufferControl({
    backend: 'naudiodon',
    side: 'output',
    steps,
    remembered,
    onDidChange: (fact) => void facts.push(fact),
  });
}

describe('BufferControl', () => {
  it('begins with the shortest buffers and says so', () => {
    const control = makeControl();
    expect(control.stepFor('card')).toBe(steps[0]);
    control.handleFlow(0, 1_000);
    expect(facts).toEqual([
      {
        side: 'output',
        deviceId: 'card',
        key: 'naudiodon/output/card',
        step: 0,
        blockSamples: 120,
        queueBlocks: 4,
        nextStep: 0,
      },
    ]);
  });

  it('asks for longer ones when underruns gather, and remembers them for this device only', () => {
    const control = makeControl();
    control.stepFor('card');
    control.handleFlow(7, 0);
    expect(control.tick(8, SETTLING_MS)).toBeNull();
    expect(control.tick(8, SETTLING_MS + 100)).toBeNull();
    expect(control.tick(9, SETTLING_MS + 200)).toBe(steps[1]);
    expect(control.stepsUp).toBe(1);
    expect(facts.at(-1)).toMatchObject({ step: 1, blockSamples: 240, nextStep: 1 });
    expect(remembered.get('naudiodon/output/card')).toBe(1);
    expect(control.stepFor('other')).toBe(steps[0]);
    expect(control.stepFor('card')).toBe(steps[1]);
  });

  it('begins with what was remembered', () => {
    remembered.set('naudiodon/output/card', 2);
    expect(makeControl().stepFor('card')).toBe(steps[2]);
    remembered.set('naudiodon/output/card', 99);
    expect(makeControl().stepFor('card')).toBe(steps[2]);
  });

  it('lets the next start try one step lower when this one held', () => {
    remembered.set('naudiodon/output/card', 2);
    const control = makeControl();
    control.stepFor('card');
    control.handleFlow(0, 0);
    expect(control.tick(0, CLEAN_MS)).toBeNull();
    expect(facts.at(-1)).toMatchObject({ step: 2, nextStep: 1 });
    expect(remembered.get('naudiodon/output/card')).toBe(1);
    expect(control.stepFor('card')).toBe(steps[2]);
  });

  it('says nothing twice', () => {
    const control = makeControl();
    control.stepFor('');
    for (let nowMs = 0; nowMs < 10_000; nowMs += 100) control.tick(0, nowMs);
    expect(facts.length).toBe(1);
  });
});
