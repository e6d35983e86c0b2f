import type { CHAOS_RANGES, ChaosPreset, ChaosSettings } from '../../../contract/testing.ts';

/** Chaos that changes nothing. */
export const CHAOS_OFF: ChaosSettings = {
  lossPercent: 0,
  burstLossPercent: 0,
  burstLength: 1,
  latencyMs: 0,
  jitterMs: 0,
  jitterDistribution: 'uniform',
  reorderPercent: 0,
  duplicatePercent: 0,
  bandwidthKbps: 0,
};

/** One slider of the chaos; the band has a scale of its own. */
export interface ChaosSlider {
  readonly figure: Exclude<keyof ChaosSettings, 'jitterDistribution' | 'bandwidthKbps'>;
  readonly label: string;
  readonly step: number;
  readonly text: (value: number) => string;
  readonly hint?: string;
}

const number = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 1 });

/** "2.5 %". */
export function percentText(value: number): string {
  return `${number.format(value)} %`;
}

/** "120 ms". */
export function delayText(value: number): string {
  return `${number.format(value)} ms`;
}

/** "3 packets". */
export function packetsText(value: number): string {
  return value === 1 ? '1 packet' : `${number.format(value)} packets`;
}

/**
 * The ends of the sliders.
 *
 * The compiler holds them to those of the contract, number by number; taking the values from there would bring its
 * schemas into the window.
 */
export const chaosEnds: typeof CHAOS_RANGES = {
  lossPercent: { min: 0, max: 100 },
  burstLossPercent: { min: 0, max: 50 },
  burstLength: { min: 1, max: 50 },
  latencyMs: { min: 0, max: 2_000 },
  jitterMs: { min: 0, max: 300 },
  reorderPercent: { min: 0, max: 50 },
  duplicatePercent: { min: 0, max: 100 },
  bandwidthKbps: { min: 0, max: 10_000 },
};

/** The sliders in the order they are shown, with steps as a hand can set them. */
export const chaosSliders: readonly ChaosSlider[] = [
  { figure: 'lossPercent', label: 'Packets lost', step: 0.5, text: percentText },
  { figure: 'burstLossPercent', label: 'Lost in bursts', step: 0.5, text: percentText },
  {
    figure: 'burstLength',
    label: 'Length of a burst',
    step: 1,
    text: packetsText,
    hint: 'On average. Without effect while nothing is lost in bursts.',
  },
  { figure: 'latencyMs', label: 'Later by', step: 10, text: delayText },
  { figure: 'jitterMs', label: 'Jitter, on average', step: 5, text: delayText },
  { figure: 'reorderPercent', label: 'Out of order', step: 0.5, text: percentText },
  { figure: 'duplicatePercent', label: 'Arrives twice', step: 0.5, text: percentText },
];

/** How jitter can be spread. */
export const distributionChoices: readonly {
  readonly value: ChaosSettings['jitterDistribution'];
  readonly label: string;
}[] = [
  { value: 'uniform', label: 'Even (uniform)' },
  { value: 'normal', label: 'Mostly near the average (normal)' },
  { value: 'pareto', label: 'Seldom, then long (Pareto)' },
];

/** Stops of the band's slider, in kbit/s: from no cap (0) to the narrowest, so that right is worse as on all others. */
export const bandStopsKbps: readonly number[] = [
  0, 10_000, 5_000, 2_000, 1_000, 768, 512, 384, 256, 192, 128, 96, 64, 48, 32, 24, 16, 12, 8,
];

/** The stop nearest to a band, by ratio. */
export function bandStop(kbps: number): number {
  if (kbps <= 0) return 0;
  let best = 1;
  const distance = (stop: number): number => Math.abs(Math.log((bandStopsKbps[stop] ?? 1) / kbps));
  for (let stop = 2; stop < bandStopsKbps.length; stop += 1) if (distance(stop) < distance(best)) best = stop;
  return best;
}

/** "No cap", "256 kbit/s", "10 Mbit/s". */
export function bandText(kbps: number): string {
  if (kbps <= 0) return 'No cap';
  return kbps < 1_000 ? `${number.format(kbps)} kbit/s` : `${number.format(kbps / 1_000)} Mbit/s`;
}

function sameChaos(one: ChaosSettings, other: ChaosSettings): boolean {
  const names = Object.keys(one) as readonly (keyof ChaosSettings)[];
  return names.every((name) => one[name] === other[name]);
}

/** Whether settings do anything to any packet; a burst's length and a distribution alone do not. */
export function chaosChanges(chaos: ChaosSettings): boolean {
  const { burstLength, jitterDistribution, ...figures } = chaos;
  return Object.values(figures).some((figure) => figure !== 0);
}

/** Value of the choice of presets for settings that are none of them. */
export const OWN_MIXTURE = 'own';

/** Value of the choice of presets while nothing is done. */
export const NO_CHAOS = 'off';

/** Which choice of presets the settings are. */
export function presetChoice(chaos: ChaosSettings, presets: readonly ChaosPreset[]): string {
  if (!chaosChanges(chaos)) return NO_CHAOS;
  return presets.find((preset) => sameChaos(preset.settings, chaos))?.name ?? OWN_MIXTURE;
}

/** Highest seed, and how the contract bounds it: 32 bits. */
const MAX_SEED = 0xffff_ffff;

/** Reads a seed; null where the text is none. */
export function readSeed(text: string): number | null {
  const trimmed = text.trim();
  if (!/^\d{1,10}$/u.test(trimmed)) return null;
  const seed = Number(trimmed);
  return seed <= MAX_SEED ? seed : null;
}
