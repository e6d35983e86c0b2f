import type { BotsState } from '../../contract/admin.ts';
import type { AdminActor, RelayAdmin, RelayFigures } from '../../core/relay/admin-port.ts';
import { ADMIN_ROLE_ID } from '../../core/wire/roles.ts';
import type { BenchBotsOptions } from './bench-options.ts';
import { Bots } from './bots.ts';
import type { BotsSummary } from './bots-protocol.ts';

/** A relay of the bench's own. */
export interface BenchRelay {
  readonly port: number;
  readonly certificateSha256: string;
  readonly admin: RelayAdmin;
  stop(): Promise<void>;
}

/** What the bench needs of the rest of the program. */
export interface BenchBotsPorts {
  /** The built bots-worker. */
  readonly workerPath: string;
  /** WAV file with the bots' own speech. */
  readonly speechPath: string;
  /** Opens a relay on a free port of this machine, in a folder that goes with it. */
  openRelay(
    options: Pick<BenchBotsOptions, 'voiceSocket' | 'senderThreads'>,
  ): Promise<
    { readonly ok: true; readonly relay: BenchRelay } | { readonly ok: false; readonly sentence: string }
  >;
  /** The figures, whole, with their last line feed. */
  print(text: string): void;
  /** How it goes, a line at a time. */
  progress(line: string): void;
  /** Calls back when the person has had enough. @returns stops it */
  onInterrupt(listener: () => void): () => void;
}

/** What the relay's thread did while the bots talked. */
interface RelayShare {
  readonly voiceSocket: string;
  /** Share of one core. */
  readonly cpu: number;
  readonly cpuUsPerForwarded: number;
  readonly heapGrowthBytes: number;
}

/** Whoever sits at this machine may do with a relay of their own what they like. */
const ACTOR: AdminActor = { account: 'bench', role: ADMIN_ROLE_ID };

/** `sidetone bench bots`: lets bots talk through a relay of its own and prints what they measured. @returns the exit code */
export async function benchBots(options: BenchBotsOptions, ports: BenchBotsPorts): Promise<number> {
  const opened = await ports.openRelay(options);
  if (!opened.ok) {
    ports.progress(opened.sentence);
    return 1;
  }
  const { relay } = opened;
  try {
    return await measure(options, ports, relay);
  } finally {
    await relay.stop();
  }
}

async function measure(options: BenchBotsOptions, ports: BenchBotsPorts, relay: BenchRelay): Promise<number> {
  const bots = new Bots({
    workerPath: ports.workerPath,
    speechPath: options.speechPath ?? ports.speechPath,
    relay: relay.admin,
    port: relay.port,
    certificateSha256: relay.certificateSha256,
  });
  const figures: { before: Promise<RelayFigures> | null; after: Promise<RelayFigures> | null } = {
    before: null,
    after: null,
  };
  const ended = new Promise<BotsState>((resolve) => {
    bots.onState((state) => {
      ports.progress(progressLine(state));
      if (state.phase === 'speaking') figures.before ??= relay.admin.figures();
      if (state.phase === 'ending') figures.after ??= relay.admin.figures();
      if (state.phase === 'done' || state.phase === 'failed') resolve(state);
    });
  });
  const stopListening = ports.onInterrupt(() => void bots.stop());
  try {
    const begun = await bots.start(options.request, ACTOR);
    if (!begun.ok) {
      ports.progress(begun.sentence);
      return 1;
    }
    const state = await ended;
    if (state.phase === 'failed' || bots.summary === null) return 1;
    const [before, after] = await Promise.all([figures.before, figures.after]);
    const share = before === null || after === null ? null : relayShare(before, after, bots.summary);
    ports.print(options.json ? json(options, state, bots.summary, share) : table(state, bots.summary, share));
    return 0;
  } finally {
    stopListening();
  }
}

function relayShare(before: RelayFigures, after: RelayFigures, summary: BotsSummary): RelayShare {
  const cpuMs = after.cpuMs - before.cpuMs;
  const tookMs = Math.max(1, after.atMs - before.atMs);
  return {
    voiceSocket: after.voiceSocket,
    cpu: cpuMs / tookMs,
    cpuUsPerForwarded: summary.received === 0 ? 0 : (cpuMs * 1_000) / summary.received,
    heapGrowthBytes: after.heapBytes - before.heapBytes,
  };
}

function progressLine(state: BotsState): string {
  const { phase, bots, joined, keyed, elapsedSeconds, latencyMs, sentence } = state;
  if (phase === 'joining' || phase === 'exchangingKeys')
    return `${phase}: ${joined} of ${bots} are in, ${keyed} hold all keys`;
  const told = sentence === '' ? '' : ` ${sentence}`;
  if (phase !== 'speaking') return `${phase}.${told}`;
  const rate = Math.round(state.receivedPerSecond);
  return `${Math.round(elapsedSeconds)} s: ${rate} datagrams/s arrive, ${state.lossPercent.toFixed(2)} % lost, p99 ${latencyMs.p99.toFixed(1)} ms.${told}`;
}

function json(
  { request }: BenchBotsOptions,
  state: BotsState,
  summary: BotsSummary,
  relay: RelayShare | null,
): string {
  return `${JSON.stringify({ name: 'bench bots', node: process.version, request, relay, summary, state }, null, 2)}\n`;
}

function table(state: BotsState, summary: BotsSummary, relay: RelayShare | null): string {
  const { latencyMs, pacingLateMs } = summary;
  const seconds = Math.max(1, state.elapsedSeconds);
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const ms = (value: number): string => `${value.toFixed(2)} ms`;
  const worstLoss = Math.max(...state.perBot.map((bot) => bot.lossPercent));
  const worstP99 = Math.max(...state.perBot.map((bot) => bot.latencyMs.p99));
  const rows: [string, string][] = [
    ['Bots, speakers', `${state.bots}, ${state.speakers}`],
    ['Time to join', `${(summary.joiningMs / 1_000).toFixed(1)} s, all keys included`],
    ['Sent', `${summary.sent} datagrams of ${Math.round(summary.datagramBytes)} bytes`],
    ['Received', `${summary.received}, ${Math.round(summary.received / seconds)} a second`],
    [
      'Lost',
      `${summary.lost} (${state.totalLossPercent.toFixed(3)} %), ${summary.late} of them came too late`,
    ],
    ['Twice, unexpected', `${summary.duplicate}, ${summary.unexpected}`],
    ['Opened', `${summary.opened}, not to be opened ${summary.unopened}, no time for ${summary.notTried}`],
    [
      'Latency',
      `p50 ${ms(latencyMs.p50)}, p95 ${ms(latencyMs.p95)}, p99 ${ms(latencyMs.p99)}, max ${ms(latencyMs.max)}`,
    ],
    ['Worst bot', `${worstLoss.toFixed(3)} % lost, p99 ${ms(worstP99)}`],
    [
      'Bots',
      `${percent(summary.botsCpu)} of a core, ${summary.voiceSocket} sockets, ${summary.droppedHere} datagrams dropped here`,
    ],
    ['Bots talk late', `p99 ${ms(pacingLateMs.p99)}, ${summary.framesLeftOut} frames left out`],
  ];
  if (relay !== null)
    rows.push([
      'Relay',
      `${percent(relay.cpu)} of a core, ${relay.voiceSocket} socket, ${relay.cpuUsPerForwarded.toFixed(2)} us a forwarded datagram`,
    ]);
  const width = Math.max(...rows.map(([name]) => name.length));
  return `${rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')}\n`;
}
