import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { WebSocket, WebSocketServer } from 'ws';
import type { Row } from '../../bench/report.ts';
import type { SignallingRobot, SignallingUplink } from '../../src/main/gateways/gateways-protocol.ts';
import { PATIENCE_MS, waitFor } from '../rig/child.ts';
import { encodeWav } from '../sound/wav.ts';
import type { Check, Scene } from './check.ts';
import { conversationChannel } from './standalone.ts';
import { WebRtcBrowser } from './webrtc-browser.ts';
import { ScriptedPeer } from './webrtc-peer.ts';
import { encodeSpeech, judgeSpeech, speakAgain } from './webrtc-sound.ts';

const HEARD_SECONDS = 8;
const RECONNECT_MS = 300;

/** An id and keys with what addresses use for themselves. */
const ROBOT_ID = 'room 1/ä';
const API_KEY = 'key&with=signs#and ?more';
const VIEWER_KEY = 'viewer key';
const QUERY = `type=robot&robot_id=${encodeURIComponent(ROBOT_ID)}&api_key=${encodeURIComponent(API_KEY)}`;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const ROBOT: SignallingRobot = {
  robotId: ROBOT_ID,
  apiKeySha256: sha256(API_KEY),
  viewerKeySha256: sha256(VIEWER_KEY),
};

function uplinkTo(url: string, changes: Partial<SignallingUplink> = {}): SignallingUplink {
  return {
    url,
    robotId: ROBOT_ID,
    apiKey: API_KEY,
    channel: 'talk',
    reconnectMs: RECONNECT_MS,
    credentialsInHeader: false,
    ...changes,
  };
}

/** A room behind a NAT is heard in a browser through our own relay; a second browser takes over. */
async function dashboardsInTurn(scene: Scene): Promise<Row> {
  const relay = await scene.gateways({ channels: [], robots: [ROBOT] });
  const url = `http://127.0.0.1:${relay.webPort}/webrtc-relay`;
  const room = await scene.gateways({ channels: [conversationChannel()], uplinks: [uplinkTo(url)] });
  room.stand(2, 64_000);
  const speech = await scene.speech();
  scene.defer(speakAgain(encodeSpeech(speech), (packet) => room.mix(2, packet)));
  const browser = await WebRtcBrowser.open(scene);
  const address =
    `ws://127.0.0.1:${relay.webPort}/webrtc-relay?type=dashboard` +
    `&robot_id=${encodeURIComponent(ROBOT_ID)}&viewer_key=${encodeURIComponent(VIEWER_KEY)}`;
  const first = await browser.page();
  await first.look(address);
  await first.waitFor('connected');
  const heardFirst = judgeSpeech(speech, await first.hear(HEARD_SECONDS));
  const second = await browser.page();
  await second.look(address);
  await first.waitFor('socket 4000');
  await second.waitFor('connected');
  const recording = await second.hear(HEARD_SECONDS);
  scene.keep('dashboard.wav', encodeWav(recording, 48_000));
  const heardSecond = judgeSpeech(speech, recording);
  if (!(await first.log()).includes('error')) throw new Error('the first dashboard was not told why');
  const before = await first.statistics();
  await sleep(500);
  const after = await first.statistics();
  if (after.packetsReceived > before.packetsReceived) throw new Error('the first dashboard still hears');
  return {
    firstStoi: heardFirst['stoiMedian'] ?? null,
    secondStoi: heardSecond['stoiMedian'] ?? null,
    secondPackets: after.packetsReceived,
  };
}

/** A person opens the relay's own page, presses Listen, and hears the room. */
async function pageForPeople(scene: Scene): Promise<Row> {
  const relay = await scene.gateways({ channels: [], robots: [ROBOT] });
  const url = `http://127.0.0.1:${relay.webPort}/webrtc-relay`;
  const room = await scene.gateways({ channels: [conversationChannel()], uplinks: [uplinkTo(url)] });
  room.stand(2, 64_000);
  scene.defer(speakAgain(encodeSpeech(await scene.speech()), (packet) => room.mix(2, packet)));
  const browser = await WebRtcBrowser.open(scene);
  const page = await browser.visit(
    `${url}/view?robot_id=${encodeURIComponent(ROBOT_ID)}#key=${encodeURIComponent(VIEWER_KEY)}`,
  );
  const troubles: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') troubles.push(message.text());
  });
  const status = page.getByTestId('room-status');
  const startMs = performance.now();
  await page.getByTestId('room-listen').click();
  await waitFor('the page to be live', PATIENCE_MS, async () =>
    (await status.textContent()) === 'Live' ? true : null,
  );
  const liveMs = Math.round(performance.now() - startMs);
  await waitFor('one listener', PATIENCE_MS, () => room.counters['listeners'] === 1 || null);
  scene.keep('room-view.png', await page.screenshot());
  await page.getByTestId('room-stop').click();
  await waitFor('no listener', PATIENCE_MS, () => room.counters['listeners'] === 0 || null);
  await page.getByTestId('room-key').fill('wrong');
  await page.getByTestId('room-listen').click();
  await waitFor('a refusal', PATIENCE_MS, async () =>
    ((await status.textContent()) ?? '').startsWith('The relay did not let you in') ? true : null,
  );
  const policyTroubles = troubles.filter((text) => text.includes('Content Security Policy'));
  if (policyTroubles.length > 0) throw new Error(policyTroubles.join('; '));
  return { liveMs };
}

/** A relay as others write them: it speaks first, and says what is not expected. */
class ScriptedRelay {
  readonly #server: WebSocketServer;
  /** Requests of those who connected, oldest first. */
  readonly requests: IncomingMessage[] = [];
  readonly texts: string[] = [];
  socket: WebSocket | null = null;
  closed = 0;

  static async start(scene: Scene): Promise<ScriptedRelay> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    scene.defer(() => server.close());
    return new ScriptedRelay(server);
  }

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on('connection', (socket, request) => {
      this.requests.push(request);
      this.socket = socket;
      socket.on('message', (message) => this.texts.push(message.toString()));
      socket.on('close', () => {
        this.closed += 1;
      });
      socket.send('{"type":"welcome","robot_id":"somebody","version":7}');
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/r?a=b`;
  }

  say(text: string): void {
    this.socket?.send(text);
  }

  /** The next message of a kind, taken out. */
  async next(type: string): Promise<Record<string, unknown>> {
    return waitFor(`a message of type ${type}`, PATIENCE_MS, () => {
      const at = this.texts.findIndex((text) => text.startsWith(`{"type":"${type}"`));
      const [text] = at === -1 ? [] : this.texts.splice(at, 1);
      return text === undefined ? null : (JSON.parse(text) as Record<string, unknown>);
    });
  }

  async connections(count: number): Promise<void> {
    await waitFor(`${count} connections`, PATIENCE_MS, () => this.requests.length >= count || null);
  }
}

/** Our room at somebody else's relay: every byte of the address, the order of the messages, coming back. */
async function roomAtScriptedRelay(scene: Scene): Promise<Row> {
  const relay = await ScriptedRelay.start(scene);
  const room = await scene.gateways({
    channels: [conversationChannel({ access: 'link' })],
    uplinks: [uplinkTo(relay.url)],
  });
  room.stand(2, 64_000);
  const packets = encodeSpeech(await scene.speech());
  scene.defer(speakAgain(packets, (packet) => room.mix(2, packet)));
  await relay.connections(1);
  const target = relay.requests[0]?.url;
  if (target !== `/r?a=b&${QUERY}`) throw new Error(`connected to ${target}`);

  relay.say('{"type":"offer","sdp":"v=0\\r\\n"}');
  relay.say('{"type":"error","message":"nothing in particular"}');
  relay.say('{"type":"something"}');
  relay.say('no message');
  relay.say('{"type":"answer","sdp":"v=0\\r\\n"}');
  relay.socket?.ping('here?');
  const [pong] = (await once(relay.socket ?? new WebSocketServer({ noServer: true }), 'pong')) as [Buffer];
  relay.say('{"type":"ready"}');
  const offer = await relay.next('offer');
  if (Object.keys(offer).join() !== 'type,sdp') throw new Error(`an offer of ${Object.keys(offer).join()}`);
  const candidate = await relay.next('ice_candidate');
  if (Object.keys(candidate).join() !== 'type,candidate,sdp_mid,sdp_mline_index')
    throw new Error(`a candidate of ${Object.keys(candidate).join()}`);

  const first = new ScriptedPeer(scene);
  relay.say(JSON.stringify({ type: 'answer', sdp: await first.answer(String(offer['sdp'])) }));
  await first.connected();
  await waitFor('sound', PATIENCE_MS, () => first.payloads.length > 20 || null);
  const published = new Set(packets.map((packet) => Buffer.from(packet).toString('hex')));
  const unequal = first.payloads.filter((payload) => !published.has(Buffer.from(payload).toString('hex')));
  if (unequal.length > 0) throw new Error(`${unequal.length} payloads are not those of the program`);

  relay.say('{"type":"ready"}');
  const again = await relay.next('offer');
  const heardByFirst = first.payloads.length;
  const second = new ScriptedPeer(scene);
  relay.say(JSON.stringify({ type: 'answer', sdp: await second.answer(String(again['sdp'])) }));
  await second.connected();
  await waitFor('sound', PATIENCE_MS, () => second.payloads.length > 20 || null);
  // What was on its way when the second came ready.
  if (first.payloads.length > heardByFirst + 5) throw new Error('the older viewer still hears');
  await waitFor('one listener', PATIENCE_MS, () => room.counters['listeners'] === 1 || null);
  const goneMs = performance.now();
  relay.socket?.close();
  await relay.connections(2);
  const backMs = Math.round(performance.now() - goneMs);
  await waitFor('the viewer to be cleaned up', PATIENCE_MS, () => room.counters['listeners'] === 0 || null);
  return {
    pong: pong.toString(),
    payloads: first.payloads.length,
    backMs,
  };
}

/** Whoever shows another certificate than the answer names sits between, and gets nothing. */
async function anotherCertificate(scene: Scene): Promise<Row> {
  const relay = await ScriptedRelay.start(scene);
  const room = await scene.gateways({
    channels: [conversationChannel({ access: 'link' })],
    uplinks: [uplinkTo(relay.url)],
  });
  room.stand(2, 64_000);
  const packets = encodeSpeech(await scene.speech());
  scene.defer(speakAgain(packets, (packet) => room.mix(2, packet)));
  await relay.connections(1);
  relay.say('{"type":"ready"}');
  const offer = await relay.next('offer');
  const peer = new ScriptedPeer(scene);
  const answer = await peer.answer(String(offer['sdp']));
  const other = answer.replace(/^(a=fingerprint:sha-256 )(..)/m, (_line, name, byte) => {
    return `${name}${byte === 'AB' ? 'CD' : 'AB'}`;
  });
  if (other === answer) throw new Error('the answer names no certificate');
  relay.say(JSON.stringify({ type: 'answer', sdp: other }));
  const { message } = await relay.next('error');
  await waitFor('the viewer to be cleaned up', PATIENCE_MS, () => room.counters['listeners'] === 0 || null);
  if (peer.payloads.length > 0) throw new Error(`${peer.payloads.length} packets went to somebody else`);
  return { message: String(message) };
}

/** Where the relay reads headers, the key stands in no address. */
async function keyInHeader(scene: Scene): Promise<Row> {
  const relay = await ScriptedRelay.start(scene);
  const apiKey = 'plain-key';
  await scene.gateways({
    channels: [],
    uplinks: [uplinkTo(relay.url, { apiKey, credentialsInHeader: true })],
  });
  await relay.connections(1);
  const [request] = relay.requests;
  const { authorization, 'x-api-key': header } = request?.headers ?? {};
  const isRight =
    request?.url === `/r?a=b&type=robot&robot_id=${encodeURIComponent(ROBOT_ID)}` &&
    authorization === `Bearer ${apiKey}` &&
    header === apiKey;
  if (!isRight) throw new Error(`connected to ${request?.url} with ${authorization}`);
  return { headers: 2 };
}

/** A relay that made its own certificate is known by its fingerprint; another one never sees the key. */
async function pinnedRelay(scene: Scene): Promise<Row> {
  const relay = await scene.gateways({ channels: [], robots: [ROBOT] });
  const socket = connect({ host: '127.0.0.1', port: relay.webPort, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  const url = `https://127.0.0.1:${relay.webPort}/webrtc-relay`;
  const wrong = fingerprint256.replaceAll(/[0-9]/g, 'F');
  const stranger = await scene.gateways({ channels: [], uplinks: [uplinkTo(`${url}#sha256=${wrong}`)] });
  const unpinned = await scene.gateways({ channels: [], uplinks: [uplinkTo(url)] });
  const known = await scene.gateways({
    channels: [],
    uplinks: [uplinkTo(`${url}#sha256=${fingerprint256}`)],
  });
  const connected = 'webrtc.uplink.connected';
  await waitFor('the uplink', PATIENCE_MS, () => known.counters[connected] === 1 || null);
  await waitFor(
    'a second try',
    PATIENCE_MS,
    () => (stranger.counters['webrtc.uplink.connects'] ?? 0) > 1 || null,
  );
  await waitFor('its request', PATIENCE_MS, () => (relay.counters['http.upgrades'] ?? 0) > 0 || null);
  const others = (stranger.counters[connected] ?? 0) + (unpinned.counters[connected] ?? 0);
  const requests = relay.counters['http.upgrades'] ?? 0;
  if (others > 0 || requests !== 1) throw new Error(`${others} others connected, ${requests} requests came`);
  return { connected: 1, requests };
}

/** A line to our relay, as a robot or a dashboard that others wrote. */
class ScriptedLine {
  readonly #socket: WebSocket;
  readonly texts: string[] = [];
  code = 0;

  constructor(scene: Scene, url: string, headers: Record<string, string> = {}) {
    this.#socket = new WebSocket(url, { headers });
    this.#socket.on('message', (message) => this.texts.push(message.toString()));
    this.#socket.on('close', (code) => {
      this.code = code;
    });
    this.#socket.on('unexpected-response', (_request, response) => {
      this.code = response.statusCode ?? 0;
    });
    this.#socket.on('error', () => undefined);
    scene.defer(() => this.#socket.terminate());
  }

  say(text: string): void {
    this.#socket.send(text);
  }

  async hears(text: string): Promise<void> {
    await waitFor(text, PATIENCE_MS, () => this.texts.includes(text) || null);
  }

  async ends(): Promise<number> {
    return waitFor('the end of a line', PATIENCE_MS, () => this.code || null);
  }
}

/** Somebody else's robot and dashboard at our relay: bytes pass, and who may not gets no further. */
async function strangersAtOurRelay(scene: Scene): Promise<Row> {
  const relay = await scene.gateways({ channels: [], robots: [ROBOT] });
  const root = `ws://127.0.0.1:${relay.webPort}/webrtc-relay`;
  const id = `robot_id=${encodeURIComponent(ROBOT_ID)}`;
  const viewer = `${root}?type=dashboard&${id}&viewer_key=${encodeURIComponent(VIEWER_KEY)}`;
  const dashboard = new ScriptedLine(scene, viewer);
  await dashboard.hears('{"type":"welcome"}');
  dashboard.say('{"type":"ready"}');
  const robot = new ScriptedLine(scene, `${root}?${QUERY}`);
  await robot.hears('{"type":"ready"}');
  if (robot.texts[0] !== '{"type":"welcome"}') throw new Error('no welcome came first');
  const messages = [
    '{"type":"offer","sdp":"v=0\\r\\no=- 1 1 IN IP4 127.0.0.1\\r\\n"}',
    '{"type":"ice_candidate","candidate":"candidate:1 1 udp 1 192.0.2.1 9 typ host","sdp_mid":"0","sdp_mline_index":0}',
    '{"type":"error","message":"Failed to create connection"}',
  ];
  for (const message of messages) {
    robot.say(message);
    await dashboard.hears(message);
  }
  const answer = '{"type":"answer","sdp":"v=0\\r\\n"}';
  dashboard.say(answer);
  await robot.hears(answer);
  const newer = new ScriptedLine(scene, `${root}?type=robot&${id}`, { 'x-api-key': encodeURI('wrong') });
  const wrong = await newer.ends();
  const missing = await new ScriptedLine(scene, `${root}?type=dashboard&${id}`).ends();
  const unknown = await new ScriptedLine(scene, `${root}?type=dashboard&robot_id=other`).ends();
  const unsaid = await new ScriptedLine(scene, root).ends();
  const found = { wrong, missing, unknown, unsaid };
  if (JSON.stringify(found) !== JSON.stringify({ wrong: 401, missing: 401, unknown: 401, unsaid: 400 }))
    throw new Error(JSON.stringify(found));
  const plain = await fetch(`http://127.0.0.1:${relay.webPort}/webrtc-relay`);
  return { ...found, plain: plain.status, messages: messages.length + 1 };
}

export const signallingChecks: readonly Check[] = [
  { name: 'signalling: two dashboards in turn', needs: ['chromium'], run: dashboardsInTurn },
  { name: 'signalling: the page for people', needs: ['chromium'], run: pageForPeople },
  { name: "signalling: our room at another's relay", needs: [], run: roomAtScriptedRelay },
  { name: 'signalling: another certificate than the answer names', needs: [], run: anotherCertificate },
  { name: 'signalling: the key in a header', needs: [], run: keyInHeader },
  { name: 'signalling: a relay with its own certificate', needs: [], run: pinnedRelay },
  { name: 'signalling: strangers at our relay', needs: [], run: strangersAtOurRelay },
];
