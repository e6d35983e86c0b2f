import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium, type Page } from 'playwright-core';
import { PATIENCE_MS } from '../rig/child.ts';
import { chromiumPath } from '../rig/programs.ts';
import type { Scene } from './check.ts';

const FLAGS = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  '--autoplay-policy=no-user-gesture-required',
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream',
];

/** What the pages of the checks do; it runs in the browser. */
const PAGE = `<!doctype html><meta charset="utf-8"><title>check</title><script>
const rig = { log: [], chunks: [], connection: null, socket: null };
async function record(stream) {
  const element = new Audio();
  element.srcObject = stream;
  await element.play();
  const context = new AudioContext({ sampleRate: 48000 });
  const code = "registerProcessor('tap', class extends AudioWorkletProcessor {" +
    "process([input]) { if (input[0]) this.port.postMessage(input[0].slice()); return true; } })";
  await context.audioWorklet.addModule(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
  const tap = new AudioWorkletNode(context, 'tap');
  tap.port.onmessage = (event) => rig.chunks.push(event.data);
  context.createMediaStreamSource(stream).connect(tap);
  await context.resume();
  rig.recording = true;
}
function listenTo(connection) {
  rig.connection = connection;
  connection.ontrack = ({ track, streams }) => void record(streams[0] ?? new MediaStream([track]));
  connection.onconnectionstatechange = () => rig.log.push(connection.connectionState);
}
async function post(url, key, sdp) {
  const headers = { 'Content-Type': 'application/sdp' };
  if (key !== null) headers.Authorization = 'Bearer ' + key;
  const response = await fetch(url, { method: 'POST', headers, body: sdp });
  if (response.status !== 201) throw new Error(response.status + ' ' + (await response.text()));
  rig.session = new URL(response.headers.get('location'), url).href;
  rig.tag = response.headers.get('etag');
  return response.text();
}
async function listen(url, key) {
  const connection = new RTCPeerConnection();
  listenTo(connection);
  connection.addTransceiver('video', { direction: 'recvonly' });
  connection.addTransceiver('audio', { direction: 'recvonly' });
  await connection.setLocalDescription();
  await connection.setRemoteDescription({ type: 'answer', sdp: await post(url, key, connection.localDescription.sdp) });
}
async function publish(url, key) {
  const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 1 };
  const stream = await navigator.mediaDevices.getUserMedia({ audio, video: true });
  const connection = new RTCPeerConnection();
  rig.connection = connection;
  connection.onconnectionstatechange = () => rig.log.push(connection.connectionState);
  for (const track of stream.getTracks())
    connection.addTransceiver(track, { direction: 'sendonly', streams: [stream] });
  await connection.setLocalDescription();
  await connection.setRemoteDescription({ type: 'answer', sdp: await post(url, key, connection.localDescription.sdp) });
}
function dashboard(url) {
  const socket = new WebSocket(url);
  rig.socket = socket;
  const send = (message) => socket.send(JSON.stringify(message));
  socket.onopen = () => send({ type: 'ready' });
  socket.onclose = ({ code }) => rig.log.push('socket ' + code);
  socket.onmessage = async ({ data }) => {
    const message = JSON.parse(data);
    rig.log.push(message.type);
    if (message.type === 'offer') {
      const connection = new RTCPeerConnection();
      listenTo(connection);
      connection.onicecandidate = ({ candidate }) => {
        if (candidate !== null && candidate.candidate !== '')
          send({ type: 'ice_candidate', candidate: candidate.candidate, sdp_mid: candidate.sdpMid, sdp_mline_index: candidate.sdpMLineIndex });
      };
      await connection.setRemoteDescription({ type: 'offer', sdp: message.sdp });
      await connection.setLocalDescription();
      send({ type: 'answer', sdp: connection.localDescription.sdp });
    }
    if (message.type === 'ice_candidate')
      await rig.connection.addIceCandidate({ candidate: message.candidate, sdpMid: message.sdp_mid, sdpMLineIndex: message.sdp_mline_index });
  };
}
async function statistics() {
  const found = { packetsReceived: 0, packetsLost: 0, senderReports: 0 };
  for (const item of (await rig.connection.getStats()).values()) {
    if (item.type === 'inbound-rtp')
      Object.assign(found, { packetsReceived: item.packetsReceived, packetsLost: item.packetsLost });
    if (item.type === 'remote-outbound-rtp') found.senderReports = item.reportsSent;
  }
  return found;
}
function recorded() {
  const samples = new Float32Array(rig.chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of rig.chunks) { samples.set(chunk, at); at += chunk.length; }
  const bytes = new Uint8Array(samples.buffer);
  let text = '';
  for (let from = 0; from < bytes.length; from += 32768) text += String.fromCharCode(...bytes.subarray(from, from + 32768));
  return btoa(text);
}
</script>`;

/** A Chromium with pages that listen, publish, and look at dashboards. */
export class WebRtcBrowser {
  readonly #browser: Browser;
  readonly #address: string;

  /** @param microphonePath WAV file that its microphone hears, once; null: beeps */
  static async open(scene: Scene, microphonePath: string | null = null): Promise<WebRtcBrowser> {
    const executablePath = chromiumPath();
    if (executablePath === null) throw new Error('there is no Chromium');
    const server: Server = createServer((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(PAGE);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    scene.defer(() => server.close());
    const microphone =
      microphonePath === null ? [] : [`--use-file-for-fake-audio-capture=${microphonePath}%noloop`];
    const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    const browser = await chromium.launch({ executablePath, args: [...FLAGS, ...microphone, ...sandbox] });
    scene.defer(() => browser.close());
    return new WebRtcBrowser(browser, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  }

  private constructor(browser: Browser, address: string) {
    this.#browser = browser;
    this.#address = address;
  }

  /** A page of somebody else's. */
  async visit(address: string): Promise<Page> {
    const page = await this.#browser.newPage();
    await page.goto(address);
    return page;
  }

  async page(): Promise<WebRtcPage> {
    const page = await this.#browser.newPage();
    await page.goto(this.#address);
    return new WebRtcPage(page);
  }
}

export interface SoundStatistics {
  readonly packetsReceived: number;
  readonly packetsLost: number;
  readonly senderReports: number;
}

/** One page of it. */
export class WebRtcPage {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Plays what is at a WHEP address, and records it. */
  async listen(url: string, key: string | null = null): Promise<void> {
    await this.#call(`listen(${JSON.stringify(url)}, ${JSON.stringify(key)})`);
  }

  /** Publishes its microphone, and pictures, to a WHIP address. */
  async publish(url: string, key: string): Promise<void> {
    await this.#call(`publish(${JSON.stringify(url)}, ${JSON.stringify(key)})`);
  }

  /** Looks at a room through a signalling relay, and records it. */
  async look(url: string): Promise<void> {
    await this.#call(`dashboard(${JSON.stringify(url)})`);
  }

  /** What it was told and what became of its connection, oldest first. */
  log(): Promise<readonly string[]> {
    return this.#page.evaluate('rig.log') as Promise<readonly string[]>;
  }

  /** @throws Error when it does not come within ten seconds */
  async waitFor(event: string): Promise<void> {
    await this.#page.waitForFunction(`rig.log.includes(${JSON.stringify(event)})`, null, {
      timeout: PATIENCE_MS,
    });
  }

  /** What it heard in the next `seconds`, mono at 48 kHz. */
  async hear(seconds: number): Promise<Float32Array> {
    await this.#page.waitForFunction('rig.recording === true', null, { timeout: PATIENCE_MS });
    await this.#page.evaluate('rig.chunks.length = 0');
    const samples = Math.round((seconds * 48_000) / 128);
    await this.#page.waitForFunction(`rig.chunks.length >= ${samples}`, null, {
      timeout: seconds * 1_000 + PATIENCE_MS,
    });
    const bytes = Buffer.from((await this.#page.evaluate('recorded()')) as string, 'base64');
    return new Float32Array(new Uint8Array(bytes).buffer);
  }

  /** Of the sound it gets. */
  async statistics(): Promise<SoundStatistics> {
    return (await this.#page.evaluate('statistics()')) as SoundStatistics;
  }

  /** Ends its session as the protocol has it. @returns the status */
  async end(): Promise<number> {
    const status = await this.#page.evaluate(
      "(async () => (await fetch(rig.session, { method: 'DELETE' })).status)()",
    );
    return status as number;
  }

  /** Ends its connection without a word to the web port. */
  async hangUp(): Promise<void> {
    await this.#page.evaluate('rig.connection.close()');
  }

  /** Is closed, as by a person who has heard enough. */
  async vanish(): Promise<void> {
    await this.#page.close();
  }

  async #call(expression: string): Promise<void> {
    await this.#page.evaluate(`(async () => { await ${expression}; })()`);
  }
}
