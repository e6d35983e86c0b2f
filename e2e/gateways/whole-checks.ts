import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { findLeaks } from '../relay/leaks.ts';
import { expectEqual, expectHas } from '../relay/scene.ts';
import { Child, PATIENCE_MS, run, waitFor, within } from '../rig/child.ts';
import { encodeWav, readWavFile, writeWavFile } from '../sound/wav.ts';
import { type Check, MissedLimit, type Scene } from './check.ts';
import { expectSameSpeech } from './same-speech.ts';
import { ScriptedPeer } from './webrtc-peer.ts';
import { askUntil, LOBBY, WholeRoom } from './whole-room.ts';

const RATE_HZ = 48_000;

/** What is said, and published, in seconds. */
const SAID_SECONDS = 8;

/** A player has begun within this time, in ms. */
const BEGIN_MS = 1_500;

/** A listener that is put out hears of it within this time, in ms. */
const MAX_END_MS = 3_000;

const PASSWORD = 'Marker-password-2';

const ROBOT_KEY = 'Marker-robot-key-of-checks';
const VIEWER_KEY = 'Marker-viewer-key-of-checks';

const signalSchema = z.looseObject({ type: z.string(), sdp: z.string().optional() });

function speechOf(samples: Float32Array): Float32Array {
  return samples.subarray(0, SAID_SECONDS * RATE_HZ);
}

/** ffmpeg as a listener; ends by itself after `seconds`, or with its stream. */
async function record(scene: Scene, url: string, seconds: number): Promise<{ child: Child; path: string }> {
  const path = join(scene.folder(), 'heard.wav');
  const args = ['-nostdin', '-loglevel', 'error', '-i', url, '-t', String(seconds)];
  const child = await Child.start('ffmpeg', [...args, '-ac', '1', '-ar', String(RATE_HZ), '-y', path]);
  scene.defer(() => child.stop(1_000));
  return { child, path };
}

/** Waits until somebody listens. */
async function listened(room: WholeRoom, channel: number): Promise<void> {
  await askUntil('a listener', async () => ((await room.state(channel)).now.listeners > 0 ? true : null));
}

async function endOf(child: Child, sinceMs: number): Promise<number> {
  const ending = await within(child.ended, MAX_END_MS);
  if (ending === null) throw new MissedLimit('a listener who was put out still listens');
  return Math.round(performance.now() - sinceMs);
}

/** @param password as a browser sends one; none by default */
async function statusOf(url: string, password?: string): Promise<number> {
  const basic = `Basic ${Buffer.from(`listener:${password}`).toString('base64')}`;
  const headers = password === undefined ? {} : { authorization: basic };
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(5_000) });
  await response.body?.cancel();
  return response.status;
}

/** The codec that ffprobe finds at an address. @throws Error when it finds nothing */
async function probe(url: string): Promise<string> {
  const shown = ['-show_entries', 'stream=codec_name', '-of', 'csv=p=0'];
  return (await run('ffprobe', ['-loglevel', 'error', ...shown, url])).trim();
}

/** What a WebSocket answers to a hello. */
async function greet(url: string): Promise<string> {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  socket.send('{"type":"hello"}');
  const [answer] = await once(socket, 'message');
  socket.terminate();
  return String(answer);
}

/** Looks at a room through a signalling relay. @returns how many packets came @throws Error when it is not there */
async function look(scene: Scene, url: string, peer: ScriptedPeer): Promise<number> {
  const socket = new WebSocket(url);
  scene.defer(() => socket.terminate());
  await once(socket, 'open');
  const offer = new Promise<string>((resolve, reject) => {
    socket.on('close', () => reject(new Error('the relay hung up')));
    socket.on('message', (data) => {
      const message = signalSchema.parse(JSON.parse(String(data)));
      if (message.type === 'offer') resolve(message.sdp ?? '');
      if (message.type === 'error') reject(new Error('the room is not there'));
    });
  });
  socket.send('{"type":"ready"}');
  const sdp = await peer.answer(await offer);
  socket.send(JSON.stringify({ type: 'answer', sdp }));
  await waitFor('packets', PATIENCE_MS, () => (peer.payloads.length > 25 ? true : null));
  return peer.payloads.length;
}

/** The address with the name and the password in it, as players take them. */
function withPassword(url: string, password: string): string {
  return url.replace('://', `://listener:${password}@`);
}

/** Whether anybody listens on that port of this machine. */
function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

export const wholeChecks: readonly Check[] = [
  {
    name: 'whole: what a member says is in the stream that ffmpeg records',
    needs: ['ffmpeg', 'espeak-ng'],
    run: async (scene) => {
      const said = speechOf(await scene.speech());
      const room = await WholeRoom.open(scene);
      const ada = await room.enter('Marker-Ada');
      const links = await room.openChannel(LOBBY);
      await ada.settle();
      const { child, path } = await record(scene, links.ogg, SAID_SECONDS + BEGIN_MS / 1_000 + 1);
      await listened(room, LOBBY);
      await new Promise((resolve) => setTimeout(resolve, BEGIN_MS));
      await ada.say(said);
      await within(child.ended, PATIENCE_MS);
      const { samples } = readWavFile(path);
      scene.keep('whole-conversation.wav', encodeWav(samples, RATE_HZ));
      return { ...expectSameSpeech(said, samples) };
    },
  },
  {
    name: 'whole: what ffmpeg publishes by icecast:// is heard by a member',
    needs: ['ffmpeg', 'espeak-ng'],
    run: async (scene) => {
      const said = speechOf(await scene.speech());
      const room = await WholeRoom.open(scene);
      const channel = await room.makeChannel('Marker-Music & more');
      const ada = await room.enter('Marker-Ada');
      await ada.joinChannel(channel);
      const { icecast } = await room.openChannel(channel, { source: 'publisher', access: 'public' });
      await ada.settle();
      const source = join(scene.folder(), 'said.wav');
      writeWavFile(source, said, RATE_HZ);
      const hearing = ada.hear((SAID_SECONDS + 3) * 1_000);
      const codec = ['-c:a', 'libopus', '-b:a', '64k', '-metadata', 'title=Marker-Title'];
      const publisher = await Child.start('ffmpeg', [
        ...['-nostdin', '-loglevel', 'error', '-re', '-i', source, ...codec],
        ...['-f', 'ogg', '-content_type', 'audio/ogg', icecast ?? ''],
      ]);
      scene.defer(() => publisher.stop(1_000));
      const { now } = await askUntil('the title', async () => {
        const state = await room.state(channel);
        return state.now.title === '' ? null : state;
      });
      if (now.title !== 'Marker-Title') throw new Error(`the title is ${JSON.stringify(now.title)}`);
      const heard = await hearing;
      scene.keep('whole-publisher.wav', encodeWav(heard, RATE_HZ));
      const likeness = expectSameSpeech(said, heard);
      await room.relay.end('SIGTERM');
      const leaks = findLeaks(room.relay.wrote, [
        (icecast ?? '').split('@')[0] ?? '',
        ada.identity.publicKey,
      ]);
      if (leaks['ok'] !== true) throw new Error(`the log has what it must not: ${String(leaks['first'])}`);
      return { ...likeness, logLines: Number(leaks['lines']) };
    },
  },
  {
    name: 'whole: a renewed link ends who listens by the old one, and the switch ends all and closes the ports',
    needs: ['ffmpeg'],
    run: async (scene) => {
      const room = await WholeRoom.open(scene);
      await room.enter('Marker-Ada');
      const before = await room.openChannel(LOBBY);
      const first = await record(scene, before.ogg, 60);
      await listened(room, LOBBY);
      const renewMs = performance.now();
      const { status } = await room.admin.post(`/api/listeners/${LOBBY}/link`, undefined);
      if (status !== 200) throw new Error(`the link was not renewed: ${status}`);
      const renewedMs = await endOf(first.child, renewMs);
      const { links } = await room.state(LOBBY);
      const [old, without, renewed] = [
        await statusOf(before.ogg),
        await statusOf(before.ogg.replace(/\?.*/, '')),
        await statusOf(links?.ogg ?? ''),
      ];
      if (old !== 401 || without !== 401 || renewed !== 200)
        throw new Error(`the links are answered ${old}, ${without} and ${renewed}`);
      const second = await record(scene, links?.ogg ?? '', 60);
      await listened(room, LOBBY);
      const offMs = performance.now();
      await room.save(LOBBY, { listeners: false });
      const switchedMs = await endOf(second.child, offMs);
      if (await room.listenersIn(LOBBY)) throw new Error('the member of the listeners is still there');
      const ports = [links?.ogg, links?.rtsp].map((link) => Number(new URL(link ?? '').port));
      await waitFor('the ports to close', PATIENCE_MS, async () =>
        (await Promise.all(ports.map(isOpen))).includes(true) ? null : true,
      );
      const again = await room.openChannel(LOBBY);
      if (again.page !== links?.page)
        throw new Error('the link is another one after the switch went on again');
      return { renewedMs, switchedMs };
    },
  },
  {
    name: 'whole: every address that is handed out is one where the channel is heard',
    needs: ['ffprobe'],
    run: async (scene) => {
      const room = await WholeRoom.open(scene);
      const { page, ogg, rtsp, whep, websocket } = await room.openChannel(LOBBY);
      const shown = await fetch(page);
      expectHas('the page', `${shown.status} ${shown.headers.get('content-type')}`, '200 text/html');
      for (const url of [ogg, rtsp ?? '']) expectEqual('what ffprobe finds', await probe(url), 'opus');
      const welcome = await greet(websocket);
      expectHas('the welcome', welcome, '"type":"welcome"');
      const peer = new ScriptedPeer(scene);
      await peer.offer(whep, null, 'RecvOnly');
      await waitFor('packets by WebRTC', PATIENCE_MS, () => (peer.payloads.length > 25 ? true : null));
      return { packets: peer.payloads.length };
    },
  },
  {
    name: 'whole: a room is heard through another relay that has no channel open',
    needs: [],
    run: async (scene) => {
      const relay = await WholeRoom.open(scene, {
        SIDETONE_RELAY_SIGNALLING_ROBOTS: `studio key=${ROBOT_KEY} viewer=${VIEWER_KEY}`,
      });
      const address = `127.0.0.1:${relay.listenPort}/webrtc-relay`;
      await waitFor('its port', PATIENCE_MS, async () => (await isOpen(relay.listenPort)) || null);
      const uplink = `http://${address} robot=studio key=${ROBOT_KEY} channel=lobby reconnect=1 header`;
      const room = await WholeRoom.open(scene, { SIDETONE_RELAY_SIGNALLING_UPLINKS: uplink });
      await room.openChannel(LOBBY);
      const peer = new ScriptedPeer(scene);
      const query = `type=dashboard&robot_id=studio&viewer_key=${VIEWER_KEY}`;
      const packets = await waitFor('packets through the relay', PATIENCE_MS, async () => {
        const heard = await look(scene, `ws://${address}?${query}`, peer).catch(() => 0);
        return heard > 0 ? heard : null;
      });
      for (const { relay: program } of [relay, room])
        if (program.wrote.includes(ROBOT_KEY) || program.wrote.includes(VIEWER_KEY))
          throw new Error('a key is in the log');
      return { packets };
    },
  },
  {
    name: 'whole: a password lets in over HTTP and RTSP, and a changed one ends who came by the old',
    needs: ['ffmpeg', 'ffprobe'],
    run: async (scene) => {
      const room = await WholeRoom.open(scene);
      const { ogg, rtsp } = await room.openChannel(LOBBY, { access: 'password', password: PASSWORD });
      if (`${ogg}${rtsp}`.includes('key=')) throw new Error('the addresses carry a key');
      const answers = [await statusOf(ogg), await statusOf(ogg, 'wrong one'), await statusOf(ogg, PASSWORD)];
      expectEqual('the answers to none, a wrong one and the password', answers, [401, 401, 200]);
      expectEqual('what RTSP has', await probe(withPassword(rtsp ?? '', PASSWORD)), 'opus');
      const refused = await probe(withPassword(rtsp ?? '', 'wrong-one')).catch(() => 'refused');
      expectEqual('what it has for a wrong password', refused, 'refused');
      const { child } = await record(scene, withPassword(ogg, PASSWORD), 60);
      await listened(room, LOBBY);
      const changedMs = performance.now();
      await room.save(LOBBY, { listeners: true, password: `${PASSWORD}-2` });
      const endedMs = await endOf(child, changedMs);
      expectEqual('the answer to the old password', await statusOf(ogg, PASSWORD), 401);
      if (room.relay.wrote.includes(PASSWORD)) throw new Error('the password is in the log');
      return { endedMs };
    },
  },
  {
    name: 'whole: a port that another program has is said in words, and taken when it is free',
    needs: [],
    run: async (scene) => {
      const squatter = createServer();
      squatter.listen(0, '127.0.0.1');
      await once(squatter, 'listening');
      scene.defer(() => squatter.close());
      const address = squatter.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const room = await WholeRoom.open(scene, { SIDETONE_RELAY_LISTEN_PORT: String(port) });
      await room.save(LOBBY, { listeners: true });
      const { sentence, links } = await askUntil('a sentence', async () => {
        const state = await room.state(LOBBY);
        return state.sentence === null ? null : state;
      });
      expectHas('the sentence', sentence ?? '', `Port ${port} is taken`);
      expectEqual('the links', links, null);
      const readiness = async () => (await room.admin.get('/ready')).body;
      expectEqual('how it is', await readiness(), { ok: true, listening: 'failing' });
      squatter.close();
      const freeMs = performance.now();
      await room.heard(LOBBY);
      expectEqual('how it is now', await readiness(), { ok: true, listening: 'open' });
      return { takenAgainMs: Math.round(performance.now() - freeMs) };
    },
  },
  {
    name: 'whole: each of the threads may die, and the channel is heard again',
    needs: ['ffmpeg'],
    run: async (scene) => {
      const room = await WholeRoom.open(scene);
      await room.enter('Marker-Ada');
      const links = await room.openChannel(LOBBY);
      const figures: Record<string, number> = {};
      for (const thread of ['gateways', 'members', 'relay']) {
        const died = room.relay.lines.filter(({ event }) => event === 'unexpected' || event === 'relayDied');
        const startMs = performance.now();
        writeFileSync(room.trap, thread);
        await waitFor(`the ${thread} to die`, PATIENCE_MS, () =>
          room.relay.lines.filter(({ event }) => event === 'unexpected' || event === 'relayDied').length >
          died.length
            ? true
            : null,
        );
        await askUntil(`the channel to be heard after the ${thread} died`, async () => {
          const heard = await room.heard(LOBBY).catch(() => null);
          return heard !== null && (await statusOf(heard.ogg).catch(() => 0)) === 200 ? true : null;
        });
        figures[`${thread}Ms`] = Math.round(performance.now() - startMs);
        const { page } = await room.heard(LOBBY);
        if (page !== links.page) throw new Error('the link is another one');
        const { child } = await record(scene, links.ogg, 1);
        if ((await within(child.ended, PATIENCE_MS))?.code !== 0) throw new Error('nothing is to be heard');
      }
      return figures;
    },
  },
];
