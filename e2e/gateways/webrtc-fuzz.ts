import { readdirSync, readFileSync } from 'node:fs';
import type { Row } from '../../bench/report.ts';
import { createRng, type Rng } from '../../src/core/base/rng.ts';
import {
  CHROMIUM_LISTENS,
  CHROMIUM_SPEAKS,
  STUDIO_SPEAKS,
} from '../../src/core/webrtc/sample-descriptions.ts';
import type { Scene } from './check.ts';
import { conversationChannel, PUBLISH_KEY, publisherChannel } from './standalone.ts';
import { ScriptedPeer } from './webrtc-peer.ts';

const SEED = 6;
const OFFERS = 600;

/** Sessions that a mutated offer got are ended again, but so many stay to be connected to in vain. */
const LEFT_OPEN = 20;

/**
 * What a run may add to the memory of this process and its gateways, in MiB. Eight times as many offers add no more
 * than these do: it is the heap's breathing.
 */
const MAX_GROWTH_MIB = 250;

const PIECES = [
  '',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'a=sctp-port:5000',
  'a=mid:0',
  'a=mid:\u0000',
  'a=ice-lite',
  'a=candidate:1 1 UDP 1 127.0.0.1 9 typ host',
  'a=candidate:1 1 UDP 4294967295 255.255.255.255 65535 typ relay raddr 0.0.0.0 rport 0',
  'a=candidate:1 1 UDP 1 ::1 1 typ host',
  'a=fingerprint:sha-512 00',
  'a=setup:active',
  'a=setup:passive',
  'a=ssrc:4294967295 cname:x',
  `a=ice-ufrag:${'u'.repeat(256)}`,
  `a=ice-pwd:${'p'.repeat(256)}`,
  'a=rtpmap:0 opus/48000/2',
  'a=extmap:99999 x',
  'a=simulcast:send 1;2',
  'a=rid:1 send',
];

function pick<T>(list: readonly T[], rng: Rng): T | undefined {
  return list[Math.floor(rng.next() * list.length)];
}

function mutated(sample: string, rng: Rng): string {
  const lines = sample.split('\r\n');
  for (let count = Math.floor(rng.next() * 6); count >= 0; count -= 1) {
    const at = Math.floor(rng.next() * lines.length);
    const line = lines[at] ?? '';
    const within = Math.floor(rng.next() * (line.length + 1));
    const act = Math.floor(rng.next() * 5);
    if (act === 0) lines.splice(at, 1);
    else if (act === 1) lines.splice(at, 0, pick(PIECES, rng) ?? '');
    else if (act === 2) lines.splice(at, 0, line);
    else if (act === 3) lines[at] = line.slice(0, within) + String.fromCharCode(Math.floor(rng.next() * 256));
    else lines[at] = line.replace(/\d+/, String(Math.floor(rng.next() * 2 ** 33)));
  }
  return lines.join('\r\n');
}

/** Resident memory of this process, the gateways' thread within it, in MiB. */
function residentMib(): number {
  return process.memoryUsage().rss / 1_048_576;
}

/** The process that holds the connections of the gateways that run here; null: none does, or nobody tells. */
export function findPeerProcess(): number | null {
  // A child belongs to the thread that started it.
  const children = readdirSync('/proc/self/task').flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').trim().split(' '),
  );
  const found = children.find(
    (pid) => pid !== '' && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('peer-process'),
  );
  return found === undefined ? null : Number(found);
}

/** Resident memory of that process, in MiB; 0 where there is none. */
function peerProcessMib(): number {
  const pid = findPeerProcess();
  if (pid === null) return 0;
  const [, kib = '0'] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1_024;
}

/** Mutated offers are refused and counted, or answered; nothing crashes, nothing stays behind. */
export async function fuzzOffers(scene: Scene): Promise<Row> {
  const gateways = await scene.gateways({ channels: [conversationChannel(), publisherChannel()] });
  const root = `http://127.0.0.1:${gateways.webPort}`;
  const rng = createRng(SEED);
  const statuses = new Map<number, number>();
  const headers = { 'Content-Type': 'application/sdp', Authorization: `Bearer ${PUBLISH_KEY}` };
  const samples = [
    { path: '/whep/talk', sdp: CHROMIUM_LISTENS },
    { path: '/whip/music', sdp: CHROMIUM_SPEAKS },
    { path: '/whip/music', sdp: STUDIO_SPEAKS },
  ];
  let beforeMib = 0;
  let peerBeforeMib = 0;
  let open = 0;
  for (let count = 0; count < OFFERS; count += 1) {
    if (count === OFFERS / 4) [beforeMib, peerBeforeMib] = [residentMib(), peerProcessMib()];
    const { path, sdp } = pick(samples, rng) ?? { path: '', sdp: '' };
    const response = await fetch(`${root}${path}`, { method: 'POST', headers, body: mutated(sdp, rng) });
    await response.text();
    statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
    const session = response.headers.get('location');
    if (session === null) continue;
    const patch = { 'Content-Type': 'application/trickle-ice-sdpfrag' };
    const fragment = mutated('a=mid:0\r\na=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n', rng);
    await (await fetch(root + session, { method: 'PATCH', headers: patch, body: fragment })).text();
    if (path === '/whep/talk') open += 1;
    // There is one publisher at a time: one that stays would be all that the others hear of.
    if (path === '/whip/music' || open > LEFT_OPEN)
      await (await fetch(root + session, { method: 'DELETE' })).text();
  }
  const growthMib = residentMib() - beforeMib;
  const peerGrowthMib = peerProcessMib() - peerBeforeMib;
  // An honest listener is served by the same process as ever.
  const honest = new ScriptedPeer(scene);
  await honest.offer(`${root}/whep/talk`, null, 'RecvOnly');
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const { 'webrtc.processes': processes = 0, 'webrtc.processFailures': failures = 0 } = gateways.counters;
  const unexpected = [...statuses.keys()].filter((status) => ![201, 400, 406, 413].includes(status));
  const refused = [...statuses].reduce((sum, [status, number]) => sum + (status === 201 ? 0 : number), 0);
  const figures = {
    offers: OFFERS,
    answered: statuses.get(201) ?? 0,
    refused,
    processes,
    failures,
    growthMib: Math.round(growthMib),
    peerGrowthMib: Math.round(peerGrowthMib),
  };
  const isHealthy = processes === 1 && failures === 0 && unexpected.length === 0;
  if (!isHealthy || growthMib > MAX_GROWTH_MIB || peerGrowthMib > MAX_GROWTH_MIB)
    throw new Error(`${JSON.stringify(figures)}, unexpected ${unexpected.join()}`);
  return figures;
}
