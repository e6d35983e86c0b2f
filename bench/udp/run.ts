import { execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ADDRESS_BYTES, packAddress } from '../../src/core/relay/packed-address.ts';
import { loadNativeAddon } from '../../src/main/base/native-addon.ts';
import { BatchedSocket } from '../../src/main/relay/udp/batched-socket.ts';
import { openDgramSocket } from '../../src/main/relay/udp/dgram-socket.ts';
import type { VoiceSocket } from '../../src/main/relay/udp/voice-socket.ts';
import { currentCommit, machineFacts, publish, type Row } from '../report.ts';
import type { Speech } from './speakers-program.ts';

/**
 * What sending costs by method: from C, and through the relay's two voice sockets, whose handler does nothing but fan
 * out. Measured for decision record and addon; the relay as a whole is measured by bench/relay.
 */
const NAME = 'bench:udp';
const ROOT = join(import.meta.dirname, '../..');
const WORK = join(ROOT, '.test-output', 'bench-udp');
const PROGRAM = join(WORK, 'send_methods');

/** Datagrams of one measurement, each to 199 recipients. */
const DATAGRAMS = 120;

/** So that the load is the same whatever comes at once: 50,000 copies a second, which Node's sockets can do too. */
const MS_PER_DATAGRAM = 4;

/** 76 to 120 bytes, as Opus with a variable bit rate makes them. */
const VARIABLE = Array.from({ length: 29 }, (_, at) => 76 + ((at * 13) % 45));

const loads: readonly { name: string; speakers: number; lengths: readonly number[] }[] = [
  { name: '1 at a time', speakers: 1, lengths: [96] },
  { name: '4 at once, one length', speakers: 4, lengths: [96] },
  { name: '10 at once, one length', speakers: 10, lengths: [96] },
  { name: '10 at once, many lengths', speakers: 10, lengths: VARIABLE },
];

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function measureInC(rounds: number): Row[] {
  mkdirSync(WORK, { recursive: true });
  const source = join(import.meta.dirname, 'send_methods.cc');
  execFileSync('g++', ['-O2', '-std=c++17', '-o', PROGRAM, source], { stdio: 'inherit' });
  const lines = execFileSync(PROGRAM, [String(rounds)], { encoding: 'utf8' })
    .trim()
    .split('\n');
  return lines.map((line) => {
    const [method, ...figures] = line.split('\t');
    const [medianUs = 0, leastUs = 0, mostUs = 0] = figures.map(Number);
    return {
      method: `C: ${method}`,
      load: '',
      cpuUsPerCopy: medianUs,
      leastUs,
      mostUs,
      packetsPerCopy: null,
    };
  });
}

/** 199 sockets of a process in C, which reads what comes: their packed addresses. */
async function openRecipients(): Promise<{ addresses: Uint8Array; count: number; close(): void }> {
  const child = spawn(PROGRAM, ['receive'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const records: Uint8Array[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'ready') break;
    records.push(packAddress('127.0.0.1', Number(line)));
  }
  const addresses = new Uint8Array(records.length * ADDRESS_BYTES);
  records.forEach((record, at) => {
    addresses.set(record, at * ADDRESS_BYTES);
  });
  return { addresses, count: records.length, close: () => child.kill() };
}

async function openSpeakers(port: number): Promise<{ speak(speech: Speech): Promise<void>; close(): void }> {
  const child = fork(join(import.meta.dirname, 'speakers-program.ts'), [String(port)]);
  await once(child, 'message');
  return {
    async speak(speech): Promise<void> {
      const spoken = once(child, 'message');
      child.send(speech);
      await spoken;
    },
    close: () => child.kill(),
  };
}

interface Contestant {
  readonly name: string;
  /** Whether threads of its own send: then the process counts. */
  readonly threads: boolean;
  readonly socket: VoiceSocket;
  readonly speakers: Awaited<ReturnType<typeof openSpeakers>>;
}

async function openContestants(addresses: Uint8Array, count: number): Promise<Contestant[]> {
  const load = loadNativeAddon();
  if (!load.ok) throw new Error(load.reason);
  const { addon } = load;
  const batched = (senderThreads: number, together: boolean): VoiceSocket =>
    new BatchedSocket(addon, { port: 0, ipv6: true, senderThreads, together });
  const sockets: [string, VoiceSocket][] = [
    ['dgram', await openDgramSocket(0, true)],
    ['batched, one packet each', batched(0, false)],
    ['batched', batched(0, true)],
    ['batched, 1 sender thread', batched(1, true)],
  ];
  const contestants: Contestant[] = [];
  for (const [name, socket] of sockets) {
    socket.start((bytes, lengthBytes) => socket.fanOut(bytes, lengthBytes, addresses, count, -1));
    const speakers = await openSpeakers(socket.port);
    contestants.push({ name, threads: name.includes('thread'), socket, speakers });
  }
  return contestants;
}

function cpuUs({ threads }: Contestant): number {
  const { user, system } = threads ? process.cpuUsage() : process.threadCpuUsage();
  return user + system;
}

async function measureOnce(contestant: Contestant, load: (typeof loads)[number]) {
  const { socket, speakers } = contestant;
  const before = { cpu: cpuUs(contestant), ...socket.counters() };
  await speakers.speak({
    speakers: load.speakers,
    bursts: DATAGRAMS / load.speakers,
    everyMs: MS_PER_DATAGRAM * load.speakers,
    lengths: load.lengths,
  });
  await sleep(50);
  const after = { cpu: cpuUs(contestant), ...socket.counters() };
  const copies = after.udpSent - before.udpSent;
  return {
    cpuUsPerCopy: (after.cpu - before.cpu) / copies,
    packetsPerCopy: (after.udpSendPackets - before.udpSendPackets) / copies,
    lost: DATAGRAMS - (after.udpReceived - before.udpReceived),
  };
}

async function measureSockets(rounds: number): Promise<Row[]> {
  const recipients = await openRecipients();
  const contestants = await openContestants(recipients.addresses, recipients.count);
  const tasks = contestants.flatMap((contestant) => loads.map((load) => ({ contestant, load })));
  const results = tasks.map((): Awaited<ReturnType<typeof measureOnce>>[] => []);
  // One round unmeasured: code is compiled on the way.
  for (let round = -1; round < rounds; round += 1) {
    for (const at of tasks.keys()) {
      const turn = (at + Math.max(0, round)) % tasks.length;
      const task = tasks[turn];
      if (task === undefined) continue;
      const result = await measureOnce(task.contestant, task.load);
      if (round >= 0) results[turn]?.push(result);
    }
    say(`round ${round + 1} of ${rounds}`);
  }
  for (const { socket, speakers } of contestants) {
    speakers.close();
    await socket.close();
  }
  recipients.close();
  return tasks.map(({ contestant, load }, at) => {
    const own = results[at] ?? [];
    const costs = own.map((result) => result.cpuUsPerCopy);
    return {
      method: contestant.name,
      load: load.name,
      cpuUsPerCopy: median(costs),
      leastUs: Math.min(...costs),
      mostUs: Math.max(...costs),
      packetsPerCopy: median(own.map((result) => result.packetsPerCopy)),
    };
  });
}

/** What a million datagrams through the batched socket leave behind on the heap, in bytes. */
async function measureHeap(): Promise<Row[]> {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const load = loadNativeAddon();
  if (!load.ok) throw new Error(load.reason);
  const options = { port: 0, ipv6: true, senderThreads: 0 };
  const socket = new BatchedSocket(load.addon, options);
  const source = new BatchedSocket(load.addon, options);
  const own = packAddress('127.0.0.1', socket.port);
  const blast = new Uint8Array(64 * ADDRESS_BYTES);
  for (let at = 0; at < 64; at += 1) blast.set(own, at * ADDRESS_BYTES);
  const sink = packAddress('127.0.0.1', source.port);
  let handled = 0;
  socket.start((bytes, lengthBytes) => {
    handled += 1;
    socket.fanOut(bytes, lengthBytes, sink, 1, -1);
  });
  const bytes = new Uint8Array(96);
  const drive = (until: number): Promise<void> =>
    new Promise((resolve) => {
      const turn = (): void => {
        source.fanOut(bytes, 96, blast, 64, -1);
        if (handled >= until) resolve();
        else setImmediate(turn);
      };
      turn();
    });
  await drive(200_000);
  collect();
  const before = { handled, heap: process.memoryUsage().heapUsed };
  await drive(handled + 1_000_000);
  const grown = process.memoryUsage().heapUsed - before.heap;
  collect();
  const left = process.memoryUsage().heapUsed - before.heap;
  const datagrams = handled - before.handled;
  await socket.close();
  await source.close();
  return [
    {
      method: 'batched, heap in bytes after a million datagrams',
      load: `${datagrams} received and sent`,
      grown,
      left,
    },
  ];
}

const { values: options } = parseArgs({
  options: { json: { type: 'boolean', default: false }, rounds: { type: 'string', default: '5' } },
});
const rounds = Number(options.rounds);
const rows = [...measureInC(rounds), ...(await measureSockets(rounds)), ...(await measureHeap())];
publish({ name: NAME, commit: currentCommit(), machine: machineFacts(), rows, targets: [] }, options);
