import { describe, expect, it } from 'vitest';
import { KeyTurns } from './key-turns.ts';

describe('KeyTurns', () => {
  it('works off one job at a time, in their order', async () => {
    const turns = new KeyTurns();
    const log: string[] = [];
    const job = (bot: number) =>
      turns.run(bot, async () => {
        log.push(`${bot} begins`);
        await new Promise((resolve) => setTimeout(resolve, 1));
        log.push(`${bot} ends`);
        return bot * 10;
      });
    expect(await Promise.all([job(1), job(2), job(3)])).toEqual([10, 20, 30]);
    expect(log).toEqual(['1 begins', '1 ends', '2 begins', '2 ends', '3 begins', '3 ends']);
  });

  it('lets whoever is asked for a commit go first, until it has made one', async () => {
    const turns = new KeyTurns();
    const log: number[] = [];
    const job = (bot: number) =>
      turns.run(bot, async () => {
        log.push(bot);
        if (bot === 3) turns.calm(3);
      });
    const first = job(1);
    const others = [job(2), job(3), job(4), job(3)];
    turns.hurry(3);
    await Promise.all([first, ...others]);
    expect(log).toEqual([1, 3, 2, 4, 3]);
  });

  it('goes on when a job fails', async () => {
    const turns = new KeyTurns();
    const failed = turns.run(1, () => Promise.reject(new Error('a defect')));
    const next = turns.run(2, () => Promise.resolve('done'));
    await expect(failed).rejects.toThrow('a defect');
    expect(await next).toBe('done');
  });
});
