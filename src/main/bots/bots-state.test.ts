import { describe, expect, it } from 'vitest';
import { botsStateSchema, IDLE_BOTS } from '../../contract/admin.ts';
import { BUSY_SHARE, botFigure, fitnessSentence, LATE_PACING_MS, lossPercent } from './bots-state.ts';
import { Measurement } from './measurement.ts';

describe('fitnessSentence', () => {
  const fit = { botsCpu: BUSY_SHARE - 0.01, pacingP99Ms: LATE_PACING_MS - 0.01, droppedHere: 0, notTried: 0 };

  it('says nothing while the bots measure the relay', () => {
    expect(fitnessSentence(fit)).toBe('');
  });

  it('says when they measure themselves', () => {
    expect(fitnessSentence({ ...fit, botsCpu: BUSY_SHARE })).toContain('90 % of a core');
    expect(fitnessSentence({ ...fit, droppedHere: 3 })).toContain('dropped 3 datagrams');
    expect(fitnessSentence({ ...fit, pacingP99Ms: LATE_PACING_MS })).toContain('20 ms late');
    expect(fitnessSentence({ ...fit, notTried: 9 })).toContain('decipher 9 datagrams');
  });
});

describe('the state of the bots', () => {
  it('is what the admin API tells', () => {
    const measurement = new Measurement([1, 2], 1);
    measurement.handleSent(0, 0, 0);
    measurement.handleArrival(1, 1, 0, 100, 3);
    measurement.closeSecond();
    measurement.closeSecond();
    const perBot = measurement.bots.map((count, bot) => botFigure(bot, count, bot));
    expect(botsStateSchema.parse({ ...IDLE_BOTS, perBot })).toEqual({ ...IDLE_BOTS, perBot });
    expect(perBot[0]).toMatchObject({ bot: 1, speaking: true, sent: 1, expected: 0, received: 0 });
    // What could not be opened has not been received.
    expect(perBot[1]).toMatchObject({ bot: 2, speaking: false, expected: 1, received: 0, unopened: 1 });
  });

  it('loses nothing where nothing was expected', () => {
    expect(lossPercent({ expected: 0, lost: 0 })).toBe(0);
    expect(lossPercent({ expected: 200, lost: 1 })).toBe(0.5);
  });
});
