import { describe, expect, it } from 'vitest';
import { ProcessingChain } from './processing-chain.ts';
import type { ProcessingSettings } from './processing-settings.ts';
import { BLOCK_SAMPLES, type StageName, type StageReport, type VoiceDetector } from './processing-stage.ts';
import { MAX_SLOW_BLOCKS, SLOW_BLOCK_US } from './stage-slot.ts';
import { ToyStage } from './toy-stage.ts';

const ALL_OFF: ProcessingSettings = {
  highPass: false,
  echoCancellation: false,
  noiseSuppression: 'off',
  gainControl: false,
  limiter: false,
};
const ALL_ON: ProcessingSettings = {
  highPass: true,
  echoCancellation: true,
  noiseSuppression: 'light',
  gainControl: true,
  limiter: true,
};
const TONE_HZ = 440;
const AMPLITUDE = 0.4;

/** What the detector of the rig always says. */
const DETECTED = 0.7;
/** What the light suppression of the rig says on its way. */
const TOLD = 0.3;

function createRig() {
  const ran: string[] = [];
  const clock = { us: 0, stepUs: 0 };
  const chain = new ProcessingChain(() => {
    clock.us += clock.stepUs;
    return clock.us;
  });
  const echo = new ToyStage('echo', 192, ran);
  const light = new ToyStage('light', 480, ran, TOLD);
  const strong = new ToyStage('strong', 1_562, ran);
  const detector: VoiceDetector = {
    detect: () => {
      ran.push('detector');
      return DETECTED;
    },
    reset: () => {},
  };
  chain.setSettings(ALL_OFF);
  chain.provide('echoCancellation', echo);
  chain.provide('lightSuppression', light);
  chain.provide('strongSuppression', strong);
  chain.provide('voiceActivity', detector);
  return { chain, echo, light, strong, detector, ran, clock };
}

function toneAt(position: number): number {
  return AMPLITUDE * Math.sin((2 * Math.PI * TONE_HZ * position) / 48_000);
}

/** Speaks a tone into a chain, and keeps what comes out. */
class ToneFeed {
  readonly heard: number[] = [];
  readonly #chain: ProcessingChain;
  #position = 0;

  constructor(chain: ProcessingChain) {
    this.#chain = chain;
  }

  run(blocks: number, how: 'process' | 'idle' = 'process'): void {
    for (let count = 0; count < blocks; count += 1) {
      const block = Float32Array.from({ length: BLOCK_SAMPLES }, (_, index) =>
        toneAt(this.#position + index),
      );
      this.#position += BLOCK_SAMPLES;
      this.#chain[how](block);
      if (how === 'process') this.heard.push(...block);
    }
  }

  /** The largest departure from a smooth curve: second difference, which a click raises and a tone has little of. */
  roughness(from = 0): number {
    let largest = 0;
    for (let index = from + 2; index < this.heard.length; index += 1) {
      const [a, b, c] = [this.heard[index - 2] ?? 0, this.heard[index - 1] ?? 0, this.heard[index] ?? 0];
      largest = Math.max(largest, Math.abs(a - 2 * b + c));
    }
    return largest;
  }
}

/** Second difference of the tone itself. */
const TONE_ROUGHNESS = AMPLITUDE * (2 * Math.sin((Math.PI * TONE_HZ) / 48_000)) ** 2;

function reportOf(chain: ProcessingChain, stage: StageName): StageReport {
  const found = chain.reports().find((report) => report.stage === stage);
  if (found === undefined) throw new Error(`no report of ${stage}`);
  return found;
}

describe('the processing chain', () => {
  it('lets the sound through untouched when everything is off', () => {
    const { chain } = createRig();
    const feed = new ToneFeed(chain);
    feed.run(3);
    expect(chain.delaySamples).toBe(0);
    expect(feed.heard).toEqual(feed.heard.map((_, position) => Math.fround(toneAt(position))));
  });

  it('lets the sound through until a stage is loaded, and names no failure', () => {
    const chain = new ProcessingChain(() => 0);
    chain.setSettings({ ...ALL_OFF, echoCancellation: true, noiseSuppression: 'strong' });
    const feed = new ToneFeed(chain);
    feed.run(3);
    expect(feed.heard).toEqual(feed.heard.map((_, position) => Math.fround(toneAt(position))));
    expect(chain.reports().map(({ state }) => state)).not.toContain('failed');
    expect(chain.voiceProbability).toBe(1);
  });

  it('runs echo cancellation before the detector, that before suppression, and one suppression only', () => {
    const { chain, ran } = createRig();
    chain.setSettings({ ...ALL_ON, noiseSuppression: 'strong' });
    const feed = new ToneFeed(chain);
    feed.run(10);
    ran.length = 0;
    feed.run(1);
    expect(ran).toEqual(['echo', 'detector', 'strong']);
    expect(chain.delaySamples).toBe(192 + 1_562);
    expect(chain.voiceProbability).toBe(DETECTED);
  });

  it('asks no detector while light suppression tells the voice', () => {
    const { chain, ran } = createRig();
    chain.setSettings({ ...ALL_ON });
    const feed = new ToneFeed(chain);
    feed.run(10);
    ran.length = 0;
    feed.run(1);
    expect(ran).toEqual(['echo', 'light']);
    expect(chain.voiceProbability).toBe(TOLD);
  });

  it('gives out the sound exactly as late as it says', () => {
    const { chain } = createRig();
    chain.setSettings({ ...ALL_OFF, echoCancellation: true, noiseSuppression: 'light' });
    const feed = new ToneFeed(chain);
    feed.run(20);
    const { delaySamples } = chain;
    for (let position = 15 * BLOCK_SAMPLES; position < feed.heard.length; position += 1)
      expect(feed.heard[position]).toBe(Math.fround(toneAt(position - delaySamples)));
  });

  it('switches every stage on, over and off under a tone without a click', () => {
    const { chain } = createRig();
    const feed = new ToneFeed(chain);
    feed.run(2);
    const changes: Partial<ProcessingSettings>[] = [
      { noiseSuppression: 'light' },
      { noiseSuppression: 'strong' },
      { noiseSuppression: 'strong', echoCancellation: true },
      { noiseSuppression: 'light', echoCancellation: true, limiter: true },
      { echoCancellation: true, highPass: true },
      { highPass: true, gainControl: true },
      {},
    ];
    for (const change of changes) {
      chain.setSettings({ ...ALL_OFF, ...change });
      feed.run(9);
    }
    // A cross-fade over 10 ms bends the tone a little; a step of a hundredth of it would be ten times as rough.
    expect(feed.roughness()).toBeLessThan(TONE_ROUGHNESS * 2);
    expect(chain.delaySamples).toBe(0);
  });

  it('changes its mind before a stage is warm', () => {
    const { chain, strong } = createRig();
    const feed = new ToneFeed(chain);
    chain.setSettings({ ...ALL_OFF, noiseSuppression: 'strong' });
    feed.run(2);
    chain.setSettings(ALL_OFF);
    feed.run(4);
    const blocks = strong.blocks;
    feed.run(4);
    expect(strong.blocks).toBe(blocks);
    expect(feed.roughness()).toBeLessThan(TONE_ROUGHNESS * 1.1);
    expect(reportOf(chain, 'noiseSuppression').state).toBe('off');
  });

  it('makes silence of what a broken driver hands over, and goes on', () => {
    const { chain } = createRig();
    chain.setSettings(ALL_ON);
    const feed = new ToneFeed(chain);
    feed.run(9);
    const broken = new Float32Array(BLOCK_SAMPLES).fill(Number.NaN);
    chain.process(broken);
    expect(broken.every(Number.isFinite)).toBe(true);
    feed.run(2);
    expect(feed.heard.every(Number.isFinite)).toBe(true);
    expect(chain.reports().every(({ state }) => state !== 'failed')).toBe(true);
  });
});

describe('a stage that fails', () => {
  it.each(['throws', 'damages'] as const)(
    'is bypassed and named when it %s, and the others go on',
    (fails) => {
      const { chain, light, ran } = createRig();
      chain.setSettings({ ...ALL_ON, gainControl: false, highPass: false });
      const feed = new ToneFeed(chain);
      feed.run(20);
      light.fails = fails;
      feed.run(1);
      const after = feed.heard.length;
      expect(feed.roughness(12 * BLOCK_SAMPLES)).toBeLessThan(TONE_ROUGHNESS * 2);
      ran.length = 0;
      feed.run(5);
      expect(ran).not.toContain('light');
      expect(ran).toContain('echo');
      const report = reportOf(chain, 'noiseSuppression');
      expect(report.state).toBe('failed');
      expect(report.sentence).toMatch(/^Noise suppression .*goes through without it/);
      expect(chain.delaySamples).toBe(192);
      for (let position = after; position < feed.heard.length; position += 1)
        expect(feed.heard[position]).toBe(Math.fround(toneAt(position - 192)));
      expect(chain.reports().filter(({ state }) => state === 'failed')).toHaveLength(1);
    },
  );

  it('is tried again, with nothing remembered, when it is switched off and on', () => {
    const { chain, light } = createRig();
    chain.setSettings({ ...ALL_OFF, noiseSuppression: 'light' });
    const feed = new ToneFeed(chain);
    feed.run(9);
    light.fails = 'throws';
    feed.run(1);
    // Another setting is no such wish.
    chain.setSettings({ ...ALL_OFF, noiseSuppression: 'light', limiter: true });
    expect(reportOf(chain, 'noiseSuppression').state).toBe('failed');
    light.fails = 'not';
    chain.setSettings(ALL_OFF);
    chain.setSettings({ ...ALL_OFF, noiseSuppression: 'light' });
    feed.run(9);
    expect(reportOf(chain, 'noiseSuppression').state).toBe('on');
    expect(chain.delaySamples).toBe(480);
    expect(light.resets).toBe(1);
  });

  it('is given up when it is slow for long, not when it is slow once', () => {
    const { chain, clock } = createRig();
    chain.setSettings({ ...ALL_OFF, echoCancellation: true });
    const feed = new ToneFeed(chain);
    clock.stepUs = SLOW_BLOCK_US + 1;
    feed.run(MAX_SLOW_BLOCKS - 1);
    clock.stepUs = 1;
    feed.run(1);
    clock.stepUs = SLOW_BLOCK_US + 1;
    feed.run(MAX_SLOW_BLOCKS - 1);
    expect(reportOf(chain, 'echoCancellation').state).toBe('on');
    feed.run(1);
    expect(reportOf(chain, 'echoCancellation').state).toBe('failed');
    expect(reportOf(chain, 'echoCancellation').sentence).toMatch(/headphones/);
    feed.run(2);
    expect(chain.delaySamples).toBe(0);
    expect(feed.roughness()).toBeLessThan(TONE_ROUGHNESS * 2);
  });

  it('is named when it could not be loaded', () => {
    const chain = new ProcessingChain(() => 0);
    chain.setSettings({ ...ALL_OFF, noiseSuppression: 'strong' });
    chain.provideNone('strongSuppression');
    chain.provideNone('voiceActivity');
    new ToneFeed(chain).run(2);
    expect(reportOf(chain, 'noiseSuppression').state).toBe('failed');
    expect(reportOf(chain, 'voiceActivity').state).toBe('failed');
    expect(chain.voiceProbability).toBe(1);
    chain.setSettings(ALL_OFF);
    expect(reportOf(chain, 'noiseSuppression').state).toBe('off');
  });

  it('may fail on the loudspeaker side too', () => {
    const { chain, echo } = createRig();
    chain.setSettings({ ...ALL_OFF, echoCancellation: true });
    const feed = new ToneFeed(chain);
    feed.run(9);
    echo.handleReference = () => {
      throw new Error('broken');
    };
    chain.handleReference(new Float32Array(BLOCK_SAMPLES));
    feed.run(3);
    expect(reportOf(chain, 'echoCancellation').state).toBe('failed');
    expect(feed.roughness(9 * BLOCK_SAMPLES)).toBeLessThan(TONE_ROUGHNESS * 2);
  });

  it('is a detector: then loudness alone decides', () => {
    const { chain, detector } = createRig();
    const feed = new ToneFeed(chain);
    feed.run(1);
    expect(chain.voiceProbability).toBe(DETECTED);
    detector.detect = () => Number.NaN;
    feed.run(2);
    expect(chain.voiceProbability).toBe(1);
    expect(reportOf(chain, 'voiceActivity').state).toBe('failed');
  });
});

describe('a pause', () => {
  const loud = new Float32Array(BLOCK_SAMPLES).fill(0.1);
  const quiet = new Float32Array(BLOCK_SAMPLES);

  it.each([
    ['light', true, 192 + 480],
    ['light', false, 480],
    ['off', true, 192],
    ['strong', false, 1_562],
  ] as const)(
    'is followed by silence for the delay of %s with echo %s: nothing from before is heard',
    (...given) => {
      const [noiseSuppression, echoCancellation, delay] = given;
      const { chain } = createRig();
      chain.setSettings({ ...ALL_OFF, echoCancellation, noiseSuppression });
      const feed = new ToneFeed(chain);
      for (let count = 0; count < 150; count += 1) {
        chain.handleReference(quiet);
        feed.run(1);
      }
      for (let count = 0; count < 10; count += 1) {
        chain.handleReference(quiet);
        feed.run(1, 'idle');
      }
      const before = feed.heard.length;
      feed.run(6);
      const { delaySamples } = chain;
      expect(delaySamples).toBe(delay);
      expect(feed.heard.slice(before, before + delaySamples).every((sample) => sample === 0)).toBe(true);
      expect(feed.heard[before + delaySamples + 200]).not.toBe(0);
      expect(feed.roughness(before)).toBeLessThan(TONE_ROUGHNESS * 2);
    },
  );

  it('costs the echo stage nothing when nothing is played, and leaves no reference out when something is', () => {
    const { chain, echo, light } = createRig();
    chain.setSettings({ ...ALL_OFF, echoCancellation: true, noiseSuppression: 'light' });
    const feed = new ToneFeed(chain);
    const both = (reference: Float32Array, how: 'process' | 'idle'): void => {
      chain.handleReference(reference);
      feed.run(1, how);
    };
    for (let count = 0; count < 10; count += 1) both(loud, 'process');
    const suppressed = light.blocks;
    for (let count = 0; count < 10; count += 1) both(loud, 'idle');
    expect([echo.blocks, echo.references.length]).toEqual([20, 20]);
    expect(light.blocks).toBe(suppressed);
    for (let count = 0; count < 300; count += 1) both(quiet, 'idle');
    // The room dies away first, for a second.
    expect(echo.blocks).toBeLessThan(20 + 110);
    expect(echo.references.length).toBe(echo.blocks);
    both(loud, 'idle');
    both(loud, 'process');
    expect(echo.references.length).toBe(echo.blocks);
    expect(echo.references.slice(-2)).toEqual([Math.fround(0.1), Math.fround(0.1)]);
  });

  it('keeps both ways in step when the microphone wakes the echo stage', () => {
    const { chain, echo } = createRig();
    chain.setSettings({ ...ALL_OFF, echoCancellation: true });
    const feed = new ToneFeed(chain);
    for (let count = 0; count < 200; count += 1) {
      chain.handleReference(quiet);
      feed.run(1, 'idle');
    }
    chain.handleReference(quiet);
    feed.run(1);
    expect(echo.references.length).toBe(echo.blocks);
  });

  it('has no voice in it', () => {
    const { chain } = createRig();
    const feed = new ToneFeed(chain);
    feed.run(1);
    feed.run(1, 'idle');
    expect(chain.voiceProbability).toBe(0);
  });
});

describe('the meters', () => {
  it('give level in and out, and mean and longest time once', () => {
    const { chain, clock } = createRig();
    chain.setSettings({ ...ALL_OFF, limiter: true });
    clock.stepUs = 100;
    const feed = new ToneFeed(chain);
    feed.run(500);
    const report = reportOf(chain, 'limiter');
    // Two readings of the clock lie 100 us apart.
    expect(report.meanUs).toBeCloseTo(100, -1);
    expect(report.maxUs).toBe(100);
    expect(report.inDb).toBeCloseTo(20 * Math.log10(AMPLITUDE / Math.SQRT2), 1);
    expect(report.outDb).toBeCloseTo(report.inDb, 5);
    expect(reportOf(chain, 'limiter').maxUs).toBe(0);
  });

  it('tell the echo loss while something is played, and not otherwise', () => {
    const { chain, echo } = createRig();
    chain.setSettings({ ...ALL_OFF, echoCancellation: true });
    const feed = new ToneFeed(chain);
    const before = echo.process.bind(echo);
    echo.process = (block) => {
      before(block);
      for (let index = 0; index < block.length; index += 1) block[index] = (block[index] ?? 0) / 10;
    };
    feed.run(20);
    expect(reportOf(chain, 'echoCancellation').erleDb).toBeUndefined();
    for (let count = 0; count < 300; count += 1) {
      chain.handleReference(new Float32Array(BLOCK_SAMPLES).fill(0.1));
      feed.run(1);
    }
    expect(reportOf(chain, 'echoCancellation').erleDb).toBeCloseTo(20, 0);
  });
});
