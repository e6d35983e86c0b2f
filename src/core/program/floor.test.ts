import { describe, expect, it } from 'vitest';
import { FLOOR_IDLE_MS, Floor, MAX_TALK_MS } from './floor.ts';

describe('Floor', () => {
  const [anna, boris] = [{}, {}];

  it('belongs to whoever came first, until the key is let go', () => {
    const floor = new Floor();
    expect(floor.take(anna, 0)).toBe(true);
    expect(floor.take(boris, 20)).toBe(false);
    floor.release(boris);
    expect(floor.take(boris, 40)).toBe(false);
    floor.release(anna);
    expect(floor.take(boris, 60)).toBe(true);
  });

  it('is lost by silence, and by talking too long', () => {
    const floor = new Floor();
    floor.take(anna, 0);
    expect(floor.take(boris, FLOOR_IDLE_MS - 1)).toBe(false);
    expect(floor.take(boris, FLOOR_IDLE_MS)).toBe(true);
    const beginMs = FLOOR_IDLE_MS;
    for (let atMs = 20; atMs < MAX_TALK_MS; atMs += 20) floor.take(boris, beginMs + atMs);
    expect(floor.holder(beginMs + MAX_TALK_MS - 1)).toBe(boris);
    expect(floor.take(anna, beginMs + MAX_TALK_MS)).toBe(true);
  });
});
