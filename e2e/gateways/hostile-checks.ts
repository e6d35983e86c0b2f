import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { residentBytes } from '../../bench/gateways/servers.ts';
import { LineProgram } from '../../bench/relay/line-program.ts';
import type { Row } from '../../bench/report.ts';
import { CHROMIUM_LISTENS } from '../../src/core/webrtc/sample-descriptions.ts';
import { PATIENCE_MS, waitFor } from '../rig/child.ts';
import { type Check, MissedLimit, type Scene } from './check.ts';
import { imbalances } from './hostile-balances.ts';
import { rngOf } from './hostile-bytes.ts';
import { expectWhole, HonestListeners, LivePublisher } from './hostile-listeners.ts';
import { WebSocketClient } from './websocket-client.ts';

const SEED = 6;

/** How long it goes on, in seconds: limits of ten seconds run out in it. */
const ATTACK_SECONDS = 16;

/** What the attack may add to the memory of the process, and what of it may stay, in MiB. */
const MAX_PEAK_GROWTH_MIB = 400;
const MAX_HEAP_GROWTH_MIB = 16;

/** Longest time in which an honest listener gets nothing, in ms: whatever is sent holds up the thread for less. */
const MAX_GAP_MS = 1_000;

const SAMPLE_MS = 400;
const MIB = 1_048_576;

const stateSchema = z.object({
  alive: z.boolean(),
  counters: z.record(z.string(), z.number()),
  heapBytes: z.number(),
});
type State = z.infer<typeof stateSchema>;

const harvestSchema = z.object({
  did: z.record(z.string(), z.number()),
  answers: z.record(z.string(), z.number()),
});

/** What is attacked, watched from outside. */
class Target {
  readonly program: LineProgram;
  readonly webPort: number;
  readonly rtspPort: number;
  peakResidentBytes = 0;

  static async start(): Promise<Target> {
    const program = await LineProgram.start(
      process.execPath,
      [join(import.meta.dirname, 'hostile-target-process.ts')],
      [],
    );
    const ports = z.object({ webPort: z.number(), rtspPort: z.number() });
    return new Target(program, ports.parse(JSON.parse(await program.line())));
  }

  private constructor(program: LineProgram, ports: { readonly webPort: number; readonly rtspPort: number }) {
    this.program = program;
    this.webPort = ports.webPort;
    this.rtspPort = ports.rtspPort;
  }

  /** @param question `collect` clears away first what nobody needs; the thread stands still meanwhile */
  async state(question: 'state' | 'collect' = 'state'): Promise<State> {
    const state = stateSchema.parse(JSON.parse(await this.program.ask(question)));
    if (!state.alive) throw new Error('the thread of the gateways has ended');
    this.peakResidentBytes = Math.max(this.peakResidentBytes, residentBytes(this.program.pid));
    return state;
  }
}

async function attack({ webPort, rtspPort }: Target): Promise<LineProgram> {
  const path = join(import.meta.dirname, 'hostile-attacker-process.ts');
  const ports = [webPort, rtspPort].map(String);
  return LineProgram.start(process.execPath, [path, ...ports, String(SEED), String(ATTACK_SECONDS)], []);
}

/** Pages are kept from the first time on that somebody asks for them. */
async function expectPages(webPort: number): Promise<void> {
  const page = await fetch(`http://127.0.0.1:${webPort}/listen/music`);
  await page.text();
  if (!page.ok) throw new Error(`the page was answered with ${page.status}`);
}

/** New ones are served as ever, those of WebRTC too. */
async function expectService(webPort: number): Promise<void> {
  const listener = await WebSocketClient.open(`ws://127.0.0.1:${webPort}/ws?channel=music`, {
    type: 'hello',
  });
  await listener.frames(5);
  listener.close();
  const headers = { 'Content-Type': 'application/sdp' };
  const root = `http://127.0.0.1:${webPort}`;
  const answer = await fetch(`${root}/whep/music`, { method: 'POST', headers, body: CHROMIUM_LISTENS });
  await answer.text();
  if (answer.status !== 201) throw new Error(`an honest offer was answered with ${answer.status}`);
  await (await fetch(root + answer.headers.get('location'), { method: 'DELETE' })).text();
}

function expectLess(what: string, value: number, limit: number): number {
  if (value > limit) throw new MissedLimit(`${what} is ${Math.round(value)}, and may be ${limit}`);
  return Math.round(value);
}

/** The counters that only move when somebody was refused or cut: each kind of attack was noticed. */
function expectNoticed(counters: Readonly<Record<string, number>>): void {
  const noticed = [
    'web.silent',
    'web.tlsFailed',
    'web.refusedNetwork',
    'http.badRequest',
    'http.badTarget',
    'http.headTooSlow',
    'http.unknownAddress',
    'visit.proofWrong',
    'visit.proofMissing',
    'visit.tooManyTries',
    'visit.unknownChannel',
    'visit.publisherBusy',
    'websocket.helloNotJson',
    'publish.wrongType',
    'publish.finished',
    'websocket.framesSpoken',
    'rtsp.plays',
    'rtsp.rtcpVersion',
    'webrtc.publishers',
    'rtsp.requestLine',
    'rtsp.requestTooSlow',
    'rtsp.packetsDropped',
    'signalling.proofWrong',
    'signalling.messageNotJson',
    'webrtc.sdpMalformed',
  ];
  const missed = noticed.filter((name) => (counters[name] ?? 0) === 0);
  if (missed.length > 0) throw new Error(`nobody noticed: ${missed.join(', ')}`);
}

async function withstand(scene: Scene): Promise<Row> {
  const target = await Target.start();
  scene.defer(() => target.program.stop());
  const { webPort, rtspPort } = target;
  await expectPages(webPort);
  const before = await target.state('collect');
  const beforeBytes = residentBytes(target.program.pid);
  const publisher = await LivePublisher.start(webPort, rngOf(SEED, 0));
  scene.defer(() => publisher.stop());
  await sleep(500);
  const listeners = await HonestListeners.start(webPort, rtspPort);
  scene.defer(() => listeners.close());
  await sleep(1_500);
  const attacker = await attack(target);
  scene.defer(() => attacker.stop());
  let heapBytes = 0;
  const harvested = attacker.line();
  let over = false;
  const watching = (async () => {
    while (!over) {
      heapBytes = Math.max(heapBytes, (await target.state()).heapBytes);
      await sleep(SAMPLE_MS);
    }
  })();
  const harvest = harvestSchema.parse(JSON.parse(await harvested));
  over = true;
  await watching;

  await expectService(webPort);
  publisher.pause();
  // Whoever lacks it is named below.
  const last = publisher.packets.at(-1) ?? Buffer.alloc(0);
  await waitFor('everybody to have the last packet', PATIENCE_MS, () =>
    Object.values(listeners.heard()).every((packets) => packets.at(-1)?.equals(last)) ? true : null,
  ).catch(() => undefined);
  if (publisher.cut) throw new Error('the honest publisher was cut');
  const heard = listeners.heard();
  const frames = Object.entries(heard).map(([who, packets]) => expectWhole(who, packets, publisher.packets));
  const gapMs = expectLess('the longest silence in ms', listeners.longestGapMs(), MAX_GAP_MS);
  publisher.stop();
  listeners.close();

  let wrong: readonly string[] = [];
  await waitFor('everybody to be gone', PATIENCE_MS, async () => {
    const { counters } = await target.state();
    wrong = imbalances(counters);
    return wrong.length === 0 ? true : null;
  }).catch((error) => {
    throw new Error(`${String(error)}: ${wrong.join('; ')}`);
  });
  const after = await target.state('collect');
  expectNoticed(after.counters);
  const { 'webrtc.processes': processes = 0, 'webrtc.processFailures': failures = 0 } = after.counters;
  if (processes !== failures + 1)
    throw new Error(`${processes} processes of WebRTC, and ${failures} failures`);
  const mib = (bytes: number): number => Math.round(bytes / MIB);
  return {
    seconds: ATTACK_SECONDS,
    connections: (after.counters['web.connections'] ?? 0) + (after.counters['rtsp.connections'] ?? 0),
    requests: (after.counters['http.requests'] ?? 0) + (after.counters['rtsp.requests'] ?? 0),
    attacks: Object.values(harvest.did).reduce((sum, count) => sum + count, 0),
    visits: after.counters['visit.admitted'] ?? 0,
    framesEach: Math.min(...frames),
    framesMissing: 0,
    longestGapMs: gapMs,
    webRtcFailures: failures,
    residentBeforeMib: mib(beforeBytes),
    residentPeakMib: mib(target.peakResidentBytes),
    residentAfterMib: mib(residentBytes(target.program.pid)),
    peakGrowthMib: expectLess(
      'growth in MiB',
      mib(target.peakResidentBytes - beforeBytes),
      MAX_PEAK_GROWTH_MIB,
    ),
    heapBeforeMib: mib(before.heapBytes),
    heapPeakMib: mib(heapBytes),
    heapAfterMib: mib(after.heapBytes),
    heapGrowthMib: expectLess(
      'heap that stays in MiB',
      mib(after.heapBytes - before.heapBytes),
      MAX_HEAP_GROWTH_MIB,
    ),
  };
}

/** What hostile clients of all kinds do to the gateways, and to those who listen meanwhile: nothing. */
export const hostileChecks: readonly Check[] = [
  { name: 'hostile clients on both ports, while three listen', needs: [], run: withstand },
];
