import { createRng, type Rng } from '../../src/core/base/rng.ts';
import { PACKET_MS, type Trace } from './trace.ts';

/** What light and routers take at least, in ms. No buffer's figures depend on it. */
const BASE_MS = 30;

const SECOND = 1_000 / PACKET_MS;
const CALL_PACKETS = 120 * SECOND;
/** 100 ppm move 30 ms in five minutes: more than a frame. */
const DRIFT_PACKETS = 300 * SECOND;
const DRIFT_PPM = 100;

const SMALL_JITTER_MS = 1;
const GILBERT_LOSS = 0.1;
const GILBERT_BURST = 3;

const PARETO_SCALE_MS = 6;
const PARETO_SHAPE = 2.2;
const PARETO_MAX_MS = 300;

const STALL_MS = 500;
const STALL_EVERY_MS = 12_000;
/** A radio sends what has queued up about that fast. */
const DRAIN_MS = 0.4;

const ROUTE_STEP_MS = 80;

const WANDER_STEP_MS = 1.5;
const WANDER_MAX_MS = 70;
/** LTE schedules in steps of about that. */
const GRANT_MS = 8;
const HANDOVER_EVERY_MS = 20_000;
const HANDOVER_MS = 120;

const REORDERED_SHARE = 0.03;
const REORDERED_MIN_MS = 20;
const REORDERED_SPAN_MS = 40;

const TALK_MS = 1_200;
const SILENCE_MS = 800;

/** Jitter of a wire: half a normal distribution. */
function smallJitterMs(rng: Rng, deviationMs = SMALL_JITTER_MS): number {
  const normal = Math.sqrt(-2 * Math.log(1 - rng.next())) * Math.cos(2 * Math.PI * rng.next());
  return Math.abs(normal) * deviationMs;
}

/** No packet overtakes another. */
function inOrder(delaysMs: readonly (number | null)[], spacingMs = 0): (number | null)[] {
  let latestMs = Number.NEGATIVE_INFINITY;
  return delaysMs.map((delay, index) => {
    if (delay === null) return null;
    latestMs = Math.max(latestMs + spacingMs, index * PACKET_MS + delay);
    return latestMs - index * PACKET_MS;
  });
}

function packets(count: number, delay: (index: number) => number | null): (number | null)[] {
  return Array.from({ length: count }, (_, index) => delay(index));
}

function call(delaysMs: readonly (number | null)[], driftPpm = 0): Trace {
  return { delaysMs, driftPpm };
}

function randomLoss(rng: Rng, share: number): Trace {
  return call(packets(CALL_PACKETS, () => (rng.next() < share ? null : BASE_MS + smallJitterMs(rng))));
}

function gilbert(rng: Rng): Trace {
  const leave = 1 / GILBERT_BURST;
  const enter = (leave * GILBERT_LOSS) / (1 - GILBERT_LOSS);
  let bad = false;
  return call(
    packets(CALL_PACKETS, () => {
      bad = rng.next() < (bad ? 1 - leave : enter);
      return bad ? null : BASE_MS + smallJitterMs(rng);
    }),
  );
}

function pareto(rng: Rng): Trace {
  const delays = packets(CALL_PACKETS, () => {
    const extra = PARETO_SCALE_MS * ((1 - rng.next()) ** (-1 / PARETO_SHAPE) - 1);
    return BASE_MS + Math.min(PARETO_MAX_MS, extra);
  });
  return call(inOrder(delays));
}

/** The times at which something rare happens: at least half the mean distance apart. */
function rareTimesMs(rng: Rng, everyMs: number): number[] {
  const times: number[] = [];
  let atMs = 0;
  while (atMs < CALL_PACKETS * PACKET_MS) {
    atMs += everyMs * (0.5 - 0.5 * Math.log(1 - rng.next()));
    times.push(atMs);
  }
  return times;
}

function wifiStalls(rng: Rng): Trace {
  const stalls = rareTimesMs(rng, STALL_EVERY_MS);
  const delays = packets(CALL_PACKETS, (index) => {
    const sentMs = index * PACKET_MS;
    const arrivalMs = sentMs + BASE_MS - 4 * Math.log(1 - rng.next());
    const stallMs = stalls.find((atMs) => arrivalMs >= atMs && arrivalMs < atMs + STALL_MS);
    return (stallMs === undefined ? arrivalMs : stallMs + STALL_MS) - sentMs;
  });
  return call(inOrder(delays, DRAIN_MS));
}

function drift(rng: Rng, ppm: number): Trace {
  return call(
    packets(DRIFT_PACKETS, () => BASE_MS + smallJitterMs(rng)),
    ppm,
  );
}

function route(rng: Rng, before: number, after: number): Trace {
  const change = CALL_PACKETS / 3;
  return call(
    packets(CALL_PACKETS, (index) => BASE_MS + (index < change ? before : after) + smallJitterMs(rng)),
  );
}

function wander(rng: Rng): Trace {
  const handovers = rareTimesMs(rng, HANDOVER_EVERY_MS);
  let slowMs = WANDER_MAX_MS / 2;
  const delays = packets(CALL_PACKETS, (index) => {
    slowMs += (rng.next() * 2 - 1) * WANDER_STEP_MS;
    slowMs = Math.max(0, Math.min(WANDER_MAX_MS, slowMs));
    const sentMs = index * PACKET_MS;
    const grantedMs = Math.ceil((sentMs + BASE_MS + slowMs + 2 * rng.next()) / GRANT_MS) * GRANT_MS;
    const handoverMs = handovers.find((atMs) => grantedMs >= atMs && grantedMs < atMs + HANDOVER_MS);
    return (handoverMs === undefined ? grantedMs : handoverMs + HANDOVER_MS) - sentMs;
  });
  return call(inOrder(delays));
}

function reordering(rng: Rng): Trace {
  return call(
    packets(CALL_PACKETS, () => {
      const held = rng.next() < REORDERED_SHARE ? REORDERED_MIN_MS + REORDERED_SPAN_MS * rng.next() : 0;
      return BASE_MS + held + smallJitterMs(rng);
    }),
  );
}

/** The networks measured, by name; each makes another trace of each seed. */
export const PROFILES: Readonly<Record<string, (rng: Rng) => Trace>> = {
  static: () => call(packets(CALL_PACKETS, () => BASE_MS)),
  'jitter 1-3 ms': (rng) => call(inOrder(packets(CALL_PACKETS, () => BASE_MS + smallJitterMs(rng, 1.5)))),
  'loss 5 %': (rng) => randomLoss(rng, 0.05),
  'loss 10 %': (rng) => randomLoss(rng, 0.1),
  'bursts 10 %': gilbert,
  pareto,
  'wifi stalls': wifiStalls,
  'drift +100 ppm': (rng) => drift(rng, DRIFT_PPM),
  'drift -100 ppm': (rng) => drift(rng, -DRIFT_PPM),
  'route +80 ms': (rng) => route(rng, 0, ROUTE_STEP_MS),
  'route -80 ms': (rng) => route(rng, ROUTE_STEP_MS, 0),
  '4g wander': wander,
  reordering,
};

/** The trace of a profile for a seed. */
export function traceOf(name: string, seed: number): Trace {
  const profile = PROFILES[name];
  if (!profile)
    throw new Error(`there is no profile called ${name}; there are: ${Object.keys(PROFILES).join(', ')}`);
  return profile(createRng(seed));
}

/** The same network under somebody who talks and pauses: nothing is sent in the pauses. */
export function withTalkspurts(trace: Trace, rng: Rng): Trace {
  const talkspurts: (number | null)[] = [];
  for (let talkspurt = 0; talkspurts.length < trace.delaysMs.length; talkspurt += 1) {
    const around = () => 0.5 + rng.next();
    const talk = Math.max(2, Math.round((TALK_MS * around()) / PACKET_MS));
    const pause = Math.max(1, Math.round((SILENCE_MS * around()) / PACKET_MS));
    for (let at = 0; at < talk; at += 1) talkspurts.push(talkspurt);
    for (let at = 0; at < pause; at += 1) talkspurts.push(null);
  }
  return { ...trace, talkspurts: talkspurts.slice(0, trace.delaysMs.length) };
}
