import { createHash, timingSafeEqual } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { assert, assertNever } from '../core/base/assert.ts';
import { LISTENER_USER, LISTENING_REALM, type PasswordHashes } from '../core/program/listening.ts';
import { Programs } from '../core/program/programs.ts';
import type { FromRoom } from '../core/program/room-link.ts';
import { AudioSocketGateway } from './gateways/audio-socket/audio-socket-gateway.ts';
import { type Door, openDoor } from './gateways/front/door.ts';
import { WebFront } from './gateways/front/web-front.ts';
import type { Gateway, GatewayParts } from './gateways/gateway.ts';
import type { GatewaysCommand, GatewaysEvent, GatewaysWorkerData } from './gateways/gateways-protocol.ts';
import { createOggGateway } from './gateways/ogg/ogg-gateway.ts';
import { PageGateway } from './gateways/page/page-gateway.ts';
import { portSentence, takenPort } from './gateways/port-sentence.ts';
import { PROGRAM_LIMITS } from './gateways/program-limits.ts';
import { programCounters, programStates } from './gateways/program-states.ts';
import { createPublishGateway } from './gateways/publish/publish-gateway.ts';
import { RoomBridge } from './gateways/room-bridge.ts';
import { RtspServer } from './gateways/rtsp/rtsp-server.ts';
import { SignallingGateway } from './gateways/signalling/signalling-gateway.ts';
import { createWebRtcGateway } from './gateways/webrtc/create-webrtc-gateway.ts';
import { WebSocketGateway } from './gateways/websocket/websocket-gateway.ts';

const STATE_INTERVAL_MS = 1_000;

assert(parentPort !== null, 'the gateways live in a worker thread');
const port = parentPort;
const data = workerData as GatewaysWorkerData;
const nowMs = (): number => performance.now();

function send(event: GatewaysEvent): void {
  port.postMessage(event);
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Over hashes: it takes the same time whatever they are, however long. */
function equalSecrets(one: string, other: string): boolean {
  return timingSafeEqual(sha256(one), sha256(other));
}

function fitsPassword(password: string, hashes: PasswordHashes): boolean {
  return equalSecrets(
    sha256(`${LISTENER_USER}:${LISTENING_REALM}:${password}`).toString('hex'),
    hashes.sha256,
  );
}

const programs = new Programs({
  limits: PROGRAM_LIMITS,
  visitsPerNetwork: data.visitsPerNetwork,
  secretsInTheClear: data.secretsInTheClear,
  equalSecrets,
  fitsPassword,
  onDidChangeListeners: (channel) => bridge.handleListeners(channel),
});
const bridge = new RoomBridge(programs, (message) => data.room?.postMessage(message), nowMs);
data.room?.on('message', (message: FromRoom) => bridge.handleMessage(message));

const parts: GatewayParts = { programs, talk: bridge, nowMs };

/** None where no port of its own is wanted. */
function rtsp({
  rtspPort,
  ...options
}: GatewaysWorkerData): readonly ((given: GatewayParts) => Promise<Gateway>)[] {
  return rtspPort === null ? [] : [(given) => RtspServer.open(given, { ...options, port: rtspPort })];
}

/** Asked in this order. A gateway with a port of its own opens it here, and rejects with the system's error. */
const creators: readonly ((given: GatewayParts) => Promise<Gateway> | Gateway)[] = [
  createOggGateway,
  createPublishGateway,
  (given) => new WebSocketGateway(given),
  (given) => new AudioSocketGateway(given),
  (given) => new PageGateway(given, data.rendererPath),
  (given) => createWebRtcGateway(given, data),
  (given) => new SignallingGateway(given, data),
  ...rtsp(data),
];

async function start(): Promise<void> {
  const gateways = await Promise.all(creators.map((create) => create(parts)));
  const front = new WebFront(gateways);
  const web = await openDoor({
    host: data.host,
    port: data.webPort,
    tls: data.tls,
    visitsPerNetwork: data.visitsPerNetwork,
    onConnection: (socket, origin) => front.handleConnection(socket, origin),
  });
  const tell = (): void =>
    send({
      kind: 'state',
      programs: programStates(programs),
      counters: programCounters(programs, { web: web.counters, http: front.counters }, gateways),
    });
  const timer = setInterval(tell, STATE_INTERVAL_MS);
  port.on('message', (command: GatewaysCommand) => {
    switch (command.kind) {
      case 'channels':
        programs.setChannels(command.channels);
        bridge.handleChannels();
        tell();
        return;
      case 'certificate':
        web.renewCertificate(command.certificate);
        for (const gateway of gateways) gateway.renewCertificate?.(command.certificate);
        return;
      case 'stop':
        clearInterval(timer);
        void stop(gateways, front, web);
        return;
      default:
        assertNever(command);
    }
  });
  const rtsp = gateways.find(({ port: own }) => own !== undefined);
  send({ kind: 'listening', webPort: web.port, rtspPort: rtsp?.port ?? null });
}

async function stop(gateways: readonly Gateway[], front: WebFront, web: Door): Promise<void> {
  programs.close();
  await Promise.all(gateways.map((gateway) => gateway.close()));
  front.close();
  await web.close();
  data.room?.close();
  send({ kind: 'stopped' });
  port.close();
}

start().catch((error: unknown) => {
  send({ kind: 'failed', detail: portSentence(error, data), takenPort: takenPort(error) });
  port.close();
});
