import type { ProcessingSettings, TalkTiming } from '../../contract/sound.ts';
import type { ChaosPreset, ChaosSettings, Testing } from '../../contract/testing.ts';

/** Chaos that changes nothing, but for `part`. */
export function someChaos(part: Partial<ChaosSettings> = {}): ChaosSettings {
  return {
    lossPercent: 0,
    burstLossPercent: 0,
    burstLength: 1,
    latencyMs: 0,
    jitterMs: 0,
    jitterDistribution: 'uniform',
    reorderPercent: 0,
    duplicatePercent: 0,
    bandwidthKbps: 0,
    ...part,
  };
}

/** The tab "Testing & Debugging" as every program starts, but for `part`. */
export function someTesting(part: Partial<Testing> = {}): Testing {
  return {
    chaos: someChaos(),
    chaosOn: false,
    seed: 1,
    trace: { phase: 'off', packets: 0 },
    taps: { recording: false, folder: '', seconds: 0, problem: '' },
    ...part,
  };
}

/** Presets of a made-up program. */
export const somePresets: ChaosPreset[] = [
  {
    name: 'goodWifi',
    label: 'Good Wi-Fi',
    settings: someChaos({ lossPercent: 0.1, latencyMs: 5, jitterMs: 2, jitterDistribution: 'normal' }),
  },
  {
    name: 'badWifi',
    label: 'Bad Wi-Fi',
    settings: someChaos({
      lossPercent: 1,
      burstLossPercent: 3,
      burstLength: 4,
      latencyMs: 10,
      jitterMs: 25,
      jitterDistribution: 'pareto',
    }),
  },
  {
    name: 'hotel',
    label: 'Hotel',
    settings: someChaos({
      lossPercent: 1,
      burstLossPercent: 2,
      burstLength: 3,
      latencyMs: 40,
      jitterMs: 20,
      jitterDistribution: 'pareto',
      bandwidthKbps: 256,
    }),
  },
];

/** What is done to the microphone's sound unless somebody says otherwise. */
export const someProcessing: ProcessingSettings = {
  highPass: true,
  echoCancellation: true,
  noiseSuppression: 'light',
  gainControl: true,
  limiter: true,
};

export const someTalkTiming: TalkTiming = { releaseDelayMs: 200, preRollMs: 60 };
