import { expect, test } from 'vitest';
import type { StageReport } from '../../core/processing/processing-chain.ts';
import { MemorySettings } from './memory-settings.ts';
import { Processing } from './processing.ts';

function rig() {
  const orders: string[] = [];
  const settings = new MemorySettings();
  let changes = 0;
  const processing = new Processing({
    voice: {
      setProcessing: ({ noiseSuppression }) => orders.push(`noise ${noiseSuppression}`),
      setTalkTiming: (releaseDelayMs, preRollMs) => orders.push(`timing ${releaseDelayMs} ${preRollMs}`),
    },
    settings,
    onDidChange: () => {
      changes += 1;
    },
  });
  return { processing, settings, orders, changes: () => changes };
}

function report(facts: Partial<StageReport>): StageReport {
  return {
    stage: 'echoCancellation',
    state: 'on',
    sentence: '',
    meanUs: 0,
    maxUs: 0,
    inDb: -120,
    outDb: -120,
    ...facts,
  };
}

test('what was set is told the threads at the start and kept when it changes', () => {
  const { processing, settings, orders } = rig();
  expect(orders).toEqual(['noise light', 'timing 100 60']);
  processing.setSettings({ ...settings.current.processing, noiseSuppression: 'strong' });
  processing.setTiming({ releaseDelayMs: 250, preRollMs: 0 });
  expect(orders.slice(2)).toEqual(['noise strong', 'timing 250 0']);
  expect(settings.current.processing.noiseSuppression).toBe('strong');
  expect(settings.current.talkTiming).toEqual({ releaseDelayMs: 250, preRollMs: 0 });
});

test('a stage that failed is named, once, until it works again', () => {
  const { processing, changes } = rig();
  const failed = report({ state: 'failed', sentence: 'It cannot be loaded.' });
  processing.handleReports([failed]);
  processing.handleReports([{ ...failed, meanUs: 12 }]);
  expect(processing.describe().processingProblems).toEqual([
    { stage: 'echoCancellation', sentence: 'It cannot be loaded.' },
  ]);
  expect(changes()).toBe(1);
  processing.handleReports([report({})]);
  expect(processing.describe().processingProblems).toEqual([]);
  expect(changes()).toBe(2);
});
