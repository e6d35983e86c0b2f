import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_LANE_MESSAGE_BYTES } from '../../core/wire/control.ts';
import { MAX_DATAGRAM_BYTES } from '../../core/wire/datagram.ts';
import { ADMIN_ROLE_ID } from '../../core/wire/roles.ts';
import { loadOrCreateCertificate, type RelayCertificate } from './certificate.ts';
import { MAX_CONNECTIONS_PER_ADDRESS, MAX_PENDING_CONNECTIONS } from './connection-limit.ts';
import { type ListeningSockets, listen } from './listen.ts';
import { RelayDatabase } from './relay-database.ts';
import { RelayServer } from './relay-server.ts';
import { defaultChannels } from './room-defaults.ts';
import { TestClient, TestIdentity } from './test-client.ts';

const migrationsFolder = join(import.meta.dirname, '../../../resources/migrations/relay');

/** `auto`: the native addon where it is built; without it both are the same. */
describe.each(['auto', 'dgram'] as const)('RelayServer on real sockets, voice by %s', (voiceSocket) => {
  let folder = '';
  let certificate: RelayCertificate;
  let sockets: ListeningSockets;
  let database: RelayDatabase;
  let server: RelayServer;
  const owner = new TestIdentity();
  const members: TestClient[] = [];

  function admit(identity?: TestIdentity): TestClient {
    const member = new TestClient(sockets.port, identity);
    members.push(member);
    return member;
  }

  async function openRoom(port = 0, senderThreads = 0): Promise<void> {
    database = new RelayDatabase({ path: join(folder, 'relay.db'), migrationsFolder });
    const snapshot = database.snapshot(defaultChannels());
    sockets = await listen(certificate, port, { voiceSocket, senderThreads });
    server = new RelayServer({
      sockets,
      snapshot,
      store: database,
      roomName: 'Test',
      maxMembers: 10,
      ownerIdentity: owner.name,
    });
  }

  async function closeRoom(reason: 'closing' | 'restarting'): Promise<void> {
    await server.close(reason);
    database.close();
  }

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sidetone-relay-'));
    certificate = await loadOrCreateCertificate(folder);
    await openRoom();
  });
  afterEach(async () => {
    for (const member of members.splice(0)) member.close();
    await closeRoom('closing');
    rmSync(folder, { recursive: true, force: true });
  });

  it('forwards the exact bytes to the others and not to the sender, and tells who is there', async () => {
    const ada = admit();
    await ada.enter('Ada');
    const bob = admit();
    await bob.enter('Bob');
    expect(await ada.next('memberJoined')).toMatchObject({ member: { nickname: 'Bob' } });
    const sent = ada.datagram(0, Uint8Array.of(1, 2, 3));
    ada.send(sent);
    await bob.until(() => bob.voice.length > 0);
    expect(bob.voice).toEqual([sent]);
    expect(ada.voice).toEqual([]);
    expect(server.counters()).toMatchObject({ forwardedOut: 1, udpSendFailed: 0, udpSendBufferFull: 0 });
    expect(server.counters().udpReceived).toBe(server.counters().received);
    bob.say({ type: 'bye' });
    expect(await ada.next('memberLeft')).toMatchObject({ token: bob.token });
  });

  it('forwards in order where threads of the addon send, and ignores the wish where there are none', async () => {
    await closeRoom('closing');
    await openRoom(0, 2);
    const ada = admit();
    await ada.enter('Ada');
    const others = [admit(), admit(), admit()];
    for (const [at, other] of others.entries()) await other.enter(`Other ${at}`);
    const sent = Array.from({ length: 50 }, (_, sequence) => ada.datagram(sequence, Uint8Array.of(sequence)));
    for (const datagram of sent) ada.send(datagram);
    for (const other of others) {
      await other.until(() => other.voice.length === sent.length);
      expect(other.voice).toEqual(sent);
    }
  });

  it('lets nobody in with a signature made for another connection', async () => {
    const eve = admit();
    await eve.greet('Eve', { exporter: new Uint8Array(32) });
    expect(await eve.next('refused')).toMatchObject({ code: 'badSignature' });
    await eve.until(() => eve.closed);
  });

  it('refuses what is no message, and drops what is no datagram; the others go on', async () => {
    const eve = admit();
    await once(eve.lane, 'open');
    eve.lane.send('{"type":"rob"}');
    expect(await eve.next('refused')).toMatchObject({ code: 'badMessage' });
    eve.send(Uint8Array.of(1, 2, 3));
    eve.send(Buffer.alloc(2_000, 1));
    eve.send(Buffer.alloc(0));
    const carol = admit();
    await carol.enter('Carol');
    const dave = admit();
    await dave.enter('Dave');
    const sent = carol.datagram(0, Uint8Array.of(9));
    carol.send(sent);
    await dave.until(() => dave.voice.length > 0);
    expect(dave.voice).toEqual([sent]);
    expect(server.counters()).toMatchObject({ keepAlives: 1 });
  });

  it('carries voice over the lane for whom UDP does not reach, byte for byte', async () => {
    const ada = admit();
    await ada.enter('Ada');
    const bob = admit();
    await bob.enter('Bob');
    bob.say({ type: 'voicePath', path: 'lane' });
    bob.say({ type: 'ping', id: 1 });
    await bob.next('pong');
    const fromAda = ada.datagram(0, Uint8Array.of(1, 2, 3));
    ada.send(fromAda);
    await bob.until(() => bob.laneVoice.length > 0);
    expect(bob.laneVoice).toEqual([fromAda]);
    const fromBob = bob.datagram(0, Uint8Array.of(4, 5));
    bob.lane.send(fromBob);
    await ada.until(() => ada.voice.length > 0);
    expect(ada.voice).toEqual([fromBob]);
    expect(bob.voice).toEqual([]);
  });

  it('cuts a lane that sends more than a message or a datagram may hold', async () => {
    const loud = admit();
    await once(loud.lane, 'open');
    loud.lane.send('x'.repeat(MAX_LANE_MESSAGE_BYTES + 1));
    await once(loud.lane, 'close');
    const binary = admit();
    await once(binary.lane, 'open');
    binary.lane.send(Buffer.alloc(MAX_DATAGRAM_BYTES));
    binary.lane.send(Buffer.alloc(MAX_DATAGRAM_BYTES + 1));
    await once(binary.lane, 'close');
    expect(server.counters()).toMatchObject({
      laneDatagramsTooLong: 1,
      laneDatagramsFromNobody: 1,
      laneErrors: 1,
    });
  });

  it('asks for the password of a channel, off its own thread', async () => {
    const host = admit(owner);
    const { channels } = await host.enter('Host');
    const [lobby] = channels;
    if (lobby === undefined) throw new Error('no channel');
    const { config } = lobby;
    expect(
      await host.request({ kind: 'createChannel', name: 'Den', parent: null, config, password: 'sesame' }),
    ).toBe('done');
    const ada = admit();
    const den = (await ada.enter('Ada')).channels.find(({ name }) => name === 'Den');
    expect(den).toMatchObject({ locked: true });
    const channel = den?.id ?? 0;
    expect(await ada.request({ kind: 'join', channel })).toMatchObject({ code: 'wrongPassword' });
    expect(await ada.request({ kind: 'join', channel, password: 'guess' })).toMatchObject({
      code: 'wrongPassword',
    });
    expect(await ada.request({ kind: 'join', channel, password: 'sesame' })).toBe('done');
    expect(server.counters()).toMatchObject({ 'password.hashed': 1, 'password.compared': 2 });
  });

  it('gives a place back after a restart, with the chat that came in meanwhile, and remembers the room', async () => {
    const host = admit(owner);
    const lobby = (await host.enter('Host')).channels[0];
    const ada = admit();
    const welcome = await ada.enter('Ada');
    await host.request({ kind: 'assignRole', identity: ada.identity.name, role: ADMIN_ROLE_ID });
    await host.request({
      kind: 'createChannel',
      name: 'Den',
      parent: lobby?.id ?? null,
      config: { ...(lobby?.config as NonNullable<typeof lobby>['config']), historyDays: 7 },
      password: null,
    });
    const banned = new TestIdentity();
    await host.request({
      kind: 'ban',
      subject: { kind: 'identity', identity: banned.name },
      reason: 'noise',
      seconds: null,
    });
    ada.lane.terminate();
    await host.next('memberChanged');
    host.say({ type: 'chat', id: 1, to: { kind: 'channel', channel: 1 }, text: 'while you were away' });
    await host.next('chatTaken');
    const { port } = sockets;
    await closeRoom('restarting');
    await openRoom(port);

    const again = admit(ada.identity);
    const { token, resumeSecret: secret } = welcome;
    const resumed = await again.enter('Ada', { resume: { token, secret, chatSeen: 0 } });
    expect(resumed).toMatchObject({ token, resumed: true });
    expect(resumed.channels.map(({ name }) => name)).toEqual(['Lobby', 'Den']);
    expect(resumed.members.find((member) => member.token === token)).toMatchObject({ role: ADMIN_ROLE_ID });
    expect(await again.next('chat')).toMatchObject({ message: { text: 'while you were away' } });
    const out = admit(banned);
    const refused = out.greet('Noise').catch(() => undefined);
    expect(await out.next('refused')).toMatchObject({ code: 'banned', rule: { reason: 'noise' } });
    out.close();
    await refused;
  });

  it('bounds the connections of one address that come no further, and takes others meanwhile', async () => {
    const above = 20;
    const connectFrom = (localAddress: string): Socket =>
      connect({ host: '127.0.0.1', port: sockets.port, localAddress })
        .on('error', () => undefined)
        .resume();
    const crowd = Array.from({ length: MAX_CONNECTIONS_PER_ADDRESS + 1 }, () => connectFrom('127.0.0.2'));
    await expect.poll(() => server.counters().connectionsAboveAddressLimit).toBe(1);
    const rest = MAX_PENDING_CONNECTIONS - MAX_CONNECTIONS_PER_ADDRESS;
    const others = Array.from({ length: rest + above }, () => connectFrom('127.0.0.3'));
    await expect.poll(() => server.counters().connectionsCrowdedOut).toBe(above);
    // Of the address that had most, the oldest went first.
    await expect.poll(() => crowd.filter((socket) => socket.closed).length).toBe(above + 1);
    expect(crowd.slice(0, above).every((socket) => socket.closed)).toBe(true);
    expect(others.some((socket) => socket.closed)).toBe(false);
    const ada = admit();
    await ada.enter('Ada');
    expect(server.counters()).toMatchObject({
      connectionsCrowdedOut: above + 1,
      connectionsPending: MAX_PENDING_CONNECTIONS - 1,
      lanes: 1,
    });
    for (const socket of [...crowd, ...others]) socket.destroy();
    await expect.poll(() => server.counters().connectionsPending).toBe(0);
    expect(server.counters().connectionsOpen).toBe(1);
  });

  it('answers a browser with a sentence', async () => {
    const asked = request({ host: '127.0.0.1', port: sockets.port, rejectUnauthorized: false }).end();
    const [response] = await once(asked, 'response');
    expect(response.statusCode).toBe(426);
    let text = '';
    for await (const chunk of response) text += chunk;
    expect(text).toContain('invite link');
  });

  it('says which port is taken', async () => {
    await expect(listen(certificate, sockets.port)).rejects.toMatchObject({ failure: 'portInUse' });
  });
});
