/** How the delay that is added at random is spread; see `jitterDelayMs`. */
export const JITTER_DISTRIBUTIONS = ['uniform', 'normal', 'pareto'] as const;
export type JitterDistribution = (typeof JITTER_DISTRIBUTIONS)[number];

/** What chaos does to outgoing datagrams. Every figure within CHAOS_LIMITS; all at 0: nothing. */
export interface ChaosSettings {
  /** Share of datagrams lost, each by itself, in percent. */
  readonly lossPercent: number;
  /** Share of datagrams lost in bursts, in percent (Gilbert's model, see `BurstLoss`). */
  readonly burstLossPercent: number;
  /** Mean length of those bursts, in datagrams. Without effect while `burstLossPercent` is 0. */
  readonly burstLength: number;
  /** Delay of every datagram, in ms, one way. */
  readonly latencyMs: number;
  /** Mean of the delay that is added at random, in ms. */
  readonly jitterMs: number;
  /** Without effect while `jitterMs` is 0. */
  readonly jitterDistribution: JitterDistribution;
  /** Share of datagrams held back so that later ones overtake them, in percent. */
  readonly reorderPercent: number;
  /** Share of datagrams that arrive twice, in percent. */
  readonly duplicatePercent: number;
  /** What the own line carries, IP and UDP headers included, in kbit/s; 0: no cap. */
  readonly bandwidthKbps: number;
}

/** The settings that are numbers: what sliders are for. */
export type ChaosFigure = Exclude<keyof ChaosSettings, 'jitterDistribution'>;

interface ChaosLimit {
  readonly min: number;
  readonly max: number;
}

/** Least and most of each figure, both allowed. */
export const CHAOS_LIMITS: Readonly<Record<ChaosFigure, ChaosLimit>> = {
  lossPercent: { min: 0, max: 100 },
  // Above half, bursts of the shortest length would have to follow each other without a datagram between them.
  burstLossPercent: { min: 0, max: 50 },
  // A second of 20 ms frames: a longer silence is no burst, and pulling the cable shows it as well.
  burstLength: { min: 1, max: 50 },
  // Beyond two hops over a geostationary satellite, and less than it takes to count as deaf.
  latencyMs: { min: 0, max: 2_000 },
  // The tail of the Pareto distribution is seven times as long.
  jitterMs: { min: 0, max: 300 },
  // Above half, those held back are the many: order is lost either way.
  reorderPercent: { min: 0, max: 50 },
  duplicatePercent: { min: 0, max: 100 },
  // Far more than twenty voices: higher is no cap.
  bandwidthKbps: { min: 0, max: 10_000 },
};

/** A cap below this is treated as this, in kbit/s: one longest datagram takes more than a second then. */
export const MIN_BANDWIDTH_KBPS = 8;

/** Nothing is done to any datagram: how every program starts. */
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

/** True when the settings leave every datagram alone. Burst length and distribution alone do nothing. */
export function isOff(settings: ChaosSettings): boolean {
  return (
    settings.lossPercent === 0 &&
    settings.burstLossPercent === 0 &&
    settings.latencyMs === 0 &&
    settings.jitterMs === 0 &&
    settings.reorderPercent === 0 &&
    settings.duplicatePercent === 0 &&
    settings.bandwidthKbps === 0
  );
}

/** True when every figure is a number within CHAOS_LIMITS and the distribution is a known one. */
export function isWithinLimits(settings: ChaosSettings): boolean {
  const figures = Object.keys(CHAOS_LIMITS) as ChaosFigure[];
  return (
    JITTER_DISTRIBUTIONS.includes(settings.jitterDistribution) &&
    figures.every((name) => {
      const { min, max } = CHAOS_LIMITS[name];
      return settings[name] >= min && settings[name] <= max;
    })
  );
}
