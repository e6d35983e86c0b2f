import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../../bench/report.ts';
import { writeRtpHeader } from '../../src/core/rtp/rtp-packet.ts';
import { VoiceDecoder } from '../../src/main/voice/opus.ts';
import { PATIENCE_MS, run, waitFor } from '../rig/child.ts';
import { encodeWav, readWavFile, writeWavFile } from '../sound/wav.ts';
import type { Check, Scene } from './check.ts';
import { conversationChannel, PUBLISH_KEY, publisherChannel, type Standalone } from './standalone.ts';
import { WebRtcBrowser } from './webrtc-browser.ts';
import { findPeerProcess, fuzzOffers } from './webrtc-fuzz.ts';
import { ScriptedPeer } from './webrtc-peer.ts';
import { encodeSpeech, judgeSpeech, speakAgain } from './webrtc-sound.ts';

const HEARD_SECONDS = 8;
const FRAME_SAMPLES = 960;

/** Debian's own, which finds Debian's modules, whatever stands first on the search path. */
const DEBIAN_PYTHON = '/usr/bin/python3';

/** The counters of the gateways are told once a second. */
async function waitForCounter(gateways: Standalone, name: string, value: number): Promise<void> {
  await waitFor(
    `${name} to be ${value}`,
    PATIENCE_MS,
    () => (gateways.counters[name] ?? 0) === value || null,
  );
}

/** Chromium plays WHEP, and hears what was said. */
async function chromiumPlays(scene: Scene): Promise<Row> {
  const gateways = await scene.gateways({ channels: [conversationChannel()] });
  gateways.stand(2, 64_000);
  const speech = await scene.speech();
  scene.defer(speakAgain(encodeSpeech(speech), (packet) => gateways.mix(2, packet)));
  const browser = await WebRtcBrowser.open(scene);
  const page = await browser.page();
  const startMs = performance.now();
  await page.listen(`http://127.0.0.1:${gateways.webPort}/whep/talk`);
  await page.waitFor('connected');
  const connectedMs = performance.now() - startMs;
  const recording = await page.hear(HEARD_SECONDS);
  scene.keep('whep-chromium.wav', encodeWav(recording, 48_000));
  const { packetsReceived, packetsLost, senderReports } = await page.statistics();
  const status = await page.end();
  if (status !== 200) throw new Error(`DELETE answered ${status}`);
  await waitForCounter(gateways, 'webrtc.sessions', 0);
  if (packetsLost > 0) throw new Error(`${packetsLost} packets lost on loopback`);
  if (senderReports === 0) throw new Error('no sender report came');
  return {
    connectedMs: Math.round(connectedMs),
    packetsReceived,
    senderReports,
    ...judgeSpeech(speech, recording),
  };
}

/** Reads what is at `/stream/<channel>.ogg` into a file until it ends. */
async function fetchOgg(url: string, path: string): Promise<() => Promise<void>> {
  const request = get(url);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`${url} answered ${response.statusCode}`);
  const file = createWriteStream(path);
  response.pipe(file);
  return async () => {
    request.destroy();
    file.end();
    await once(file, 'close');
  };
}

/** Chromium publishes its microphone by WHIP, and those who listen by Ogg hear it. */
async function chromiumPublishes(scene: Scene): Promise<Row> {
  const gateways = await scene.gateways({ channels: [publisherChannel()] });
  const folder = scene.folder();
  const speech = await scene.speech();
  const microphone = join(folder, 'microphone.wav');
  writeWavFile(microphone, speech, 48_000);
  const browser = await WebRtcBrowser.open(scene, microphone);
  const page = await browser.page();
  const root = `http://127.0.0.1:${gateways.webPort}`;
  await page.publish(`${root}/whip/music`, PUBLISH_KEY);
  await waitFor('the broadcast', PATIENCE_MS, () => gateways.programs[0]?.source ?? null);
  const path = join(folder, 'heard.ogg');
  const stop = await fetchOgg(`${root}/stream/music.ogg`, path);
  await sleep(HEARD_SECONDS * 1_000);
  await stop();
  const status = await page.end();
  await waitForCounter(gateways, 'webrtc.sessions', 0);
  const wav = join(folder, 'heard.wav');
  await run('ffmpeg', ['-loglevel', 'error', '-y', '-i', path, '-ac', '1', '-ar', '48000', wav]);
  const { samples } = readWavFile(wav);
  scene.keep('whip-chromium.wav', encodeWav(samples, 48_000));
  if (gateways.programs[0]?.source !== null) throw new Error('the broadcast did not end with its session');
  return { deleteStatus: status, ...judgeSpeech(speech, samples) };
}

/** Runs the peer in Python. @throws Error when it ends badly, or is not there */
async function runAiortc(...words: readonly string[]): Promise<void> {
  const child = spawn(DEBIAN_PYTHON, [join(import.meta.dirname, 'aiortc-peer.py'), ...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2_000);
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code === 3) throw new Error('did not run: on Debian: apt-get install python3-aiortc');
  if (code !== 0) throw new Error(`aiortc-peer.py ended with ${code}: ${said}`);
}

/** A stack that shares nothing with browsers, nor with us, listens and publishes. */
async function aiortcBothWays(scene: Scene): Promise<Row> {
  const gateways = await scene.gateways({ channels: [conversationChannel(), publisherChannel()] });
  gateways.stand(2, 64_000);
  const folder = scene.folder();
  const speech = await scene.speech();
  scene.defer(speakAgain(encodeSpeech(speech), (packet) => gateways.mix(2, packet)));
  const root = `http://127.0.0.1:${gateways.webPort}`;
  const heard = join(folder, 'heard.wav');
  await runAiortc('listen', `${root}/whep/talk`, '', `${HEARD_SECONDS}`, heard);
  const { samples } = readWavFile(heard);
  scene.keep('whep-aiortc.wav', encodeWav(samples, 48_000));
  const spoken = join(folder, 'spoken.wav');
  writeWavFile(spoken, speech, 48_000);
  const published = runAiortc('publish', `${root}/whip/music`, PUBLISH_KEY, `${HEARD_SECONDS}`, spoken);
  // Whoever listens finds nothing before the first packet.
  await waitFor('the broadcast', PATIENCE_MS, () => gateways.programs[1]?.source ?? null);
  const listener = new ScriptedPeer(scene);
  await listener.offer(`${root}/whep/music`, null, 'RecvOnly');
  await published;
  await waitForCounter(gateways, 'webrtc.publishers', 1);
  const decoder = new VoiceDecoder();
  const sound = new Float32Array(listener.payloads.length * 5_760);
  const part = new Float32Array(5_760);
  let length = 0;
  for (const payload of listener.payloads) {
    const count = decoder.decode(payload, part);
    sound.set(part.subarray(0, count), length);
    length += count;
  }
  const { stoiMedian = null } = judgeSpeech(speech, samples);
  const { stoiMedian: publishedStoi = null } = judgeSpeech(speech, sound.subarray(0, length));
  return { listenStoi: stoiMedian, publishStoi: publishedStoi, payloads: listener.payloads.length };
}

/** An RTP packet of a publisher. */
function rtp(at: number, timestamp: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + payload.length);
  const header = { payloadType: 111, marker: false, sequence: (65_500 + at) % 65_536, ssrc: 4_711 };
  writeRtpHeader(bytes, 0, { ...header, timestamp: (4_294_900_000 + timestamp) % 2 ** 32 });
  bytes.set(payload, 12);
  return bytes;
}

/** Every payload that a publisher sends comes to a listener as it was, though the network mixes them up. */
async function payloadsStay(scene: Scene): Promise<Row> {
  const gateways = await scene.gateways({ channels: [publisherChannel()] });
  const packets = encodeSpeech(await scene.speech()).slice(0, 400);
  const root = `http://127.0.0.1:${gateways.webPort}`;
  const publisher = new ScriptedPeer(scene);
  await publisher.offer(`${root}/whip/music`, PUBLISH_KEY, 'SendOnly');
  const listener = new ScriptedPeer(scene);
  await listener.offer(`${root}/whep/music`, null, 'RecvOnly');
  await waitForCounter(gateways, 'frames.joined', 1);
  // A second of silence that is not sent stands before the second half; neighbours are swapped, some come twice.
  const timestampOf = (at: number): number => at * FRAME_SAMPLES + (at < packets.length / 2 ? 0 : 48_000);
  const order = packets.map((_, at) => (at % 7 === 3 ? at + 1 : at % 7 === 4 ? at - 1 : at));
  for (const at of order) {
    const packet = rtp(at, timestampOf(at), packets[at] ?? new Uint8Array(1));
    publisher.send(packet);
    if (at % 11 === 0) publisher.send(packet);
    await sleep(2);
  }
  await waitFor('all packets', PATIENCE_MS, () => listener.payloads.length >= packets.length || null);
  const unequal = packets.filter((packet, at) => {
    const payload = listener.payloads[at];
    return payload === undefined || !Buffer.from(packet).equals(payload);
  }).length;
  if (unequal > 0 || listener.payloads.length !== packets.length)
    throw new Error(`${unequal} of ${packets.length} payloads differ, ${listener.payloads.length} came`);
  const first = listener.timestamps[0] ?? 0;
  const offBy = listener.timestamps.filter(
    (timestamp, at) => (timestamp - first + 2 ** 32) % 2 ** 32 !== timestampOf(at),
  ).length;
  if (offBy > 0) throw new Error(`${offBy} timestamps are not those of the publisher`);
  return { payloads: packets.length, unequal, offBy };
}

/** Who may not gets the status that says why, and no session stays behind. */
async function refusals(scene: Scene): Promise<Row> {
  const gateways = await scene.gateways({
    channels: [publisherChannel({ access: 'link' }), conversationChannel()],
  });
  const root = `http://127.0.0.1:${gateways.webPort}`;
  const peer = new ScriptedPeer(scene);
  const offer = await peer.describe('RecvOnly');
  const sdp = { 'Content-Type': 'application/sdp' };
  const ask = async (path: string, init: RequestInit): Promise<number> =>
    (await fetch(`${root}${path}`, init)).status;
  const post = (path: string, body: string, headers: Record<string, string> = sdp): Promise<number> =>
    ask(path, { method: 'POST', headers, body });
  const found = {
    options: await ask('/whep/music', { method: 'OPTIONS' }),
    noKey: await post('/whep/music', offer),
    wrongKey: await post('/whep/music?key=wrong', offer),
    unknown: await post('/whep/nobody', offer),
    get: await ask('/whep/music', {}),
    type: await post('/whep/music', offer, { 'Content-Type': 'text/plain' }),
    malformed: await post('/whep/talk', 'no offer'),
    direction: await post('/whep/talk', offer.replace('a=recvonly', 'a=sendonly')),
    codec: await post('/whep/talk', offer.replaceAll('opus/48000/2', 'PCMU/8000')),
    tooLong: await post('/whep/talk', 'x'.repeat(70_000)),
    notOffered: await post('/whip/talk', offer, { ...sdp, Authorization: `Bearer ${PUBLISH_KEY}` }),
    session: await ask('/whep/music/none', { method: 'DELETE' }),
  };
  const expected = {
    options: 204,
    noKey: 401,
    wrongKey: 401,
    unknown: 404,
    get: 405,
    type: 415,
    malformed: 400,
    direction: 406,
    codec: 406,
    tooLong: 413,
    notOffered: 403,
    session: 404,
  };
  if (JSON.stringify(found) !== JSON.stringify(expected)) throw new Error(JSON.stringify(found));
  await sleep(1_100);
  const { visits = 0, 'webrtc.sessions': sessions = 0 } = gateways.counters;
  if (visits > 0 || sessions > 0) throw new Error(`${visits} visits and ${sessions} sessions stayed`);
  return found;
}

/** The native library takes its process down: its listeners are let go, the rest goes on, and it comes back. */
async function processDies(scene: Scene): Promise<Row> {
  const gateways = await scene.gateways({ channels: [conversationChannel()] });
  const root = `http://127.0.0.1:${gateways.webPort}`;
  const listener = new ScriptedPeer(scene);
  await listener.offer(`${root}/whep/talk`, null, 'RecvOnly');
  await waitForCounter(gateways, 'visits', 1);
  const pid = findPeerProcess();
  if (pid === null) throw new Error('there is no process to end');
  process.kill(pid, 'SIGKILL');
  await waitForCounter(gateways, 'webrtc.processFailures', 1);
  await waitForCounter(gateways, 'visits', 0);
  const other = await fetch(`${root}/listen/channels.json`);
  const diedMs = performance.now();
  const again = await waitFor('another process', PATIENCE_MS, async () => {
    const next = new ScriptedPeer(scene);
    try {
      await next.offer(`${root}/whep/talk`, null, 'RecvOnly');
      return next;
    } catch (error) {
      if (!String(error).includes('503')) throw error;
      await sleep(500);
      return null;
    }
  });
  await again.connected();
  return { otherStatus: other.status, backMs: Math.round(performance.now() - diedMs) };
}

export const webRtcChecks: readonly Check[] = [
  { name: 'webrtc: Chromium plays WHEP', needs: ['chromium'], run: chromiumPlays },
  { name: 'webrtc: Chromium publishes by WHIP', needs: ['chromium', 'ffmpeg'], run: chromiumPublishes },
  { name: 'webrtc: aiortc listens and publishes', needs: ['python3'], run: aiortcBothWays },
  { name: 'webrtc: payloads stay byte for byte', needs: [], run: payloadsStay },
  { name: 'webrtc: the process of the library dies', needs: [], run: processDies },
  { name: 'webrtc: refusals', needs: [], run: refusals },
  { name: 'webrtc: mutated offers', needs: [], run: fuzzOffers },
];
