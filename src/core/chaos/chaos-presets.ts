import { CHAOS_OFF, type ChaosSettings } from './chaos-settings.ts';

/** A network that people know, or that others publish figures for. */
export interface ChaosPreset {
  readonly name: string;
  /** For people. */
  readonly label: string;
  readonly settings: ChaosSettings;
}

function preset(name: string, label: string, changes: Partial<ChaosSettings>): ChaosPreset {
  return { name, label, settings: { ...CHAOS_OFF, ...changes } };
}

/** Networks as people meet them. Figures are ours, chosen to be typical; one way only, as chaos works on what we send. */
const everydayNetworks: readonly ChaosPreset[] = [
  preset('goodWifi', 'Good Wi-Fi', {
    lossPercent: 0.1,
    latencyMs: 5,
    jitterMs: 2,
    jitterDistribution: 'normal',
  }),
  // Many neighbours on one band: retries come out as a long tail of delay, and what they cannot save as short bursts.
  preset('badWifi', 'Bad Wi-Fi', {
    lossPercent: 1,
    burstLossPercent: 3,
    burstLength: 4,
    latencyMs: 10,
    jitterMs: 25,
    jitterDistribution: 'pareto',
  }),
  // One thin line for the whole house, and others on it.
  preset('hotel', 'Hotel', {
    lossPercent: 1,
    burstLossPercent: 2,
    burstLength: 3,
    latencyMs: 40,
    jitterMs: 20,
    jitterDistribution: 'pareto',
    bandwidthKbps: 256,
  }),
  // Bursts of half a second: from one cell to the next.
  preset('trainMobile', '4G on a train', {
    lossPercent: 0.5,
    burstLossPercent: 5,
    burstLength: 25,
    latencyMs: 60,
    jitterMs: 35,
    jitterDistribution: 'pareto',
    reorderPercent: 0.5,
    bandwidthKbps: 1_000,
  }),
  // Up to a geostationary orbit and down again is 240 ms at the speed of light.
  preset('satellite', 'Satellite', {
    lossPercent: 0.5,
    latencyMs: 280,
    jitterMs: 8,
    jitterDistribution: 'normal',
  }),
];

/**
 * The network profiles that RingRTC's call simulator publishes (signalapp/ringrtc, call_sim/src/common.rs and, for
 * the sizes of loss and bandwidth, test.rs), in terms of
 * our settings. There they are figures of Linux' netem, whose jitter goes to both sides of the delay: a uniform one of
 * j around d is d - j and a mean of j on top; the Pareto table (shape 3, shifted by 1.5, times 4/3) is d - 2j/3 and a
 * mean of 2j/3 on top. A simple Gilbert model of p and r loses p / (p + r), in bursts of 1 / r.
 */
const ringRtcNetworks: readonly ChaosPreset[] = [
  // 100 ms, jitter 25 ms Pareto, loss 5 %.
  preset('ringRtcModerate', 'RingRTC: moderate', {
    lossPercent: 5,
    latencyMs: 83,
    jitterMs: 17,
    jitterDistribution: 'pareto',
  }),
  // 250 ms, jitter 100 ms Pareto, Gilbert p 3 r 25, duplication 2, reordering 5, rate 300. Its reordering is correlated.
  preset('ringRtcInternational', 'RingRTC: international', {
    burstLossPercent: 10.7,
    burstLength: 4,
    latencyMs: 183,
    jitterMs: 67,
    jitterDistribution: 'pareto',
    reorderPercent: 5,
    duplicatePercent: 2,
    bandwidthKbps: 300,
  }),
  // 50 ms, jitter 10 ms, ten seconds before and after the spike. Its jitter is correlated.
  preset('ringRtcBetweenSpikes', 'RingRTC: spiky loss, between the spikes', { latencyMs: 40, jitterMs: 10 }),
  // 100 ms, jitter 20 ms, Gilbert p 11 r 25, for ten seconds.
  preset('ringRtcSpike', 'RingRTC: spiky loss, in the spike', {
    burstLossPercent: 30.6,
    burstLength: 4,
    latencyMs: 80,
    jitterMs: 20,
  }),
  preset('ringRtcLoss10', 'RingRTC: simple loss, 10 %', { lossPercent: 10 }),
  preset('ringRtcLoss20', 'RingRTC: simple loss, 20 %', { lossPercent: 20 }),
  preset('ringRtcLoss30', 'RingRTC: simple loss, 30 %', { lossPercent: 30 }),
  preset('ringRtcBandwidth100', 'RingRTC: limited bandwidth, 100 kbit/s', { bandwidthKbps: 100 }),
  preset('ringRtcBandwidth50', 'RingRTC: limited bandwidth, 50 kbit/s', { bandwidthKbps: 50 }),
  preset('ringRtcBandwidth25', 'RingRTC: limited bandwidth, 25 kbit/s', { bandwidthKbps: 25 }),
];

/** All presets, in the order in which people see them. Each name stands once. */
export const chaosPresets: readonly ChaosPreset[] = [...everydayNetworks, ...ringRtcNetworks];
